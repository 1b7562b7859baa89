#include "color/metrics.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define BINS     256
#define LAGS     3
#define KEPT     4 /* frames that the longest lag reaches back */
#define POW_25_7 6103515625.0
#define DEGREE   (M_PI / 180)

double ac_metric_rgb_loss(const float *p, const float *q, size_t count)
{
    double sum = 0;

    for (size_t i = 0; i < 3 * count; i++) {
        double d = (double)p[i] - (double)q[i];

        sum += d * d;
    }
    return count ? sum / (3 * (double)count) : 0;
}

double ac_metric_psnr(double rgb_loss)
{
    return rgb_loss > 0 ? -10 * log10(rgb_loss) : INFINITY;
}

double ac_metric_ab_error(const float *ab, const float *truth, size_t count)
{
    double sum = 0;

    for (size_t i = 0; i < 2 * count; i++)
        sum += fabs((double)ab[i] - (double)truth[i]);
    return count ? sum / (2 * (double)count) : 0;
}

/* sqrt(c^7 / (c^7 + 25^7)), which the formula has twice. */
static double chroma_weight(double c)
{
    double c7 = c * c * c * c * c * c * c;

    return sqrt(c7 / (c7 + POW_25_7));
}

/* In degrees, 0..360. */
static double hue(double a, double b)
{
    double h = atan2(b, a) / DEGREE;

    return h < 0 ? h + 360 : h;
}

/* Names as in the paper, numbers of its equations beside them. */
double ac_metric_ciede2000(const double p[3], const double q[3])
{
    double g =
        1.5 - 0.5 * chroma_weight((hypot(p[1], p[2]) + hypot(q[1], q[2])) / 2); /* 4: 1 + G */
    double a1 = g * p[1], a2 = g * q[1];                                        /* 5 */
    double c1 = sqrt(a1 * a1 + p[2] * p[2]), c2 = sqrt(a2 * a2 + q[2] * q[2]);  /* 6 */
    double mean_l = (p[0] + q[0]) / 2, mean_c = (c1 + c2) / 2;                  /* 12, 13 */
    double square = (mean_l - 50) * (mean_l - 50);
    double l = (q[0] - p[0]) / (1 + 0.015 * square / sqrt(20 + square)); /* 8, 18 */
    double c = (c2 - c1) / (1 + 0.045 * mean_c);                         /* 9, 19 */
    double h1, h2, dh, mean_h, t, h, angle;

    /* With a gray the difference of hue is nothing, and so are both terms that have it. */
    if (c1 * c2 == 0)
        return sqrt(l * l + c * c);
    h1 = hue(a1, p[2]); /* 7 */
    h2 = hue(a2, q[2]);
    dh = h2 - h1;           /* 10 */
    mean_h = (h1 + h2) / 2; /* 14 */
    if (fabs(dh) > 180) {
        mean_h += h1 + h2 < 360 ? 180 : -180;
        dh += dh > 0 ? -360 : 360;
    }
    t = 1 - 0.17 * cos((mean_h - 30) * DEGREE) + 0.24 * cos(2 * mean_h * DEGREE) +
        0.32 * cos((3 * mean_h + 6) * DEGREE) - 0.2 * cos((4 * mean_h - 63) * DEGREE); /* 15 */
    h = 2 * sqrt(c1 * c2) * sin(dh / 2 * DEGREE) / (1 + 0.015 * mean_c * t);           /* 11, 20 */
    angle = 60 * exp(-(mean_h - 275) * (mean_h - 275) / 625); /* 16, twice */
    /* 17, 21, 22; of equal colours it may be a little below 0 by rounding. */
    return sqrt(
        fmax(l * l + c * c + h * h - sin(angle * DEGREE) * 2 * chroma_weight(mean_c) * c * h, 0));
}

double ac_metric_mean_ciede2000(const float *lightness, const float *ab, const float *truth,
                                size_t count)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++) {
        const double p[3] = {(double)lightness[i], (double)ab[i], (double)ab[count + i]};
        const double q[3] = {(double)lightness[i], (double)truth[i], (double)truth[count + i]};

        sum += ac_metric_ciede2000(p, q);
    }
    return count ? sum / (double)count : 0;
}

