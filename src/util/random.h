/* Random numbers that depend on nothing but a seed, a name and a place: value k of a stream can be
 * had without the values before it, on any thread, in any order, and by tools in other languages.
 *
 * With all arithmetic modulo 2^64:
 *     mix(x):  x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9;  x = (x ^ x >> 27) * 0x94D049BB133111EB;
 *              mix = x ^ x >> 31
 *     stream(seed, name) = mix(seed + h) with h the 64-bit FNV-1a hash of the name's bytes
 *     value k (k = 0, 1, ...) = mix(stream + (k + 1) * 0x9E3779B97F4A7C15)
 * so that a stream is the sequence of SplitMix64 (Steele, Lea, Flood 2014) from that state. */
#ifndef AC_UTIL_RANDOM_H
#define AC_UTIL_RANDOM_H

#include <stdint.h>

static inline uint64_t ac_random_mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

static inline uint64_t ac_random_stream(uint64_t seed, const char *name)
{
    uint64_t hash = 0xCBF29CE484222325u;

    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 0x100000001B3u;
    return ac_random_mix(seed + hash);
}

static inline uint64_t ac_random_value(uint64_t stream, uint64_t k)
{
    return ac_random_mix(stream + (k + 1) * 0x9E3779B97F4A7C15u);
}

/* Uniform in [0, 1): the value's upper 24 bits over 2^24. */
static inline double ac_random_uniform(uint64_t stream, uint64_t k)
{
    return (double)(ac_random_value(stream, k) >> 40) * 0x1p-24;
}

#endif
