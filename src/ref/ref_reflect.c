#include "ref/index.h"
#include "ref/ref.h"

/* Place of a picture of `size` rows that row i of the endless reflected one shows. */
static int reflected(int i, int size)
{
    if (size == 1)
        return 0;
    int place = i % (2 * size - 2);
    return place < size ? place : 2 * size - 2 - place;
}

void ac_ref_reflect(ac_shape in, const double *x, ac_shape out, double *y)
{
    for (int n = 0; n < out.n; n++)
        for (int c = 0; c < out.c; c++)
            for (int i = 0; i < out.h; i++)
                for (int j = 0; j < out.w; j++)
                    y[at(out, n, c, i, j)] =
                        x[at(in, n, c, reflected(i, in.h), reflected(j, in.w))];
}
