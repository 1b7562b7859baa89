#include <stddef.h>

#include "ref/index.h"
#include "ref/ref.h"

/* Adds what x[n][c][i][j] gives to channel `to` of y, through the kernel of weight[c][o]. */
static void scatter(const ac_ref_conv *conv, double value, const double *kernel, ac_shape out,
                    int n, int to, int i, int j, double *y)
{
    for (int u = 0; u < conv->kernel[0]; u++)
        for (int v = 0; v < conv->kernel[1]; v++) {
            int yy = i * conv->stride[0] - conv->padding[0] + u * conv->dilation[0];
            int xx = j * conv->stride[1] - conv->padding[1] + v * conv->dilation[1];
            if (inside(out, yy, xx))
                y[at(out, n, to, yy, xx)] += value * kernel[u * conv->kernel[1] + v];
        }
}

void ac_ref_conv_transpose2d(const ac_ref_conv *conv, ac_shape in, const double *x,
                             const double *weight, const double *bias, ac_shape out, double *y)
{
    int group_in = in.c / conv->groups;
    int group_out = out.c / conv->groups;
    ac_shape weights = {in.c, group_out, conv->kernel[0], conv->kernel[1]};
    for (int n = 0; n < out.n; n++)
        for (int o = 0; o < out.c; o++)
            for (int i = 0; i < out.h; i++)
                for (int j = 0; j < out.w; j++)
                    y[at(out, n, o, i, j)] = bias ? bias[o] : 0;
    for (int n = 0; n < in.n; n++)
        for (int c = 0; c < in.c; c++)
            for (int o = 0; o < group_out; o++)
                for (int i = 0; i < in.h; i++)
                    for (int j = 0; j < in.w; j++)
                        scatter(conv, x[at(in, n, c, i, j)], &weight[at(weights, c, o, 0, 0)], out,
                                n, c / group_in * group_out + o, i, j, y);
}

/* What comes back from channel `from` of dy, where scatter() brought `value`: adds to the kernel's
 * derivative, returns that of `value`. */
static double gather(const ac_ref_conv *conv, double value, const double *kernel, ac_shape out,
                     const double *dy, int n, int from, int i, int j, double *dkernel)
{
    double sum = 0;
    for (int u = 0; u < conv->kernel[0]; u++)
        for (int v = 0; v < conv->kernel[1]; v++) {
            int yy = i * conv->stride[0] - conv->padding[0] + u * conv->dilation[0];
            int xx = j * conv->stride[1] - conv->padding[1] + v * conv->dilation[1];
            if (!inside(out, yy, xx))
                continue;
            double d = dy[at(out, n, from, yy, xx)];
            sum += d * kernel[u * conv->kernel[1] + v];
            if (dkernel)
                dkernel[u * conv->kernel[1] + v] += d * value;
        }
    return sum;
}

void ac_ref_conv_transpose2d_grad(const ac_ref_conv *conv, ac_shape in, const double *x,
                                  const double *weight, ac_shape out, const double *dy, double *dx,
                                  double *dweight, double *dbias)
{
    int group_in = in.c / conv->groups;
    int group_out = out.c / conv->groups;
    ac_shape weights = {in.c, group_out, conv->kernel[0], conv->kernel[1]};
    for (int n = 0; n < out.n && dbias; n++)
        for (int o = 0; o < out.c; o++)
            for (int i = 0; i < out.h; i++)
                for (int j = 0; j < out.w; j++)
                    dbias[o] += dy[at(out, n, o, i, j)];
    for (int n = 0; n < in.n; n++)
        for (int c = 0; c < in.c; c++)
            for (int o = 0; o < group_out; o++)
                for (int i = 0; i < in.h; i++)
                    for (int j = 0; j < in.w; j++) {
                        int64_t kernel = at(weights, c, o, 0, 0);
                        double d = gather(conv, x[at(in, n, c, i, j)], &weight[kernel], out, dy, n,
                                          c / group_in * group_out + o, i, j,
                                          dweight ? &dweight[kernel] : NULL);
                        if (dx)
                            dx[at(in, n, c, i, j)] += d;
                    }
}
