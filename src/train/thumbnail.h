/* Pictures of 32 x 32 pixels, whatever their shape was: enough to say whether two frames show the
 * same, and whether there are colours. */
#ifndef AC_TRAIN_THUMBNAIL_H
#define AC_TRAIN_THUMBNAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "media/rgb.h"

#define AC_THUMBNAIL_SIDE  32
#define AC_THUMBNAIL_COUNT (AC_THUMBNAIL_SIDE * AC_THUMBNAIL_SIDE)

typedef struct ac_thumbnail {
    uint8_t rgb[3 * AC_THUMBNAIL_COUNT]; /* means of coded values */
    int width, height; /* of the picture; a smaller one has each of its pixels several times */
} ac_thumbnail;

void ac_thumbnail_make(const ac_rgb *picture, ac_thumbnail *thumbnail);
/* Mean of the absolute differences, 0..255. */
double ac_thumbnail_distance(const ac_thumbnail *a, const ac_thumbnail *b);

/* Nothing can be learnt of colour from a picture whose pixels have hardly any, or one that depends
 * on their lightness alone: black and white, sepia, any other toning. A picture of one colour with
 * another beside it is not gray, nor is one whose only colour is a strong one. */
bool ac_thumbnail_is_gray(const ac_thumbnail *thumbnail);

#endif
