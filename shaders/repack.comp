#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/push_train.h"
#include "common/store.glsl"
#include "common/vectors.glsl"

// Parameters into the layouts that kernels want, of vec4s first .. first + count - 1:
// packed[i] = parameters[from[i] - 1], 0 where from[i] is 0.
// Grid: x, y: folded count / LOCAL.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;
layout(constant_id = 1) const int WHOLE = 0; // each vec4 of packed is a vec4 of the parameters

VECTORS(0, F, from); // four int each
VECTORS(1, T4, vectors); // the parameters too
layout(binding = 2, std430) readonly buffer T { float parameters[]; };
layout(binding = 3, std430) writeonly buffer K { STORED packed[]; };
layout(push_constant) uniform P { flat_push p; };

void main()
{
    int i = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * LOCAL +
            int(gl_LocalInvocationID.x);
    if (i >= p.count)
        return;
    i += p.first;
    ivec4 at = floatBitsToInt(LOAD(from, i));
    vec4 v = vec4(0);
    if (WHOLE != 0) {
        v = LOAD(vectors, (at.x - 1) / 4);
    } else {
        for (int k = 0; k < 4; k++)
            if (at[k] > 0)
                v[k] = parameters[at[k] - 1];
    }
    STORE(packed, i, v);
}
