#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "common/push_nn.h"
#include "common/vectors.glsl"
#include "common/winograd.glsl"

// gradient of the weight += G^T u G, u the sums of tiles' products. A stride divides the taps of a
// kernel among CY * CX sets: tap CY * i + set / CX along y.
//   u [ALPHA * ALPHA][CY * CX * 4 * in_quads / BLOCK][out_quads][BLOCK] vec4 of four rows
//   row [4 * out_quads], column [4 * in_quads]: of the weight in each lane, -1: none
//   gradients at w_base [rows][w_row][KH][KW]
// Grid: x, y: folded CY * CX * 4 * in_quads / LOCAL; z: out_quads.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;
layout(constant_id = 1) const int R = 2;
layout(constant_id = 2) const int KH = 4;
layout(constant_id = 3) const int KW = 4;
layout(constant_id = 4) const int CY = 1;
layout(constant_id = 5) const int CX = 1;
layout(constant_id = 6) const int BLOCK = 0; // lanes that lie side by side, 0: all

VECTORS(0, U, u);
layout(binding = 1, std430) readonly buffer J { int row[]; };
layout(binding = 2, std430) readonly buffer K { int column[]; };
layout(binding = 3, std430) buffer W { float gradients[]; };
layout(push_constant) uniform P { conv_push p; ADDRESSES };

// sum over i of G[i][k] from[i]
vec4 row_of(int k, vec4 from[ALPHA])
{
    vec4 sum = vec4(0);
    [[unroll]] for (int i = 0; i < ALPHA - 1; i++) {
        float g = power(POINTS[i], k) / NORMS[i];
        if (g != 0.0)
            sum += g * from[i];
    }
    if (k == R - 1)
        sum += from[ALPHA - 1];
    return sum;
}

void main()
{
    int id = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * LOCAL +
             int(gl_LocalInvocationID.x);
    int lanes = 4 * p.in_quads, all = CY * CX * lanes;
    if (id >= all)
        return;
    int quad = int(gl_WorkGroupID.z), set = id / lanes;
    int to = column[id - set * lanes];
    if (to < 0)
        return;
    int first = PLACE_OF(quad, p.out_quads, id, all, BLOCK);
    int step = PRODUCT_OF(p.out_quads, all, BLOCK);
    vec4 t[R][ALPHA];
    [[unroll]] for (int j = 0; j < ALPHA; j++) {
        vec4 from[ALPHA];
        [[unroll]] for (int i = 0; i < ALPHA; i++)
            from[i] = LOAD(u, first + (i * ALPHA + j) * step);
        [[unroll]] for (int k = 0; k < R; k++)
            t[k][j] = row_of(k, from);
    }
    [[unroll]] for (int k = 0; k < R; k++)
        [[unroll]] for (int l = 0; l < R; l++) {
            int ky = CY * k + set / CX, kx = CX * l + set % CX;
            vec4 value = row_of(l, t[k]);
            if (ky < KH && kx < KW)
                [[unroll]] for (int r = 0; r < 4; r++) {
                    int from = row[4 * quad + r];
                    if (from >= 0)
                        gradients[p.w_base + ((from * p.w_row + to) * KH + ky) * KW + kx] +=
                            value[r];
                }
        }
}
