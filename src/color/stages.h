/* The colour work on the device: what happens to a frame before and after the network. Each
 * function records one dispatch; the caller puts barriers between what depends on one another and
 * owns all buffers. */
#ifndef AC_COLOR_STAGES_H
#define AC_COLOR_STAGES_H

#include "color/colorspace.h"
#include "vk/commands.h"

/* Bytes of a plane on the device: rows of samples (1 or 2 bytes, by depth) filled up to whole
 * 32-bit words. */
uint32_t ac_plane_row(int width, int depth);
uint64_t ac_plane_bytes(int height, int width, int depth);
/* Size of a chroma plane: half of the luma's, rounded up, for every shift. */
int ac_chroma_size(int luma_size, int shift);

/* Luma of `format` becomes a float picture of L* (CIELAB, 0..100, of the gray pixel that Y' is with
 * sRGB's transfer), out_h x out_w, each pixel the mean of step_y x step_x samples (at least 1) from
 * the upper left on; at the lower right they may lie partly outside. */
typedef struct ac_lightness_params {
    ac_picture_format format;
    ac_binding luma; /* rows of ac_plane_row() bytes */
    uint32_t
        luma_row; /* bytes from one to the next, a multiple of 4; 0: there is nothing between */
    ac_binding picture;
    int out_h, out_w;
    double step_y, step_x;
} ac_lightness_params;
ac_status ac_lightness_record(ac_device *device, ac_commands *commands,
                              const ac_lightness_params *params);

/* Chroma for the luma of `format` from a small picture of (a*, b*, L*, 0). out: shifts, depth,
 * range, matrix, primaries and chroma location of the chroma; its size must be format's. */
typedef struct ac_merge_params {
    ac_picture_format format, out;
    ac_colorspace space; /* of out */
    ac_binding luma;     /* both as for ac_lightness_record() */
    uint32_t luma_row;
    ac_binding colours; /* [ab_h][ab_w][4] float */
    ac_binding cb, cr;  /* ac_plane_bytes(out's chroma) each */
    ac_binding flags;   /* one word, |= AC_MERGE_NOT_FINITE */
    int ab_h, ab_w;
    double step_y, step_x; /* luma samples a pixel of colours */
    double saturation;     /* multiplies a and b */
} ac_merge_params;
#define AC_MERGE_NOT_FINITE 1u /* an a or b was infinite or NaN */
ac_status ac_merge_record(ac_device *device, ac_commands *commands, const ac_merge_params *params);

#endif
