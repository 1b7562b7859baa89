/* What a video's colour tags mean in numbers. */
#ifndef AC_COLOR_COLORSPACE_H
#define AC_COLOR_COLORSPACE_H

#include "util/log.h"
#include "util/picture.h"

/* Y' = kr R' + (1 - kr - kb) G' + kb B', Cb = (B' - Y') / (2 (1 - kb)), Cr = (R' - Y') / (2 (1 -
 * kr)) (ITU-T H.273, 8.3), and linear RGB of the primaries from CIE XYZ over that of the white
 * point D65 (so that equal parts of X, Y, Z are a gray), row by row. */
typedef struct ac_colorspace {
    double kr, kb;
    double rgb_from_xyz[3][3];
} ac_colorspace;

/* From a picture's matrix and primaries; 2 (unspecified) and reserved primaries count as BT.709's.
 * AC_ERR_UNSUPPORTED for a matrix that is no Y'CbCr with a luma of its own (RGB, YCgCo, ICtCp). */
ac_status ac_colorspace_get(const ac_picture_format *format, const ac_log *log,
                            ac_colorspace *space);

#endif
