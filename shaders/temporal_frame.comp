#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "common/push_color.h"
#include "common/ring.glsl"
#include "common/vectors.glsl"
#include "common/store.glsl"
#include "common/divide.glsl"

// Puts a frame into the ring as the network made it, and sums how much its L* differs from that of
// the frame before: partial[workgroup], 0 for the first frame.
//   ab [2][h][w] float, picture [h][w] float L*, ring (see ring.glsl)
// Grid: x: p.parts.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;

layout(binding = 0, std430) readonly buffer F { ring_frame frame; };
FLOATS(1, A, ab);
FLOATS(2, L, picture);
STORES(3, R, ring);
layout(binding = 4, std430) writeonly buffer D { float partial[]; };
layout(push_constant) uniform P { temporal_push p; ADDRESSES };

#include "common/total.glsl"

void main()
{
    int quads = p.h * p.row, pixels = p.h * p.w;
    int own = ring_slot(frame.position, 0), last = ring_slot(frame.position, 1);
    float sum = 0.0;
    for (int quad = int(gl_GlobalInvocationID.x); quad < quads; quad += p.parts * LOCAL) {
        int y = divide(quad, p.row), x = 4 * (quad - y * p.row);
        vec4 l = vec4(0), a = vec4(0), b = vec4(0);
        [[unroll]] for (int k = 0; k < 4; k++)
            if (x + k < p.w) {
                int pixel = y * p.w + x + k;
                l[k] = FLOAT_AT(picture, pixel);
                a[k] = FLOAT_AT(ab, pixel);
                b[k] = FLOAT_AT(ab, pixels + pixel);
            }
        if (frame.before > 0)
            sum += dot(abs(l - STORED_AT(ring, last + quad)), vec4(1));
        STORE(ring, own + quad, l);
        STORE(ring, own + quads + quad, a);
        STORE(ring, own + 2 * quads + quad, b);
    }
    sum = total(vec4(sum)).x;
    if (gl_LocalInvocationID.x == 0)
        partial[gl_WorkGroupID.x] = sum;
}
