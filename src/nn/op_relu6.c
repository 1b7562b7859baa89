/* min(max(x, 0), 6). */
#include "nn/op.h"

const ac_op ac_op_relu6 = {
    .name = "relu6",
    .min_inputs = 1,
    .max_inputs = 1,
    .chains = true,
};
