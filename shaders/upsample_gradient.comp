#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/push_nn.h"
#include "common/divide.glsl"

// Gradient of what upsample.comp enlarges: every pixel gathers from the results it has a part in.
//   g [n][quads][out_h][out_w] vec4 at y_base, dx [n][quads][in_h][in_w] vec4 at d_base
// Grid: x, y: folded pixels of the input / LOCAL; z: n * quads + quad.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;
layout(constant_id = 1) const int BILINEAR = 0;
layout(constant_id = 2) const int ACCUMULATE = 0;

layout(binding = 0, std430) readonly buffer G { vec4 g[]; };
layout(binding = 1, std430) buffer D { vec4 dx[]; };
layout(push_constant) uniform P { pool_push p; };

// How much of input pixel i there is in result o.
float part(int o, int i, int factor, int size)
{
    float at = max((float(o) + 0.5) / float(factor) - 0.5, 0.0);
    int low = int(at), high = min(low + 1, size - 1);
    float t = at - float(low);
    return (low == i ? 1.0 - t : 0.0) + (high == i ? t : 0.0);
}

void main()
{
    int pixel = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * LOCAL +
                int(gl_LocalInvocationID.x);
    int batch = int(gl_WorkGroupID.z) / p.quads;
    int quad = int(gl_WorkGroupID.z) - batch * p.quads;

    if (pixel >= p.in_h * p.in_w)
        return;
    int iy = divide(pixel, p.in_w), ix = pixel - iy * p.in_w, f = p.stride_y;
    int result = p.y_base + batch * p.y_batch + quad * p.out_h * p.out_w;
    int reach = BILINEAR != 0 ? f : 0;
    int top = max(iy * f - reach, 0), bottom = min((iy + 1) * f + reach, p.out_h);
    int left = max(ix * f - reach, 0), right = min((ix + 1) * f + reach, p.out_w);
    vec4 sum = vec4(0);
    for (int oy = top; oy < bottom; oy++) {
        float py = BILINEAR != 0 ? part(oy, iy, f, p.in_h) : 1.0;
        for (int ox = left; ox < right; ox++)
            sum += g[result + oy * p.out_w + ox] *
                   (py * (BILINEAR != 0 ? part(ox, ix, f, p.in_w) : 1.0));
    }
    int to = p.d_base + batch * p.d_batch + quad * p.in_h * p.in_w + pixel;
    if (ACCUMULATE != 0)
        sum += dx[to];
    dx[to] = sum;
}
