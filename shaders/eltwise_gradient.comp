#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "common/push_nn.h"
#include "common/activation.glsl"
#include "common/divide.glsl"
#include "common/vectors.glsl"
#include "common/store.glsl"

// y (+)= a * slope of the activation whose result is b, * p.slope with SCALED; a may be one pixel
// that is stretched over the plane. y may be a.
//   a, b, y [n][quads][pixels] vec4, or a [n][quads][1]
// A workgroup takes one quad and one of `splits` runs of pixels, an invocation TURN of them at once.
// Grid: x: quads, y: splits.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;
layout(constant_id = 1) const int STRETCHED = 0;
layout(constant_id = 2) const int ACTIVATION = 0;
layout(constant_id = 3) const int SCALED = 0;
layout(constant_id = 4) const int ACCUMULATE = 0;

VECTORS(0, A, a);
VECTORS(1, B, b);
STORES(2, Y, y);
layout(push_constant) uniform P { plane_push p; ADDRESSES };

const int TURN = 4;

void main()
{
    int quad = int(gl_WorkGroupID.x);
    int items = p.n * p.pixels, each = (items + p.splits - 1) / p.splits;
    int begin = int(gl_WorkGroupID.y) * each, end = min(items, begin + each);

    for (int i = begin + int(gl_LocalInvocationID.x); i < end; i += TURN * LOCAL) {
        [[unroll]] for (int t = 0; t < TURN; t++) {
            int item = min(i + t * LOCAL, items - 1);
            int batch = divide(item, p.pixels), at = quad * p.pixels + item - batch * p.pixels;
            int to = p.y_base + batch * p.y_batch + at;
            vec4 v = LOAD(a, p.a_base + batch * p.a_batch + (STRETCHED != 0 ? quad : at));
            if (ACTIVATION != 0)
                v *= activation_slope(LOAD(b, p.b_base + batch * p.b_batch + at), ACTIVATION,
                                      p.slope);
            if (SCALED != 0)
                v *= p.slope;
            if (i + t * LOCAL < end) {
                if (ACCUMULATE != 0)
                    v += STORED_AT(y, to);
                STORE(y, to, v);
            }
        }
    }
}
