/* Hyperbolic tangent. */
#include "nn/op.h"

const ac_op ac_op_tanh = {
    .name = "tanh",
    .min_inputs = 1,
    .max_inputs = 1,
    .chains = true,
};
