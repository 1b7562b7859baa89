/* max(x, 0). */
#include "nn/op.h"

const ac_op ac_op_relu = {
    .name = "relu",
    .min_inputs = 1,
    .max_inputs = 1,
    .chains = true,
};
