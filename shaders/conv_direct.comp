#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/push_nn.h"
#include "common/vectors.glsl"
#include "common/store.glsl"
#include "common/values.glsl"
#include "common/activation.glsl"
#include "common/divide.glsl"

// Convolution with groups, straight from the definition: one invocation makes one pixel of four
// output channels.
//   x [n][in_quads][in_h][in_w][4] float, channel c at map[c]; lane k of y has the output channel
//   map[CHANNELS + k], or none (-1)
//   w at w_base [OC][IC/groups][KH][KW] float, bias at bias_base * 4, by lane
//   y [n][out_quads][out_h][out_w] vec4
//   w_row: IC/groups, oc_tiles: OC/groups
// Grid: x, y: folded pixels / LOCAL; z: n * out_quads + quad.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;
layout(constant_id = 1) const int KH = 3;
layout(constant_id = 2) const int KW = 3;
layout(constant_id = 3) const int SY = 1;
layout(constant_id = 4) const int SX = 1;
layout(constant_id = 5) const int DY = 1;
layout(constant_id = 6) const int DX = 1;
layout(constant_id = 7) const int ACTIVATION = 0;
layout(constant_id = 8) const int SLOPE = 0; // bits of a float
layout(constant_id = 9) const int CHANNELS = 4; // input channels in all
layout(constant_id = 10) const int ACCUMULATE = 0; // y += instead of y =

LANES(0, X, x);
layout(binding = 1, std430) readonly buffer W { float w[]; };
layout(binding = 2, std430) readonly buffer M { int map[]; };
STORED_VALUES(3, Y, y);
layout(push_constant) uniform P { conv_push p; ADDRESSES };

float channel(int lane, int batch, int gy, int gx)
{
    int oc = map[CHANNELS + lane];
    if (oc < 0)
        return 0.0;
    float sum = w[p.bias_base * 4 + lane];
    int group = oc / p.oc_tiles;
    for (int ic = 0; ic < p.w_row; ic++) {
        int c = map[group * p.w_row + ic];
        int plane = p.x_base + batch * p.x_batch + (c / 4) * p.in_h * p.in_w;
        int weight = p.w_base * 4 + (oc * p.w_row + ic) * KH * KW;
        for (int ky = 0; ky < KH; ky++) {
            int iy = gy * SY + ky * DY + p.in_y0;
            if (uint(iy) >= uint(p.in_h))
                continue;
            for (int kx = 0; kx < KW; kx++) {
                int ix = gx * SX + kx * DX + p.in_x0;
                if (uint(ix) < uint(p.in_w))
                    sum += LANE(x, plane + iy * p.in_w + ix, c % 4) * w[weight + ky * KW + kx];
            }
        }
    }
    return sum;
}

void main()
{
    int pixel = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * LOCAL +
                int(gl_LocalInvocationID.x);
    int batch = int(gl_WorkGroupID.z) / p.out_quads;
    int quad = int(gl_WorkGroupID.z) - batch * p.out_quads;

    if (pixel >= p.grid_h * p.grid_w)
        return;
    int gy = divide(pixel, p.grid_w), gx = pixel - gy * p.grid_w;
    vec4 v;
    for (int k = 0; k < 4; k++)
        v[k] = channel(quad * 4 + k, batch, gy, gx);
    int oy = gy * p.out_sy + p.out_y0, ox = gx * p.out_sx + p.out_x0;
    int at = p.y_base + batch * p.y_batch + (quad * p.out_h + oy) * p.out_w + ox;
    v = activate(v, ACTIVATION, intBitsToFloat(SLOPE));
    if (ACCUMULATE != 0)
        v += VALUE_AT(y, at);
    STORE_VALUE(y, at, v);
}
