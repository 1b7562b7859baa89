#include "ref/index.h"
#include "ref/ref.h"

void ac_ref_global_avgpool(ac_shape in, const double *x, double *y)
{
    ac_shape out = {in.n, in.c, 1, 1};
    for (int n = 0; n < in.n; n++)
        for (int c = 0; c < in.c; c++) {
            double sum = 0;
            for (int i = 0; i < in.h; i++)
                for (int j = 0; j < in.w; j++)
                    sum += x[at(in, n, c, i, j)];
            y[at(out, n, c, 0, 0)] = sum / in.h / in.w;
        }
}

void ac_ref_global_avgpool_grad(ac_shape in, const double *dy, double *dx)
{
    ac_shape out = {in.n, in.c, 1, 1};
    for (int n = 0; n < in.n; n++)
        for (int c = 0; c < in.c; c++)
            for (int i = 0; i < in.h; i++)
                for (int j = 0; j < in.w; j++)
                    dx[at(in, n, c, i, j)] += dy[at(out, n, c, 0, 0)] / in.h / in.w;
}
