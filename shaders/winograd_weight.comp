#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "common/push_nn.h"
#include "common/vectors.glsl"
#include "common/store.glsl"
#include "common/winograd.glsl"

// G g G^T of the weights. A stride divides the taps of a kernel among CY * CX sets: tap
// CY * i + set / CX along y.
//   w at w_base [w_row / TN][in_quads][KH][KW][TN] vec4 (4 input channels each)
//   u [ALPHA * ALPHA][oc_tiles][CY * CX * in_quads][TN] vec4, of which tiles from first on
// Grid: x, y: folded w_row / LOCAL; z: quads of u.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;
layout(constant_id = 1) const int R = 2;
layout(constant_id = 2) const int KH = 4;
layout(constant_id = 3) const int KW = 4;
layout(constant_id = 4) const int CY = 1;
layout(constant_id = 5) const int CX = 1;
layout(constant_id = 6) const int TN = 32;

VECTORS(0, W, w);
STORES(1, U, u);
layout(push_constant) uniform P { conv_push p; ADDRESSES };

// sum over k of G[i][k] from[k]
vec4 row_of(int i, vec4 from[R])
{
    vec4 sum = vec4(0);
    if (i == ALPHA - 1)
        return from[R - 1];
    [[unroll]] for (int k = 0; k < R; k++)
        sum += power(POINTS[i], k) / NORMS[i] * from[k];
    return sum;
}

void main()
{
    int id = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * LOCAL +
             int(gl_LocalInvocationID.x);
    if (id >= p.w_row)
        return;
    int row = int(gl_WorkGroupID.z), set = row / p.in_quads, quad = row - set * p.in_quads;
    int tile = id / TN, channel = id % TN;
    vec4 t[ALPHA][R];

    [[unroll]] for (int j = 0; j < R; j++) {
        int kx = CX * j + set % CX;
        vec4 column[R];
        [[unroll]] for (int i = 0; i < R; i++) {
            int ky = CY * i + set / CX;
            column[i] = vec4(0);
            if (ky < KH && kx < KW)
                column[i] = LOAD(w, p.w_base +
                                        (((tile * p.in_quads + quad) * KH + ky) * KW + kx) * TN +
                                        channel);
        }
        [[unroll]] for (int i = 0; i < ALPHA; i++)
            t[i][j] = row_of(i, column);
    }
    int quads = int(gl_NumWorkGroups.z);
    int at = ((p.first + tile) * quads + row) * TN + channel, step = quads * p.oc_tiles * TN;
    [[unroll]] for (int i = 0; i < ALPHA; i++)
        [[unroll]] for (int j = 0; j < ALPHA; j++)
            STORE(u, at + (i * ALPHA + j) * step, row_of(j, t[i]));
}
