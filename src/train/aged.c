#include "train/aged.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "util/random.h"

/* Lengths are those of a picture of this short side, and grow with it. */
#define USUAL_SIDE 256.0

#define GAMMA_LOWEST    0.7
#define GAMMA_HIGHEST   1.4
#define BLACK_HIGHEST   14.0 /* what black may become */
#define WHITE_LOWEST    84.0
#define VIGNETTE        0.25 /* what the corners lose at most, part */
#define BLUR            1.6 /* largest standard deviation, pixels; half of the pictures have none */
#define GRAIN           5.0 /* largest standard deviation, L* */
#define GRAIN_SIZE      0.9 /* largest standard deviation of its blur, pixels */
#define DUST            12  /* specks at most */
#define DUST_RADIUS     2.5
#define DUST_RAGGED     0.4 /* part of the radius by which an outline goes in and out */
#define SCRATCHES       3   /* lines at most */
#define SCRATCH_WIDTH   1.5
#define BLUR_RADIUS_MAX 16

/* Chances are taken one after the other. */
typedef struct chance {
    uint64_t stream, next;
} chance;

static double draw(chance *c, double low, double high)
{
    return low + (high - low) * ac_random_uniform(c->stream, c->next++);
}

static bool heads(chance *c)
{
    return draw(c, 0, 1) < 0.5;
}

/* 0 to most, small numbers more often. */
static int draw_count(chance *c, int most)
{
    double u = draw(c, 0, 1);

    return (int)(u * u * (most + 1));
}

/* Near enough to a normal distribution: the sum of four uniform numbers of 16 bits. */
static float normal(uint64_t stream, uint64_t k)
{
    uint64_t v = ac_random_value(stream, k);
    double sum = (double)(v & 0xFFFF) + (double)(v >> 16 & 0xFFFF) + (double)(v >> 32 & 0xFFFF) +
                 (double)(v >> 48);

    return (float)((sum / 65536 - 2) * 1.7320508);
}

/* ---- the whole picture ---- */

static void change_curve(float *l, size_t count, chance *c)
{
    double gamma = exp(draw(c, log(GAMMA_LOWEST), log(GAMMA_HIGHEST)));
    double black = draw(c, 0, BLACK_HIGHEST), white = draw(c, WHITE_LOWEST, 100);

    for (size_t i = 0; i < count; i++) {
        float t = l[i] / 100;

        t = t < 0 ? 0 : t > 1 ? 1 : t;
        l[i] = (float)black + (float)(white - black) * powf(t, (float)gamma);
    }
}

static void darken_corners(float *l, int height, int width, chance *c)
{
    float strength = (float)draw(c, 0, VIGNETTE);

    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            float u = (2 * (float)x + 1) / (float)width - 1,
                  v = (2 * (float)y + 1) / (float)height - 1, r2 = (u * u + v * v) / 2;

            l[(size_t)y * (size_t)width + (size_t)x] *= 1 - strength * r2 * r2;
        }
}

static int clamp_to(int i, int count)
{
    return i < 0 ? 0 : i >= count ? count - 1 : i;
}

/* Gaussian blur, one axis after the other; the edge goes on outside. `line` takes a line or column
 * of the picture. */
static void blur_axis(float *l, int lines, int length, size_t line_step, size_t step,
                      const float *kernel, int radius, float *line)
{
    for (int j = 0; j < lines; j++) {
        float *at = l + (size_t)j * line_step;

        for (int i = 0; i < length; i++)
            line[i] = at[(size_t)i * step];
        for (int i = 0; i < length; i++) {
            float sum = kernel[0] * line[i];

            for (int k = 1; k <= radius; k++)
                sum += kernel[k] * (line[clamp_to(i - k, length)] + line[clamp_to(i + k, length)]);
            at[(size_t)i * step] = sum;
        }
    }
}

/* Returns the sum of the kernel's squares: what it makes of the variance of white noise. */
static double blur(float *l, int height, int width, double sigma, float *line)
{
    float kernel[BLUR_RADIUS_MAX + 1];
    int radius = (int)ceil(3 * sigma);
    double sum = 0, squares = 0;

    if (sigma < 0.05)
        return 1;
    radius = radius > BLUR_RADIUS_MAX ? BLUR_RADIUS_MAX : radius;
    for (int k = 0; k <= radius; k++) {
        kernel[k] = (float)exp(-k * k / (2 * sigma * sigma));
        sum += (k ? 2 : 1) * (double)kernel[k];
    }
    for (int k = 0; k <= radius; k++) {
        kernel[k] = (float)(kernel[k] / sum);
        squares += (k ? 2 : 1) * (double)kernel[k] * kernel[k];
    }
    blur_axis(l, height, width, (size_t)width, 1, kernel, radius, line);
    blur_axis(l, width, height, 1, (size_t)width, kernel, radius, line);
    return squares * squares;
}

/* A smaller picture is one of which several pixels became one, which evens fine grain out: part of
 * its standard deviation that is left, about, when `times` x `times` pixels do. */
static double left_of_grain(double size, double times)
{
    double area = 12.57 * size * size; /* over which grain is alike: 4 pi sigma^2 */

    return sqrt((area + 1) / (area + times * times));
}

