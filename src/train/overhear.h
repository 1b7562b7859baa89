/* Messages of a reader of pictures, kept: what is an error to it is none to a data set, which goes
 * on without the picture and says so in words of its own. */
#ifndef AC_TRAIN_OVERHEAR_H
#define AC_TRAIN_OVERHEAR_H

#include <stdbool.h>

#include "util/log.h"

typedef struct ac_overheard {
    ac_log log;           /* for the reader; valid while this stays where it is */
    const ac_log *others; /* gets what is no error; NULL: warnings are kept too */
    char text[600];       /* the first error, else the first warning, "" when there was none */
    bool failed;          /* it is an error */
} ac_overheard;

void ac_overhear(ac_overheard *heard, const ac_log *others);

#endif
