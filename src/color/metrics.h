/* How good colours are, in numbers. On the host, in double; pictures are packed R, G, B (sRGB). */
#ifndef AC_COLOR_METRICS_H
#define AC_COLOR_METRICS_H

#include <stddef.h>
#include <stdint.h>

/* Mean of (p - q)^2 over all channels and pixels, of values in 0..1: the published loss. */
double ac_metric_rgb_loss(const float *p, const float *q, size_t count);
/* 10 log10(1 / loss) dB; infinite for 0. */
double ac_metric_psnr(double rgb_loss);
/* Mean of |a - a'| and of |b - b'|, together; planes as in color/lab.h. */
double ac_metric_ab_error(const float *ab, const float *truth, size_t count);
/* Colour difference CIEDE2000 (CIE 142-2001; Sharma, Wu, Dalal 2005, with kL = kC = kH = 1) of two
 * colours {L*, a*, b*}, and its mean over pictures of the same lightness. */
double ac_metric_ciede2000(const double p[3], const double q[3]);
double ac_metric_mean_ciede2000(const float *lightness, const float *ab, const float *truth,
                                size_t count);
/* Colourfulness M^(3) of Hasler and Suesstrunk 2003, of values in 0..255 as the paper has them; rgb
 * in 0..1. 0 for gray. */
double ac_metric_colourfulness(const float *rgb, size_t count);

/* Consistency of colour over time (CDC, Liu et al. 2021, "Temporally Consistent Video
 * Colorization"): the mean over t = 1, 2, 4 of the Jensen-Shannon divergence (natural logarithm) of
 * the 256-bin histograms of R, G, B of frames t apart, mean over channels and frames. 0: the same
 * colours all the time, as in a gray film: look at colourfulness beside it. */
typedef struct ac_cdc ac_cdc;
ac_cdc *ac_cdc_create(void); /* NULL: out of memory */
void ac_cdc_destroy(ac_cdc **cdc);
void ac_cdc_frame(ac_cdc *cdc, const uint8_t *rgb, size_t count);
/* NaN with fewer than two frames. */
double ac_cdc_result(const ac_cdc *cdc);

/* Mean of the change of (a, b), as a distance, from one frame to the next where the lightness of
 * a pixel and of its eight neighbours changed by less than 1: colour that flickers on what stands
 * still. Sum over such pixels and their number are added to *sum and *pixels. */
void ac_metric_static_change(const float *lightness, const float *ab, const float *lightness_before,
                             const float *ab_before, int height, int width, double *sum,
                             int64_t *pixels);

#endif
