#include "ref/index.h"
#include "ref/ref.h"

void ac_ref_concat(int count, const ac_shape *in, const double *const *x, double *y)
{
    ac_shape out = in[0];
    for (int k = 1; k < count; k++)
        out.c += in[k].c;
    int first = 0; /* channel of y where x[k] begins */
    for (int k = 0; k < count; k++) {
        for (int n = 0; n < out.n; n++)
            for (int c = 0; c < in[k].c; c++)
                for (int i = 0; i < out.h; i++)
                    for (int j = 0; j < out.w; j++)
                        y[at(out, n, first + c, i, j)] = x[k][at(in[k], n, c, i, j)];
        first += in[k].c;
    }
}

void ac_ref_concat_grad(int count, const ac_shape *in, const double *dy, double *const *dx)
{
    ac_shape out = in[0];
    for (int k = 1; k < count; k++)
        out.c += in[k].c;
    int first = 0; /* channel of dy where that of x[k] begins */
    for (int k = 0; k < count; k++) {
        for (int n = 0; n < out.n; n++)
            for (int c = 0; c < in[k].c; c++)
                for (int i = 0; i < out.h; i++)
                    for (int j = 0; j < out.w; j++)
                        dx[k][at(in[k], n, c, i, j)] += dy[at(out, n, first + c, i, j)];
        first += in[k].c;
    }
}
