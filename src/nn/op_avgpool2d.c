/* The mean of a window; zeros of the padding are counted or not (count_padding). */
#include "nn/op_window.h"

const ac_op ac_op_avgpool2d = {
    .name = "avgpool2d",
    .min_inputs = 1,
    .max_inputs = 1,
    .chains = true,
    .arguments = AC_ARG_KERNEL | AC_ARG_STRIDE | AC_ARG_PADDING | AC_ARG_COUNT_PADDING,
    .required = AC_ARG_KERNEL,
    .channels = ac_window_pool_channels,
    .shape = ac_window_shape,
    .scale = ac_window_scale,
};
