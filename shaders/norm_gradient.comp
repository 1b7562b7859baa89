#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "common/push_train.h"
#include "common/activation.glsl"
#include "common/divide.glsl"
#include "common/vectors.glsl"
#include "common/store.glsl"

// Gradient of a batch norm's input: with d = dy * slope of y, z = (x - mean) / deviation,
//   dx (+)= scale * (d - mean of d - z * mean of d z)
//   a (dy), y, x, dx [n][quads][pixels] vec4; work, means as norm_stats.comp and norm_sums.comp say
// A workgroup takes one quad and one of `splits` runs of pixels, an invocation TURN of them at once.
// Grid: x: quads, y: splits.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;
layout(constant_id = 1) const int ACTIVATION = 0;
layout(constant_id = 2) const int ACCUMULATE = 0;

VECTORS(0, A, a);
VECTORS(1, Y, y);
VECTORS(2, X, x);
VECTORS(3, W, work);
VECTORS(4, M, means);
STORES(5, D, dx);
layout(push_constant) uniform C { norm_push p; ADDRESSES };

const int TURN = 4;

void main()
{
    int quad = int(gl_WorkGroupID.x);
    int items = p.n * p.pixels, each = (items + p.splits - 1) / p.splits;
    int begin = int(gl_WorkGroupID.y) * each, end = min(items, begin + each);
    vec4 scale = LOAD(work, quad), shift = LOAD(work, p.quads + quad);
    vec4 mean = LOAD(work, 2 * p.quads + quad);
    vec4 constant = scale * LOAD(means, quad);
    vec4 linear = scale * LOAD(work, 3 * p.quads + quad) * LOAD(means, p.quads + quad);

    for (int i = begin + int(gl_LocalInvocationID.x); i < end; i += TURN * LOCAL) {
        [[unroll]] for (int t = 0; t < TURN; t++) {
            int item = min(i + t * LOCAL, items - 1);
            int batch = divide(item, p.pixels), at = quad * p.pixels + item - batch * p.pixels;
            int to = p.out_base + batch * p.out_batch + at;
            vec4 d = LOAD(a, p.a_base + batch * p.a_batch + at);
            vec4 from = LOAD(x, p.x_base + batch * p.x_batch + at), made;
            if (slope_from_argument(ACTIVATION))
                made = from * scale + shift;
            else
                made = LOAD(y, p.y_base + batch * p.y_batch + at);
            d *= activation_slope(made, ACTIVATION, p.slope);
            vec4 v = scale * d - constant - (from - mean) * linear;
            if (i + t * LOCAL < end) {
                if (ACCUMULATE != 0)
                    v += STORED_AT(dx, to);
                STORE(dx, to, v);
            }
        }
    }
}
