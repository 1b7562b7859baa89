/* The mean of each channel's plane, as a plane of 1x1. */
#include "nn/op.h"

/* NOLINTNEXTLINE(readability-non-const-parameter): the table's signature */
static bool shape(const ac_node *node, const ac_shape *in, ac_shape *out, char *why,
                  size_t why_size)
{
    (void)node;
    (void)in;
    (void)why;
    (void)why_size;
    out->h = out->w = 1;
    return true;
}

static void scale(const ac_node *node, int down[2], int up[2])
{
    (void)node;
    down[0] = down[1] = 0;
    up[0] = up[1] = 1;
}

const ac_op ac_op_global_avgpool = {
    .name = "global_avgpool",
    .min_inputs = 1,
    .max_inputs = 1,
    .chains = true,
    .shape = shape,
    .scale = scale,
};
