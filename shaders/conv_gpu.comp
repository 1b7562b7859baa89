#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "common/push_nn.h"
#include "common/vectors.glsl"
#include "common/store.glsl"
#include "common/values.glsl"
#include "common/activation.glsl"
#include "common/divide.glsl"

// Convolution for GPUs: implicit GEMM through shared memory. A workgroup makes BM pixels of BN
// output channels, a thread TM pixels of TN channels; BQ quads of (input quad, tap) at a time. There
// are two of each tile, so that the loads of one are under way while the other is multiplied, and
// one barrier a turn is enough. What is float16 in memory is so in the tiles, too.
//   x [n][in_quads][in_h][in_w] vec4
//   w at w_base [oc_tiles][in_quads][KH][KW][BN] vec4 (4 input channels each);
//     with w_batch, of each picture of its own
//   biases, before the weights, at bias_base [OC/4] vec4, of float32 with HALF, too
//   y [n][out_quads][out_h][out_w] vec4
// Grid: x, y: folded pixel tiles; z: n * oc_tiles + channel tile.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int THREADS = 256; // BM / TM * BN / TN
layout(constant_id = 1) const int BM = 64;
layout(constant_id = 2) const int BN = 64;
layout(constant_id = 3) const int BQ = 4;
layout(constant_id = 4) const int TM = 4;
layout(constant_id = 5) const int KH = 4;
layout(constant_id = 6) const int KW = 4;
layout(constant_id = 7) const int SY = 2;
layout(constant_id = 8) const int SX = 2;
layout(constant_id = 9) const int DY = 1;
layout(constant_id = 10) const int DX = 1;
layout(constant_id = 11) const int ACTIVATION = 0;
layout(constant_id = 12) const int SLOPE = 0; // bits of a float
layout(constant_id = 13) const int ACCUMULATE = 0; // y += instead of y =
layout(constant_id = 14) const int BIAS = 1;
layout(constant_id = 15) const int LANES = 4; // channels used of an input quad, 1 or 4

const int TN = 4;
const int A_LOADS = (BM * BQ + THREADS - 1) / THREADS;
const int B_LOADS = (BN * BQ + THREADS - 1) / THREADS;

VALUES(0, X, x);
VALUES(1, W, w);
layout(binding = 1, std430) readonly buffer B { vec4 biases[]; };
STORED_VALUES(2, Y, y);
layout(push_constant) uniform P { conv_push p; ADDRESSES };

shared KEPT a_tile[2][BQ * BM];
shared KEPT b_tile[2][BQ * BN];

// Quad q of pixel `pixel`'s patch: quads run over taps first, then input quads.
KEPT load_a(int pixel, int q, int quads, int x_base)
{
    int pixels = p.grid_h * p.grid_w;
    if (pixel >= pixels || q >= quads)
        return KEPT(0);
    int c = q / (KH * KW), tap = q - c * (KH * KW);
    int ky = tap / KW, kx = tap - ky * KW;
    int gy = divide(pixel, p.grid_w), gx = pixel - gy * p.grid_w;
    int iy = gy * SY + ky * DY + p.in_y0, ix = gx * SX + kx * DX + p.in_x0;
    if (uint(iy) >= uint(p.in_h) || uint(ix) >= uint(p.in_w))
        return KEPT(0);
    return KEPT_VALUE(x, x_base + (c * p.in_h + iy) * p.in_w + ix);
}

// A thread's part of the tiles from quad q0 on.
void load(int thread, int first, int q0, int quads, int x_base, int w_base, out KEPT a[A_LOADS],
          out KEPT b[B_LOADS])
{
    [[unroll]] for (int i = 0; i < A_LOADS; i++) {
        int k = i * THREADS + thread;
        a[i] = k < BM * BQ ? load_a(first + k % BM, q0 + k / BM, quads, x_base) : KEPT(0);
    }
    [[unroll]] for (int i = 0; i < B_LOADS; i++) {
        int k = i * THREADS + thread, q = q0 + k / BN;
        b[i] = k < BN * BQ && q < quads ? KEPT_VALUE(w, w_base + q * BN + k % BN) : KEPT(0);
    }
}

void keep(int thread, int tile, KEPT a[A_LOADS], KEPT b[B_LOADS])
{
    [[unroll]] for (int i = 0; i < A_LOADS; i++)
        if (i * THREADS + thread < BM * BQ)
            a_tile[tile][i * THREADS + thread] = a[i];
    [[unroll]] for (int i = 0; i < B_LOADS; i++)
        if (i * THREADS + thread < BN * BQ)
            b_tile[tile][i * THREADS + thread] = b[i];
}

void main()
{
    int thread = int(gl_LocalInvocationID.x);
    int batch = int(gl_WorkGroupID.z) / p.oc_tiles;
    int n = (int(gl_WorkGroupID.z) - batch * p.oc_tiles) * BN;
    int first = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * BM;
    int quads = p.in_quads * KH * KW;
    int x_base = p.x_base + batch * p.x_batch,
        w_base = p.w_base + batch * p.w_batch + n * quads;
    // Threads of a row share output channels, so that their pixels are neighbours in memory.
    int tm = thread % (BM / TM), tn = thread / (BM / TM);

    float acc[TM][TN];
    [[unroll]] for (int i = 0; i < TM; i++)
        [[unroll]] for (int j = 0; j < TN; j++)
            acc[i][j] = 0.0;

    KEPT a_next[A_LOADS];
    KEPT b_next[B_LOADS];
    load(thread, first, 0, quads, x_base, w_base, a_next, b_next);
    keep(thread, 0, a_next, b_next);
    barrier();
    int tile = 0;
    for (int q0 = 0; q0 < quads; q0 += BQ) {
        bool more = q0 + BQ < quads;
        if (more)
            load(thread, first, q0 + BQ, quads, x_base, w_base, a_next, b_next);
        [[unroll]] for (int q = 0; q < BQ; q++) {
            vec4 a[TM], b[TN];
            [[unroll]] for (int i = 0; i < TM; i++)
                a[i] = VALUE_OF(a_tile[tile][q * BM + i * (BM / TM) + tm]);
            [[unroll]] for (int j = 0; j < TN; j++)
                b[j] = VALUE_OF(b_tile[tile][q * BN + tn * TN + j]);
            [[unroll]] for (int i = 0; i < TM; i++)
                [[unroll]] for (int j = 0; j < TN; j++)
                    acc[i][j] += LANES == 1 ? a[i].x * b[j].x : dot(a[i], b[j]);
        }
        tile = 1 - tile;
        if (more)
            keep(thread, tile, a_next, b_next);
        barrier();
    }

    int quad = n / 4 + tn;
    if (quad >= p.out_quads)
        return;
    vec4 bias = vec4(0);
    if (BIAS != 0)
        bias = biases[p.bias_base + quad];
    [[unroll]] for (int i = 0; i < TM; i++) {
        int pixel = first + i * (BM / TM) + tm;
        if (pixel < p.grid_h * p.grid_w) {
            int gy = divide(pixel, p.grid_w), gx = pixel - gy * p.grid_w;
            int oy = gy * p.out_sy + p.out_y0, ox = gx * p.out_sx + p.out_x0;
            vec4 v = vec4(acc[i][0], acc[i][1], acc[i][2], acc[i][3]) + bias;
            int at = p.y_base + batch * p.y_batch + (quad * p.out_h + oy) * p.out_w + ox;
            v = activate(v, ACTIVATION, intBitsToFloat(SLOPE));
            if (ACCUMULATE != 0)
                v += VALUE_AT(y, at);
            STORE_VALUE(y, at, v);
        }
    }
}
