/* Whole numbers. */
#ifndef AC_UTIL_MATH_H
#define AC_UTIL_MATH_H

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

#endif
