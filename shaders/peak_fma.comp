#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "common/push_peak.h"

// Nothing but multiply-adds: CHAINS vec4s that do not depend on one another, STEPS of each a turn.
//   y [groups * LOCAL] float, so that the work is not left out
// Grid: x: groups.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;
layout(constant_id = 1) const int CHAINS = 4;
layout(constant_id = 2) const int STEPS = 16;

layout(binding = 0, std430) writeonly buffer Y { float y[]; };
layout(push_constant) uniform P { peak_push p; };

void main()
{
    vec4 acc[CHAINS];
    vec4 factor = vec4(p.factor), addend = vec4(p.addend);

    [[unroll]] for (int i = 0; i < CHAINS; i++)
        acc[i] = vec4(gl_LocalInvocationID.x + i) + vec4(0, 1, 2, 3);
    for (int turn = 0; turn < p.count; turn++)
        [[unroll]] for (int step = 0; step < STEPS; step++)
            [[unroll]] for (int i = 0; i < CHAINS; i++)
                acc[i] = fma(acc[i], factor, addend);
    vec4 sum = vec4(0);
    [[unroll]] for (int i = 0; i < CHAINS; i++)
        sum += acc[i];
    y[int(gl_WorkGroupID.x) * LOCAL + int(gl_LocalInvocationID.x)] = dot(sum, vec4(1));
}
