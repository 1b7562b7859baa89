/* How the loss went, as a picture that a person looks at. */
#ifndef AC_TRAIN_CHART_H
#define AC_TRAIN_CHART_H

#include <stdio.h>

#include "train/report.h"

#define AC_CHART_WIDTH  1200
#define AC_CHART_HEIGHT 800

/* What is not finite is left out of its curve, which has a gap there. */
typedef struct ac_chart_params {
    const char *title;         /* any bytes */
    const ac_report_row *rows; /* steps rise; any number of them, also none */
    int64_t count;
    double baseline; /* validation loss of a gray picture, NaN: unknown */
} ac_chart_params;

/* Draws loss per step, thin and smoothed, mean loss per epoch, validation loss and the baseline,
 * and below them the learning rate. The loss has a logarithmic scale where it falls far. The caller
 * frees *chart. */
ac_status ac_chart_draw(const ac_chart_params *params, const ac_log *log, ac_rgb *chart);
/* The same as SVG within a page of HTML that has the title itself; a pointer that rests on a curve
 * or an epoch is told what it is. out stays the caller's, who looks for its errors. */
ac_status ac_chart_draw_svg(const ac_chart_params *params, const ac_log *log, FILE *out);

#endif
