/* How an item becomes a picture to learn from. */
#ifndef AC_TRAIN_VIEW_H
#define AC_TRAIN_VIEW_H

#include "train/dataset.h"

/* AC_ERR_ARGUMENT, with a message, when the parameters contradict each other. */
ac_status ac_view_check(const ac_view_params *view, const ac_log *log);

/* lightness: [height][width], colours: [2][colour_height][colour_width]. All chances are drawn from
 * `stream`. *enlarged: the picture was smaller than it has to be. */
ac_status ac_view_make(const ac_view_params *view, const ac_rgb *picture, uint64_t stream,
                       const ac_log *log, float *lightness, float *colours, bool *enlarged);

/* Means of what each colour covers: a plane of lightness' size becomes one of the colours'. */
void ac_view_average(const ac_view_params *view, const float *plane, float *to);

#endif
