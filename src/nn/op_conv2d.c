/* 2-D convolution (PyTorch's Conv2d: cross-correlation), grouped down to depthwise. */
#include "nn/op_window.h"

static int params(const ac_node *node, int in_channels, ac_param_info infos[5])
{
    const ac_op_params *p = &node->params;

    return ac_window_conv_params(node, p->channels, in_channels / p->groups, infos);
}

static int64_t macs(const ac_node *node, ac_shape in, ac_shape out)
{
    const ac_op_params *p = &node->params;
    int64_t each = (int64_t)(in.c / p->groups) * p->kernel[0] * p->kernel[1];

    return ac_mul_saturated(ac_shape_count(out), each);
}

const ac_op ac_op_conv2d = {
    .name = "conv2d",
    .min_inputs = 1,
    .max_inputs = 1,
    .takes_channels = true,
    .arguments = AC_ARG_KERNEL | AC_ARG_STRIDE | AC_ARG_PADDING | AC_ARG_DILATION | AC_ARG_GROUPS |
                 AC_ARG_BIAS,
    .required = AC_ARG_KERNEL,
    .channels = ac_window_conv_channels,
    .shape = ac_window_shape,
    .scale = ac_window_scale,
    .params = params,
    .macs = macs,
};
