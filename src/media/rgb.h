/* Colour pictures for training and measuring: stills and the frames of films as packed 8-bit RGB,
 * and PNG files of them. */
#ifndef AC_MEDIA_RGB_H
#define AC_MEDIA_RGB_H

#include <stdbool.h>
#include <stdint.h>

#include "media/media.h"
#include "util/log.h"

/* R, G, B (sRGB), rows from the top without padding. */
typedef struct ac_rgb {
    int width, height;
    uint8_t *data; /* 3 * width * height, free() */
} ac_rgb;
void ac_rgb_free(ac_rgb *picture); /* zeroes it */

/* Reads stills and films: anything libavformat and libavcodec take; a still is a film of one frame.
 * Frames are upright, in the film's own size, which may change within a film, converted with its
 * matrix and range; transparency is dropped. One thread at a time may use a reader; several readers
 * may be used at once. */
typedef struct ac_rgb_reader ac_rgb_reader;
typedef struct ac_rgb_reader_info {
    int width, height; /* of upright frames, pixels not square are not stretched */
    bool still;
    double fps, seconds; /* 0 when unknown */
    bool gray;           /* the pixel format has no colour */
} ac_rgb_reader_info;
/* Messages and status as ac_reader_open(); `threads` as there. Damage is logged as a warning and
 * passed over, as ac_reader_next() does it. */
ac_status ac_rgb_reader_open(const char *path, int threads, const ac_log *log,
                             ac_rgb_reader **reader);
const ac_rgb_reader_info *ac_rgb_reader_get_info(const ac_rgb_reader *reader);
/* The caller frees *picture. time: seconds from the beginning. AC_END after the last frame. */
ac_status ac_rgb_reader_next(ac_rgb_reader *reader, ac_rgb *picture, double *time);
/* The same in two steps, for films of which only some frames are wanted as RGB: the caller owns
 * *frame, as it was decoded; those of the same reader may be converted in any order. */
ac_status ac_rgb_reader_next_frame(ac_rgb_reader *reader, ac_frame **frame);
ac_status ac_rgb_reader_convert(ac_rgb_reader *reader, const ac_frame *frame, ac_rgb *picture);
/* luma[side][side]: means of the frame's luma, stretched to 0..255, and not turned upright; near to
 * no time where luma has a plane of its own. */
ac_status ac_rgb_reader_shrink_luma(ac_rgb_reader *reader, const ac_frame *frame, int side,
                                    uint8_t *luma);
/* As ac_reader_damage(): of a still, after its frame and AC_END, anything but 0 means that it is
 * broken. */
int64_t ac_rgb_reader_damage(const ac_rgb_reader *reader);
void ac_rgb_reader_close(ac_rgb_reader **reader);

/* Scales (libswscale, area averaging when it gets smaller, bicubic when larger) the part of `from`
 * that begins at x, y into a new picture: values as they are coded, each channel by itself, the
 * same on any processor. A part that is not in `from`: AC_ERR_ARGUMENT. The caller frees *to. */
ac_status ac_rgb_scale(const ac_rgb *from, int x, int y, int part_width, int part_height, int width,
                       int height, const ac_log *log, ac_rgb *to);

/* Writes a PNG file, whole or not at all, replacing what is there. */
ac_status ac_rgb_write_png(const ac_rgb *picture, const char *path, const ac_log *log);
/* Likewise a JPEG file, of good quality; a tenth as large where the picture is a photograph. */
ac_status ac_rgb_write_jpeg(const ac_rgb *picture, const char *path, const ac_log *log);

#endif
