#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "common/push_train.h"
#include "common/activation.glsl"
#include "common/divide.glsl"
#include "common/vectors.glsl"

// Sums over pictures and pixels of each channel, in parts. A workgroup takes one quad and one of
// `splits` runs of pixels, an invocation TURN of them at once.
//   MODE 0: a                          partial [splits][quads] vec4
//   MODE 1: a - s, (a - s)^2           partial [splits][quads][2], s the quad's first pixel
//   MODE 2: d, d * (x - mean) / dev    partial [splits][quads][2], d = a * slope of y
//   a, y, x [n][quads][pixels] vec4; work [4][quads] vec4: scale, shift, mean, 1 / deviation
// Grid: x: quads, y: splits.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;
layout(constant_id = 1) const int MODE = 0;
layout(constant_id = 2) const int ACTIVATION = 0;

VECTORS(0, A, a);
VECTORS(1, Y, y);
VECTORS(2, X, x);
VECTORS(3, W, work);
layout(binding = 4, std430) writeonly buffer P { vec4 partial[]; };
layout(push_constant) uniform C { norm_push p; ADDRESSES };

const int TURN = 4;

#include "common/total.glsl"

void main()
{
    int quad = int(gl_WorkGroupID.x), part = int(gl_WorkGroupID.y);
    int items = p.n * p.pixels, each = (items + p.splits - 1) / p.splits;
    int end = min(items, (part + 1) * each);
    vec4 first = vec4(0), second = vec4(0), shift = vec4(0), scale = vec4(0), mean = vec4(0);

    if (MODE == 1)
        mean = LOAD(a, p.a_base + quad * p.pixels);
    if (MODE == 2) {
        scale = LOAD(work, quad);
        shift = LOAD(work, p.quads + quad);
        mean = LOAD(work, 2 * p.quads + quad);
    }
    for (int i = part * each + int(gl_LocalInvocationID.x); i < end; i += TURN * LOCAL) {
        [[unroll]] for (int t = 0; t < TURN; t++) {
            int item = min(i + t * LOCAL, items - 1);
            int batch = divide(item, p.pixels), at = quad * p.pixels + item - batch * p.pixels;
            vec4 v = LOAD(a, p.a_base + batch * p.a_batch + at);
            if (MODE == 1)
                v -= mean;
            if (MODE == 2) {
                vec4 from = LOAD(x, p.x_base + batch * p.x_batch + at), made;
                if (slope_from_argument(ACTIVATION))
                    made = from * scale + shift;
                else
                    made = LOAD(y, p.y_base + batch * p.y_batch + at);
                v *= activation_slope(made, ACTIVATION, p.slope);
                v = i + t * LOCAL < end ? v : vec4(0);
                second += v * (from - mean);
            } else {
                v = i + t * LOCAL < end ? v : vec4(0);
            }
            if (MODE == 1)
                second += v * v;
            first += v;
        }
    }
    first = total(first);
    if (MODE != 0)
        second = total(second);
    if (MODE == 2)
        second *= LOAD(work, 3 * p.quads + quad);
    if (gl_LocalInvocationID.x == 0) {
        if (MODE == 0) {
            partial[part * p.quads + quad] = first;
        } else {
            partial[(part * p.quads + quad) * 2] = first;
            partial[(part * p.quads + quad) * 2 + 1] = second;
        }
    }
}
