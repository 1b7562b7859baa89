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
