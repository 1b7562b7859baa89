/* Draws what the layers of a network make of a picture. */
#ifndef AC_CLI_DRAW_CHANNELS_H
#define AC_CLI_DRAW_CHANNELS_H

#include "media/rgb.h"
#include "nn/model.h"
#include "vk/device.h"

#define AC_DRAW_MAX_CHANNELS 64

typedef struct ac_channels_params {
    ac_device *device;
    const ac_model *model;
    const float *lightness; /* L* [height][width] */
    int height, width;
    int channels;      /* of each layer, the first ones; at most AC_DRAW_MAX_CHANNELS */
    const char *title; /* any bytes */
} ac_channels_params;

/* A row for each layer, as `inspect` counts them: its name and shape, and its first channels as
 * gray pictures, black the smallest and white the largest value of each. The caller frees *sheet.
 */
ac_status ac_draw_channels(const ac_channels_params *params, const ac_log *log, ac_rgb *sheet);

#endif
