#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
#include "common/push_nn.h"
#include "common/vectors.glsl"
#include "common/store.glsl"
#include "common/values.glsl"
#include "common/activation.glsl"
#include "common/divide.glsl"

// Convolution by cooperative matrices: implicit GEMM through shared memory as conv_gpu.comp does it,
// of float16 with sums in float32. A workgroup makes BM pixels of BN output channels, a subgroup
// ROWS x COLS matrices of MM pixels x MN channels; BQ quads of (input quad, tap) at a time.
//   x [n][in_quads][in_h][in_w] of four float16
//   w at w_base [oc_tiles][in_quads][KH][KW][BN] of four float16 (an input channel each);
//     with w_batch, of each picture of its own
//   biases, before the weights, at bias_base [OC/4] vec4
//   y [n][out_quads][out_h][out_w] of four float16
// Grid: x, y: folded pixel tiles; z: n * oc_tiles + channel tile.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int THREADS = 128; // SG * BM / (ROWS * MM) * BN / (COLS * MN)
layout(constant_id = 1) const int SG = 32;
layout(constant_id = 2) const int MM = 16;
layout(constant_id = 3) const int MN = 16;
layout(constant_id = 4) const int MK = 16;
layout(constant_id = 5) const int BM = 64;
layout(constant_id = 6) const int BN = 64;
layout(constant_id = 7) const int BQ = 8; // even, a multiple of MK / 4
layout(constant_id = 8) const int ROWS = 2;
layout(constant_id = 9) const int COLS = 2;
layout(constant_id = 10) const int KH = 4;
layout(constant_id = 11) const int KW = 4;
layout(constant_id = 12) const int SY = 2;
layout(constant_id = 13) const int SX = 2;
layout(constant_id = 14) const int DY = 1;
layout(constant_id = 15) const int DX = 1;
layout(constant_id = 16) const int ACTIVATION = 0;
layout(constant_id = 17) const int SLOPE = 0; // bits of a float
layout(constant_id = 18) const int ACCUMULATE = 0; // y += instead of y =
layout(constant_id = 19) const int BIAS = 1;

const int A_LOADS = (BM * BQ + THREADS - 1) / THREADS;
const int B_LOADS = (BN * BQ + THREADS - 1) / THREADS;
// Rows of a tile begin at multiples of 16 bytes, as matrices are loaded, in different banks.
const int PITCH = BQ + 2;
const int FOURS = MM * MN / 4; // of a matrix of sums

VALUES(0, X, x);
VALUES(1, W, w);
layout(binding = 1, std430) readonly buffer B { vec4 biases[]; };
STORED_VALUES(2, Y, y);
layout(push_constant) uniform P { conv_push p; ADDRESSES };

shared f16vec4 a_tile[2 * BM * PITCH]; // [2][pixel][k / 4]
shared f16vec4 b_tile[2 * BN * PITCH]; // [2][channel][k / 4]
shared vec4 sums[THREADS / SG * FOURS]; // a matrix of each subgroup, [pixel][channel / 4]

f16vec4 halves(uvec2 v)
{
    return f16vec4(unpackFloat2x16(v.x), unpackFloat2x16(v.y));
}

// Quad q of pixel `pixel`'s patch: quads run over taps first, then input quads.
uvec2 load_a(int pixel, int q, int quads, int x_base)
{
    int pixels = p.grid_h * p.grid_w;
    if (pixel >= pixels || q >= quads)
        return uvec2(0);
    int c = q / (KH * KW), tap = q - c * (KH * KW);
    int ky = tap / KW, kx = tap - ky * KW;
    int gy = divide(pixel, p.grid_w), gx = pixel - gy * p.grid_w;
    int iy = gy * SY + ky * DY + p.in_y0, ix = gx * SX + kx * DX + p.in_x0;
    if (uint(iy) >= uint(p.in_h) || uint(ix) >= uint(p.in_w))
        return uvec2(0);
    return x[x_base + (c * p.in_h + iy) * p.in_w + ix];
}

// A thread's part of the tiles from quad q0 on.
void load(int thread, int first, int q0, int quads, int x_base, int w_base, out uvec2 a[A_LOADS],
          out uvec2 b[B_LOADS])
{
    [[unroll]] for (int i = 0; i < A_LOADS; i++) {
        int k = i * THREADS + thread;
        a[i] = k < BM * BQ ? load_a(first + k % BM, q0 + k / BM, quads, x_base) : uvec2(0);
    }
    [[unroll]] for (int i = 0; i < B_LOADS; i++) {
        int k = i * THREADS + thread, q = q0 + k / BN;
        b[i] = k < BN * BQ && q < quads ? w[w_base + q * BN + k % BN] : uvec2(0);
    }
}

