#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "common/push_nn.h"
#include "common/vectors.glsl"
#include "common/winograd.glsl"

// A dy A^T of the tiles of a convolution's result's gradient, for products that sum over tiles.
//   y (dy) [n][out_quads][out_h][out_w] vec4
//   lanes [ALPHA * ALPHA][w_row / TN][count / 4][TN] vec4 of four tiles; tiles behind the last of all
//     are zero
// Grid: x, y: folded tiles; z: quads.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;
layout(constant_id = 1) const int M = 2;
layout(constant_id = 2) const int EY = 1; // pixels from one output of a tile to the next
layout(constant_id = 3) const int EX = 1;
layout(constant_id = 4) const int TN = 32;

VECTORS(0, Y, y);
FLOATS(1, F, lanes);
layout(push_constant) uniform P { conv_push p; ADDRESSES };

// sum over k of A[i][k] from[k]
vec4 row_of(int i, vec4 from[M])
{
    if (i == ALPHA - 1)
        return from[M - 1];
    vec4 sum = from[0];
    [[unroll]] for (int k = 1; k < M; k++) {
        float a = power(POINTS[i], k);
        if (a != 0.0)
            sum += a * from[k];
    }
    return sum;
}

void main()
{
    int id = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * LOCAL +
             int(gl_LocalInvocationID.x);
    if (id >= p.count)
        return;
    int quad = int(gl_WorkGroupID.z);
    bool there = p.first + id < p.tiles;
    ivec3 tile = tile_at(there ? p.first + id : p.first, p.tiles_y, p.tiles_x, M, EY, EX);
    int plane = p.y_base + tile.x * p.y_batch + quad * p.out_h * p.out_w;

    vec4 t[ALPHA][M];
    [[unroll]] for (int j = 0; j < M; j++) {
        int x = tile.z + j * EX;
        bool column_in = there && x < p.out_w;
        vec4 column[M];
        [[unroll]] for (int i = 0; i < M; i++) {
            int row = tile.y + i * EY;
            vec4 value = LOAD(y, plane + min(row, p.out_h - 1) * p.out_w + min(x, p.out_w - 1));
            column[i] = column_in && row < p.out_h ? value : vec4(0);
        }
        [[unroll]] for (int i = 0; i < ALPHA; i++)
            t[i][j] = row_of(i, column);
    }
    [[unroll]] for (int i = 0; i < ALPHA; i++)
        [[unroll]] for (int j = 0; j < ALPHA; j++) {
            vec4 value = row_of(j, t[i]);
            STORE_LANES(lanes, i * ALPHA + j, p.w_row, TN, quad * 4, id, p.count, value)
        }
}
