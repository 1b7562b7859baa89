#include "color/lab.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

#define EPSILON (216.0F / 24389) /* where the curve of lightness becomes a line */
#define KAPPA   (24389.0F / 27)

static const float white[3] = {0.95047F, 1, 1.08883F}; /* D65 */

static const float xyz_from_rgb[3][3] = {{0.4124564F, 0.3575761F, 0.1804375F},
                                         {0.2126729F, 0.7151522F, 0.0721750F},
                                         {0.0193339F, 0.1191920F, 0.9503041F}};
static const float rgb_from_xyz[3][3] = {{3.2404542F, -1.5371385F, -0.4985314F},
                                         {-0.9692660F, 1.8760108F, 0.0415560F},
                                         {0.0556434F, -0.2040259F, 1.0572252F}};

static float linear_of[256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fill_table(void)
{
    for (int i = 0; i < 256; i++) {
        double v = i / 255.0;

        linear_of[i] = (float)(v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4));
    }
}

/* Of t > 0, within 4 units in the last place, in less than half of cbrtf()'s time, which is most of
 * what making Lab takes, and the same with every C library. An estimate whose exponent is a third
 * of t's, then Halley's method twice. */
static float cube_root(float t)
{
    uint32_t bits;
    float root;

    memcpy(&bits, &t, sizeof(bits));
    bits = bits / 3 + 0x2A5137A0U;
    memcpy(&root, &bits, sizeof(root));
    for (int i = 0; i < 2; i++) {
        float cube = root * root * root;

        root *= (cube + 2 * t) / (2 * cube + t);
    }
    return root;
}

static float curve(float t)
{
    return t > EPSILON ? cube_root(t) : (KAPPA * t + 16) / 116;
}

static float curve_inverse(float f)
{
    float cube = f * f * f;

    return cube > EPSILON ? cube : (116 * f - 16) / KAPPA;
}

static float coded(float linear)
{
    float v = linear <= 0.0031308F ? 12.92F * linear : 1.055F * powf(linear, 1 / 2.4F) - 0.055F;

    return v < 0 ? 0 : v > 1 ? 1 : v;
}

void ac_lab_from_rgb8(const uint8_t *rgb, size_t count, float *lightness, float *ab)
{
    pthread_once(&once, fill_table);
    for (size_t i = 0; i < count; i++) {
        float f[3];

        for (int k = 0; k < 3; k++)
            f[k] = (xyz_from_rgb[k][0] * linear_of[rgb[3 * i]] +
                    xyz_from_rgb[k][1] * linear_of[rgb[3 * i + 1]] +
                    xyz_from_rgb[k][2] * linear_of[rgb[3 * i + 2]]) /
                   white[k];
        f[1] = curve(f[1]);
        lightness[i] = 116 * f[1] - 16;
        if (ab) {
            ab[i] = 500 * (curve(f[0]) - f[1]);
            ab[count + i] = 200 * (f[1] - curve(f[2]));
        }
    }
}

void ac_lab_to_rgb(const float *lightness, const float *ab, size_t count, float *rgb)
{
    for (size_t i = 0; i < count; i++) {
        float y = (lightness[i] + 16) / 116;
        float xyz[3] = {curve_inverse(y + ab[i] / 500) * white[0], curve_inverse(y),
                        curve_inverse(y - ab[count + i] / 200) * white[2]};

        for (int k = 0; k < 3; k++)
            rgb[3 * i + (size_t)k] =
                coded(rgb_from_xyz[k][0] * xyz[0] + rgb_from_xyz[k][1] * xyz[1] +
                      rgb_from_xyz[k][2] * xyz[2]);
    }
}

void ac_rgb_to_rgb8(const float *rgb, size_t count, uint8_t *rgb8)
{
    for (size_t i = 0; i < 3 * count; i++)
        rgb8[i] = (uint8_t)lrintf(rgb[i] * 255);
}
