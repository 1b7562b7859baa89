/* Time that passes, for measuring; not the time of day. Passed in, so that tests can turn the
 * hands. */
#ifndef AC_UTIL_CLOCK_H
#define AC_UTIL_CLOCK_H

/* `now` gives seconds since an arbitrary moment, never going back; it may be called from any
 * thread. A clock whose `now` is NULL (all zero) is the system's. */
typedef struct ac_clock {
    double (*now)(void *opaque);
    void *opaque;
} ac_clock;

double ac_clock_now(ac_clock clock);

#endif
