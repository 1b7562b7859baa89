#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "common/push_train.h"
#include "common/divide.glsl"
#include "common/vectors.glsl"

// Gradient of a depthwise convolution's weight. A workgroup takes one quad and one of `splits` parts
// of the rows' runs; every invocation sums all taps over its runs of TX neighbouring pixels, so that
// a loaded row serves all of them.
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
layout(constant_id = 7) const int TX = 4;

const int SPAN = (TX - 1) * SX + (KW - 1) * DX + 1; // big pixels of a row that a run sees

VECTORS(0, S, small);
VECTORS(1, B, big);
layout(binding = 2, std430) writeonly buffer O { vec4 partial[]; };
layout(push_constant) uniform P { weight_push p; ADDRESSES };

#include "common/total.glsl"

void main()
{
    int quad = int(gl_WorkGroupID.x), part = int(gl_WorkGroupID.y);
    int row_runs = (p.small_w + TX - 1) / TX, plane_runs = p.small_h * row_runs;
    int runs = p.n * plane_runs, each = (runs + p.splits - 1) / p.splits;
    int end = min(runs, (part + 1) * each);
    vec4 acc[KH * KW];
    [[unroll]] for (int k = 0; k < KH * KW; k++)
        acc[k] = vec4(0);
    for (int i = part * each + int(gl_LocalInvocationID.x); i < end; i += LOCAL) {
        int batch = divide(i, plane_runs), run = i - batch * plane_runs;
        int y = divide(run, row_runs), x = (run - y * row_runs) * TX;
        int row = p.small_base + batch * p.small_batch + (quad * p.small_h + y) * p.small_w;
        int from = p.big_base + batch * p.big_batch + quad * p.big_h * p.big_w;
        vec4 s[TX];
        [[unroll]] for (int t = 0; t < TX; t++) {
            vec4 v = LOAD(small, row + min(x + t, p.small_w - 1));
            s[t] = x + t < p.small_w ? v : vec4(0);
        }
        [[unroll]] for (int ky = 0; ky < KH; ky++) {
            int by = y * SY + ky * DY - p.pad_y;
            bool row_in = uint(by) < uint(p.big_h);
            int big_row = from + clamp(by, 0, p.big_h - 1) * p.big_w;
            vec4 line[SPAN];
            [[unroll]] for (int k = 0; k < SPAN; k++) {
                int bx = x * SX + k - p.pad_x;
                vec4 v = LOAD(big, big_row + clamp(bx, 0, p.big_w - 1));
                line[k] = row_in && uint(bx) < uint(p.big_w) ? v : vec4(0);
            }
            [[unroll]] for (int kx = 0; kx < KW; kx++)
                [[unroll]] for (int t = 0; t < TX; t++)
                    acc[ky * KW + kx] += s[t] * line[t * SX + kx * DX];
        }
    }
    [[unroll]] for (int k = 0; k < KH * KW; k++) {
        vec4 sum = total(acc[k]);
        if (gl_LocalInvocationID.x == 0)
            partial[(part * int(gl_NumWorkGroups.x) + quad) * (KH * KW) + k] = sum;
    }
}
