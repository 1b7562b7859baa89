/* Push constants of the colour kernels, read by C and GLSL alike: int and float members only. */
#ifndef AC_PUSH_COLOR_H
#define AC_PUSH_COLOR_H

/* lightness.comp */
struct lightness_push {
    int in_h, in_w, in_row; /* luma samples; words of a row */
    int out_h, out_w;
    float step_y, step_x; /* luma samples a pixel of the result, at least 1 */
    float zero, per_step; /* Y' = (sample - zero) * per_step */
};

/* The temporal stage: [h][w] pictures, a ring of the last `slots` of them. */
struct temporal_push {
    int h, w, slots;
    int row;   /* fours of pixels */
    int parts; /* of the sum of changes */
};

/* merge.comp */
struct merge_push {
    int in_h, in_w, in_row; /* luma samples; words of a row */
    int out_h, out_w;       /* chroma samples of a plane */
    int out_row;            /* words of a row */
    int ab_h, ab_w;
    float ab_per_luma_y, ab_per_luma_x; /* pixels of a, b a luma sample */
    float zero, per_step;               /* of luma */
    float chroma_zero, chroma_steps, chroma_low, chroma_high;
    float offset_y, offset_x; /* of a chroma sample's centre from its first luma sample's */
    float kr, kb, saturation;
    float m00, m01, m02, m10, m11, m12, m20, m21, m22; /* linear RGB from XYZ over white */
};

#endif
