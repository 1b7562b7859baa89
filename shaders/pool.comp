#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/push_nn.h"
#include "common/vectors.glsl"
#include "common/store.glsl"
#include "common/values.glsl"
#include "common/divide.glsl"

// Max and average pooling.
//   x [n][quads][in_h][in_w] vec4, y [n][quads][out_h][out_w] vec4
// Grid: x, y: folded pixels / LOCAL; z: n * quads + quad.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;
layout(constant_id = 1) const int AVERAGE = 0;       // else maximum
layout(constant_id = 2) const int COUNT_PADDING = 1; // average: padding counts as zeros

VALUES(0, X, x);
STORED_VALUES(1, Y, y);
layout(push_constant) uniform P { pool_push p; ADDRESSES };

void main()
{
    int pixel = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * LOCAL +
                int(gl_LocalInvocationID.x);
    int batch = int(gl_WorkGroupID.z) / p.quads;
    int quad = int(gl_WorkGroupID.z) - batch * p.quads;

    if (pixel >= p.out_h * p.out_w)
        return;
    int oy = divide(pixel, p.out_w), ox = pixel - oy * p.out_w;
    int y0 = oy * p.stride_y - p.pad_y, x0 = ox * p.stride_x - p.pad_x;
    int top = max(y0, 0), bottom = min(y0 + p.kernel_y, p.in_h);
    int left = max(x0, 0), right = min(x0 + p.kernel_x, p.in_w);
    int plane = p.x_base + batch * p.x_batch + quad * p.in_h * p.in_w;
    // An if and not ?:, whose constant value of a vector Mesa 25.0 gets wrong.
    vec4 v = vec4(-3.402823466e38);
    if (AVERAGE != 0)
        v = vec4(0);

    for (int iy = top; iy < bottom; iy++)
        for (int ix = left; ix < right; ix++) {
            vec4 t = VALUE(x, plane + iy * p.in_w + ix);
            v = AVERAGE != 0 ? v + t : max(v, t);
        }
    if (AVERAGE != 0) {
        int rows = bottom - top, columns = right - left;
        if (COUNT_PADDING != 0) {
            rows = min(y0 + p.kernel_y, p.in_h + p.pad_bottom) - y0;
            columns = min(x0 + p.kernel_x, p.in_w + p.pad_right) - x0;
        }
        v /= float(rows * columns);
    }
    STORE_VALUE(y, p.y_base + batch * p.y_batch + quad * p.out_h * p.out_w + pixel, v);
}
