/* Runs a whole network with src/ref, forward and backward: what ac_session_run() and
 * ac_train_session_differentiate() must compute, in double. */
#ifndef AC_TEST_REF_NET_H
#define AC_TEST_REF_NET_H

#include <stdbool.h>

#include "nn/model.h"

/* lightness [n][1][h][w], as ac_session_run() takes it. *result, of *shape, is padded, cropped and
 * scaled as src/nn/session.h says; the caller's to free(), NULL on failure. */
ac_status ref_net_run(const ac_model *model, int n, int h, int w, const float *lightness,
                      const ac_log *log, ac_shape *shape, double **result);

/* What a pass over pictures takes. */
typedef struct ref_net_params {
    const ac_model *model; /* must outlive the net */
    int n, h, w;           /* padded by reflection to multiples of ac_net_multiple() */
    const float *lightness;
    /* Batch norms normalise with the batch, but for those whose running_mean or
     * running_var has lr_scale 0; else
     * all of them with their running statistics. */
    bool training;
    const float *lr_scale; /* as ac_train_params.lr_scale; NULL: 1 for all */
} ref_net_params;

/* A network in the middle of its run. Flat arrays hold all tensors one after the other, in the
 * model's order, as ac_train_session_read() has them: tensor i from offsets[i] on. */
typedef struct ref_net {
    ref_net_params params;
    ac_shape *shapes;   /* [node_count + 1], of every value */
    bool *used;         /* [node_count + 1], as ac_net_find_used(); training runs no others */
    double **values;    /* the last one is the result, before the output's scale */
    double **by_values; /* derivatives by them, NULL before ref_net_backward() */
    int64_t *offsets;   /* [tensor_count + 1]; the last is the number of all */
    double *tensors;    /* the weights that the passes use; may be changed between them */
    double *after;      /* these with the running statistics that the forward pass left */
    double *gradients;  /* by them, 0 for running statistics */
} ref_net;

/* The net, its input and its tensors, nothing run yet. */
ac_status ref_net_create(const ref_net_params *params, const ac_log *log, ref_net **net);
void ref_net_destroy(ref_net **net);
/* Nodes from `first` on; 0 for all. Only values and `after` change. AC_ERR_ARGUMENT where a batch
 * norm of training has one value a channel. */
ac_status ref_net_forward(ref_net *net, int first, const ac_log *log);
/* For the derivative by the network's result (before the output's scale), of its shape. */
ac_status ref_net_backward(ref_net *net, const float *output_gradient, const ac_log *log);
ac_shape ref_net_output_shape(const ref_net *net);

/* All of these: forward and backward. The caller destroys *net. */
ac_status ref_net_gradients(const ref_net_params *params, const float *output_gradient,
                            const ac_log *log, ref_net **net);

#endif
