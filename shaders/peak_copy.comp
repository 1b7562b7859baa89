#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "common/push_peak.h"
#include "common/vectors.glsl"
#include "common/store.glsl"

// Copies: y[i] = x[i], RUN of them an invocation.
//   x, y [count] vec4
// Grid: x, y: folded count / (LOCAL * RUN).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;
layout(constant_id = 1) const int RUN = 4;

VECTORS(0, X, x);
STORES(1, Y, y);
layout(push_constant) uniform P { peak_push p; ADDRESSES };

void main()
{
    int group = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x);
    int first = group * LOCAL * RUN + int(gl_LocalInvocationID.x);

    if (first + (RUN - 1) * LOCAL >= p.count)
        return;
    vec4 v[RUN];
    [[unroll]] for (int i = 0; i < RUN; i++)
        v[i] = LOAD(x, first + i * LOCAL);
    [[unroll]] for (int i = 0; i < RUN; i++)
        STORE(y, first + i * LOCAL, v[i]);
}