/* Equations 1 to 3 of the paper: opponent colours, their spread and the distance of their mean from
 * gray. */
double ac_metric_colourfulness(const float *rgb, size_t count)
{
    double mean[2] = {0}, square[2] = {0}, variance = 0;

    if (!count)
        return 0;
    for (size_t i = 0; i < count; i++) {
        double r = 255 * (double)rgb[3 * i], g = 255 * (double)rgb[3 * i + 1];
        double b = 255 * (double)rgb[3 * i + 2];
        const double opponent[2] = {r - g, (r + g) / 2 - b};

        for (int k = 0; k < 2; k++) {
            mean[k] += opponent[k];
            square[k] += opponent[k] * opponent[k];
        }
    }
    for (int k = 0; k < 2; k++) {
        mean[k] /= (double)count;
        variance += fmax(square[k] / (double)count - mean[k] * mean[k], 0);
    }
    return sqrt(variance) + 0.3 * hypot(mean[0], mean[1]);
}

/* Colours over time. */

typedef struct histogram {
    double part[3][BINS]; /* of the pixels */
} histogram;

static const int lags[LAGS] = {1, 2, 4};

struct ac_cdc {
    histogram frames[KEPT + 1]; /* frame i is at i % (KEPT + 1) */
    int64_t count;
    double sums[LAGS]; /* over frames, of the mean over channels */
};

ac_cdc *ac_cdc_create(void)
{
    return calloc(1, sizeof(ac_cdc));
}

void ac_cdc_destroy(ac_cdc **cdc)
{
    free(*cdc);
    *cdc = NULL;
}

static double divergence(const double *p, const double *q)
{
    double sum = 0;

    for (int i = 0; i < BINS; i++) {
        double middle = (p[i] + q[i]) / 2;

        if (p[i] > 0)
            sum += p[i] * log(p[i] / middle);
        if (q[i] > 0)
            sum += q[i] * log(q[i] / middle);
    }
    return sum / 2;
}

void ac_cdc_frame(ac_cdc *cdc, const uint8_t *rgb, size_t count)
{
    histogram *now = &cdc->frames[cdc->count % (KEPT + 1)];

    memset(now, 0, sizeof(*now));
    for (size_t i = 0; i < count; i++)
        for (int k = 0; k < 3; k++)
            now->part[k][rgb[3 * i + (size_t)k]]++;
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < BINS; i++)
            now->part[k][i] /= (double)count;
    for (int t = 0; t < LAGS; t++) {
        const histogram *before = &cdc->frames[(cdc->count + KEPT + 1 - lags[t]) % (KEPT + 1)];

        for (int k = 0; k < 3 && cdc->count >= lags[t]; k++)
            cdc->sums[t] += divergence(now->part[k], before->part[k]) / 3;
    }
    cdc->count++;
}

/* In a film too short for a lag, the mean is over the shorter ones. */
double ac_cdc_result(const ac_cdc *cdc)
{
    double sum = 0;
    int terms = 0;

    for (int t = 0; t < LAGS && cdc->count > lags[t]; t++, terms++)
        sum += cdc->sums[t] / (double)(cdc->count - lags[t]);
    return terms ? sum / terms : NAN;
}

static bool stands_still(const float *now, const float *before, int height, int width, int y, int x)
{
    for (int v = y > 0 ? y - 1 : 0; v <= y + 1 && v < height; v++)
        for (int u = x > 0 ? x - 1 : 0; u <= x + 1 && u < width; u++) {
            size_t i = (size_t)v * (size_t)width + (size_t)u;

            if (!(fabsf(now[i] - before[i]) < 1))
                return false;
        }
    return true;
}

void ac_metric_static_change(const float *lightness, const float *ab, const float *lightness_before,
                             const float *ab_before, int height, int width, double *sum,
                             int64_t *pixels)
{
    size_t plane = (size_t)height * (size_t)width;

    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            size_t i = (size_t)y * (size_t)width + (size_t)x;

            if (!stands_still(lightness, lightness_before, height, width, y, x))
                continue;
            *sum += hypot((double)(ab[i] - ab_before[i]),
                          (double)(ab[plane + i] - ab_before[plane + i]));
            ++*pixels;
        }
}
