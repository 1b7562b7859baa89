#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "common/push_train.h"
#include "common/divide.glsl"

// Gradient of a depthwise convolution's weight. A workgroup takes one quad and one of `splits` runs
// of pixels; every invocation sums all taps over its pixels.
//   small [n][quads][small_h][small_w] vec4, big [n][quads][big_h][big_w] vec4
//   partial [splits][quads][KH * KW] vec4
// Grid: x: quads, y: splits.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;
layout(constant_id = 1) const int KH = 3;
layout(constant_id = 2) const int KW = 3;
layout(constant_id = 3) const int SY = 1;
layout(constant_id = 4) const int SX = 1;
layout(constant_id = 5) const int DY = 1;
layout(constant_id = 6) const int DX = 1;

#ifdef TEXEL
layout(binding = 0) uniform samplerBuffer small;
layout(binding = 1) uniform samplerBuffer big;
#define LOAD(b, i) texelFetch(b, i)
#else
layout(binding = 0, std430) readonly buffer S { vec4 small[]; };
layout(binding = 1, std430) readonly buffer B { vec4 big[]; };
#define LOAD(b, i) b[i]
#endif
layout(binding = 2, std430) writeonly buffer O { vec4 partial[]; };
layout(push_constant) uniform P { weight_push p; };

shared vec4 sums[LOCAL];

void main()
{
    int quad = int(gl_WorkGroupID.x), part = int(gl_WorkGroupID.y);
    int thread = int(gl_LocalInvocationID.x), plane = p.small_h * p.small_w;
    int items = p.n * plane, each = (items + p.splits - 1) / p.splits;
    int end = min(items, (part + 1) * each);
    vec4 acc[KH * KW];
    [[unroll]] for (int k = 0; k < KH * KW; k++)
        acc[k] = vec4(0);
    for (int i = part * each + thread; i < end; i += LOCAL) {
        int batch = divide(i, plane), pixel = i - batch * plane;
        int y = divide(pixel, p.small_w), x = pixel - y * p.small_w;
        vec4 s = LOAD(small, p.small_base + batch * p.small_batch + quad * plane + pixel);
        int from = p.big_base + batch * p.big_batch + quad * p.big_h * p.big_w;
        [[unroll]] for (int ky = 0; ky < KH; ky++) {
            int by = y * SY + ky * DY - p.pad_y;
            [[unroll]] for (int kx = 0; kx < KW; kx++) {
                int bx = x * SX + kx * DX - p.pad_x;
                bool inside = uint(by) < uint(p.big_h) && uint(bx) < uint(p.big_w);
                vec4 t = LOAD(big, from + clamp(by, 0, p.big_h - 1) * p.big_w +
                                       clamp(bx, 0, p.big_w - 1));
                acc[ky * KW + kx] += s * (inside ? t : vec4(0));
            }
        }
    }
    [[unroll]] for (int k = 0; k < KH * KW; k++) {
        sums[thread] = acc[k];
        barrier();
        for (int step = LOCAL / 2; step > 0; step /= 2) {
            if (thread < step)
                sums[thread] += sums[thread + step];
            barrier();
        }
        if (thread == 0)
            partial[(part * int(gl_NumWorkGroups.x) + quad) * (KH * KW) + k] = sums[0];
        barrier();
    }
}
