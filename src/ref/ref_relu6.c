#include <math.h>

#include "ref/ref.h"

void ac_ref_relu6(ac_shape shape, double *x)
{
    for (int64_t i = 0; i < ac_shape_count(shape); i++)
        x[i] = fmin(fmax(x[i], 0), 6);
}

void ac_ref_relu6_grad(ac_shape shape, const double *x, const double *dy, double *dx)
{
    for (int64_t i = 0; i < ac_shape_count(shape); i++)
        dx[i] += x[i] > 0 && x[i] < 6 ? dy[i] : 0;
}