void keep(int thread, int tile, uvec2 a[A_LOADS], uvec2 b[B_LOADS])
{
    [[unroll]] for (int i = 0; i < A_LOADS; i++) {
        int k = i * THREADS + thread;
        if (k < BM * BQ)
            a_tile[(tile * BM + k % BM) * PITCH + k / BM] = halves(a[i]);
    }
    [[unroll]] for (int i = 0; i < B_LOADS; i++) {
        int k = i * THREADS + thread;
        if (k < BN * BQ)
            b_tile[(tile * BN + k % BN) * PITCH + k / BN] = halves(b[i]);
    }
}

void store(int pixel, int quad, int batch, vec4 v)
{
    int gy = divide(pixel, p.grid_w), gx = pixel - gy * p.grid_w;
    int oy = gy * p.out_sy + p.out_y0, ox = gx * p.out_sx + p.out_x0;
    int at = p.y_base + batch * p.y_batch + (quad * p.out_h + oy) * p.out_w + ox;
    if (BIAS != 0)
        v += biases[p.bias_base + quad];
    v = activate(v, ACTIVATION, intBitsToFloat(SLOPE));
    if (ACCUMULATE != 0)
        v += VALUE_AT(y, at);
    STORE_VALUE(y, at, v);
}

void main()
{
    int thread = int(gl_LocalInvocationID.x);
    int subgroup = int(gl_SubgroupID), lane = int(gl_SubgroupInvocationID);
    int batch = int(gl_WorkGroupID.z) / p.oc_tiles;
    int n = (int(gl_WorkGroupID.z) - batch * p.oc_tiles) * BN;
    int first = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * BM;
    int quads = p.in_quads * KH * KW;
    int x_base = p.x_base + batch * p.x_batch,
        w_base = p.w_base + batch * p.w_batch + n * quads;
    // The subgroup's first pixel and channel of the workgroup's.
    int row = subgroup % (BM / (ROWS * MM)) * ROWS * MM,
        column = subgroup / (BM / (ROWS * MM)) * COLS * MN;

    coopmat<float, gl_ScopeSubgroup, MM, MN, gl_MatrixUseAccumulator> acc[ROWS * COLS];
    [[unroll]] for (int i = 0; i < ROWS * COLS; i++)
        acc[i] = coopmat<float, gl_ScopeSubgroup, MM, MN, gl_MatrixUseAccumulator>(0.0);

    uvec2 a_next[A_LOADS];
    uvec2 b_next[B_LOADS];
    load(thread, first, 0, quads, x_base, w_base, a_next, b_next);
    keep(thread, 0, a_next, b_next);
    barrier();
    int tile = 0;
    for (int q0 = 0; q0 < quads; q0 += BQ) {
        bool more = q0 + BQ < quads;
        if (more)
            load(thread, first, q0 + BQ, quads, x_base, w_base, a_next, b_next);
        [[unroll]] for (int k = 0; k < BQ; k += MK / 4) {
            coopmat<float16_t, gl_ScopeSubgroup, MM, MK, gl_MatrixUseA> a[ROWS];
            coopmat<float16_t, gl_ScopeSubgroup, MK, MN, gl_MatrixUseB> b;
            [[unroll]] for (int i = 0; i < ROWS; i++)
                coopMatLoad(a[i], a_tile, (tile * BM + row + i * MM) * PITCH + k, PITCH,
                            gl_CooperativeMatrixLayoutRowMajor);
            [[unroll]] for (int j = 0; j < COLS; j++) {
                coopMatLoad(b, b_tile, (tile * BN + column + j * MN) * PITCH + k, PITCH,
                            gl_CooperativeMatrixLayoutColumnMajor);
                [[unroll]] for (int i = 0; i < ROWS; i++)
                    acc[i * COLS + j] = coopMatMulAdd(a[i], b, acc[i * COLS + j]);
            }
        }
        tile = 1 - tile;
        if (more)
            keep(thread, tile, a_next, b_next);
        barrier();
    }

    [[unroll]] for (int i = 0; i < ROWS * COLS; i++) {
        coopMatStore(acc[i], sums, subgroup * FOURS, MN / 4, gl_CooperativeMatrixLayoutRowMajor);
        barrier();
        for (int k = lane; k < FOURS; k += SG) {
            int pixel = first + row + i / COLS * MM + k % MM;
            int quad = (n + column + i % COLS * MN) / 4 + k / MM;
            if (pixel < p.grid_h * p.grid_w && quad < p.out_quads)
                store(pixel, quad, batch, sums[subgroup * FOURS + k % MM * (MN / 4) + k / MM]);
        }
        barrier();
    }
}
