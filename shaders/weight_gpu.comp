#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "common/push_train.h"

// Gradient of a convolution's weight for GPUs: as weight_cpu.comp, a matrix product over pixels
// through shared memory. A workgroup makes BS quads of `small` against BP pairs, a thread one quad
// against one pair; BK pixels at a time.
//   partial [splits][pairs * 4][small quads] vec4, both filled up to whole tiles
// Grid: x, y: folded (split, small tile, pair tile).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int THREADS = 256; // BS * BP
layout(constant_id = 1) const int BS = 16;
layout(constant_id = 2) const int BP = 16;
layout(constant_id = 3) const int BK = 16;
layout(constant_id = 4) const int KH = 4;
layout(constant_id = 5) const int KW = 4;
layout(constant_id = 6) const int SY = 2;
layout(constant_id = 7) const int SX = 2;
layout(constant_id = 8) const int DY = 1;
layout(constant_id = 9) const int DX = 1;

layout(binding = 0, std430) readonly buffer S { vec4 small[]; };
layout(binding = 1, std430) readonly buffer B { vec4 big[]; };
layout(binding = 2, std430) writeonly buffer O { vec4 partial[]; };
layout(push_constant) uniform P { weight_push p; };

shared vec4 s_tile[BK * BS];
shared vec4 b_tile[BK * BP];

void main()
{
    int thread = int(gl_LocalInvocationID.x);
    int tile = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x);
    int tiles = p.small_tiles * p.pair_tiles, part = tile / tiles;
    if (part >= p.splits)
        return;
    tile -= part * tiles;
    int small_tile = tile / p.pair_tiles, pair_tile = tile - small_tile * p.pair_tiles;
    int items = p.n * p.small_h * p.small_w, each = (items + p.splits - 1) / p.splits;
    int end = min(items, (part + 1) * each);
    int qs = thread % BS, qp = thread / BS;

    vec4 acc[4];
    [[unroll]] for (int k = 0; k < 4; k++)
        acc[k] = vec4(0);
    for (int first = part * each; first < end; first += BK) {
        for (int i = thread; i < BK * BS; i += THREADS) {
            int item = first + i / BS, quad = small_tile * BS + i % BS;
            vec4 v = vec4(0);
            if (item < end && quad < p.small_quads) {
                int batch = item / (p.small_h * p.small_w);
                int pixel = item - batch * p.small_h * p.small_w;
                v = small[p.small_base + batch * p.small_batch + quad * p.small_h * p.small_w + pixel];
            }
            s_tile[i] = v;
        }
        for (int i = thread; i < BK * BP; i += THREADS) {
            int item = first + i / BP, pair = pair_tile * BP + i % BP;
            int quad = pair / (KH * KW), tap = pair % (KH * KW);
            vec4 v = vec4(0);
            if (item < end && quad < p.big_quads) {
                int batch = item / (p.small_h * p.small_w);
                int pixel = item - batch * p.small_h * p.small_w;
                int y = pixel / p.small_w, x = pixel - y * p.small_w;
                int by = y * SY + tap / KW * DY - p.pad_y, bx = x * SX + tap % KW * DX - p.pad_x;
                if (uint(by) < uint(p.big_h) && uint(bx) < uint(p.big_w))
                    v = big[p.big_base + batch * p.big_batch + (quad * p.big_h + by) * p.big_w + bx];
            }
            b_tile[i] = v;
        }
        barrier();
        for (int k = 0; k < BK; k++) {
            vec4 s = s_tile[k * BS + qs], b = b_tile[k * BP + qp];
            [[unroll]] for (int c = 0; c < 4; c++)
                acc[c] += s * b[c];
        }
        barrier();
    }
    [[unroll]] for (int k = 0; k < 4; k++) {
        int row = ((part * p.pair_tiles + pair_tile) * BP + qp) * 4 + k;
        partial[row * (p.small_tiles * BS) + small_tile * BS + qs] = acc[k];
    }
}
