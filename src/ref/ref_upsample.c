#include <math.h>

#include "ref/index.h"
#include "ref/ref.h"

void ac_ref_upsample_nearest(int factor, ac_shape in, const double *x, double *y)
{
    ac_shape out = {in.n, in.c, in.h * factor, in.w * factor};
    for (int n = 0; n < out.n; n++)
        for (int c = 0; c < out.c; c++)
            for (int i = 0; i < out.h; i++)
                for (int j = 0; j < out.w; j++)
                    y[at(out, n, c, i, j)] = x[at(in, n, c, i / factor, j / factor)];
}

/* The two neighbours of place i of the result on one axis of `size` values, and the share of the
 * second. */
static double neighbours(int factor, int size, int i, int places[2])
{
    double place = fmin(fmax((i + 0.5) / factor - 0.5, 0), size - 1);
    places[0] = (int)floor(place);
    places[1] = places[0] + 1 < size ? places[0] + 1 : places[0];
    return place - places[0];
}

void ac_ref_upsample_bilinear(int factor, ac_shape in, const double *x, double *y)
{
    ac_shape out = {in.n, in.c, in.h * factor, in.w * factor};
    for (int n = 0; n < out.n; n++)
        for (int c = 0; c < out.c; c++)
            for (int i = 0; i < out.h; i++)
                for (int j = 0; j < out.w; j++) {
                    int row[2];
                    int column[2];
                    double down = neighbours(factor, in.h, i, row);
                    double right = neighbours(factor, in.w, j, column);
                    double upper = (1 - right) * x[at(in, n, c, row[0], column[0])] +
                                   right * x[at(in, n, c, row[0], column[1])];
                    double lower = (1 - right) * x[at(in, n, c, row[1], column[0])] +
                                   right * x[at(in, n, c, row[1], column[1])];
                    y[at(out, n, c, i, j)] = (1 - down) * upper + down * lower;
                }
}

void ac_ref_upsample_nearest_grad(int factor, ac_shape in, const double *dy, double *dx)
{
    ac_shape out = {in.n, in.c, in.h * factor, in.w * factor};
    for (int n = 0; n < out.n; n++)
        for (int c = 0; c < out.c; c++)
            for (int i = 0; i < out.h; i++)
                for (int j = 0; j < out.w; j++)
                    dx[at(in, n, c, i / factor, j / factor)] += dy[at(out, n, c, i, j)];
}

void ac_ref_upsample_bilinear_grad(int factor, ac_shape in, const double *dy, double *dx)
{
    ac_shape out = {in.n, in.c, in.h * factor, in.w * factor};
    for (int n = 0; n < out.n; n++)
        for (int c = 0; c < out.c; c++)
            for (int i = 0; i < out.h; i++)
                for (int j = 0; j < out.w; j++) {
                    int row[2];
                    int column[2];
                    double down = neighbours(factor, in.h, i, row);
                    double right = neighbours(factor, in.w, j, column);
                    double d = dy[at(out, n, c, i, j)];
                    dx[at(in, n, c, row[0], column[0])] += (1 - down) * (1 - right) * d;
                    dx[at(in, n, c, row[0], column[1])] += (1 - down) * right * d;
                    dx[at(in, n, c, row[1], column[0])] += down * (1 - right) * d;
                    dx[at(in, n, c, row[1], column[1])] += down * right * d;
                }
}
