#include "util/picture.h"

#include <math.h>

bool ac_luma_weights(int matrix, double *kr, double *kb)
{
    switch (matrix) {
    case 1: /* BT.709 */
    case 2: /* unspecified */
        *kr = 0.2126;
        *kb = 0.0722;
        return true;
    case 4: /* FCC */
        *kr = 0.30;
        *kb = 0.11;
        return true;
    case 5: /* BT.601, 625 and 525 lines */
    case 6:
        *kr = 0.299;
        *kb = 0.114;
        return true;
    case 7: /* SMPTE ST 240 */
        *kr = 0.212;
        *kb = 0.087;
        return true;
    case 9: /* BT.2020; its constant luminance form is near enough for a and b */
    case 10:
        *kr = 0.2627;
        *kb = 0.0593;
        return true;
    default:
        return false;
    }
}

ac_levels ac_levels_get(const ac_picture_format *format)
{
    double unit = ldexp(1, format->depth - 8), top = ldexp(1, format->depth) - 1;

    if (format->full_range)
        return (ac_levels){0, top, ldexp(1, format->depth - 1), top, 0, top};
    return (ac_levels){16 * unit, 219 * unit, 128 * unit, 224 * unit, 16 * unit, 240 * unit};
}
