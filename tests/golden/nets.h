/* Whole networks: the rows of nets.txt, each with its model, its picture and PyTorch's result. */
#ifndef AC_TEST_NETS_H
#define AC_TEST_NETS_H

#include "golden.h"
#include "nn/model.h"

/* Computes a row's result, the caller's to free(). lightness [1][1][h][w]. */
typedef ac_status net_compute(void *opaque, const ac_model *model, int h, int w,
                              const float *lightness, const ac_log *log, ac_shape *shape,
                              double **result);

/* Computes every row of at most max_pixels; prints the errors of those that are `tolerance` of the
 * largest value or more away from PyTorch's. Adds to *passed and *failed. */
void nets_check(int max_pixels, double tolerance, net_compute *compute, void *opaque,
                const ac_log *log, int *passed, int *failed);

/* The same for samples/models/default.safetensors with the pictures of default_io.safetensors. */
void model_check(double tolerance, net_compute *compute, void *opaque, const ac_log *log,
                 int *passed, int *failed);

#endif
