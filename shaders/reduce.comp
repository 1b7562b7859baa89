#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/push_train.h"
#include "common/store.glsl"
#include "common/vectors.glsl"

// gradients[place + i] += sum over s of partial[s * stride + map[i]], in that order. Of floats, or of
// vec4s (FOURS), which all of place, stride, count and map then count.
// Grid: x, y: folded count / LOCAL.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;

#ifdef FOURS
VECTORS(0, S, partial);
layout(binding = 1, std430) readonly buffer M { int map[]; };
layout(binding = 2, std430) buffer G { STORED gradients[]; };
#define VALUE vec4
#else
layout(binding = 0, std430) readonly buffer S { float partial[]; };
layout(binding = 1, std430) readonly buffer M { int map[]; };
layout(binding = 2, std430) buffer G { float gradients[]; };
#define VALUE float
#endif
layout(push_constant) uniform P { reduce_push p; };

void main()
{
    int i = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * LOCAL +
            int(gl_LocalInvocationID.x);
    if (i >= p.count)
        return;
    int at = map[i];
    VALUE sum = VALUE(0);
    for (int s = 0; s < p.splits; s++)
#ifdef FOURS
        sum += LOAD(partial, s * p.stride + at);
    sum += STORED_AT(gradients, p.place + i);
    STORE(gradients, p.place + i, sum);
#else
        sum += partial[s * p.stride + at];
    gradients[p.place + i] += sum;
#endif
}
