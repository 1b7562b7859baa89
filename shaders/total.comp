#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/push_train.h"

// results[slot] += factor * sum of partial[0 .. count - 1], in one workgroup and always the same
// order.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;

layout(binding = 0, std430) readonly buffer S { float partial[]; };
layout(binding = 1, std430) buffer R { float results[]; };
layout(push_constant) uniform P { flat_push p; };

shared float sums[LOCAL];

void main()
{
    int thread = int(gl_LocalInvocationID.x);
    float sum = 0.0;
    for (int i = thread; i < p.count; i += LOCAL)
        sum += partial[i];
    sums[thread] = sum;
    barrier();
    for (int step = LOCAL / 2; step > 0; step /= 2) {
        if (thread < step)
            sums[thread] += sums[thread + step];
        barrier();
    }
    if (thread == 0)
        results[p.slot] += p.factor * sums[0];
}
