/* Shapes of tensors. */
#ifndef AC_NN_TENSOR_H
#define AC_NN_TENSOR_H

#include <stdint.h>

/* N pictures of C channels of H rows of W. */
typedef struct ac_shape {
    int n, c, h, w;
} ac_shape;

static inline int64_t ac_shape_count(ac_shape s)
{
    return (int64_t)s.n * s.c * s.h * s.w;
}

#endif
