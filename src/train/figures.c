#include "train/figures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "color/lab.h"
#include "color/metrics.h"

#define MAX_PSNR 100.0

void ac_figures_add(ac_figures_sum *sum, const double figures[AC_FIGURE_COUNT])
{
    for (int i = 0; i < AC_FIGURE_COUNT; i++)
        if (!isnan(figures[i])) {
            sum->sums[i] += figures[i];
            sum->counts[i]++;
        }
}

void ac_figures_mean(const ac_figures_sum *sum, double figures[AC_FIGURE_COUNT])
{
    for (int i = 0; i < AC_FIGURE_COUNT; i++)
        figures[i] = sum->counts[i] ? sum->sums[i] / (double)sum->counts[i] : NAN;
}

static size_t pixels_of(const ac_rgb *picture)
{
    return (size_t)picture->width * (size_t)picture->height;
}

ac_status ac_truth_create(ac_rgb *picture, const ac_log *log, ac_truth *truth)
{
    size_t count = pixels_of(picture);

    *truth = (ac_truth){.picture = *picture};
    *picture = (ac_rgb){0};
    truth->lightness = malloc(count * sizeof(float));
    truth->ab = malloc(2 * count * sizeof(float));
    if (!truth->lightness || !truth->ab) {
        ac_truth_free(truth);
        return ac_fail(log, AC_ERR_MEMORY, "out of memory");
    }
    ac_lab_from_rgb8(truth->picture.data, count, truth->lightness, truth->ab);
    return AC_OK;
}

void ac_truth_free(ac_truth *truth)
{
    ac_rgb_free(&truth->picture);
    free(truth->lightness);
    free(truth->ab);
    *truth = (ac_truth){0};
}

static void measure_gray(const ac_truth *truth, const float *none, const float *true_rgb,
                         float *rgb, double *figures)
{
    size_t count = pixels_of(&truth->picture);

    ac_lab_to_rgb(truth->lightness, none, count, rgb);
    figures[AC_FIGURE_GRAY_LOSS] = ac_metric_rgb_loss(rgb, true_rgb, count);
    figures[AC_FIGURE_GRAY_PSNR] = fmin(ac_metric_psnr(figures[AC_FIGURE_GRAY_LOSS]), MAX_PSNR);
    figures[AC_FIGURE_GRAY_AB_ERROR] = ac_metric_ab_error(none, truth->ab, count);
    figures[AC_FIGURE_GRAY_CIEDE2000] =
        ac_metric_mean_ciede2000(truth->lightness, none, truth->ab, count);
}

static void measure_colours(const ac_truth *truth, const float *ab, const float *true_rgb,
                            float *rgb, double *figures)
{
    size_t count = pixels_of(&truth->picture);

    ac_lab_to_rgb(truth->lightness, ab, count, rgb);
    figures[AC_FIGURE_LOSS] = ac_metric_rgb_loss(rgb, true_rgb, count);
    figures[AC_FIGURE_PSNR] = fmin(ac_metric_psnr(figures[AC_FIGURE_LOSS]), MAX_PSNR);
    figures[AC_FIGURE_AB_ERROR] = ac_metric_ab_error(ab, truth->ab, count);
    figures[AC_FIGURE_CIEDE2000] = ac_metric_mean_ciede2000(truth->lightness, ab, truth->ab, count);
    figures[AC_FIGURE_COLOURFULNESS] = ac_metric_colourfulness(rgb, count);
    figures[AC_FIGURE_TRUE_COLOURFULNESS] = ac_metric_colourfulness(true_rgb, count);
}

static ac_status create_picture(const ac_rgb *like, const ac_log *log, ac_rgb *picture)
{
    *picture = (ac_rgb){like->width, like->height, malloc(3 * pixels_of(like))};
    return picture->data ? AC_OK : ac_fail(log, AC_ERR_MEMORY, "out of memory");
}

