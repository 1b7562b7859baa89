/* Losses on a, b: how far the network's colours are from the true ones. A new one is loss_x.c with
 * one ac_loss in it, a row in ac_losses[], and its shader. */
#ifndef AC_TRAIN_LOSS_H
#define AC_TRAIN_LOSS_H

#include "nn/lower.h"

/* Weights for rare colours: a, b are sorted into squares of 10 x 10, and what falls into square
 * (i, j), i of a, j of b, from -120 on, counts weights[i * AC_RARE_BINS + j] times. */
#define AC_RARE_BINS  24
#define AC_RARE_WIDTH 10.0
#define AC_RARE_FIRST (-120.0)

typedef struct ac_loss {
    const char *name; /* "mse", as --loss takes it */
    const char *help;
    /* Loss of one pixel, a function of the differences of a and b, {da, db}: for the host
     * (validation, tests). delta: ac_loss_params.delta. */
    double (*value)(const double d[2], double delta);
    /* The derivative by da and db. */
    void (*gradient)(const double d[2], double delta, double to[2]);
    int shader_kind; /* as shaders/loss.comp numbers them */
} ac_loss;

extern const ac_loss ac_loss_mse, ac_loss_huber;
extern const ac_loss *const ac_losses[];       /* ends with NULL */
const ac_loss *ac_loss_find(const char *name); /* NULL when there is none */

typedef struct ac_loss_params {
    const ac_loss *loss;
    double delta;         /* of huber, in units of a and b */
    const float *weights; /* [AC_RARE_BINS^2], NULL: all 1 */
} ac_loss_params;

/* Mean over pixels and both channels, in double: what the device computes. [count][2][h][w]. */
double ac_loss_measure(const ac_loss_params *params, const float *ab, const float *truth, int count,
                       int h, int w);

#endif
