#include "util/clock.h"

#include <time.h>

double ac_clock_now(ac_clock clock)
{
    struct timespec t;

    if (clock.now)
        return clock.now(clock.opaque);
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}