/* Grain shows most in the middle tones. */
static void add_grain(float *l, int height, int width, double scale, float *noise, float *line,
                      chance *c)
{
    size_t count = (size_t)height * (size_t)width;
    double strength = draw(c, 0, GRAIN), size = draw(c, 0, GRAIN_SIZE), variance,
           times = USUAL_SIDE / (height < width ? height : width);
    uint64_t stream = ac_random_stream(c->stream, "grain");

    for (size_t i = 0; i < count; i++)
        noise[i] = normal(stream, i);
    variance = blur(noise, height, width, size * scale, line);
    strength *= left_of_grain(size, fmax(times, 1)) / sqrt(variance);
    for (size_t i = 0; i < count; i++) {
        float t = l[i] / 100;

        l[i] += (float)strength * (0.4F + 2.4F * t * (1 - t)) * noise[i];
    }
}

/* ---- what lies on it ---- */

static void mix(float *l, float with, float part)
{
    *l += (with - *l) * part;
}

/* How far u, v is inside of an outline around 0, 0: above 0, and 1 in the middle. */
static double inside_speck(double u, double v, double ragged, double turn)
{
    double angle = atan2(v, u) + turn;
    double radius = 1 + ragged * (0.6 * sin(2 * angle) + 0.4 * sin(3 * angle + 2 * turn));

    return 1 - (u * u + v * v) / (radius * radius);
}

/* Specks with soft and ragged edges. */
static void add_dust(float *l, int height, int width, double scale, chance *c)
{
    int count = draw_count(c, DUST);

    for (int n = 0; n < count; n++) {
        double cx = draw(c, 0, width), cy = draw(c, 0, height),
               rx = draw(c, 0.5, DUST_RADIUS) * scale, ry = rx * draw(c, 0.6, 1.6);
        float tone = heads(c) ? (float)draw(c, 85, 100) : (float)draw(c, 0, 15),
              part = (float)draw(c, 0.3, 1);
        double ragged = draw(c, 0, DUST_RAGGED), turn = draw(c, 0, 6.28);
        double far_x = (1 + ragged) * (rx + 0.5), far_y = (1 + ragged) * (ry + 0.5);

        for (int y = (int)fmax(floor(cy - far_y), 0); y <= cy + far_y && y < height; y++)
            for (int x = (int)fmax(floor(cx - far_x), 0); x <= cx + far_x && x < width; x++) {
                double inside = inside_speck((x + 0.5 - cx) / (rx + 0.5),
                                             (y + 0.5 - cy) / (ry + 0.5), ragged, turn);

                if (inside > 0)
                    mix(&l[(size_t)y * (size_t)width + (size_t)x], tone,
                        part * (float)fmin(2 * inside, 1));
            }
    }
}

/* Lines from top to bottom, or part of the way, that sway a little. */
static void add_scratches(float *l, int height, int width, double scale, chance *c)
{
    int count = draw_count(c, SCRATCHES);

    for (int n = 0; n < count; n++) {
        double at = draw(c, 0, width), half = draw(c, 0.4, SCRATCH_WIDTH) * scale / 2,
               sway = draw(c, 0, 1.5) * scale, wave = draw(c, 0.005, 0.03) / scale,
               phase = draw(c, 0, 6.28);
        int top = heads(c) ? 0 : (int)draw(c, 0, height),
            bottom = heads(c) ? height : (int)draw(c, top, height);
        float tone = draw(c, 0, 1) < 0.7 ? (float)draw(c, 80, 100) : (float)draw(c, 0, 20),
              part = (float)draw(c, 0.15, 0.8);

        for (int y = top; y < bottom; y++) {
            double middle = at + sway * sin(phase + wave * y * 6.28);

            for (int x = (int)fmax(floor(middle - half - 1), 0);
                 x <= middle + half + 1 && x < width; x++) {
                double covered = half + 0.5 - fabs(x + 0.5 - middle);

                if (covered > 0)
                    mix(&l[(size_t)y * (size_t)width + (size_t)x], tone,
                        part * (float)fmin(covered, 1));
            }
        }
    }
}

ac_status ac_aged_apply(float *lightness, int height, int width, uint64_t stream)
{
    size_t count = (size_t)height * (size_t)width;
    int side = height < width ? height : width, longer = height < width ? width : height;
    double scale = fmax(side / USUAL_SIDE, 0.5);
    chance c = {.stream = stream};
    float *noise = malloc((count + (size_t)longer) * sizeof(*noise)), *line;

    if (!noise)
        return AC_ERR_MEMORY;
    line = noise + count;
    change_curve(lightness, count, &c);
    darken_corners(lightness, height, width, &c);
    if (heads(&c))
        blur(lightness, height, width, draw(&c, 0, BLUR) * scale, line);
    add_grain(lightness, height, width, scale, noise, line, &c);
    add_dust(lightness, height, width, scale, &c);
    add_scratches(lightness, height, width, scale, &c);
    for (size_t i = 0; i < count; i++)
        lightness[i] = fminf(fmaxf(lightness[i], 0), 100);
    free(noise);
    return AC_OK;
}
