/* What is measured of a picture that a network has coloured, or of a film. */
#ifndef AC_TRAIN_FIGURES_H
#define AC_TRAIN_FIGURES_H

#include <stdbool.h>
#include <stdint.h>

#include "media/rgb.h"

/* Each is described in color/metrics.h. NaN: was not or cannot be measured. */
typedef enum ac_figure {
    /* The network's colours beside the true ones. */
    AC_FIGURE_LOSS,
    AC_FIGURE_PSNR, /* held at 100 dB, as x264 does, so that a mean of it can be taken */
    AC_FIGURE_AB_ERROR,
    AC_FIGURE_CIEDE2000,
    AC_FIGURE_COLOURFULNESS,
    AC_FIGURE_TRUE_COLOURFULNESS,
    /* The same of a picture left gray (a = b = 0): what it costs to do nothing. */
    AC_FIGURE_GRAY_LOSS,
    AC_FIGURE_GRAY_PSNR,
    AC_FIGURE_GRAY_AB_ERROR,
    AC_FIGURE_GRAY_CIEDE2000,
    /* Films only: over time, of the network's colours and of the true ones. */
    AC_FIGURE_CDC,
    AC_FIGURE_TRUE_CDC,
    AC_FIGURE_STATIC_CHANGE, /* mean of a pixel, see ac_metric_static_change() */
    AC_FIGURE_TRUE_STATIC_CHANGE,
    AC_FIGURE_COUNT,
} ac_figure;

/* Sums up figures, each over those that are there. */
typedef struct ac_figures_sum {
    double sums[AC_FIGURE_COUNT];
    int64_t counts[AC_FIGURE_COUNT];
} ac_figures_sum;
void ac_figures_add(ac_figures_sum *sum, const double figures[AC_FIGURE_COUNT]);
void ac_figures_mean(const ac_figures_sum *sum, double figures[AC_FIGURE_COUNT]);

/* A true picture in all the forms that measuring it takes. */
typedef struct ac_truth {
    ac_rgb picture;
    float *lightness, *ab; /* CIELAB: [h][w], [2][h][w] */
} ac_truth;
/* Takes over the picture, also on failure, and zeroes it. */
ac_status ac_truth_create(ac_rgb *picture, const ac_log *log, ac_truth *truth);
void ac_truth_free(ac_truth *truth); /* zeroes it */

/* Figures of one picture; predicted, its pixels in 8 bits, is the caller's. Thread safe. */
ac_status ac_figures_measure(const ac_truth *truth, const float *ab, const ac_log *log,
                             double figures[AC_FIGURE_COUNT], ac_rgb *predicted);

/* The picture that has the lightness and no colour. */
ac_status ac_truth_gray(const ac_truth *truth, const ac_log *log, ac_rgb *gray);

/* Figures of a film, frame by frame in their order. */
typedef struct ac_film_figures ac_film_figures;
/* over_time: whether frames follow each other as in the film; else those figures stay NaN. */
ac_status ac_film_figures_create(bool over_time, const ac_log *log, ac_film_figures **film);
void ac_film_figures_destroy(ac_film_figures **film);
/* Takes over truth, which is zeroed, and ab (free()). figures and predicted as
 * ac_figures_measure() gave them. */
void ac_film_figures_add(ac_film_figures *film, ac_truth *truth, float *ab,
                         const double figures[AC_FIGURE_COUNT], const ac_rgb *predicted);
/* Means over the frames so far. */
void ac_film_figures_result(const ac_film_figures *film, double figures[AC_FIGURE_COUNT]);

#endif
