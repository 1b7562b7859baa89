#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "common/push_train.h"
#include "common/vectors.glsl"

// Sums of squares, a workgroup's TURNS * LOCAL vec4s each. `values` is filled up with zeros.
//   values [count] vec4; partial [groups] float
// Grid: x, y: folded groups.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;
layout(constant_id = 1) const int TURNS = 4;

VECTORS(0, V, values);
layout(binding = 1, std430) writeonly buffer S { float partial[]; };
layout(push_constant) uniform P { flat_push p; ADDRESSES };

#include "common/total.glsl"

void main()
{
    int group = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x);
    int first = group * TURNS * LOCAL;
    vec4 sum = vec4(0);
    for (int i = first + int(gl_LocalInvocationID.x); i < min(first + TURNS * LOCAL, p.count); i += LOCAL) {
        vec4 v = LOAD(values, i);
        sum += v * v;
    }
    sum = total(sum);
    if (gl_LocalInvocationID.x == 0 && first < p.count)
        partial[group] = (sum.x + sum.y) + (sum.z + sum.w);
}
