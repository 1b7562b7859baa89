#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/push_nn.h"
#include "common/vectors.glsl"
#include "common/store.glsl"
#include "common/values.glsl"

// Mean over the plane, or its sum.
//   a [n][quads][pixels] vec4, y [n][quads][1] vec4
// Grid: x: quads, y: n. A workgroup sums one quad in a fixed order.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;
layout(constant_id = 1) const int SUM = 0;        // else the mean
layout(constant_id = 2) const int ACCUMULATE = 0; // y += instead of y =

VALUES(0, A, a);
STORED_VALUES(1, Y, y);
layout(push_constant) uniform P { plane_push p; ADDRESSES };

shared vec4 sums[LOCAL];

void main()
{
    int quad = int(gl_WorkGroupID.x), batch = int(gl_WorkGroupID.y);
    int thread = int(gl_LocalInvocationID.x);
    int plane = p.a_base + batch * p.a_batch + quad * p.pixels;
    vec4 sum = vec4(0);

    for (int i = thread; i < p.pixels; i += LOCAL)
        sum += VALUE(a, plane + i);
    sums[thread] = sum;
    barrier();
    if (thread == 0) {
        for (int i = 1; i < LOCAL; i++)
            sum += sums[i];
        if (SUM == 0)
            sum /= float(p.pixels);
        int at = p.y_base + batch * p.y_batch + quad;
        if (ACCUMULATE != 0)
            sum += VALUE_AT(y, at);
        STORE_VALUE(y, at, sum);
    }
}
