#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/push_color.h"
#include "common/ring.glsl"

// Mean change of L* from the frame before, for telling cuts: differences[position].
//   partial [p.parts] as temporal_frame.comp makes them
// Grid: one workgroup.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;

layout(binding = 0, std430) readonly buffer F { ring_frame frame; };
layout(binding = 1, std430) readonly buffer S { float partial[]; };
layout(binding = 2, std430) writeonly buffer D { float differences[]; };
layout(push_constant) uniform P { temporal_push p; };

#include "common/total.glsl"

void main()
{
    float sum = 0.0;
    for (int i = int(gl_LocalInvocationID.x); i < p.parts; i += LOCAL)
        sum += partial[i];
    sum = total(vec4(sum)).x;
    if (gl_LocalInvocationID.x == 0)
        differences[frame.position] = sum / float(p.h * p.w);
}
