#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "common/push_nn.h"
#include "common/vectors.glsl"
#include "common/store.glsl"
#include "common/values.glsl"
#include "common/activation.glsl"
#include "common/winograd.glsl"

// A^T m A of the tiles' products, with bias and activation: the convolution's result, all phases
// whose products are there.
//   m [ALPHA * ALPHA][count / BLOCK][in_quads][BLOCK] vec4, of which out_quads for each phase
//   w at bias_base [out_quads] vec4
//   y [n][out_quads][out_h][out_w] vec4
// Grid: x, y: folded tiles; z: quads * PHASES.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;
layout(constant_id = 1) const int M = 2;
layout(constant_id = 2) const int EY = 1; // grid pixels from one output of a tile to the next
layout(constant_id = 3) const int EX = 1;
layout(constant_id = 4) const int ACTIVATION = 0;
layout(constant_id = 5) const int SLOPE = 0;      // bits of a float
layout(constant_id = 6) const int ACCUMULATE = 0; // y += instead of y =
layout(constant_id = 7) const int BLOCK = 0;      // tiles that lie side by side, 0: all
layout(constant_id = 8) const int PHASES = 1;     // of the output, in those tiles
layout(constant_id = 9) const int PHASES_X = 1;
// Grid pixels from the first of the tiles to the first of the phase, four bits for each phase.
layout(constant_id = 10) const int SHIFTS_Y = 0;
layout(constant_id = 11) const int SHIFTS_X = 0;

VECTORS(0, X, m);
layout(binding = 1, std430) readonly buffer W { vec4 w[]; };
STORED_VALUES(2, Y, y);
layout(push_constant) uniform P { conv_push p; ADDRESSES };

// sum over k of A^T[i][k] from[k]
vec4 row_of(int i, vec4 from[ALPHA])
{
    vec4 sum = vec4(0);
    [[unroll]] for (int k = 0; k < ALPHA - 1; k++) {
        float a = power(POINTS[k], i);
        if (a != 0.0)
            sum += a * from[k];
    }
    if (i == M - 1)
        sum += from[ALPHA - 1];
    return sum;
}

void main()
{
    int id = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * LOCAL +
             int(gl_LocalInvocationID.x);
    if (id >= p.count)
        return;
    int quad = int(gl_WorkGroupID.z) / PHASES, phase = int(gl_WorkGroupID.z) % PHASES;
    int py = phase / PHASES_X, px = phase % PHASES_X;
    int shift_y = SHIFTS_Y >> 4 * py & 15, shift_x = SHIFTS_X >> 4 * px & 15;
    int from = PLACE_OF(phase * p.x_batch + quad, p.in_quads, id, p.count, BLOCK);
    int step = PRODUCT_OF(p.in_quads, p.count, BLOCK);
    ivec3 tile = tile_at(p.first + id, p.tiles_y, p.tiles_x, M, EY, EX);
    int plane = p.y_base + tile.x * p.y_batch + quad * p.out_h * p.out_w;
    vec4 bias = w[p.bias_base + quad];

    vec4 t[M][ALPHA];
    [[unroll]] for (int j = 0; j < ALPHA; j++) {
        vec4 column[ALPHA];
        [[unroll]] for (int i = 0; i < ALPHA; i++)
            column[i] = LOAD(m, from + (i * ALPHA + j) * step);
        [[unroll]] for (int i = 0; i < M; i++)
            t[i][j] = row_of(i, column);
    }
    [[unroll]] for (int i = 0; i < M; i++) {
        int gy = tile.y + i * EY - shift_y, oy = gy * p.out_sy + p.out_y0 + py;
        [[unroll]] for (int j = 0; j < M; j++) {
            int gx = tile.z + j * EX - shift_x, ox = gx * p.out_sx + p.out_x0 + px;
            if (gy >= 0 && gx >= 0 && oy < p.out_h && ox < p.out_w) {
                int at = plane + oy * p.out_w + ox;
                vec4 value = activate(row_of(j, t[i]) + bias, ACTIVATION, intBitsToFloat(SLOPE));
                if (ACCUMULATE != 0)
                    value += VALUE_AT(y, at);
                STORE_VALUE(y, at, value);
            }
        }
    }
}
