/* Runs a whole network with src/ref: what ac_session_run() must compute, in double. */
#ifndef AC_TEST_REF_NET_H
#define AC_TEST_REF_NET_H

#include "nn/model.h"

/* lightness [n][1][h][w], as ac_session_run() takes it. *result, of *shape, is padded, cropped and
 * scaled as src/nn/session.h says; the caller's to free(), NULL on failure. */
ac_status ref_net_run(const ac_model *model, int n, int h, int w, const float *lightness,
                      const ac_log *log, ac_shape *shape, double **result);

#endif
