/* Where an element of a dense [N][C][H][W] tensor lies. For src/ref only. */
#ifndef AC_REF_INDEX_H
#define AC_REF_INDEX_H

#include <stdbool.h>

#include "nn/tensor.h"

static inline int64_t at(ac_shape s, int n, int c, int y, int x)
{
    return (((int64_t)n * s.c + c) * s.h + y) * s.w + x;
}

static inline bool inside(ac_shape s, int y, int x)
{
    return y >= 0 && y < s.h && x >= 0 && x < s.w;
}

#endif
