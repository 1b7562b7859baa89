/* What a network makes of pictures of any size, at the pictures' own size: colours as a plain
 * enlargement gives them, without the edges and the steadying of a film that is coloured. */
#ifndef AC_TRAIN_PREDICTOR_H
#define AC_TRAIN_PREDICTOR_H

#include "nn/model.h"
#include "vk/device.h"

typedef struct ac_predictor ac_predictor;

/* Device and model must outlive the predictor, which keeps sessions for the last few sizes. The
 * model's network must have colours (ac_net_check_colours()). */
ac_status ac_predictor_create(ac_device *device, const ac_model *model, const ac_log *log,
                              ac_predictor **predictor);
void ac_predictor_destroy(ac_predictor **predictor);

/* How many pictures of a size are best run together; at most AC_PREDICTOR_MAX_BATCH. */
#define AC_PREDICTOR_MAX_BATCH 16
int ac_predictor_batch(int height, int width);

/* lightness: count pictures, L* [height][width]; ab: a* and b* of each, [2][height][width]. The
 * same colours in any company. Colours that are not finite are AC_ERR_DEVICE. */
ac_status ac_predictor_run(ac_predictor *predictor, const float *const *lightness, int count,
                           int height, int width, float *const *ab);

/* Bilinear: pixel centres of `from` lie step_y rows and step_x columns of `to` apart, as
 * ac_session_step() says; the edge is repeated. planes of [height][width]. */
void ac_planes_enlarge(const float *from, int from_height, int from_width, double step_y,
                       double step_x, int planes, float *to, int height, int width);

#endif
