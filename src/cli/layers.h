/* The layers of a planned network as people count them: a box in a drawing, a row in a table. */
#ifndef AC_CLI_LAYERS_H
#define AC_CLI_LAYERS_H

#include "nn/plan.h"

/* Layer 0 is the network's input; every other one is a step of the plan: an operation with the
 * batch norm and the activation that run with it. */
typedef struct ac_layer {
    const ac_node *node;   /* NULL for the input */
    const char *name;      /* of the description's line: of the input for layer 0 */
    const char *operation; /* as a description writes it; "input" for layer 0 */
    int fused_count;
    const ac_node *fused[2]; /* what follows in the same step: batch norm, activation */
    ac_shape shape;
    int64_t parameters, macs; /* parameters: trained ones */
    int input_count;
    int inputs[AC_NET_MAX_INPUTS]; /* numbers of layers, smaller than this one's */
} ac_layer;

typedef struct ac_layers {
    const ac_plan *plan; /* names and nodes belong to its network */
    int count;           /* the input counts */
    ac_layer *items;
} ac_layers;

/* The plan and its network must outlive the layers, which are the caller's. */
ac_status ac_layers_create(const ac_plan *plan, const ac_log *log, ac_layers **layers);
void ac_layers_destroy(ac_layers **layers);

/* As a description writes it. */
const char *ac_layer_fused_name(const ac_layer *layer, int i);
/* What makes the operation this one, "4x4 stride 2 padding 1"; arguments that are as usual are left
 * out. brief: kernel, stride and dilation only, for a label. Returns text. */
const char *ac_layer_details(const ac_layer *layer, bool brief, char *text, size_t size);

#endif
