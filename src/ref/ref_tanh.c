#include <math.h>

#include "ref/ref.h"

void ac_ref_tanh(ac_shape shape, double *x)
{
    for (int64_t i = 0; i < ac_shape_count(shape); i++)
        x[i] = tanh(x[i]);
}

void ac_ref_tanh_grad(ac_shape shape, const double *x, const double *dy, double *dx)
{
    for (int64_t i = 0; i < ac_shape_count(shape); i++) {
        double y = tanh(x[i]);
        dx[i] += dy[i] * (1 - y * y);
    }
}
