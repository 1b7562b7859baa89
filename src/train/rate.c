#include "train/rate.h"

#include <math.h>
#include <string.h>

static const char *const names[AC_RATE_COUNT] = {"constant", "cosine", "step"};

double ac_rate_at(const ac_rate_params *params, int64_t step, int epoch, double progress)
{
    double rate = params->rate;
    int steps = params->kind == AC_RATE_STEP ? epoch / params->every : 0;

    if (params->kind == AC_RATE_COSINE)
        rate *= params->end + (1 - params->end) * (1 + cos(M_PI * fmin(1, fmax(0, progress)))) / 2;
    else if (params->kind == AC_RATE_STEP)
        rate *= pow(params->gamma, steps);
    if (step < params->warm_up)
        rate *= (double)step / (double)params->warm_up;
    return rate;
}

const char *ac_rate_name(ac_rate_kind kind)
{
    return names[kind];
}

bool ac_rate_find(const char *name, ac_rate_kind *kind)
{
    for (int i = 0; i < AC_RATE_COUNT; i++) {
        if (!strcmp(names[i], name)) {
            *kind = (ac_rate_kind)i;
            return true;
        }
    }
    return false;
}
