/* IEEE 754 half floats (binary16) and bfloat16, held in 16-bit words. */
#ifndef AC_UTIL_HALF_H
#define AC_UTIL_HALF_H

#include <stdint.h>
#include <string.h>

#define AC_HALF_MAX 65504.0f /* the largest finite one */

static inline float ac_float_from_bits(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

static inline uint32_t ac_float_bits(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static inline float ac_half_to_float(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 31,
             mantissa = half & 1023;
    float subnormal;

    if (exponent == 31)
        return ac_float_from_bits(sign | 0x7f800000 | mantissa << 13);
    if (exponent)
        return ac_float_from_bits(sign | (exponent + 112) << 23 | mantissa << 13);
    subnormal = (float)mantissa * 0x1p-24f;
    return ac_float_from_bits(sign | ac_float_bits(subnormal));
}

/* To the nearest, ties to even; beyond the range infinity; a NaN stays one. */
static inline uint16_t ac_half_from_float(float value)
{
    uint32_t bits = ac_float_bits(value), magnitude = bits & 0x7fffffff;
    uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);

    if (magnitude > 0x7f800000)
        return (uint16_t)(sign | 0x7e00 | (magnitude >> 13 & 0x3ff));
    if (magnitude >= 0x477ff000) /* 65520 is half way to what would be the next half */
        return sign | 0x7c00;
    if (magnitude < 0x38800000) {
        /* Subnormal: adding 0.5 leaves in the float's last bits multiples of 2^-24, rounded. */
        float shifted = ac_float_from_bits(magnitude) + 0.5f;

        return (uint16_t)(sign | (ac_float_bits(shifted) - ac_float_bits(0.5f)));
    }
    magnitude += 0xfff + (magnitude >> 13 & 1);
    return (uint16_t)(sign | ((magnitude >> 13) - (112 << 10)));
}

static inline float ac_bfloat_to_float(uint16_t bfloat)
{
    return ac_float_from_bits((uint32_t)bfloat << 16);
}

#endif
