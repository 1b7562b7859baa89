#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "common/push_train.h"
#include "common/vectors.glsl"
#include "common/store.glsl"

// gradients[place + i] += sum over s of partial[s * stride + map[i]], in that order. Of floats; or of
// vec4s (FOURS), which all of place, stride, count and map then count; or of blocks of 4 x 4 floats
// transposed (BLOCKS), count of them, with two ivec4 of map each, see src/nn/blocks.h.
// Grid: x, y: folded count / LOCAL.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;

#if defined(BLOCKS)
VECTORS(0, S, partial);
VECTORS(1, M, map); // four int each
STORES(2, G, gradients);
#elif defined(FOURS)
VECTORS(0, S, partial);
layout(binding = 1, std430) readonly buffer M { int map[]; };
STORES(2, G, gradients);
#else
layout(binding = 0, std430) readonly buffer S { float partial[]; };
layout(binding = 1, std430) readonly buffer M { int map[]; };
layout(binding = 2, std430) buffer G { float gradients[]; };
#endif
layout(push_constant) uniform P { reduce_push p; ADDRESSES };

void main()
{
    int i = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * LOCAL +
            int(gl_LocalInvocationID.x);
    if (i >= p.count)
        return;
#if defined(BLOCKS)
    ivec4 from = floatBitsToInt(LOAD(map, 2 * i)), to = floatBitsToInt(LOAD(map, 2 * i + 1));
    mat4 sums = mat4(0);
    for (int s = 0; s < p.splits; s++)
        [[unroll]] for (int k = 0; k < 4; k++)
            sums[k] += LOAD(partial, s * p.stride + from[k]);
    sums = transpose(sums);
    [[unroll]] for (int j = 0; j < 4; j++) {
        vec4 sum = sums[j] + STORED_AT(gradients, p.place + to[j]);
        STORE(gradients, p.place + to[j], sum);
    }
#elif defined(FOURS)
    int at = map[i];
    vec4 sum = vec4(0);
    for (int s = 0; s < p.splits; s++)
        sum += LOAD(partial, s * p.stride + at);
    sum += STORED_AT(gradients, p.place + i);
    STORE(gradients, p.place + i, sum);
#else
    int at = map[i];
    float sum = 0.0;
    for (int s = 0; s < p.splits; s++)
        sum += partial[s * p.stride + at];
    gradients[p.place + i] += sum;
#endif
}
