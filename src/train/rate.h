/* The learning rate, a function of how far a run is and of nothing else: a resumed run goes on with
 * the rates that it would have had. */
#ifndef AC_TRAIN_RATE_H
#define AC_TRAIN_RATE_H

#include <stdbool.h>
#include <stdint.h>

typedef enum ac_rate_kind {
    AC_RATE_CONSTANT,
    AC_RATE_COSINE, /* from rate to rate * end along half a wave (Loshchilov, Hutter 2016) */
    AC_RATE_STEP,   /* times gamma after every `every` epochs */
    AC_RATE_COUNT,
} ac_rate_kind;

typedef struct ac_rate_params {
    ac_rate_kind kind;
    double rate;
    double end;      /* of the cosine, 0..1 */
    double gamma;    /* of the steps */
    int every;       /* epochs, at least 1 */
    int64_t warm_up; /* the first so many steps have 1 / warm_up, 2 / warm_up, ... of the rate; 0:
                      * none */
} ac_rate_params;

/* step: from 1; epoch: from 0; progress: what part of the run lies before this step, 0..1. */
double ac_rate_at(const ac_rate_params *params, int64_t step, int epoch, double progress);

/* "constant", "cosine", "step". */
const char *ac_rate_name(ac_rate_kind kind);
/* false: there is none of that name. */
bool ac_rate_find(const char *name, ac_rate_kind *kind);

#endif
