#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "common/vectors.glsl"
#include "common/store.glsl"
#include "common/values.glsl"
#include "common/push_nn.h"
#include "common/activation.glsl"
#include "common/divide.glsl"

// Depthwise convolution: every channel with a kernel of its own. One invocation makes patches of
// TY * TX neighbouring pixels for four channels, so that a loaded pixel serves all of them; a
// workgroup takes one quad and every p.splits-th LOCAL patches of all p.count pictures. With TEXEL
// it is one subgroup, whose lanes load different weights and broadcast them.
//   x [n][quads][in_h][in_w] vec4, y [n][quads][out_h][out_w] vec4
//   w at bias_base [quads] vec4, at w_base [quads][KH][KW] vec4
// Grid: x: quads, y: splits.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;
layout(constant_id = 1) const int TY = 1;
layout(constant_id = 2) const int TX = 4;
layout(constant_id = 3) const int KH = 3;
layout(constant_id = 4) const int KW = 3;
layout(constant_id = 5) const int SY = 1;
layout(constant_id = 6) const int SX = 1;
layout(constant_id = 7) const int DY = 1;
layout(constant_id = 8) const int DX = 1;
layout(constant_id = 9) const int ACTIVATION = 0;
layout(constant_id = 10) const int SLOPE = 0; // bits of a float
layout(constant_id = 11) const int ACCUMULATE = 0; // y += instead of y =

// Input pixels that a patch sees.
const int ROWS = (TY - 1) * SY + (KH - 1) * DY + 1;
const int SPAN = (TX - 1) * SX + (KW - 1) * DX + 1;

VALUES(0, X, x);
VECTORS(1, W, w);
STORED_VALUES(2, Y, y);
layout(push_constant) uniform P { conv_push p; ADDRESSES };

#ifdef TEXEL
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_ballot : require
const int HELD = (KH * KW + LOCAL - 1) / LOCAL;
#define WEIGHT(k) subgroupBroadcast(held[(k) / LOCAL], (k) % LOCAL)
#else
#define WEIGHT(k) LOAD(w, weights + (k))
#endif

void main()
{
    int lane = int(gl_LocalInvocationID.x), quad = int(gl_WorkGroupID.x);
    int patches_x = (p.grid_w + TX - 1) / TX;
    int patches = (p.grid_h + TY - 1) / TY * patches_x, all = p.count * patches;
    int weights = p.w_base + quad * KH * KW;
    vec4 bias = LOAD(w, p.bias_base + quad);
#ifdef TEXEL
    vec4 held[HELD];
    [[unroll]] for (int j = 0; j < HELD; j++)
        held[j] = LOAD(w, weights + min(j * LOCAL + lane, KH * KW - 1));
#endif
    for (int first = int(gl_WorkGroupID.y) * LOCAL; first < all; first += p.splits * LOCAL) {
        int item = min(first + lane, all - 1), batch = divide(item, patches);
        int patch_y = divide(item - batch * patches, patches_x);
        int gx = (item - batch * patches - patch_y * patches_x) * TX, gy = patch_y * TY;
        int plane = p.x_base + batch * p.x_batch + quad * p.in_h * p.in_w;
        vec4 acc[TY][TX];
        [[unroll]] for (int i = 0; i < TY; i++)
            [[unroll]] for (int j = 0; j < TX; j++)
                acc[i][j] = bias;
        [[unroll]] for (int r = 0; r < ROWS; r++) {
            int iy = gy * SY + r + p.in_y0;
            bool row_in = uint(iy) < uint(p.in_h);
            int row = plane + clamp(iy, 0, p.in_h - 1) * p.in_w;
            vec4 line[SPAN];
            [[unroll]] for (int k = 0; k < SPAN; k++) {
                int ix = gx * SX + k + p.in_x0;
                vec4 t = VALUE(x, row + clamp(ix, 0, p.in_w - 1));
                line[k] = row_in && uint(ix) < uint(p.in_w) ? t : vec4(0);
            }
            [[unroll]] for (int i = 0; i < TY; i++) {
                int ky = (r - i * SY) / DY;
                if (r >= i * SY && ky * DY == r - i * SY && ky < KH)
                    [[unroll]] for (int kx = 0; kx < KW; kx++) {
                        vec4 v = WEIGHT(ky * KW + kx);
                        [[unroll]] for (int j = 0; j < TX; j++)
                            acc[i][j] = fma(line[j * SX + kx * DX], v, acc[i][j]);
                    }
            }
        }
        [[unroll]] for (int i = 0; i < TY; i++) {
            int oy = (gy + i) * p.out_sy + p.out_y0;
            int out_row = p.y_base + batch * p.y_batch + (quad * p.out_h + oy) * p.out_w;
            [[unroll]] for (int j = 0; j < TX; j++)
                if (first + lane < all && gy + i < p.grid_h && gx + j < p.grid_w) {
                    int at = out_row + (gx + j) * p.out_sx + p.out_x0;
                    vec4 v = activate(acc[i][j], ACTIVATION, intBitsToFloat(SLOPE));
                    if (ACCUMULATE != 0)
                        v += VALUE_AT(y, at);
                    STORE_VALUE(y, at, v);
                }
        }
    }
}
