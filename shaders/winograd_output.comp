#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "common/push_nn.h"
#include "common/vectors.glsl"
#include "common/store.glsl"
#include "common/values.glsl"
#include "common/activation.glsl"
#include "common/winograd.glsl"

// A^T m A of the tiles' products, with bias and activation: the convolution's result.
//   m [ALPHA * ALPHA][count / BLOCK][in_quads][BLOCK] vec4, of which out_quads from quad x_base on
//   w at bias_base [out_quads] vec4
//   y [n][out_quads][out_h][out_w] vec4
// Grid: x, y: folded tiles; z: quads.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;
layout(constant_id = 1) const int M = 2;
layout(constant_id = 2) const int EY = 1; // grid pixels from one output of a tile to the next
layout(constant_id = 3) const int EX = 1;
layout(constant_id = 4) const int ACTIVATION = 0;
layout(constant_id = 5) const int SLOPE = 0;      // bits of a float
layout(constant_id = 6) const int ACCUMULATE = 0; // y += instead of y =
layout(constant_id = 7) const int BLOCK = 0;      // tiles that lie side by side, 0: all

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
    int quad = int(gl_WorkGroupID.z);
    int from = PLACE_OF(p.x_base + quad, p.in_quads, id, p.count, BLOCK);
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
        int gy = tile.y + i * EY - p.shift_y;
        [[unroll]] for (int j = 0; j < M; j++) {
            int gx = tile.z + j * EX - p.shift_x;
            if (uint(gy) < uint(p.grid_h) && uint(gx) < uint(p.grid_w)) {
                int at = plane + (gy * p.out_sy + p.out_y0) * p.out_w + gx * p.out_sx + p.out_x0;
                vec4 value = activate(row_of(j, t[i]) + bias, ACTIVATION, intBitsToFloat(SLOPE));
                if (ACCUMULATE != 0)
                    value += VALUE_AT(y, at);
                STORE_VALUE(y, at, value);
            }
        }
    }
}
