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

void ac_ref_batchnorm_grad(ac_shape shape, const double *x, const double *weight,
                           const double *mean, const double *var, double eps, const double *dy,
                           double *dx, double *dweight, double *dbias)
{
    for (int n = 0; n < shape.n; n++)
        for (int c = 0; c < shape.c; c++)
            for (int i = 0; i < shape.h; i++)
                for (int j = 0; j < shape.w; j++) {
                    int64_t place = at(shape, n, c, i, j);
                    double scale = 1 / sqrt(var[c] + eps);
                    if (dx)
                        dx[place] += dy[place] * weight[c] * scale;
                    if (dweight)
                        dweight[c] += dy[place] * (x[place] - mean[c]) * scale;
                    if (dbias)
                        dbias[c] += dy[place];
                }
}

/* Mean and biased variance of channel c. */
static void measure(ac_shape shape, const double *x, int c, double *mean, double *var)
{
    double count = (double)shape.n * shape.h * shape.w;
    double sum = 0;
    double squares = 0;
    for (int n = 0; n < shape.n; n++)
        for (int i = 0; i < shape.h; i++)
            for (int j = 0; j < shape.w; j++)
                sum += x[at(shape, n, c, i, j)];
    *mean = sum / count;
    for (int n = 0; n < shape.n; n++)
        for (int i = 0; i < shape.h; i++)
            for (int j = 0; j < shape.w; j++)
                squares += pow(x[at(shape, n, c, i, j)] - *mean, 2);
    *var = squares / count;
}

void ac_ref_batchnorm_train(ac_shape shape, const double *weight, const double *bias, double eps,
                            double *x, double *running_mean, double *running_var)
{
    double count = (double)shape.n * shape.h * shape.w;
    for (int c = 0; c < shape.c; c++) {
        double mean;
        double var;
        measure(shape, x, c, &mean, &var);
        for (int n = 0; n < shape.n; n++)
            for (int i = 0; i < shape.h; i++)
                for (int j = 0; j < shape.w; j++) {
                    double *value = &x[at(shape, n, c, i, j)];
                    *value = (*value - mean) / sqrt(var + eps) * weight[c] + bias[c];
                }
        running_mean[c] += AC_REF_MOMENTUM * (mean - running_mean[c]);
        running_var[c] += AC_REF_MOMENTUM * (var * count / (count - 1) - running_var[c]);
    }
}

void ac_ref_batchnorm_train_grad(ac_shape shape, const double *x, const double *weight, double eps,
                                 const double *dy, double *dx, double *dweight, double *dbias)
{
    double count = (double)shape.n * shape.h * shape.w;
    for (int c = 0; c < shape.c; c++) {
        double mean;
        double var;
        measure(shape, x, c, &mean, &var);
        double scale = 1 / sqrt(var + eps);
        double sum = 0; /* of dy */
        double dot = 0; /* of dy * z */
        for (int n = 0; n < shape.n; n++)
            for (int i = 0; i < shape.h; i++)
                for (int j = 0; j < shape.w; j++) {
                    int64_t place = at(shape, n, c, i, j);
                    sum += dy[place];
                    dot += dy[place] * (x[place] - mean) * scale;
                }
        for (int n = 0; n < shape.n && dx; n++)
            for (int i = 0; i < shape.h; i++)
                for (int j = 0; j < shape.w; j++) {
                    int64_t place = at(shape, n, c, i, j);
                    double z = (x[place] - mean) * scale;
                    dx[place] += weight[c] * scale * (dy[place] - sum / count - z * dot / count);
                }
        if (dweight)
            dweight[c] += dot;
        if (dbias)
            dbias[c] += sum;
    }
}
