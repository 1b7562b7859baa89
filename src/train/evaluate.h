/* Measures a network on pictures and films whose colours are known. */
#ifndef AC_TRAIN_EVALUATE_H
#define AC_TRAIN_EVALUATE_H

#include <stdatomic.h>

#include "train/figures.h"
#include "train/predictor.h"
#include "train/sheet.h"
#include "train/sources.h"
#include "util/progress.h"

/* How a picture is made ready: scaled, smaller or larger, to a short side of size, and of that the
 * middle crop x crop taken; crop 0: all of it. */
typedef struct ac_evaluate_view {
    int size, crop; /* crop is not larger than size */
} ac_evaluate_view;

#define AC_EVALUATE_MAX_ROWS 64

typedef struct ac_evaluate_params {
    ac_predictor *predictor;
    const ac_source *sources;
    int source_count;
    ac_evaluate_view view;
    int64_t frames; /* of a film, from its beginning; 0: all */
    double every;   /* seconds from one frame that is measured to the next; 0: each one */
    int rows;       /* of a sheet, spread evenly over the sources, of which a film may
                     * have several; at most AC_EVALUATE_MAX_ROWS */
    const atomic_bool *cancel; /* NULL: never */
    ac_progress *progress;     /* NULL: shown nowhere */
} ac_evaluate_params;

/* A picture, or a film. */
typedef struct ac_evaluated {
    const char *path; /* of the sources */
    bool film;
    bool gray;         /* or toned: what it should look like is not known, see thumbnail.h */
    int width, height; /* at which it was measured */
    int64_t frames, gray_frames;
    double figures[AC_FIGURE_COUNT]; /* of a film: means over its frames */
} ac_evaluated;

typedef struct ac_evaluation {
    int count;
    ac_evaluated *items;          /* in the order of the sources */
    int unreadable;               /* sources that were left out */
    int gray;                     /* items */
    int64_t frames;               /* all that were measured, pictures among them */
    double seconds;               /* that it took */
    double mean[AC_FIGURE_COUNT]; /* over items that are not gray, unless all are; a film counts as
                                   * one */
    int row_count;
    ac_sheet_row *rows;
} ac_evaluation;

/* Files that cannot be read are named in warnings and left out; it is an error when none can. The
 * sources must outlive *evaluation, which is the caller's. Colours of a frame are the network's for
 * that frame alone. */
ac_status ac_evaluate(const ac_evaluate_params *params, const ac_log *log,
                      ac_evaluation **evaluation);
void ac_evaluation_destroy(ac_evaluation **evaluation);

/* The first picture of a file, made ready as ac_evaluate() does. */
ac_status ac_evaluate_read(const char *path, ac_evaluate_view view, const ac_log *log,
                           ac_truth *truth);

#endif
