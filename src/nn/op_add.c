/* Sum of values of one shape; a plane of 1x1 is stretched over the planes of the others. */
#include <stdio.h>

#include "nn/op.h"

static int channels(const ac_node *node, const int *in, char *why, size_t why_size)
{
    for (int i = 1; i < node->input_count; i++)
        if (in[i] != in[0]) {
            snprintf(why, why_size, "its inputs have %d and %d channels; they must have as many",
                     in[0], in[i]);
            return 0;
        }
    return in[0];
}

static bool shape(const ac_node *node, const ac_shape *in, ac_shape *out, char *why,
                  size_t why_size)
{
    out->h = out->w = 1;
    for (int i = 0; i < node->input_count; i++) {
        if (in[i].h == 1 && in[i].w == 1)
            continue;
        if ((out->h != 1 || out->w != 1) && (in[i].h != out->h || in[i].w != out->w)) {
            snprintf(why, why_size, "its inputs differ in size: %dx%d and %dx%d", out->h, out->w,
                     in[i].h, in[i].w);
            return false;
        }
        out->h = in[i].h;
        out->w = in[i].w;
    }
    return true;
}

const ac_op ac_op_add = {
    .name = "add",
    .min_inputs = 2,
    .max_inputs = AC_NET_MAX_INPUTS,
    .channels = channels,
    .shape = shape,
};
