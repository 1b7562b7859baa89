/* Batch normalisation with affine parameters; running statistics where the network is not trained.
 */
#include "nn/op.h"

static int params(const ac_node *node, int in_channels, ac_param_info infos[5])
{
    static const char *const suffixes[] = {"weight", "bias", "running_mean", "running_var"};

    (void)node;
    for (int i = 0; i < 4; i++)
        infos[i] = (ac_param_info){suffixes[i], 1, {in_channels}};
    return 4;
}

const ac_op ac_op_batchnorm = {
    .name = "batchnorm",
    .min_inputs = 1,
    .max_inputs = 1,
    .chains = true,
    .arguments = AC_ARG_EPS,
    .params = params,
};
