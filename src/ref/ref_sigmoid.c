#include <math.h>

#include "ref/ref.h"

void ac_ref_sigmoid(ac_shape shape, double *x)
{
    for (int64_t i = 0; i < ac_shape_count(shape); i++)
        x[i] = 1 / (1 + exp(-x[i]));
}

void ac_ref_sigmoid_grad(ac_shape shape, const double *x, const double *dy, double *dx)
{
    for (int64_t i = 0; i < ac_shape_count(shape); i++) {
        double y = 1 / (1 + exp(-x[i]));
        dx[i] += dy[i] * y * (1 - y);
    }
}
