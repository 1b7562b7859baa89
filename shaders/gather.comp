#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/push_nn.h"
#include "common/vectors.glsl"
#include "common/store.glsl"
#include "common/values.glsl"

// Puts channels into another order: lane 4 * quad + k of y is lane map[4 * quad + k] of a, zero
// where that is negative.
//   a [n][...][pixels][4] float, y [n][quads][pixels] vec4
// Grid: x, y: folded pixels / LOCAL; z: n * quads + quad.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;
layout(constant_id = 1) const int ACCUMULATE = 0; // y += instead of y =

LANES(0, A, a);
layout(binding = 1, std430) readonly buffer M { int map[]; };
STORED_VALUES(2, Y, y);
layout(push_constant) uniform P { plane_push p; ADDRESSES };

void main()
{
    int pixel = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * LOCAL +
                int(gl_LocalInvocationID.x);
    int batch = int(gl_WorkGroupID.z) / p.quads;
    int quad = int(gl_WorkGroupID.z) - batch * p.quads;

    if (pixel >= p.pixels)
        return;
    vec4 v = vec4(0);
    for (int k = 0; k < 4; k++) {
        int c = map[4 * quad + k];
        if (c >= 0)
            v[k] = LANE(a, p.a_base + batch * p.a_batch + (c / 4) * p.pixels + pixel, c % 4);
    }
    int at = p.y_base + batch * p.y_batch + quad * p.pixels + pixel;
    if (ACCUMULATE != 0)
        v += VALUE_AT(y, at);
    STORE_VALUE(y, at, v);
}
