/* The table of operations: all that the description's reader, the plan and `inspect` must know of
 * one. A new operation is op_x.c with one ac_op in it, a row in ac_ops[], ref_x.c, x.comp, a test.
 */
#ifndef AC_NN_OP_H
#define AC_NN_OP_H

#include "nn/net.h"

/* Named arguments an operation takes in a description, as bits of ac_op.arguments. */
enum {
    AC_ARG_KERNEL = 1 << 0,
    AC_ARG_STRIDE = 1 << 1,
    AC_ARG_PADDING = 1 << 2,
    AC_ARG_OUTPUT_PADDING = 1 << 3,
    AC_ARG_DILATION = 1 << 4,
    AC_ARG_GROUPS = 1 << 5,
    AC_ARG_BIAS = 1 << 6,
    AC_ARG_EPS = 1 << 7,
    AC_ARG_SLOPE = 1 << 8,
    AC_ARG_FACTOR = 1 << 9,
    AC_ARG_MODE = 1 << 10, /* nearest or bilinear */
    AC_ARG_COUNT_PADDING = 1 << 11,
    AC_ARG_ALL = (1 << 12) - 1,
};

typedef struct ac_op {
    const char *name; /* as a description writes it */
    int min_inputs, max_inputs;
    bool takes_channels; /* a number of channels follows the inputs: conv2d(x, 32, ...) */
    bool chains;         /* may stand in a chain after the first operation of a line */
    unsigned arguments, required;
    /* Channels of the result, for the channels of the node's inputs; 0 with a reason in why (no
     * position) when they and the parameters do not go together. NULL: those of the first input. */
    int (*channels)(const ac_node *node, const int *in, char *why, size_t why_size);
    /* Sets h and w of the result, whose n and c are set; in has node->input_count shapes. false
     * with a reason in why. NULL: those of the first input. */
    bool (*shape)(const ac_node *node, const ac_shape *in, ac_shape *out, char *why,
                  size_t why_size);
    /* By how much, {y, x}, the result is smaller and larger than the first input; down 0: the
     * result is 1x1 whatever the input. NULL: 1 and 1. */
    void (*scale)(const ac_node *node, int down[2], int up[2]);
    /* See ac_node_params(); NULL: none. */
    int (*params)(const ac_node *node, int in_channels, ac_param_info infos[5]);
    /* See ac_node_macs(); NULL: 0. */
    int64_t (*macs)(const ac_node *node, ac_shape in, ac_shape out);
} ac_op;

extern const ac_op ac_op_conv2d, ac_op_conv_transpose2d, ac_op_batchnorm, ac_op_relu, ac_op_relu6,
    ac_op_leaky_relu, ac_op_sigmoid, ac_op_tanh, ac_op_maxpool2d, ac_op_avgpool2d,
    ac_op_global_avgpool, ac_op_upsample, ac_op_concat, ac_op_add;

extern const ac_op *const ac_ops[AC_OP_COUNT]; /* by ac_op_kind */

#endif
