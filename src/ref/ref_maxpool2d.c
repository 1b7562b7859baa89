#include <math.h>

#include "ref/index.h"
#include "ref/ref.h"

static double largest(const ac_ref_pool *pool, ac_shape in, const double *x, int n, int c, int i,
                      int j)
{
    double max = -HUGE_VAL;
    for (int u = 0; u < pool->kernel[0]; u++)
        for (int v = 0; v < pool->kernel[1]; v++) {
            int yy = i * pool->stride[0] - pool->padding[0] + u;
            int xx = j * pool->stride[1] - pool->padding[1] + v;
            if (inside(in, yy, xx))
                max = fmax(max, x[at(in, n, c, yy, xx)]);
        }
    return isinf(max) ? 0 : max;
}

void ac_ref_maxpool2d(const ac_ref_pool *pool, ac_shape in, const double *x, ac_shape out,
                      double *y)
{
    for (int n = 0; n < out.n; n++)
        for (int c = 0; c < out.c; c++)
            for (int i = 0; i < out.h; i++)
                for (int j = 0; j < out.w; j++)
                    y[at(out, n, c, i, j)] = largest(pool, in, x, n, c, i, j);
}

/* Where in x the first largest value of a window is, -1 for a window that lies in the padding. */
static int64_t first_largest(const ac_ref_pool *pool, ac_shape in, const double *x, int n, int c,
                             int i, int j)
{
    int64_t place = -1;
    for (int u = 0; u < pool->kernel[0]; u++)
        for (int v = 0; v < pool->kernel[1]; v++) {
            int yy = i * pool->stride[0] - pool->padding[0] + u;
            int xx = j * pool->stride[1] - pool->padding[1] + v;
            if (inside(in, yy, xx) && (place < 0 || x[at(in, n, c, yy, xx)] > x[place]))
                place = at(in, n, c, yy, xx);
        }
    return place;
}

void ac_ref_maxpool2d_grad(const ac_ref_pool *pool, ac_shape in, const double *x, ac_shape out,
                           const double *dy, double *dx)
{
    for (int n = 0; n < out.n; n++)
        for (int c = 0; c < out.c; c++)
            for (int i = 0; i < out.h; i++)
                for (int j = 0; j < out.w; j++) {
                    int64_t place = first_largest(pool, in, x, n, c, i, j);
                    if (place >= 0)
                        dx[place] += dy[at(out, n, c, i, j)];
                }
}
