#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/push_train.h"

// Sums of squares, a workgroup's 16 * LOCAL values each. `values` is filled up with zeros.
//   values [4 * count] float as vec4; partial [groups] float
// Grid: x, y: folded count / 4 / LOCAL.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;

layout(binding = 0, std430) readonly buffer V { vec4 values[]; };
layout(binding = 1, std430) writeonly buffer S { float partial[]; };
layout(push_constant) uniform P { flat_push p; };

shared float sums[LOCAL];

void main()
{
    int group = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x);
    int thread = int(gl_LocalInvocationID.x);
    float sum = 0.0;
    for (int k = 0; k < 4; k++) {
        int i = (group * 4 + k) * LOCAL + thread;
        if (i < p.count)
            sum += dot(values[i], values[i]);
    }
    sums[thread] = sum;
    barrier();
    for (int step = LOCAL / 2; step > 0; step /= 2) {
        if (thread < step)
            sums[thread] += sums[thread + step];
        barrier();
    }
    if (thread == 0 && group * 4 * LOCAL < p.count)
        partial[group] = sums[0];
}
