/* A model made ready to run on a device for one size of input. */
#ifndef AC_NN_SESSION_H
#define AC_NN_SESSION_H

#include "nn/model.h"
#include "nn/part.h"
#include "nn/plan.h"
#include "vk/commands.h"

typedef struct ac_session ac_session;

typedef struct ac_session_params {
    ac_device *device;     /* must outlive the session */
    const ac_model *model; /* needed only while the session is created */
    int n, height, width;  /* lightness pictures that go in: any size from 1x1 */
    bool guarded;          /* see ac_session_guards_hold() and ac_session_read_value() */
} ac_session_params;

/* Plans, takes memory, uploads weights, makes pipelines. When the device's memory does not do, the
 * message says how much is needed and there is, and the short side that fits. */
ac_status ac_session_create(const ac_session_params *params, const ac_log *log,
                            ac_session **session);
void ac_session_destroy(ac_session **session);

/* Result of one run: [n][c][h][w]. The input is padded by reflection (no repeated edge) at the
 * bottom and right to what the strides need; of an output of oh rows for an input of h rows padded
 * to ph, the first ceil(oh * h / ph) are kept; columns likewise. */
ac_shape ac_session_output_shape(const ac_session *session);
/* Rows and columns of the input to a row and column of the result (of the padded ones: exact). */
void ac_session_step(const ac_session *session, double *y, double *x);

/* lightness: L* 0..100, [n][1][height][width]; result: as ac_session_output_shape() says, scaled by
 * the description's output scale (a*, b* of CIELAB for a colouring network). Blocks till done. */
ac_status ac_session_run(ac_session *session, const float *lightness, float *result);

/* Of a guarded session: no kernel has written behind the memory of a value. Such a session begins
 * with NaN in all memory, so that what is read before it is written shows in the result, and values
 * share none of it. false too when memory cannot be read. */
bool ac_session_guards_hold(const ac_session *session);

/* The session's own; its values' numbers are those that ac_session_read_value() takes. */
const ac_plan *ac_session_plan(const ac_session *session);
/* Of a guarded session, after a run: a value in the middle of the network, as it comes from the
 * padded input: [n][c][h][w] of plan->values[value].shape. AC_ERR_ARGUMENT for values that fusing
 * left without existence (quads 0). */
ac_status ac_session_read_value(const ac_session *session, int value, float *to, const ac_log *log);

/* For callers that record their own work around the network: pictures of float, laid out as for
 * ac_session_run(), are read from `lightness` and written to `result`. Work before and after needs
 * barriers of its own. */
ac_status ac_session_record(ac_session *session, ac_commands *commands);
/* The same by parts, for measuring: all of them in order are what ac_session_record() records. */
const ac_part *ac_session_parts(const ac_session *session, int *count);
ac_status ac_session_record_part(ac_session *session, int part, ac_commands *commands);
ac_binding ac_session_lightness(const ac_session *session);
ac_binding ac_session_result(const ac_session *session);

#endif
