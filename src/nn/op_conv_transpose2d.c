/* Transposed 2-D convolution (PyTorch's ConvTranspose2d). Padding takes rows and columns away from
 * the result, on each side its own number; output_padding adds some at the bottom and right. */
#include <stdio.h>

#include "nn/op_window.h"

static int channels(const ac_node *node, const int *in, char *why, size_t why_size)
{
    const ac_op_params *p = &node->params;

    for (int i = 0; i < 2; i++)
        if (p->output_padding[i] >= p->stride[i] && p->output_padding[i] >= p->dilation[i]) {
            snprintf(why, why_size,
                     "output_padding=%dx%d must be smaller than the stride (%dx%d) or the dilation "
                     "(%dx%d)",
                     p->output_padding[0], p->output_padding[1], p->stride[0], p->stride[1],
                     p->dilation[0], p->dilation[1]);
            return 0;
        }
    return ac_window_conv_channels(node, in, why, why_size);
}

static bool shape(const ac_node *node, const ac_shape *in, ac_shape *out, char *why,
                  size_t why_size)
{
    const ac_op_params *p = &node->params;
    const int size[2] = {in->h, in->w};
    int *const result[2] = {&out->h, &out->w};

    for (int i = 0; i < 2; i++) {
        int64_t full = (int64_t)(size[i] - 1) * p->stride[i] +
                       (int64_t)p->dilation[i] * (p->kernel[i] - 1) + 1 + p->output_padding[i];

        if (!ac_size_set(result[i], full - p->padding[i] - p->padding[i + 2], why, why_size))
            return false;
    }
    return true;
}

static void scale(const ac_node *node, int down[2], int up[2])
{
    for (int i = 0; i < 2; i++) {
        down[i] = 1;
        up[i] = node->params.stride[i];
    }
}

static int params(const ac_node *node, int in_channels, ac_param_info infos[5])
{
    const ac_op_params *p = &node->params;

    return ac_window_conv_params(node, in_channels, p->channels / p->groups, infos);
}

static int64_t macs(const ac_node *node, ac_shape in, ac_shape out)
{
    const ac_op_params *p = &node->params;
    int64_t each = (int64_t)(out.c / p->groups) * p->kernel[0] * p->kernel[1];

    return ac_mul_saturated(ac_shape_count(in), each);
}

const ac_op ac_op_conv_transpose2d = {
    .name = "conv_transpose2d",
    .min_inputs = 1,
    .max_inputs = 1,
    .takes_channels = true,
    .arguments = AC_ARG_KERNEL | AC_ARG_STRIDE | AC_ARG_PADDING | AC_ARG_OUTPUT_PADDING |
                 AC_ARG_DILATION | AC_ARG_GROUPS | AC_ARG_BIAS,
    .required = AC_ARG_KERNEL,
    .channels = channels,
    .shape = shape,
    .scale = scale,
    .params = params,
    .macs = macs,
};
