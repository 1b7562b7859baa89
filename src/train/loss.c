#include "train/loss.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

const ac_loss *const ac_losses[] = {&ac_loss_mse, &ac_loss_huber, NULL};

const ac_loss *ac_loss_find(const char *name)
{
    for (int i = 0; ac_losses[i]; i++)
        if (!strcmp(ac_losses[i]->name, name))
            return ac_losses[i];
    return NULL;
}

/* Square of the table that a value falls into; what is outside belongs to the first or last. */
static int bin(float value)
{
    double place = floor(((double)value - AC_RARE_FIRST) / AC_RARE_WIDTH);
    return (int)fmin(fmax(place, 0), AC_RARE_BINS - 1);
}

double ac_loss_measure(const ac_loss_params *params, const float *ab, const float *truth, int count,
                       int h, int w)
{
    int64_t plane = (int64_t)h * w;
    double sum = 0;
    for (int64_t n = 0; n < count; n++)
        for (int64_t i = 0; i < plane; i++) {
            int64_t a = 2 * n * plane + i;
            int64_t b = a + plane;
            double d[2] = {(double)ab[a] - (double)truth[a], (double)ab[b] - (double)truth[b]};
            double value = params->loss->value(d, params->delta);
            if (params->weights)
                value *= (double)params->weights[bin(truth[a]) * AC_RARE_BINS + bin(truth[b])];
            sum += value;
        }
    return sum / (double)(count * plane);
}
