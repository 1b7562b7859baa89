#include "nn/op.h"

const ac_op *const ac_ops[AC_OP_COUNT] = {
    [AC_OP_CONV2D] = &ac_op_conv2d,
    [AC_OP_CONV_TRANSPOSE2D] = &ac_op_conv_transpose2d,
    [AC_OP_BATCHNORM] = &ac_op_batchnorm,
    [AC_OP_RELU] = &ac_op_relu,
    [AC_OP_RELU6] = &ac_op_relu6,
    [AC_OP_LEAKY_RELU] = &ac_op_leaky_relu,
    [AC_OP_SIGMOID] = &ac_op_sigmoid,
    [AC_OP_TANH] = &ac_op_tanh,
    [AC_OP_MAXPOOL2D] = &ac_op_maxpool2d,
    [AC_OP_AVGPOOL2D] = &ac_op_avgpool2d,
    [AC_OP_GLOBAL_AVGPOOL] = &ac_op_global_avgpool,
    [AC_OP_UPSAMPLE] = &ac_op_upsample,
    [AC_OP_CONCAT] = &ac_op_concat,
    [AC_OP_ADD] = &ac_op_add,
};
