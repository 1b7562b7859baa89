/* A network that learns on a device: forward and backward pass, loss and optimiser as recorded
 * work. One step:
 *
 *     for k in 0 .. accumulate - 1:  feed(), submit()    (feed of the next may come before wait)
 *     update(), wait()
 */
#ifndef AC_TRAIN_SESSION_H
#define AC_TRAIN_SESSION_H

#include "nn/model.h"
#include "nn/part.h"
#include "train/loss.h"
#include "vk/device.h"

typedef struct ac_train_session ac_train_session;

typedef struct ac_train_params {
    ac_device *device;     /* must outlive the session */
    const ac_model *model; /* network and first weights; needed only while the session is created */
    int n, height, width;  /* of lightness pictures a submit takes; see below */
    int accumulate;        /* submits an update, at least 1: their gradients' mean is used */
    /* [model->tensor_count], in the model's order: the learning rate's factor of each tensor, 0:
     * frozen: it stays as it is, and its gradient reads as zero. Those of running statistics count
     * as 0 or not: a batch norm whose running_mean or running_var is frozen normalises with both
     * and leaves them. Layers that the result does not depend on are not run, and their tensors are
     * frozen, running statistics too. NULL: 1 for all. */
    const float *lr_scale;
    ac_loss_params loss; /* loss.loss NULL: gradients of the output come from outside (tests) */
    double beta1, beta2, eps, weight_decay; /* Adam (Kingma, Ba 2014); AdamW (Loshchilov, Hutter
                                             * 2017), as PyTorch has them */
    double clip;  /* largest norm of the gradient, over all tensors, 0: any */
    double ema;   /* decay of the moving average of all tensors, less in the first
                   * steps; 0: none */
    bool guarded; /* for tests: as ac_session_params.guarded */
} ac_train_params;

/* height and width must be multiples of ac_net_multiple(); AC_ERR_ARGUMENT with the sizes beside
 * them otherwise. AC_ERR_DEVICE_MEMORY says how much is needed and there is, and what to change. */
ac_status ac_train_session_create(const ac_train_params *params, const ac_log *log,
                                  ac_train_session **session);
void ac_train_session_destroy(ac_train_session **session);
/* Of the network's result, and so of colours: [n][2][h][w]. */
ac_shape ac_train_session_output_shape(const ac_train_session *session);
uint64_t ac_train_session_bytes(const ac_train_session *session); /* of device memory */

/* Copies lightness [n][height][width] and colours (as the output's shape; a*, b*) to where the
 * device reads them; at most two feeds may be ahead of their submits. */
ac_status ac_train_session_feed(ac_train_session *session, const float *lightness,
                                const float *colours);
/* Queues forward and backward pass of the oldest feed. */
ac_status ac_train_session_submit(ac_train_session *session);
/* Queues the optimiser's step number `step` (from 1) after `accumulate` submits. Where the loss or
 * the gradient is not finite, weights and moments are left as they are. */
ac_status ac_train_session_update(ac_train_session *session, int64_t step, double rate);
/* Waits for all that is queued. */
typedef struct ac_train_result {
    double loss;          /* mean of the submits' losses */
    double gradient_norm; /* before clipping */
    bool finite;          /* both of them; otherwise nothing was changed */
} ac_train_result;
ac_status ac_train_session_wait(ac_train_session *session, ac_train_result *result);

/* After a step that was not finite: runs its pictures [accumulate][n][height][width] again, part by
 * part, finds the first layer whose values are not finite, and says "layer 'conv3' (line 5)"; or,
 * where all layers' are, "the gradient of 'conv3.weight'", the first that the backward pass meets.
 * What was fed ahead is lost, and running statistics are worth nothing afterwards. */
ac_status ac_train_session_blame(ac_train_session *session, const float *lightness, char *text,
                                 size_t size);

/* The state, flat: all tensors in the model's order one after the other, `count` floats. */
typedef enum ac_train_state {
    AC_TRAIN_WEIGHTS,
    AC_TRAIN_MOMENT1,
    AC_TRAIN_MOMENT2,
    AC_TRAIN_AVERAGE,  /* only where ema > 0 */
    AC_TRAIN_GRADIENT, /* of the last step; read only */
    AC_TRAIN_STATE_COUNT,
} ac_train_state;
int64_t ac_train_session_count(const ac_train_session *session);
ac_status ac_train_session_read(ac_train_session *session, ac_train_state state, float *to);
ac_status ac_train_session_write(ac_train_session *session, ac_train_state state,
                                 const float *from);
/* Puts weights (or their average) into a model of the same network. */
ac_status ac_train_session_store(ac_train_session *session, ac_train_state state, ac_model *model);

/* A step by its parts, for measuring: recorded and run in order, all of them together are one more
 * step on the pictures that were fed first, with the optimiser's numbers as they are. *parts is the
 * caller's (free()). */
ac_status ac_train_session_parts(const ac_train_session *session, ac_part **parts, int *count);
ac_status ac_train_session_record_part(ac_train_session *session, const ac_part *part,
                                       ac_commands *commands);

/* For tests, with loss.loss NULL: one forward pass, then the backward pass for the given gradient
 * by the network's output (before its output scale) [n][c][h][w]; output likewise. Gradients can be
 * read afterwards. Of a guarded session *guards_hold says what ac_session_guards_hold() does. */
ac_status ac_train_session_differentiate(ac_train_session *session, const float *lightness,
                                         const float *output_gradient, float *output,
                                         bool *guards_hold);

#endif
