#include "ref/index.h"
#include "ref/ref.h"

void ac_ref_add(int count, const ac_shape *in, const double *const *x, ac_shape out, double *y)
{
    for (int n = 0; n < out.n; n++)
        for (int c = 0; c < out.c; c++)
            for (int i = 0; i < out.h; i++)
                for (int j = 0; j < out.w; j++) {
                    double sum = 0;
                    for (int k = 0; k < count; k++) {
                        bool stretched = in[k].h == 1 && in[k].w == 1;
                        sum += x[k][at(in[k], n, c, stretched ? 0 : i, stretched ? 0 : j)];
                    }
                    y[at(out, n, c, i, j)] = sum;
                }
}

void ac_ref_add_grad(int count, const ac_shape *in, ac_shape out, const double *dy,
                     double *const *dx)
{
    for (int k = 0; k < count; k++) {
        bool stretched = in[k].h == 1 && in[k].w == 1;
        for (int n = 0; n < out.n; n++)
            for (int c = 0; c < out.c; c++)
                for (int i = 0; i < out.h; i++)
                    for (int j = 0; j < out.w; j++)
                        dx[k][at(in[k], n, c, stretched ? 0 : i, stretched ? 0 : j)] +=
                            dy[at(out, n, c, i, j)];
    }
}
