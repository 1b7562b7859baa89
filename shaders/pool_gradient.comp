#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/push_nn.h"
#include "common/divide.glsl"

// Gradient of a pool's input: every pixel gathers from the windows it lies in. A maximum's gradient
// goes to the first place of the window that has it, row by row.
//   g (gradient of the result) [n][quads][out_h][out_w] vec4 at y_base
//   x, dx [n][quads][in_h][in_w] vec4; x at x_base, dx at d_base
// Grid: x, y: folded pixels of the input / LOCAL; z: n * quads + quad.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;
layout(constant_id = 1) const int AVERAGE = 0;
layout(constant_id = 2) const int COUNT_PADDING = 1;
layout(constant_id = 3) const int ACCUMULATE = 0;

layout(binding = 0, std430) readonly buffer G { vec4 g[]; };
layout(binding = 1, std430) readonly buffer X { vec4 x[]; };
layout(binding = 2, std430) buffer D { vec4 dx[]; };
layout(push_constant) uniform P { pool_push p; };

// 1 where (iy, ix) is the first place of its window's maximum.
vec4 chosen(int plane, int top, int bottom, int left, int right, int iy, int ix)
{
    vec4 own = x[plane + iy * p.in_w + ix];
    vec4 is = vec4(1);
    for (int y = top; y < bottom; y++)
        for (int c = left; c < right; c++) {
            vec4 t = x[plane + y * p.in_w + c];
            bool before = y < iy || (y == iy && c < ix);
            for (int k = 0; k < 4; k++)
                if (before ? t[k] >= own[k] : t[k] > own[k])
                    is[k] = 0.0;
        }
    return is;
}

void main()
{
    int pixel = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * LOCAL +
                int(gl_LocalInvocationID.x);
    int batch = int(gl_WorkGroupID.z) / p.quads;
    int quad = int(gl_WorkGroupID.z) - batch * p.quads;

    if (pixel >= p.in_h * p.in_w)
        return;
    int iy = divide(pixel, p.in_w), ix = pixel - iy * p.in_w;
    int plane = p.x_base + batch * p.x_batch + quad * p.in_h * p.in_w;
    int result = p.y_base + batch * p.y_batch + quad * p.out_h * p.out_w;
    vec4 sum = vec4(0);
    // Windows that may hold it: from the last that begins behind it backwards.
    int oy1 = min((iy + p.pad_y) / p.stride_y, p.out_h - 1);
    int ox1 = min((ix + p.pad_x) / p.stride_x, p.out_w - 1);
    for (int oy = oy1; oy >= 0; oy--) {
        int y0 = oy * p.stride_y - p.pad_y;
        if (y0 + p.kernel_y <= iy)
            break;
        int top = max(y0, 0), bottom = min(y0 + p.kernel_y, p.in_h);
        for (int ox = ox1; ox >= 0; ox--) {
            int x0 = ox * p.stride_x - p.pad_x;
            if (x0 + p.kernel_x <= ix)
                break;
            int left = max(x0, 0), right = min(x0 + p.kernel_x, p.in_w);
            vec4 v = g[result + oy * p.out_w + ox];
            if (AVERAGE != 0) {
                int rows = bottom - top, columns = right - left;
                if (COUNT_PADDING != 0) {
                    rows = min(y0 + p.kernel_y, p.in_h + p.pad_bottom) - y0;
                    columns = min(x0 + p.kernel_x, p.in_w + p.pad_right) - x0;
                }
                sum += v / float(rows * columns);
            } else {
                sum += v * chosen(plane, top, bottom, left, right, iy, ix);
            }
        }
    }
    int to = p.d_base + batch * p.d_batch + quad * p.in_h * p.in_w + pixel;
    if (ACCUMULATE != 0)
        sum += dx[to];
    dx[to] = sum;
}
