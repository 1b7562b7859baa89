#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "common/store.glsl"
#include "common/push_nn.h"
#include "common/activation.glsl"
#include "common/divide.glsl"

// Depthwise convolution: every channel with a kernel of its own. One invocation makes TX
// neighbouring pixels of a row for four channels, so that a loaded row serves all of them.
//   x [n][quads][in_h][in_w] vec4, y [n][quads][out_h][out_w] vec4
//   w at bias_base [quads] vec4, at w_base [quads][KH][KW] vec4
// Grid: x, y: folded runs / LOCAL; z: n * out_quads + quad.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;
layout(constant_id = 1) const int TX = 4;
layout(constant_id = 2) const int KH = 3;
layout(constant_id = 3) const int KW = 3;
layout(constant_id = 4) const int SY = 1;
layout(constant_id = 5) const int SX = 1;
layout(constant_id = 6) const int DY = 1;
layout(constant_id = 7) const int DX = 1;
layout(constant_id = 8) const int ACTIVATION = 0;
layout(constant_id = 9) const int SLOPE = 0; // bits of a float
layout(constant_id = 10) const int ACCUMULATE = 0; // y += instead of y =

const int SPAN = (TX - 1) * SX + (KW - 1) * DX + 1; // input pixels of a row that a run sees

#ifdef TEXEL
layout(binding = 0) uniform samplerBuffer x;
layout(binding = 1) uniform samplerBuffer w;
#define LOAD(b, i) texelFetch(b, i)
#else
layout(binding = 0, std430) readonly buffer X { vec4 x[]; };
layout(binding = 1, std430) readonly buffer W { vec4 w[]; };
#define LOAD(b, i) b[i]
#endif
layout(binding = 2, std430) buffer Y { STORED y[]; };
layout(push_constant) uniform P { conv_push p; };

void main()
{
    int run = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * LOCAL +
              int(gl_LocalInvocationID.x);
    int batch = int(gl_WorkGroupID.z) / p.out_quads;
    int quad = int(gl_WorkGroupID.z) - batch * p.out_quads;
    int runs = (p.grid_w + TX - 1) / TX;
    int gy = divide(run, runs), gx = (run - gy * runs) * TX;

    if (gy >= p.grid_h)
        return;
    int plane = p.x_base + batch * p.x_batch + quad * p.in_h * p.in_w;
    vec4 acc[TX];
    vec4 bias = LOAD(w, p.bias_base + quad);
    [[unroll]] for (int i = 0; i < TX; i++)
        acc[i] = bias;
    for (int ky = 0; ky < KH; ky++) {
        int iy = gy * SY + ky * DY + p.in_y0;
        bool row_in = uint(iy) < uint(p.in_h);
        int row = plane + clamp(iy, 0, p.in_h - 1) * p.in_w;
        vec4 line[SPAN];
        [[unroll]] for (int k = 0; k < SPAN; k++) {
            int ix = gx * SX + k + p.in_x0;
            vec4 t = LOAD(x, row + clamp(ix, 0, p.in_w - 1));
            line[k] = row_in && uint(ix) < uint(p.in_w) ? t : vec4(0);
        }
        [[unroll]] for (int kx = 0; kx < KW; kx++) {
            vec4 v = LOAD(w, p.w_base + (quad * KH + ky) * KW + kx);
            [[unroll]] for (int i = 0; i < TX; i++)
                acc[i] = fma(line[i * SX + kx * DX], v, acc[i]);
        }
    }
    int oy = gy * p.out_sy + p.out_y0;
    int out_row = p.y_base + batch * p.y_batch + (quad * p.out_h + oy) * p.out_w;
    [[unroll]] for (int i = 0; i < TX; i++)
        if (gx + i < p.grid_w) {
            int at = out_row + (gx + i) * p.out_sx + p.out_x0;
            vec4 v = activate(acc[i], ACTIVATION, intBitsToFloat(SLOPE));
            if (ACCUMULATE != 0)
                v += STORED_AT(y, at);
            STORE(y, at, v);
        }
}
