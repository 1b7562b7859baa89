/* Numbers, and rows of them. */
#ifndef AC_UTIL_MATH_H
#define AC_UTIL_MATH_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

/* Greatest common divisor of numbers that are not negative; the other one where one is 0. */
static inline int64_t ac_common_divisor(int64_t a, int64_t b)
{
    while (b) {
        int64_t rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

/* To the next multiple; value is not negative. */
static inline int ac_round_up(int value, int multiple)
{
    return (value + multiple - 1) / multiple * multiple;
}

/* Place of the first value that is not finite or, where none may be negative, that is; -1: there is
 * none. */
static inline int64_t ac_values_find_bad(const float *values, int64_t count, bool positive)
{
    for (int64_t i = 0; i < count; i++)
        if (!isfinite(values[i]) || (positive && values[i] < 0))
            return i;
    return -1;
}

#endif
