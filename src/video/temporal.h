/* Steadies colours over time: the mean over the last frames, where the picture has stayed. Looks
 * only at frames before, so that nothing is late, and only so many, so that a film coloured in
 * parts that overlap by them is the same as one coloured in one go. Cuts are found by the change of
 * lightness. */
#ifndef AC_VIDEO_TEMPORAL_H
#define AC_VIDEO_TEMPORAL_H

#include "vk/commands.h"

typedef struct ac_temporal ac_temporal;

typedef struct ac_temporal_params {
    ac_device *device;  /* must outlive the stage */
    int h, w;           /* of the pictures of colours */
    int frames;         /* that are looked at, the one itself among them; 1: nothing is steadied */
    ac_binding ab;      /* [2][h][w] float, the network's */
    ac_binding picture; /* [h][w] float, L* */
} ac_temporal_params;

ac_status ac_temporal_create(const ac_temporal_params *params, ac_temporal **temporal);
void ac_temporal_destroy(ac_temporal **temporal);

/* What a frame is told of its place: AC_TEMPORAL_FRAME_SIZE bytes of a buffer that `frame` of
 * ac_temporal_record() binds, written before the commands are submitted. The first call is for the
 * first frame of the film, the next for the second, ... */
#define AC_TEMPORAL_FRAME_SIZE 16
void ac_temporal_next(ac_temporal *temporal, void *frame);
/* Begins with a barrier; the result is there after another. */
ac_status ac_temporal_record(const ac_temporal *temporal, ac_commands *commands, ac_binding frame);
/* [h][w] vec4: a, b, L, 0. */
ac_binding ac_temporal_colours(const ac_temporal *temporal);

#endif
