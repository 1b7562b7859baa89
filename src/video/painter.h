/* Luma in, chroma out: one film's frames through the device. Several frames are in flight, each in
 * a slot of its own. */
#ifndef AC_VIDEO_PAINTER_H
#define AC_VIDEO_PAINTER_H

#include <stddef.h>

#include "nn/model.h"
#include "util/picture.h"
#include "vk/buffer.h"

typedef struct ac_painter ac_painter;

typedef struct ac_painter_params {
    ac_device *device;      /* must outlive the painter */
    const ac_model *model;  /* needed only while the painter is created */
    ac_picture_format luma; /* of what goes in */
    ac_picture_format out;  /* of the chroma that comes out; size as luma */
    int sar_num, sar_den;   /* shape of a pixel, so that the network sees the picture undistorted */
    int size;               /* short side the network works at; pictures are never enlarged to it */
    double saturation;
    int steady; /* frames that colours are averaged over, 1: none but the frame itself */
    int slots;  /* frames in flight, at least 1 */
} ac_painter_params;

ac_status ac_painter_create(const ac_painter_params *params, const ac_log *log,
                            ac_painter **painter);
void ac_painter_destroy(ac_painter **painter);

/* Size the network works at. */
void ac_painter_working_size(const ac_painter *painter, int *height, int *width);

/* Takes a frame's luma (stride in bytes) and sets the device to work on it. Frames come in the
 * order of the film; the slot must be free. luma may lie in `shared`, an AC_BUFFER_SHARED of the
 * device: then it is not copied, where it is aligned as the device needs it, and must stay as it is
 * until ac_painter_end(). NULL: it lies elsewhere. */
ac_status ac_painter_begin(ac_painter *painter, int slot, const uint8_t *luma, ptrdiff_t stride,
                           const ac_buffer *shared);
/* Waits for the slot's frame and writes its Cb and Cr planes, neutral for one that shows nothing
 * (one brightness all over); the slot is free afterwards. name of the frame is for the message when
 * the network's colours were not finite (AC_ERR_FORMAT). */
ac_status ac_painter_end(ac_painter *painter, int slot, uint8_t *const planes[2],
                         const ptrdiff_t strides[2], const char *name);
/* Seconds that ac_painter_end() has waited for the device so far. */
double ac_painter_waited(const ac_painter *painter);

#endif
