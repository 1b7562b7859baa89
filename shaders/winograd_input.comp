#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "common/push_nn.h"
#include "common/vectors.glsl"
#include "common/store.glsl"
#include "common/values.glsl"
#include "common/winograd.glsl"

// B^T d B of the input's tiles. A stride divides the taps of a kernel among CY * CX sets, which are
// joined as input channels are.
//   x [n][in_quads][in_h][in_w] vec4
//   v [ALPHA * ALPHA][count / BLOCK][CY * CX * in_quads][BLOCK] vec4
//   with ROW, the lanes of all those quads, for products that sum over tiles:
//     [ALPHA * ALPHA][ROW / BLOCK][count / 4][BLOCK] vec4 of four tiles; tiles behind the last of
//     all are zero
// Grid: x, y: folded tiles; z: quads of v.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;
layout(constant_id = 1) const int M = 2;
layout(constant_id = 2) const int EY = 1; // grid pixels from one output of a tile to the next
layout(constant_id = 3) const int EX = 1;
layout(constant_id = 4) const int SY = 1; // input pixels of a grid pixel
layout(constant_id = 5) const int SX = 1;
layout(constant_id = 6) const int CX = 1;
layout(constant_id = 7) const int DY = 1; // input pixels from one tap to the next
layout(constant_id = 8) const int DX = 1;
layout(constant_id = 9) const int ROW = 0;
layout(constant_id = 10) const int BLOCK = 0; // tiles or lanes that lie side by side, 0: all

VALUES(0, X, x);
STORES(1, V, v);
FLOATS(1, F, lanes);
layout(push_constant) uniform P { conv_push p; ADDRESSES };

void main()
{
    int id = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * LOCAL +
             int(gl_LocalInvocationID.x);
    if (id >= p.count)
        return;
    int row = int(gl_WorkGroupID.z), set = row / p.in_quads, quad = row - set * p.in_quads;
    bool there = ROW == 0 || p.first + id < p.tiles;
    ivec3 tile = tile_at(there ? p.first + id : p.first, p.tiles_y, p.tiles_x, M, EY, EX);
    int y0 = tile.y * SY + set / CX * DY + p.in_y0, x0 = tile.z * SX + set % CX * DX + p.in_x0;
    int plane = p.x_base + tile.x * p.x_batch + quad * p.in_h * p.in_w;

    vec4 t[ALPHA][ALPHA];
    [[unroll]] for (int j = 0; j < ALPHA; j++) {
        int ix = x0 + j * EX * SX;
        bool column_in = there && uint(ix) < uint(p.in_w);
        int column = plane + clamp(ix, 0, p.in_w - 1);
        vec4 d[ALPHA];
        [[unroll]] for (int i = 0; i < ALPHA; i++) {
            int iy = y0 + i * EY * SY;
            vec4 value = VALUE(x, column + clamp(iy, 0, p.in_h - 1) * p.in_w);
            d[i] = column_in && uint(iy) < uint(p.in_h) ? value : vec4(0);
        }
        [[unroll]] for (int i = 0; i < ALPHA; i++) {
            vec4 sum = vec4(0);
            [[unroll]] for (int k = 0; k < ALPHA; k++)
                if (BT[i][k] != 0.0)
                    sum += BT[i][k] * d[k];
            t[i][j] = sum;
        }
    }
    int quads = int(gl_NumWorkGroups.z);
    int at = PLACE_OF(row, quads, id, p.count, BLOCK), step = PRODUCT_OF(quads, p.count, BLOCK);
    [[unroll]] for (int i = 0; i < ALPHA; i++)
        [[unroll]] for (int j = 0; j < ALPHA; j++) {
            vec4 sum = vec4(0);
            [[unroll]] for (int k = 0; k < ALPHA; k++)
                if (BT[j][k] != 0.0)
                    sum += BT[j][k] * t[i][k];
            if (ROW != 0) {
                STORE_LANES(lanes, i * ALPHA + j, ROW, BLOCK, row * 4, id, p.count, sum)
            } else {
                STORE(v, at + (i * ALPHA + j) * step, sum);
            }
        }
}
