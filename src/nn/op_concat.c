/* Joins values of one size along their channels. */
#include <stdio.h>

#include "nn/op.h"

static int channels(const ac_node *node, const int *in, char *why, size_t why_size)
{
    int sum = 0; /* AC_NET_MAX_INPUTS * AC_NET_MAX_CHANNELS fits */

    for (int i = 0; i < node->input_count; i++)
        sum += in[i];
    if (sum > AC_NET_MAX_CHANNELS) {
        snprintf(why, why_size, "%d channels in all are more than %d", sum, AC_NET_MAX_CHANNELS);
        return 0;
    }
    return sum;
}

static bool shape(const ac_node *node, const ac_shape *in, ac_shape *out, char *why,
                  size_t why_size)
{
    for (int i = 1; i < node->input_count; i++)
        if (in[i].h != in[0].h || in[i].w != in[0].w) {
            snprintf(why, why_size, "its inputs differ in size: %dx%d and %dx%d", in[0].h, in[0].w,
                     in[i].h, in[i].w);
            return false;
        }
    out->h = in[0].h;
    out->w = in[0].w;
    return true;
}

const ac_op ac_op_concat = {
    .name = "concat",
    .min_inputs = 2,
    .max_inputs = AC_NET_MAX_INPUTS,
    .channels = channels,
    .shape = shape,
};
