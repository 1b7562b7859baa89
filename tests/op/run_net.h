/* Runs one network on a device, and what tests on devices share. */
#ifndef AC_TEST_RUN_NET_H
#define AC_TEST_RUN_NET_H

#include <stdbool.h>

#include "nn/session.h"

#define TEST_SKIPPED 77 /* exit status: meson shows the test as skipped */

/* True, with a word about it, when a file named in the environment's AC_TEST_NEEDS (a driver's or
 * a layer's .json) is not there. */
bool test_skipped(void);

/* The device, validated when AUTOCHROME_VALIDATION is in the environment. Pipelines are not kept.
 */
ac_status test_device_open(const ac_log *log, ac_device **device);

/* How far a result may be off on this device, over the largest value: 1e-4, and `half` where values
 * are stored as float16, each of which rounds by up to 2^-11 of itself. */
double test_tolerance(const ac_device *device, double half);

/* A session made, run, and destroyed. *result is the caller's to free(); NULL on failure. */
ac_status test_session_run(ac_device *device, const ac_model *model, int n, int h, int w,
                           const float *lightness, const ac_log *log, ac_shape *shape,
                           double **result);

#endif
