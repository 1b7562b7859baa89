#include "ref/index.h"
#include "ref/ref.h"

static double average(const ac_ref_pool *pool, ac_shape in, const double *x, int n, int c, int i,
                      int j)
{
    double sum = 0;
    int places = 0;
    for (int u = 0; u < pool->kernel[0]; u++)
        for (int v = 0; v < pool->kernel[1]; v++) {
            int yy = i * pool->stride[0] - pool->padding[0] + u;
            int xx = j * pool->stride[1] - pool->padding[1] + v;
            if (inside(in, yy, xx))
                sum += x[at(in, n, c, yy, xx)];
            if (pool->count_padding || inside(in, yy, xx))
                places++;
        }
    return places > 0 ? sum / places : 0;
}

void ac_ref_avgpool2d(const ac_ref_pool *pool, ac_shape in, const double *x, ac_shape out,
                      double *y)
{
    for (int n = 0; n < out.n; n++)
        for (int c = 0; c < out.c; c++)
            for (int i = 0; i < out.h; i++)
                for (int j = 0; j < out.w; j++)
                    y[at(out, n, c, i, j)] = average(pool, in, x, n, c, i, j);
}

/* Gives d, the derivative by the mean of a window, back to its places. */
static void spread(const ac_ref_pool *pool, ac_shape in, double d, int n, int c, int i, int j,
                   double *dx)
{
    int top = i * pool->stride[0] - pool->padding[0];
    int left = j * pool->stride[1] - pool->padding[1];
    int places = 0;
    for (int u = 0; u < pool->kernel[0]; u++)
        for (int v = 0; v < pool->kernel[1]; v++)
            if (pool->count_padding || inside(in, top + u, left + v))
                places++;
    for (int u = 0; u < pool->kernel[0]; u++)
        for (int v = 0; v < pool->kernel[1]; v++)
            if (inside(in, top + u, left + v))
                dx[at(in, n, c, top + u, left + v)] += d / places;
}

void ac_ref_avgpool2d_grad(const ac_ref_pool *pool, ac_shape in, ac_shape out, const double *dy,
                           double *dx)
{
    for (int n = 0; n < out.n; n++)
        for (int c = 0; c < out.c; c++)
            for (int i = 0; i < out.h; i++)
                for (int j = 0; j < out.w; j++)
                    spread(pool, in, dy[at(out, n, c, i, j)], n, c, i, j, dx);
}
