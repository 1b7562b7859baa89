#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#ifdef TEXEL
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_ballot : require
#endif
#include "common/vectors.glsl"
#include "common/store.glsl"
#include "common/values.glsl"
#include "common/push_nn.h"
#include "common/activation.glsl"
#include "common/divide.glsl"

// Convolution to at most four channels. A thread makes RUN grid pixels of a row, in all phases of a
// transposed convolution at once: their taps share a window of the input. With TEXEL, for devices
// that run on the processor, every lane loads different weights, whose values are broadcast.
//   x [n][in_quads][in_h][in_w] vec4
//   w at bias_base [1] vec4, at w_base [in_quads][WEIGHTS up to a multiple of SG] vec4 (4 input
//     channels each), WEIGHTS = [PY][PX][KH][KW][OC]
//   y [n][1][out_h][out_w] vec4
// Grid: x, y: folded runs; z: n.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;
layout(constant_id = 1) const int SG = 8;
layout(constant_id = 2) const int RUN = 4;
layout(constant_id = 3) const int OC = 2;
layout(constant_id = 4) const int LANES = 4; // channels used of an input quad, 1 to 4
layout(constant_id = 5) const int PY = 1;    // phases, 1 or 2
layout(constant_id = 6) const int PX = 1;
layout(constant_id = 7) const int KH = 3; // taps of a phase
layout(constant_id = 8) const int KW = 3;
layout(constant_id = 9) const int SY = 1;
layout(constant_id = 10) const int SX = 1;
layout(constant_id = 11) const int DY = 1;
layout(constant_id = 12) const int DX = 1;
layout(constant_id = 13) const int Y0 = 0; // first tap of each phase: input pixels from the grid's
layout(constant_id = 14) const int Y1 = 0;
layout(constant_id = 15) const int X0 = 0;
layout(constant_id = 16) const int X1 = 0;
layout(constant_id = 17) const int ACTIVATION = 0;
layout(constant_id = 18) const int SLOPE = 0;      // bits of a float
layout(constant_id = 19) const int ACCUMULATE = 0; // y += instead of y =

const int TOP = Y0 < Y1 ? Y0 : Y1;
const int LEFT = X0 < X1 ? X0 : X1;
const int WH = (Y0 > Y1 ? Y0 : Y1) - TOP + (KH - 1) * DY + 1; // of the window
const int SPAN = (X0 > X1 ? X0 : X1) - LEFT + (KW - 1) * DX + 1 + (RUN - 1) * SX;
const int WEIGHTS = PY * PX * KH * KW * OC;
const int NB = (WEIGHTS + SG - 1) / SG; // weight vec4s a lane loads

VALUES(0, X, x);
VECTORS(1, W, w);
STORED_VALUES(2, Y, y);
layout(push_constant) uniform P { conv_push p; ADDRESSES };

void main()
{
    int run = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * LOCAL +
              int(gl_LocalInvocationID.x);
    int runs = (p.grid_w + RUN - 1) / RUN, batch = int(gl_WorkGroupID.z);
    int gy = divide(run, runs), gx = (run - gy * runs) * RUN;
#ifdef TEXEL
    gy = min(gy, p.grid_h - 1); // all lanes are needed for their weights
    int weight = p.w_base + int(gl_SubgroupInvocationID);
#else
    if (gy >= p.grid_h)
        return;
    int weight = p.w_base;
#endif

    float acc[PY][PX][RUN][OC];
    [[unroll]] for (int py = 0; py < PY; py++)
        [[unroll]] for (int px = 0; px < PX; px++)
            [[unroll]] for (int i = 0; i < RUN; i++)
                [[unroll]] for (int oc = 0; oc < OC; oc++)
                    acc[py][px][i][oc] = 0.0;

    for (int c = 0; c < p.in_quads; c++) {
        int plane = p.x_base + batch * p.x_batch + c * p.in_h * p.in_w;
#ifdef TEXEL
        vec4 b[NB];
        [[unroll]] for (int j = 0; j < NB; j++)
            b[j] = LOAD(w, weight + j * SG);
#endif
        [[unroll]] for (int wy = 0; wy < WH; wy++) {
            int iy = gy * SY + wy + TOP;
            bool row_in = uint(iy) < uint(p.in_h);
            int row = plane + clamp(iy, 0, p.in_h - 1) * p.in_w;
            vec4 line[SPAN];
            [[unroll]] for (int k = 0; k < SPAN; k++) {
                int ix = gx * SX + k + LEFT;
                vec4 t = VALUE(x, row + clamp(ix, 0, p.in_w - 1));
                line[k] = row_in && uint(ix) < uint(p.in_w) ? t : vec4(0);
            }
            [[unroll]] for (int py = 0; py < PY; py++) {
                int down = wy + TOP - (py == 0 ? Y0 : Y1);
                if (down < 0 || down % DY != 0 || down / DY >= KH)
                    continue;
                [[unroll]] for (int px = 0; px < PX; px++)
                    [[unroll]] for (int kx = 0; kx < KW; kx++) {
                        int right = (px == 0 ? X0 : X1) - LEFT + kx * DX;
                        [[unroll]] for (int oc = 0; oc < OC; oc++) {
                            int at = (((py * PX + px) * KH + down / DY) * KW + kx) * OC + oc;
#ifdef TEXEL
                            [[unroll]] for (int k = 0; k < LANES; k++) {
                                float v = subgroupBroadcast(b[at / SG][k], at % SG);
                                [[unroll]] for (int i = 0; i < RUN; i++)
                                    acc[py][px][i][oc] =
                                        fma(line[i * SX + right][k], v, acc[py][px][i][oc]);
                            }
#else
                            vec4 v = w[weight + at];
                            [[unroll]] for (int i = 0; i < RUN; i++)
                                acc[py][px][i][oc] += dot(line[i * SX + right], v);
#endif
                        }
                    }
            }
        }
        weight += NB * SG;
    }

    vec4 bias = LOAD(w, p.bias_base);
    [[unroll]] for (int py = 0; py < PY; py++)
        [[unroll]] for (int px = 0; px < PX; px++)
            [[unroll]] for (int i = 0; i < RUN; i++) {
                int oy = gy * PY + py, ox = (gx + i) * PX + px;
                if (run < runs * p.grid_h && oy < p.out_h && ox < p.out_w) {
                    vec4 v = bias;
                    [[unroll]] for (int oc = 0; oc < OC; oc++)
                        v[oc] += acc[py][px][i][oc];
                    int at = p.y_base + batch * p.y_batch + oy * p.out_w + ox;
                    v = activate(v, ACTIVATION, intBitsToFloat(SLOPE));
                    if (ACCUMULATE != 0)
                        v += VALUE_AT(y, at);
                    STORE_VALUE(y, at, v);
                }
            }
}
