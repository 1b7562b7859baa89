/* Enlarges by a whole factor: nearest, or bilinear with half-pixel centres (align_corners off). */
#include "nn/op_window.h"

static bool shape(const ac_node *node, const ac_shape *in, ac_shape *out, char *why,
                  size_t why_size)
{
    int64_t factor = node->params.factor;

    return ac_size_set(&out->h, in->h * factor, why, why_size) &&
           ac_size_set(&out->w, in->w * factor, why, why_size);
}

static void scale(const ac_node *node, int down[2], int up[2])
{
    down[0] = down[1] = 1;
    up[0] = up[1] = node->params.factor;
}

const ac_op ac_op_upsample = {
    .name = "upsample",
    .min_inputs = 1,
    .max_inputs = 1,
    .chains = true,
    .arguments = AC_ARG_FACTOR | AC_ARG_MODE,
    .shape = shape,
    .scale = scale,
};
