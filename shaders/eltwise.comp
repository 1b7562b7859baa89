#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/push_nn.h"
#include "common/activation.glsl"

// y = activation((a [+ b]) * scale + shift), channel by channel; b may be one pixel that is
// stretched over the plane.
//   a, y [n][quads][pixels] vec4, b the same or [n][quads][1]
//   affine [2][quads] vec4: scale, shift
// Grid: x, y: folded pixels / LOCAL; z: n * quads + quad.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;
layout(constant_id = 1) const int ADD = 0;     // 1: b has the plane's size, 2: stretched
layout(constant_id = 2) const int AFFINE = 0;
layout(constant_id = 3) const int ACTIVATION = 0;

layout(binding = 0, std430) readonly buffer A { vec4 a[]; };
layout(binding = 1, std430) readonly buffer B { vec4 b[]; };
layout(binding = 2, std430) readonly buffer F { vec4 affine[]; };
layout(binding = 3, std430) writeonly buffer Y { vec4 y[]; };
layout(push_constant) uniform P { plane_push p; };

void main()
{
    int pixel = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * LOCAL +
                int(gl_LocalInvocationID.x);
    int batch = int(gl_WorkGroupID.z) / p.quads;
    int quad = int(gl_WorkGroupID.z) - batch * p.quads;

    if (pixel >= p.pixels)
        return;
    vec4 v = a[p.a_base + batch * p.a_batch + quad * p.pixels + pixel];
    if (ADD == 1)
        v += b[p.b_base + batch * p.b_batch + quad * p.pixels + pixel];
    if (ADD == 2)
        v += b[p.b_base + batch * p.b_batch + quad];
    if (AFFINE != 0)
        v = v * affine[quad] + affine[p.quads + quad];
    y[p.y_base + batch * p.y_batch + quad * p.pixels + pixel] = activate(v, ACTIVATION, p.slope);
}
