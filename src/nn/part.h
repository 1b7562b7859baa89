/* Recorded work by its parts, each a step of a plan or what comes before and after the steps: what
 * they are called, what they have to do at least, which kernels do it. For measuring. */
#ifndef AC_NN_PART_H
#define AC_NN_PART_H

#include "nn/lower.h"

typedef struct ac_part {
    char name[AC_NET_MAX_NAME + 1]; /* of the description's line: "conv4"; or "input", "loss" */
    char operation[64];             /* "conv2d batchnorm relu", "weight gradient" */
    char kernels[128];              /* of its dispatches: "conv_cpu 4x32 texel + reduce" */
    int dispatches;
    int64_t macs;   /* multiply-adds of the direct convolution, as ac_node_macs() counts */
    uint64_t bytes; /* least to move: inputs, weights and outputs once each, as floats */
    int begin, end; /* calls */
} ac_part;

/* Name, operation, multiply-adds and bytes of a step. */
void ac_part_describe_step(const ac_plan *plan, const ac_step *step, ac_part *part);
/* Kernels and dispatches of a part whose begin and end are set. */
void ac_part_describe_calls(const ac_call *calls, ac_part *part);

#endif
