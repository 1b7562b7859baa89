#include "ref/ref.h"

void ac_ref_leaky_relu(ac_shape shape, double slope, double *x)
{
    for (int64_t i = 0; i < ac_shape_count(shape); i++)
        x[i] = x[i] > 0 ? x[i] : slope * x[i];
}

void ac_ref_leaky_relu_grad(ac_shape shape, double slope, const double *x, const double *dy,
                            double *dx)
{
    for (int64_t i = 0; i < ac_shape_count(shape); i++)
        dx[i] += x[i] > 0 ? dy[i] : slope * dy[i];
}
