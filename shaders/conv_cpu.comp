#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_ballot : require
#include "common/vectors.glsl"
#include "common/store.glsl"
#include "common/push_nn.h"
#include "common/activation.glsl"
#include "common/divide.glsl"

// Convolution for devices that run on the processor. A subgroup makes TM * SG pixels of TN output
// channels; every lane loads different weights, whose values are broadcast to all lanes.
//   x [n][in_quads][in_h][in_w] vec4
//   w at bias_base [OC/4] vec4, at w_base [oc_tiles][in_quads][KH][KW][TN] vec4 (4 input
//     channels each); with w_batch, others for every `count` pictures
//   y [n][out_quads][out_h][out_w] vec4
// Grid: x, y: folded pixel tiles * oc_tiles, so that what is read of x is near for all channels;
// z: n.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;
layout(constant_id = 1) const int SG = 8;
layout(constant_id = 2) const int TM = 4;
layout(constant_id = 3) const int TN = 32;    // a multiple of SG, or 4
layout(constant_id = 4) const int LANES = 4;  // channels used of an input quad, 1 to 4
layout(constant_id = 5) const int KH = 4;
layout(constant_id = 6) const int KW = 4;
layout(constant_id = 7) const int SY = 2;
layout(constant_id = 8) const int SX = 2;
layout(constant_id = 9) const int DY = 1;
layout(constant_id = 10) const int DX = 1;
layout(constant_id = 11) const int BOUNDED = 1; // taps may lie outside the input
layout(constant_id = 12) const int ACTIVATION = 0;
layout(constant_id = 13) const int SLOPE = 0;   // bits of a float
layout(constant_id = 14) const int ACCUMULATE = 0; // y += instead of y =
layout(constant_id = 15) const int BIAS = 1;
// Taps of a turn of the innermost loop: UX divides KW; UC divides in_quads, 1 unless KH = KW = 1.
layout(constant_id = 16) const int UX = 1;
layout(constant_id = 17) const int UC = 1;

const int NB = (TN + SG - 1) / SG;   // weight vec4s a lane loads
const int NL = TN < SG ? TN : SG;    // lanes whose loads are used
const int HELD = (TN / 4 + SG - 1) / SG; // bias vec4s a lane loads

VECTORS(0, X, x);
VECTORS(1, W, w);
STORES(2, Y, y);
layout(push_constant) uniform P { conv_push p; ADDRESSES };

void main()
{
    int lane = int(gl_SubgroupInvocationID);
    int id = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x);
    int group = divide(id, p.oc_tiles), n = (id - group * p.oc_tiles) * TN;
    int tile = group * (LOCAL / SG) + int(gl_SubgroupID);
    int pixels = p.grid_h * p.grid_w, batch = int(gl_WorkGroupID.z);

    if (tile * SG * TM >= pixels)
        return;

    int gy[TM], gx[TM];
    [[unroll]] for (int i = 0; i < TM; i++) {
        int pixel = min(tile * SG * TM + i * SG + lane, pixels - 1);
        gy[i] = divide(pixel, p.grid_w);
        gx[i] = pixel - gy[i] * p.grid_w;
    }

    float acc[TM][TN];
    [[unroll]] for (int i = 0; i < TM; i++)
        [[unroll]] for (int j = 0; j < TN; j++)
            acc[i][j] = 0.0;

    int weight = p.w_base + divide(batch, p.count) * p.w_batch + n * p.in_quads * KH * KW +
                 (TN < SG ? min(lane, TN - 1) : lane);
    int in_plane = p.in_h * p.in_w;
    for (int c = 0; c < p.in_quads; c += UC) {
        int plane = p.x_base + batch * p.x_batch + c * in_plane;
        for (int ky = 0; ky < KH; ky++) {
            int row[TM];
            bool row_in[TM];
            [[unroll]] for (int i = 0; i < TM; i++) {
                int iy = gy[i] * SY + ky * DY + p.in_y0;
                row_in[i] = uint(iy) < uint(p.in_h);
                row[i] = plane + (BOUNDED != 0 ? clamp(iy, 0, p.in_h - 1) : iy) * p.in_w;
            }
            for (int kx0 = 0; kx0 < KW; kx0 += UX) {
                vec4 a[UC * UX][TM];
                vec4 b[UC * UX][NB];
                [[unroll]] for (int u = 0; u < UC * UX; u++) {
                    [[unroll]] for (int i = 0; i < TM; i++) {
                        int ix = gx[i] * SX + (kx0 + u % UX) * DX + p.in_x0;
                        int at = row[i] + u / UX * in_plane;
                        if (BOUNDED != 0) {
                            bool inside = row_in[i] && uint(ix) < uint(p.in_w);
                            vec4 t = LOAD(x, at + clamp(ix, 0, p.in_w - 1));
                            a[u][i] = inside ? t : vec4(0);
                        } else {
                            a[u][i] = LOAD(x, at + ix);
                        }
                    }
                    [[unroll]] for (int j = 0; j < NB; j++)
                        b[u][j] = LOAD(w, weight + j * SG);
                    weight += TN;
                }
                // A sum is loaded and stored once for all that is added to it.
                [[unroll]] for (int j = 0; j < NB; j++)
                    [[unroll]] for (int l = 0; l < NL; l++)
                        [[unroll]] for (int u = 0; u < UC * UX; u++)
                            [[unroll]] for (int k = 0; k < LANES; k++) {
                                float v = subgroupBroadcast(b[u][j][k], l);
                                [[unroll]] for (int i = 0; i < TM; i++)
                                    acc[i][j * SG + l] = fma(a[u][i][k], v, acc[i][j * SG + l]);
                            }
            }
        }
    }

    int out_plane = p.out_h * p.out_w;
    vec4 held[HELD];
    if (BIAS != 0)
        [[unroll]] for (int j = 0; j < HELD; j++)
            held[j] = LOAD(w, p.bias_base + min(n / 4 + j * SG + lane, p.out_quads - 1));
    [[unroll]] for (int j = 0; j < TN / 4; j++) {
        int quad = n / 4 + j;
        if (quad < p.out_quads) {
            vec4 bias = vec4(0);
            if (BIAS != 0)
                bias = subgroupBroadcast(held[j / SG], j % SG);
            [[unroll]] for (int i = 0; i < TM; i++) {
                if (tile * SG * TM + i * SG + lane < pixels) {
                    vec4 v = vec4(acc[i][j * 4], acc[i][j * 4 + 1], acc[i][j * 4 + 2],
                                  acc[i][j * 4 + 3]) + bias;
                    int oy = gy[i] * p.out_sy + p.out_y0, ox = gx[i] * p.out_sx + p.out_x0;
                    int at = p.y_base + batch * p.y_batch + quad * out_plane + oy * p.out_w + ox;
                    v = activate(v, ACTIVATION, intBitsToFloat(SLOPE));
                    if (ACCUMULATE != 0)
                        v += STORED_AT(y, at);
                    STORE(y, at, v);
                }
            }
        }
    }
}
