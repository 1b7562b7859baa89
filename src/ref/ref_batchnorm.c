#include <math.h>

#include "ref/index.h"
#include "ref/ref.h"

void ac_ref_batchnorm(ac_shape shape, const double *weight, const double *bias, const double *mean,
                      const double *var, double eps, double *x)
{
    for (int n = 0; n < shape.n; n++)
        for (int c = 0; c < shape.c; c++)
            for (int i = 0; i < shape.h; i++)
                for (int j = 0; j < shape.w; j++) {
                    double *value = &x[at(shape, n, c, i, j)];
                    *value = (*value - mean[c]) / sqrt(var[c] + eps) * weight[c] + bias[c];
                }
}
