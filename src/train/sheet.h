/* Sheets of pictures: one row a picture, Input, Actual, Predicted beside each other. */
#ifndef AC_TRAIN_SHEET_H
#define AC_TRAIN_SHEET_H

#include "media/rgb.h"
#include "util/log.h"

typedef struct ac_sheet_row {
    const char *name;                /* shown below, shortened; UTF-8 or not */
    ac_rgb input, actual, predicted; /* of one size */
    double loss;                     /* mean squared error of RGB in 0..1 */
} ac_sheet_row;

/* Draws (cairo) count rows with headings and the loss under each picture. The caller frees *sheet.
 */
ac_status ac_sheet_draw(const ac_sheet_row *rows, int count, const char *title, const ac_log *log,
                        ac_rgb *sheet);

#endif
