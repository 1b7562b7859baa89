/* Values that PyTorch computed: files that tools/make_golden.py wrote, or any .safetensors file of
 * float32 tensors. A reader of its own, so that the tests do not lean on what they test. */
#ifndef AC_TEST_GOLDEN_H
#define AC_TEST_GOLDEN_H

#include <stdbool.h>
#include <stddef.h>

#include "nn/tensor.h"

typedef struct golden golden;

/* Prints what is wrong and returns NULL. */
golden *golden_open(const char *path);
void golden_close(golden **g);

/* Every step-th value of a tensor [n][c][h][w], beginning with the first. */
typedef struct golden_tensor {
    ac_shape shape;
    int step;
    int64_t count; /* values kept: ceil(n*c*h*w / step) */
    const float *values;
} golden_tensor;

/* The file's metadata may say "NAME": "n c h w step"; otherwise the tensor is kept as a whole.
 * Where the two disagree, or there is no such tensor: prints why and returns false. */
bool golden_find(const golden *g, const char *name, golden_tensor *tensor);

/* Largest difference of values[i * step] and the golden ones, divided by the largest golden value;
 * HUGE_VAL when shapes differ or a value is not finite. */
double golden_error(const golden_tensor *tensor, ac_shape shape, const double *values);

/* The same against values in double. */
double values_error(ac_shape expected_shape, const double *expected, ac_shape shape,
                    const double *values);

#endif
