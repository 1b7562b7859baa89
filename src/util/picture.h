/* How the samples of a picture are to be understood. Code points are those of ITU-T H.273, which
 * FFmpeg's AVCOL_* values equal. */
#ifndef AC_UTIL_PICTURE_H
#define AC_UTIL_PICTURE_H

#include <stdbool.h>
#include <stdint.h>

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

/* Of more pixels than HD and its like: of such pictures fewer are kept at a time. */
static inline bool ac_picture_is_large(const ac_picture_format *format)
{
    return (int64_t)format->height * format->width > 4000000;
}

/* Of a sample of that depth. */
static inline int ac_sample_bytes(int depth)
{
    return depth > 8 ? 2 : 1;
}

/* Weights of red and blue in luma (H.273, table 4): Y' = kr R' + (1 - kr - kb) G' + kb B'. 2
 * (unspecified) counts as BT.709. false for a matrix that is no Y'CbCr with a luma of its own (RGB,
 * YCgCo, ICtCp) or that is not known. */
bool ac_luma_weights(int matrix, double *kr, double *kb);

/* A sample that stands for 0, and how many steps to 1: of luma, and of chroma, whose 0 is in the
 * middle and which goes from -0.5 to 0.5 (H.273, equations for VideoFullRangeFlag). low and high
 * are what chroma may be. */
typedef struct ac_levels {
    double luma_zero, luma_steps;
    double chroma_zero, chroma_steps, chroma_low, chroma_high;
} ac_levels;

ac_levels ac_levels_get(const ac_picture_format *format);

#endif