ac_status ac_figures_measure(const ac_truth *truth, const float *ab, const ac_log *log,
                             double figures[AC_FIGURE_COUNT], ac_rgb *predicted)
{
    size_t count = pixels_of(&truth->picture);
    float *true_rgb = malloc(3 * count * sizeof(*true_rgb)),
          *rgb = malloc(3 * count * sizeof(*rgb));
    float *none = calloc(2 * count, sizeof(*none));
    ac_status status = AC_OK;

    for (int i = 0; i < AC_FIGURE_COUNT; i++)
        figures[i] = NAN;
    *predicted = (ac_rgb){0};
    if (!true_rgb || !rgb || !none) {
        status = ac_fail(log, AC_ERR_MEMORY, "out of memory");
        goto fail;
    }
    TRY(create_picture(&truth->picture, log, predicted));
    for (size_t i = 0; i < 3 * count; i++)
        true_rgb[i] = (float)truth->picture.data[i] / 255;
    measure_gray(truth, none, true_rgb, rgb, figures);
    measure_colours(truth, ab, true_rgb, rgb, figures);
    ac_rgb_to_rgb8(rgb, count, predicted->data);
fail:
    free(true_rgb);
    free(rgb);
    free(none);
    return status;
}

ac_status ac_truth_gray(const ac_truth *truth, const ac_log *log, ac_rgb *gray)
{
    size_t count = pixels_of(&truth->picture);
    float *none = calloc(2 * count, sizeof(*none)), *rgb = malloc(3 * count * sizeof(*rgb));
    ac_status status = AC_OK;

    *gray = (ac_rgb){0};
    if (!none || !rgb) {
        status = ac_fail(log, AC_ERR_MEMORY, "out of memory");
        goto fail;
    }
    TRY(create_picture(&truth->picture, log, gray));
    ac_lab_to_rgb(truth->lightness, none, count, rgb);
    ac_rgb_to_rgb8(rgb, count, gray->data);
fail:
    free(none);
    free(rgb);
    return status;
}

/* Films. */

struct ac_film_figures {
    ac_figures_sum sum;
    bool over_time;
    ac_cdc *cdc, *true_cdc;
    ac_truth before; /* the frame before, and the network's colours of it */
    float *ab_before;
    double change, true_change; /* summed over pixels that stand still */
    int64_t pixels, true_pixels;
};

ac_status ac_film_figures_create(bool over_time, const ac_log *log, ac_film_figures **film)
{
    ac_film_figures *f = calloc(1, sizeof(*f));

    if (f) {
        f->over_time = over_time;
        f->cdc = ac_cdc_create();
        f->true_cdc = ac_cdc_create();
    }
    if (!f || !f->cdc || !f->true_cdc) {
        ac_film_figures_destroy(&f);
        *film = NULL;
        return ac_fail(log, AC_ERR_MEMORY, "out of memory");
    }
    *film = f;
    return AC_OK;
}

void ac_film_figures_destroy(ac_film_figures **film)
{
    ac_film_figures *f = *film;

    if (!f)
        return;
    ac_cdc_destroy(&f->cdc);
    ac_cdc_destroy(&f->true_cdc);
    ac_truth_free(&f->before);
    free(f->ab_before);
    free(f);
    *film = NULL;
}

void ac_film_figures_add(ac_film_figures *f, ac_truth *truth, float *ab,
                         const double figures[AC_FIGURE_COUNT], const ac_rgb *predicted)
{
    int height = truth->picture.height, width = truth->picture.width;
    size_t count = pixels_of(&truth->picture);

    ac_figures_add(&f->sum, figures);
    if (f->over_time) {
        ac_cdc_frame(f->cdc, predicted->data, count);
        ac_cdc_frame(f->true_cdc, truth->picture.data, count);
    }
    /* Films may change their size on the way. */
    if (f->over_time && f->ab_before && f->before.picture.height == height &&
        f->before.picture.width == width) {
        ac_metric_static_change(truth->lightness, ab, f->before.lightness, f->ab_before, height,
                                width, &f->change, &f->pixels);
        ac_metric_static_change(truth->lightness, truth->ab, f->before.lightness, f->before.ab,
                                height, width, &f->true_change, &f->true_pixels);
    }
    ac_truth_free(&f->before);
    free(f->ab_before);
    f->before = *truth;
    f->ab_before = ab;
    *truth = (ac_truth){0};
}

void ac_film_figures_result(const ac_film_figures *f, double figures[AC_FIGURE_COUNT])
{
    ac_figures_mean(&f->sum, figures);
    figures[AC_FIGURE_CDC] = ac_cdc_result(f->cdc);
    figures[AC_FIGURE_TRUE_CDC] = ac_cdc_result(f->true_cdc);
    figures[AC_FIGURE_STATIC_CHANGE] = f->pixels ? f->change / (double)f->pixels : NAN;
    figures[AC_FIGURE_TRUE_STATIC_CHANGE] =
        f->true_pixels ? f->true_change / (double)f->true_pixels : NAN;
}
