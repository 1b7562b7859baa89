#include "train/rare.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "color/lab.h"

#define SIGMA   5.0  /* of the smoothing, in a and b */
#define RADIUS  2    /* squares */
#define LEAST   1e-6 /* share that counts for squares with less: weights stay finite */
#define SAMPLES 64   /* of each of R, G, B: colours that there are */

static int place(float value)
{
    double at = floor(((double)value - AC_RARE_FIRST) / AC_RARE_WIDTH);

    return (int)fmax(0, fmin(AC_RARE_BINS - 1, at)); /* a NaN too */
}

int ac_rare_bin(float a, float b)
{
    return place(a) * AC_RARE_BINS + place(b);
}

void ac_rare_add(const float *ab, int count, size_t pixels, uint64_t counts[AC_RARE_COUNT])
{
    for (int n = 0; n < count; n++) {
        const float *a = ab + (size_t)n * 2 * pixels, *b = a + pixels;

        for (size_t i = 0; i < pixels; i++)
            counts[ac_rare_bin(a[i], b[i])]++;
    }
}

/* Number of squares with colours of sRGB. */
static int count_possible(void)
{
    uint8_t rgb[3 * SAMPLES];
    float lightness[SAMPLES], ab[2 * SAMPLES];
    bool there[AC_RARE_COUNT] = {false};
    int count = 0;

    for (int i = 0; i < SAMPLES * SAMPLES; i++) {
        for (size_t j = 0; j < SAMPLES; j++) {
            rgb[3 * j] = (uint8_t)(i / SAMPLES * 255 / (SAMPLES - 1));
            rgb[3 * j + 1] = (uint8_t)(i % SAMPLES * 255 / (SAMPLES - 1));
            rgb[3 * j + 2] = (uint8_t)(j * 255 / (SAMPLES - 1));
        }
        ac_lab_from_rgb8(rgb, SAMPLES, lightness, ab);
        for (size_t j = 0; j < SAMPLES; j++)
            there[ac_rare_bin(ab[j], ab[SAMPLES + j])] = true;
    }
    for (int i = 0; i < AC_RARE_COUNT; i++)
        count += there[i];
    return count;
}

/* Along b; the result is turned, so that twice smooths along both. What would fall off the border
 * stays at it. */
static void smooth(const double *from, double *to)
{
    double kernel[2 * RADIUS + 1], sum = 0;

    for (int k = -RADIUS; k <= RADIUS; k++)
        sum += kernel[k + RADIUS] = exp(-pow(k * AC_RARE_WIDTH / SIGMA, 2) / 2);
    memset(to, 0, AC_RARE_COUNT * sizeof(*to));
    for (int i = 0; i < AC_RARE_BINS; i++) {
        for (int j = 0; j < AC_RARE_BINS; j++) {
            for (int k = -RADIUS; k <= RADIUS; k++) {
                int at = j + k < 0 ? 0 : j + k >= AC_RARE_BINS ? AC_RARE_BINS - 1 : j + k;

                to[at * AC_RARE_BINS + i] += from[i * AC_RARE_BINS + j] * kernel[k + RADIUS] / sum;
            }
        }
    }
}

void ac_rare_weights(const uint64_t counts[AC_RARE_COUNT], double strength,
                     float weights[AC_RARE_COUNT])
{
    double share[AC_RARE_COUNT], turned[AC_RARE_COUNT], w[AC_RARE_COUNT], total = 0, sum = 0;
    int possible = count_possible();

    for (int i = 0; i < AC_RARE_COUNT; i++)
        total += (double)counts[i];
    for (int i = 0; i < AC_RARE_COUNT; i++)
        share[i] = total > 0 ? (double)counts[i] / total : 1.0 / AC_RARE_COUNT;
    smooth(share, turned);
    smooth(turned, share);
    for (int i = 0; i < AC_RARE_COUNT; i++) {
        w[i] = 1 / (strength * fmax(share[i], LEAST) + (1 - strength) / possible);
        sum += (double)counts[i] * w[i];
    }
    for (int i = 0; i < AC_RARE_COUNT; i++)
        weights[i] = total > 0 ? (float)(w[i] / (sum / total)) : 1;
}
