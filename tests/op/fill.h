/* Weights and pictures for tests: the same numbers in C and in tools/make_golden.py, from names
 * alone, so that no weights need to be stored.
 *
 * seed = FNV-1a 64 of "PREFIX/TENSOR", PREFIX the case's or network's name; the i-th value is the
 * i-th output of splitmix64 from that seed (Steele, Lea, Flood 2014), its top 24 bits u read as
 * -1 <= u / 2^23 - 1 < 1. Computed in double, then rounded to float:
 *   convolution weight          u * sqrt(3 / fan_in): a sum of inputs of variance 1 has variance 1;
 *                               fan_in = C/groups * KH * KW; of a transposed convolution
 *                               C/groups * ceil(KH / stride) * ceil(KW / stride)
 *   batchnorm weight, running_var   1 + u / 2
 *   bias, running_mean              u / 2
 *   picture ("PREFIX/L")            50 + 50 u, lightness
 *   derivative by the result ("PREFIX/gradient")   u */
#ifndef AC_TEST_FILL_H
#define AC_TEST_FILL_H

#include "nn/model.h"

/* A model of the description with such weights; prints what went wrong and returns NULL. The
 * caller's to destroy. */
ac_model *fill_model(const char *text, size_t size, const char *prefix, const ac_log *log);

/* count values of the picture "PREFIX/L"; the caller's to free(). */
float *fill_lightness(const char *prefix, size_t count);
/* Likewise of "PREFIX/gradient". */
float *fill_gradient(const char *prefix, size_t count);

#endif
