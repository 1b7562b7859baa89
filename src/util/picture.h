/* How the samples of a picture are to be understood. Code points are those of ITU-T H.273, which
 * FFmpeg's AVCOL_* values equal. */
#ifndef AC_UTIL_PICTURE_H
#define AC_UTIL_PICTURE_H

#include <stdbool.h>

/* A planar Y'CbCr picture. Samples of up to 8 bits are bytes, of 9 to 16 bits are 16-bit
 * little-endian words with the value in the low bits. The chroma planes are
 * ceil(width / 2^chroma_shift_x) by ceil(height / 2^chroma_shift_y). */
typedef struct ac_picture_format {
    int width, height;                  /* luma samples, at least 1 */
    int depth;                          /* bits a sample, 8 to 16 */
    int chroma_shift_x, chroma_shift_y; /* 4:2:0 1,1; 4:2:2 1,0; 4:4:4 0,0 */
    bool full_range;     /* 0..2^depth-1, else 16..235 (luma) scaled by 2^(depth-8) */
    int matrix;          /* MatrixCoefficients: 1 BT.709, 5/6 BT.601, 9 BT.2020 ... */
    int primaries;       /* ColourPrimaries: 1 BT.709, 5/6 BT.601, 9 BT.2020 ... */
    int transfer;        /* TransferCharacteristics; carried, sRGB is assumed */
    int chroma_location; /* AVChromaLocation: 0 unspecified, 1 left, 2 center, 3 topleft */
} ac_picture_format;

#endif
