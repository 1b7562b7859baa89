#include "ref/index.h"
#include "ref/ref.h"

/* One element of the result, without its bias. */
static double window_sum(const ac_ref_conv *conv, ac_shape in, const double *x,
                         const double *weight, ac_shape out, int n, int o, int i, int j)
{
    int group_in = in.c / conv->groups;
    int first = o / (out.c / conv->groups) * group_in; /* first channel of x that o looks at */
    ac_shape weights = {out.c, group_in, conv->kernel[0], conv->kernel[1]};
    double sum = 0;
    for (int c = 0; c < group_in; c++)
        for (int u = 0; u < conv->kernel[0]; u++)
            for (int v = 0; v < conv->kernel[1]; v++) {
                int yy = i * conv->stride[0] - conv->padding[0] + u * conv->dilation[0];
                int xx = j * conv->stride[1] - conv->padding[1] + v * conv->dilation[1];
                if (inside(in, yy, xx))
                    sum += weight[at(weights, o, c, u, v)] * x[at(in, n, first + c, yy, xx)];
            }
    return sum;
}

void ac_ref_conv2d(const ac_ref_conv *conv, ac_shape in, const double *x, const double *weight,
                   const double *bias, ac_shape out, double *y)
{
    for (int n = 0; n < out.n; n++)
        for (int o = 0; o < out.c; o++)
            for (int i = 0; i < out.h; i++)
                for (int j = 0; j < out.w; j++)
                    y[at(out, n, o, i, j)] =
                        (bias ? bias[o] : 0) + window_sum(conv, in, x, weight, out, n, o, i, j);
}

/* What the window of y[n][o][i][j], whose derivative is d, sends back. */
static void window_grad(const ac_ref_conv *conv, ac_shape in, const double *x, const double *weight,
                        ac_shape out, double d, int n, int o, int i, int j, double *dx,
                        double *dweight)
{
    int group_in = in.c / conv->groups;
    int first = o / (out.c / conv->groups) * group_in;
    ac_shape weights = {out.c, group_in, conv->kernel[0], conv->kernel[1]};
    for (int c = 0; c < group_in; c++)
        for (int u = 0; u < conv->kernel[0]; u++)
            for (int v = 0; v < conv->kernel[1]; v++) {
                int yy = i * conv->stride[0] - conv->padding[0] + u * conv->dilation[0];
                int xx = j * conv->stride[1] - conv->padding[1] + v * conv->dilation[1];
                if (!inside(in, yy, xx))
                    continue;
                if (dx)
                    dx[at(in, n, first + c, yy, xx)] += d * weight[at(weights, o, c, u, v)];
                if (dweight)
                    dweight[at(weights, o, c, u, v)] += d * x[at(in, n, first + c, yy, xx)];
            }
}

void ac_ref_conv2d_grad(const ac_ref_conv *conv, ac_shape in, const double *x, const double *weight,
                        ac_shape out, const double *dy, double *dx, double *dweight, double *dbias)
{
    for (int n = 0; n < out.n; n++)
        for (int o = 0; o < out.c; o++)
            for (int i = 0; i < out.h; i++)
                for (int j = 0; j < out.w; j++) {
                    double d = dy[at(out, n, o, i, j)];
                    if (dbias)
                        dbias[o] += d;
                    window_grad(conv, in, x, weight, out, d, n, o, i, j, dx, dweight);
                }
}
