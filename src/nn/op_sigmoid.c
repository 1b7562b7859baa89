/* 1 / (1 + exp(-x)). */
#include "nn/op.h"

const ac_op ac_op_sigmoid = {
    .name = "sigmoid",
    .min_inputs = 1,
    .max_inputs = 1,
    .chains = true,
};
