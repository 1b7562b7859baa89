/* What all colouring needs and many jobs share: opened devices and a loaded model. */
#ifndef AC_VIDEO_COLORIZER_H
#define AC_VIDEO_COLORIZER_H

#include <stdbool.h>

#include "nn/model.h"
#include "vk/device.h"

#define AC_COLORIZER_MORE 63 /* devices, at most */

typedef struct ac_colorizer {
    ac_device *device;
    ac_device *more[AC_COLORIZER_MORE]; /* that share the work with it */
    int more_count;
    ac_model *model; /* makes colours of lightness */
} ac_colorizer;

typedef struct ac_colorizer_params {
    const char *model;  /* path of a .safetensors file */
    const char *device; /* index or part of a name; several with commas between; "all": all usable
                         * ones, but the processor's only where there are no others. NULL: choose */
    bool validation;    /* with the Vulkan validation layer, whose messages are errors */
} ac_colorizer_params;

/* All or nothing; what fails has been logged once. ac_colorizer_close() may be called in any case,
 * when nothing made from the devices is left. */
ac_status ac_colorizer_open(const ac_colorizer_params *params, const ac_log *log,
                            ac_colorizer *colorizer);
void ac_colorizer_close(ac_colorizer *colorizer);

#endif
