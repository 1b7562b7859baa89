/* Push constants of the kernels that measure what a device can do, read by C and GLSL alike. */
#ifndef AC_PUSH_PEAK_H
#define AC_PUSH_PEAK_H

struct peak_push {
    int count; /* peak_fma: turns; peak_copy: vec4s */
    float factor, addend;
};

#endif
