/* What the operations with a sliding window (convolutions, pools) have in common. */
#ifndef AC_NN_OP_WINDOW_H
#define AC_NN_OP_WINDOW_H

#include "nn/op.h"

/* op.shape: floor((in + padding - dilation * (kernel - 1) - 1) / stride) + 1, as PyTorch. */
bool ac_window_shape(const ac_node *node, const ac_shape *in, ac_shape *out, char *why,
                     size_t why_size);
/* op.scale: the strides make the result smaller. */
void ac_window_scale(const ac_node *node, int down[2], int up[2]);

/* op.channels of convolutions: groups divide both numbers of channels. */
int ac_window_conv_channels(const ac_node *node, const int *in, char *why, size_t why_size);
/* op.channels of pools: those of the input; each padding at most half of the kernel, so that every
 * window holds at least one value of the input. */
int ac_window_pool_channels(const ac_node *node, const int *in, char *why, size_t why_size);
/* Sets a height or width, false when it is not in 1..INT_MAX. */
bool ac_size_set(int *to, int64_t value, char *why, size_t why_size);

/* weight of the given dims and, where the node has one, bias. */
int ac_window_conv_params(const ac_node *node, int dim0, int dim1, ac_param_info infos[5]);
/* a * b, at most INT64_MAX; neither is negative. */
int64_t ac_mul_saturated(int64_t a, int64_t b);

#endif
