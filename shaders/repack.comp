#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "common/push_train.h"
#include "common/vectors.glsl"
#include "common/store.glsl"

// Parameters into the layouts that kernels want: things first .. first + count - 1 of a list of
//   COPIES: ivec4 to, from, to, from: two vec4s; the second not where its `to` is -1
//   BLOCKS: ivec4 from, ivec4 to: 4 x 4 floats transposed, see src/nn/blocks.h
//   FLOATS: ivec4 to, -, -, -, ivec4 from: a vec4 of single parameters
// where `from` of floats counts floats, all else vec4s, and zeros come from -1.
// Grid: x, y: folded count / LOCAL.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;
layout(constant_id = 1) const int KIND = 0; // COPIES, BLOCKS, FLOATS

VECTORS(0, L, list); // four int each
VECTORS(1, T, parameters);
STORES(2, K, packed);
layout(push_constant) uniform P { flat_push p; ADDRESSES };

void main()
{
    int i = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * LOCAL +
            int(gl_LocalInvocationID.x);
    if (i >= p.count)
        return;
    if (KIND == 0) {
        ivec4 pair = floatBitsToInt(LOAD(list, p.first + i));
        STORE(packed, pair.x, LOAD(parameters, pair.y));
        if (pair.z >= 0)
            STORE(packed, pair.z, LOAD(parameters, pair.w));
        return;
    }
    ivec4 a = floatBitsToInt(LOAD(list, p.first + 2 * i)),
          b = floatBitsToInt(LOAD(list, p.first + 2 * i + 1));
    if (KIND == 1) {
        mat4 block;
        [[unroll]] for (int k = 0; k < 4; k++)
            block[k] = a[k] < 0 ? vec4(0) : LOAD(parameters, max(a[k], 0));
        block = transpose(block);
        [[unroll]] for (int j = 0; j < 4; j++)
            STORE(packed, b[j], block[j]);
    } else {
        vec4 v;
        [[unroll]] for (int k = 0; k < 4; k++)
            v[k] = b[k] < 0 ? 0.0 : LOAD(parameters, max(b[k], 0) >> 2)[b[k] & 3];
        STORE(packed, a.x, v);
    }
}
