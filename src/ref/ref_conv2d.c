#include "ref/index.h"
#include "ref/ref.h"

/* Adds to a plane of the result what one weight, at u, v of its kernel, makes of a plane of x:
 * plane by plane, as the sum of one element after the other would wait for itself. */
static void add_plane(const ac_ref_conv *conv, double weight, int u, int v, ac_shape in,
                      const double *x, ac_shape out, double *y)
{
    for (int i = 0; i < out.h; i++) {
        int yy = i * conv->stride[0] - conv->padding[0] + u * conv->dilation[0];
        if (yy < 0 || yy >= in.h)
            continue;
        const double *from = &x[(int64_t)yy * in.w];
        double *to = &y[(int64_t)i * out.w];
        for (int j = 0; j < out.w; j++) {
            int xx = j * conv->stride[1] - conv->padding[1] + v * conv->dilation[1];
            if (xx >= 0 && xx < in.w)
                to[j] += weight * from[xx];
        }
    }
}

/* Output channel o of picture n, but for its bias. */
static void add_channel(const ac_ref_conv *conv, ac_shape in, const double *x, const double *weight,
                        ac_shape out, int n, int o, double *y)
{
    int group_in = in.c / conv->groups;
    int first = o / (out.c / conv->groups) * group_in; /* first channel of x that o looks at */
    ac_shape weights = {out.c, group_in, conv->kernel[0], conv->kernel[1]};
    for (int c = 0; c < group_in; c++)
        for (int u = 0; u < conv->kernel[0]; u++)
            for (int v = 0; v < conv->kernel[1]; v++)
                add_plane(conv, weight[at(weights, o, c, u, v)], u, v, in,
                          &x[at(in, n, first + c, 0, 0)], out, y);
}

void ac_ref_conv2d(const ac_ref_conv *conv, ac_shape in, const double *x, const double *weight,
                   const double *bias, ac_shape out, double *y)
{
    for (int n = 0; n < out.n; n++)
        for (int o = 0; o < out.c; o++) {
            double *plane = &y[at(out, n, o, 0, 0)];
            for (int64_t k = 0; k < (int64_t)out.h * out.w; k++)
                plane[k] = bias ? bias[o] : 0;
            add_channel(conv, in, x, weight, out, n, o, plane);
        }
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
