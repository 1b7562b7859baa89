/* Weights for rare colours: most of a photograph is nearly gray, and a network that is measured on
 * all pixels alike learns to be gray. After Zhang, Isola, Efros 2016 ("Colorful Image
 * Colorization", section 2.2): from the share p of each square of colours, smoothed by a Gaussian
 * of 5 in a and b,
 *
 *     w ~ 1 / (strength * p + (1 - strength) / Q)
 *
 * with Q the number of squares that sRGB's colours fall into, scaled so that the mean weight of the
 * pixels that were counted is 1; the paper's lambda is 1 - strength, and it takes 1/2. */
#ifndef AC_TRAIN_RARE_H
#define AC_TRAIN_RARE_H

#include <stddef.h>
#include <stdint.h>

#include "train/loss.h"

#define AC_RARE_COUNT 576 /* AC_RARE_BINS^2 */
_Static_assert(AC_RARE_COUNT == AC_RARE_BINS * AC_RARE_BINS, "");

/* The square that colour a, b falls into, 0..AC_RARE_COUNT - 1; what is outside counts to the
 * outermost ones. */
int ac_rare_bin(float a, float b);
/* Adds the pixels of ab [count][2][pixels] to how many fell into each square. */
void ac_rare_add(const float *ab, int count, size_t pixels, uint64_t counts[AC_RARE_COUNT]);
/* strength: 0 (all weights are 1) to 1. Without a single pixel all weights are 1. */
void ac_rare_weights(const uint64_t counts[AC_RARE_COUNT], double strength,
                     float weights[AC_RARE_COUNT]);

#endif
