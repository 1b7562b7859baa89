/* What the files of the training session share. */
#ifndef AC_TRAIN_INTERNAL_H
#define AC_TRAIN_INTERNAL_H

#include "nn/lower.h"
#include "train/session.h"

#define AC_TRAIN_SLOTS 2 /* batches that may be ahead */

/* Places of results, which the device sums up and the host reads. */
enum { AC_RESULT_LOSS, AC_RESULT_SQUARES, AC_RESULT_COUNT };

/* What adam.comp reads, in its order. */
typedef struct ac_hyper {
    float rate, correction1, correction2, clip, beta1_left, beta2_left, eps, decay, ema_left;
} ac_hyper;

/* One tensor of the states. On the device each begins at a multiple of four floats, zeros between
 * them, so that kernels can take them by vec4s. */
typedef struct ac_train_tensor {
    char *name;
    int64_t offset, count; /* of all, one after the other */
    int64_t place;         /* on the device */
    float scale;           /* of the learning rate, 0: not learned */
} ac_train_tensor;

struct ac_train_session {
    ac_device *device;
    const ac_log *log;
    ac_train_params params; /* model and lr_scale NULL */
    ac_net *net;
    ac_node_training *training;
    ac_plan *plan;
    int tensor_count;
    ac_train_tensor *tensors;
    int64_t count; /* floats of all */
    int64_t row;   /* the same on the device */

    ac_buffer **arenas;
    ac_buffer *states[AC_TRAIN_STATE_COUNT];
    ac_buffer *regions[AC_REGION_COUNT]; /* but for the slots' */
    ac_buffer *slots[AC_TRAIN_SLOTS][2]; /* lightness, colours */
    ac_buffer *packing, *rare, *hyper, *results, *results_host;

    ac_call *calls;
    int call_count;
    /* Sections: forward and backward pass from 0 on, the update, then what begins a step. */
    int forward, loss, backward, update, begin;
    int *steps; /* [step_count + 1], calls of each step */
    ac_commands *begin_commands, *pass_commands[AC_TRAIN_SLOTS], *update_commands;
    int64_t fed, submitted; /* batches so far; their slot is their number mod AC_TRAIN_SLOTS */
    int pending;            /* submits since the last update */
};

/* Packs the weights, of which l->packed says where each comes from; makes session->packing. */
ac_status ac_train_lower_repack(ac_train_session *session, ac_lowering *l);
/* Calls of the update: norm of the gradient, Adam, results to the host. */
ac_status ac_train_lower_update(ac_train_session *session, ac_lowering *l);
/* The loss, its gradient by the network's output. */
ac_status ac_train_lower_loss(ac_train_session *session, ac_lowering *l);
/* Records and runs calls begin .. end - 1 with the pictures of a slot; blocks. */
ac_status ac_train_run_calls(ac_train_session *session, int begin, int end, int slot);
ac_status ac_train_record(ac_train_session *session, ac_commands *commands, int begin, int end,
                          int slot);

#endif
