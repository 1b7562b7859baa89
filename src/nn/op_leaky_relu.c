/* x for x > 0, else slope * x. */
#include "nn/op.h"

const ac_op ac_op_leaky_relu = {
    .name = "leaky_relu",
    .min_inputs = 1,
    .max_inputs = 1,
    .chains = true,
    .arguments = AC_ARG_SLOPE,
};
