#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/push_train.h"

// Parameters into the layouts that kernels want: packed[i] = parameters[from[i] - 1], 0 where from[i]
// is 0.
// Grid: x, y: folded count / 4 / LOCAL.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;

layout(binding = 0, std430) readonly buffer F { ivec4 from[]; };
layout(binding = 1, std430) readonly buffer T { float parameters[]; };
layout(binding = 2, std430) writeonly buffer K { vec4 packed[]; };
layout(push_constant) uniform P { flat_push p; };

void main()
{
    int i = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * LOCAL +
            int(gl_LocalInvocationID.x);
    if (i >= p.count)
        return;
    ivec4 at = from[i];
    vec4 v = vec4(0);
    for (int k = 0; k < 4; k++)
        if (at[k] > 0)
            v[k] = parameters[at[k] - 1];
    packed[i] = v;
}
