#include "train/loss.h"

#include <stddef.h>
#include <string.h>

#include "train/rare.h"

const ac_loss *const ac_losses[] = {&ac_loss_mse, &ac_loss_huber, NULL};

const ac_loss *ac_loss_find(const char *name)
{
    for (int i = 0; ac_losses[i]; i++)
        if (!strcmp(ac_losses[i]->name, name))
            return ac_losses[i];
    return NULL;
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
                value *= (double)params->weights[ac_rare_bin(truth[a], truth[b])];
            sum += value;
        }
    return sum / (double)(count * plane);
}
