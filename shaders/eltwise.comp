#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "common/push_nn.h"
#include "common/activation.glsl"
#include "common/divide.glsl"
#include "common/vectors.glsl"
#include "common/store.glsl"
#include "common/values.glsl"

// y = activation((a [+ b]) * scale + shift), channel by channel; b may be one pixel that is
// stretched over the plane. y may be a.
//   a, y [n][quads][pixels] vec4, b the same or [n][quads][1]
//   affine [2][quads] vec4: scale, shift
// A workgroup takes one quad and one of `splits` runs of pixels, an invocation TURN of them at once.
// Grid: x: quads, y: splits.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;
layout(constant_id = 1) const int ADD = 0;     // 1: b has the plane's size, 2: stretched
layout(constant_id = 2) const int AFFINE = 0;
layout(constant_id = 3) const int ACTIVATION = 0;

VALUES(0, A, a);
VALUES(1, B, b);
VECTORS(2, F, affine);
STORED_VALUES(3, Y, y);
layout(push_constant) uniform P { plane_push p; ADDRESSES };

const int TURN = 4;

void main()
{
    int quad = int(gl_WorkGroupID.x);
    int items = p.n * p.pixels, each = (items + p.splits - 1) / p.splits;
    int begin = int(gl_WorkGroupID.y) * each, end = min(items, begin + each);
    vec4 scale = vec4(1), shift = vec4(0);

    if (AFFINE != 0) {
        scale = LOAD(affine, quad);
        shift = LOAD(affine, p.quads + quad);
    }
    for (int i = begin + int(gl_LocalInvocationID.x); i < end; i += TURN * LOCAL) {
        [[unroll]] for (int t = 0; t < TURN; t++) {
            int item = min(i + t * LOCAL, items - 1);
            int batch = divide(item, p.pixels), at = quad * p.pixels + item - batch * p.pixels;
            vec4 v = VALUE(a, p.a_base + batch * p.a_batch + at);
            if (ADD == 1)
                v += VALUE(b, p.b_base + batch * p.b_batch + at);
            if (ADD == 2)
                v += VALUE(b, p.b_base + batch * p.b_batch + quad);
            if (AFFINE != 0)
                v = v * scale + shift;
            if (i + t * LOCAL < end)
                STORE_VALUE(y, p.y_base + batch * p.y_batch + at, activate(v, ACTIVATION, p.slope));
        }
    }
}
