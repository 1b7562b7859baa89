#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/push_train.h"
#include "common/activation.glsl"

// Gradient of a batch norm's input: with d = dy * slope of y, z = (x - mean) / deviation,
//   dx (+)= scale * (d - mean of d - z * mean of d z)
//   a (dy), y, x, dx [n][quads][pixels] vec4; work, means as norm_stats.comp and norm_sums.comp say
// Grid: x, y: folded pixels / LOCAL; z: n * quads + quad.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;
layout(constant_id = 1) const int ACTIVATION = 0;
layout(constant_id = 2) const int ACCUMULATE = 0;

layout(binding = 0, std430) readonly buffer A { vec4 a[]; };
layout(binding = 1, std430) readonly buffer Y { vec4 y[]; };
layout(binding = 2, std430) readonly buffer X { vec4 x[]; };
layout(binding = 3, std430) readonly buffer W { vec4 work[]; };
layout(binding = 4, std430) readonly buffer M { vec4 means[]; };
layout(binding = 5, std430) buffer D { vec4 dx[]; };
layout(push_constant) uniform C { norm_push p; };

void main()
{
    int pixel = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * LOCAL +
                int(gl_LocalInvocationID.x);
    int batch = int(gl_WorkGroupID.z) / p.quads;
    int quad = int(gl_WorkGroupID.z) - batch * p.quads;
    if (pixel >= p.pixels)
        return;
    int at = quad * p.pixels + pixel;
    vec4 d = a[p.a_base + batch * p.a_batch + at] *
             activation_slope(y[p.y_base + batch * p.y_batch + at], ACTIVATION, p.slope);
    vec4 z = (x[p.x_base + batch * p.x_batch + at] - work[2 * p.quads + quad]) *
             work[3 * p.quads + quad];
    vec4 v = work[quad] * (d - means[quad] - z * means[p.quads + quad]);
    int to = p.out_base + batch * p.out_batch + at;
    if (ACCUMULATE != 0)
        v += dx[to];
    dx[to] = v;
}
