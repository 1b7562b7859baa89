#include "ref/ref.h"

void ac_ref_relu(ac_shape shape, double *x)
{
    for (int64_t i = 0; i < ac_shape_count(shape); i++)
        x[i] = x[i] > 0 ? x[i] : 0;
}

void ac_ref_relu_grad(ac_shape shape, const double *x, const double *dy, double *dx)
{
    for (int64_t i = 0; i < ac_shape_count(shape); i++)
        dx[i] += x[i] > 0 ? dy[i] : 0;
}
