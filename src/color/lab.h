/* CIELAB (CIE 015:2018, white D65) of sRGB colours (IEC 61966-2-1), on the host, in float. */
#ifndef AC_COLOR_LAB_H
#define AC_COLOR_LAB_H

#include <stddef.h>
#include <stdint.h>

/* count pixels of packed R, G, B become L* (0..100), a*, b* (about -110..110), each a plane of its
 * own; ab NULL: only L*. ab has all a* first, then all b*. */
void ac_lab_from_rgb8(const uint8_t *rgb, size_t count, float *lightness, float *ab);

/* The other way: packed R, G, B in 0..1, each channel held there where the colour is outside of
 * sRGB. ab as above. */
void ac_lab_to_rgb(const float *lightness, const float *ab, size_t count, float *rgb);

/* 0..1 to 0..255, to nearest. */
void ac_rgb_to_rgb8(const float *rgb, size_t count, uint8_t *rgb8);

#endif
