#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/push_nn.h"
#include "common/activation.glsl"

// y (+)= a * slope of the activation whose result is b, * p.slope with SCALED; a may be one pixel
// that is stretched over the plane. y may be a.
//   a, b, y [n][quads][pixels] vec4, or a [n][quads][1]
// Grid: x, y: folded pixels / LOCAL; z: n * quads + quad.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;
layout(constant_id = 1) const int STRETCHED = 0;
layout(constant_id = 2) const int ACTIVATION = 0;
layout(constant_id = 3) const int SCALED = 0;
layout(constant_id = 4) const int ACCUMULATE = 0;

layout(binding = 0, std430) readonly buffer A { vec4 a[]; };
layout(binding = 1, std430) readonly buffer B { vec4 b[]; };
layout(binding = 2, std430) buffer Y { vec4 y[]; };
layout(push_constant) uniform P { plane_push p; };

void main()
{
    int pixel = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * LOCAL +
                int(gl_LocalInvocationID.x);
    int batch = int(gl_WorkGroupID.z) / p.quads;
    int quad = int(gl_WorkGroupID.z) - batch * p.quads;

    if (pixel >= p.pixels)
        return;
    int at = quad * p.pixels + pixel;
    vec4 v = a[p.a_base + batch * p.a_batch + (STRETCHED != 0 ? quad : at)];
    if (ACTIVATION != 0)
        v *= activation_slope(b[p.b_base + batch * p.b_batch + at], ACTIVATION, p.slope);
    if (SCALED != 0)
        v *= p.slope;
    int to = p.y_base + batch * p.y_batch + at;
    if (ACCUMULATE != 0)
        v += y[to];
    y[to] = v;
}
