#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "common/push_train.h"

// Gradient of a convolution's weight for GPUs: as weight_cpu.comp, a matrix product over pixels
// through shared memory. A workgroup makes BS quads of `small` against BP pairs, a thread one quad
// against one pair; BK pixels at a time. Two of each tile, as in conv_gpu.comp.
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

shared vec4 s_tile[2][BK * BS];
shared vec4 b_tile[2][BK * BP];
const int S_LOADS = (BK * BS + THREADS - 1) / THREADS;
const int B_LOADS = (BK * BP + THREADS - 1) / THREADS;

vec4 load_small(int item, int end, int quad)
{
    if (item >= end || quad >= p.small_quads)
        return vec4(0);
    int plane = p.small_h * p.small_w, batch = item / plane;
    return small[p.small_base + batch * p.small_batch + quad * plane + item - batch * plane];
}

vec4 load_big(int item, int end, int pair)
{
    int quad = pair / (KH * KW), tap = pair % (KH * KW);
    if (item >= end || quad >= p.big_quads)
        return vec4(0);
    int plane = p.small_h * p.small_w, batch = item / plane;
    int pixel = item - batch * plane, y = pixel / p.small_w, x = pixel - y * p.small_w;
    int by = y * SY + tap / KW * DY - p.pad_y, bx = x * SX + tap % KW * DX - p.pad_x;
    if (uint(by) >= uint(p.big_h) || uint(bx) >= uint(p.big_w))
        return vec4(0);
    return big[p.big_base + batch * p.big_batch + (quad * p.big_h + by) * p.big_w + bx];
}

// A thread's part of the tiles of BK pixels from `first` on.
void load(int thread, int first, int end, int small_tile, int pair_tile, out vec4 s[S_LOADS],
          out vec4 b[B_LOADS])
{
    [[unroll]] for (int i = 0; i < S_LOADS; i++) {
        int k = i * THREADS + thread;
        s[i] = load_small(first + k / BS, end, small_tile * BS + k % BS);
    }
    [[unroll]] for (int i = 0; i < B_LOADS; i++) {
        int k = i * THREADS + thread;
        b[i] = load_big(first + k / BP, end, pair_tile * BP + k % BP);
    }
}

void keep(int thread, int tile, vec4 s[S_LOADS], vec4 b[B_LOADS])
{
    [[unroll]] for (int i = 0; i < S_LOADS; i++)
        if (i * THREADS + thread < BK * BS)
            s_tile[tile][i * THREADS + thread] = s[i];
    [[unroll]] for (int i = 0; i < B_LOADS; i++)
        if (i * THREADS + thread < BK * BP)
            b_tile[tile][i * THREADS + thread] = b[i];
}

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
    vec4 s_next[S_LOADS], b_next[B_LOADS];
    load(thread, part * each, end, small_tile, pair_tile, s_next, b_next);
    keep(thread, 0, s_next, b_next);
    barrier();
    int now = 0;
    for (int first = part * each; first < end; first += BK) {
        bool more = first + BK < end;
        if (more)
            load(thread, first + BK, end, small_tile, pair_tile, s_next, b_next);
        for (int k = 0; k < BK; k++) {
            vec4 s = s_tile[now][k * BS + qs], b = b_tile[now][k * BP + qp];
            [[unroll]] for (int c = 0; c < 4; c++)
                acc[c] += s * b[c];
        }
        now = 1 - now;
        if (more)
            keep(thread, now, s_next, b_next);
        barrier();
    }
    [[unroll]] for (int k = 0; k < 4; k++) {
        int row = ((part * p.pair_tiles + pair_tile) * BP + qp) * 4 + k;
        partial[row * (p.small_tiles * BS) + small_tile * BS + qs] = acc[k];
    }
}
