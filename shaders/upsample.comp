#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/push_nn.h"
#include "common/vectors.glsl"
#include "common/store.glsl"
#include "common/values.glsl"
#include "common/divide.glsl"

// Enlarges by a whole factor (stride_y = stride_x), nearest or bilinear between pixel centres, as
// PyTorch's Upsample with align_corners off.
//   x [n][quads][in_h][in_w] vec4, y [n][quads][out_h][out_w] vec4
// Grid: x, y: folded pixels / LOCAL; z: n * quads + quad.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;
layout(constant_id = 1) const int BILINEAR = 0;

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
    int plane = p.x_base + batch * p.x_batch + quad * p.in_h * p.in_w;
    vec4 v;

    if (BILINEAR != 0) {
        vec2 at = max((vec2(oy, ox) + 0.5) / vec2(p.stride_y, p.stride_x) - 0.5, vec2(0));
        ivec2 lo = ivec2(at);
        ivec2 hi = min(lo + 1, ivec2(p.in_h, p.in_w) - 1);
        vec2 t = at - vec2(lo);
        int above = plane + lo.x * p.in_w, below = plane + hi.x * p.in_w;
        vec4 top = mix(VALUE(x, above + lo.y), VALUE(x, above + hi.y), t.y);
        vec4 bottom = mix(VALUE(x, below + lo.y), VALUE(x, below + hi.y), t.y);
        v = mix(top, bottom, t.x);
    } else {
        v = VALUE(x, plane + (oy / p.stride_y) * p.in_w + ox / p.stride_x);
    }
    STORE_VALUE(y, p.y_base + batch * p.y_batch + quad * p.out_h * p.out_w + pixel, v);
}
