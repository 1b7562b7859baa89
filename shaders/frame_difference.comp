#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/push_color.h"
#include "common/ring.glsl"

// Mean change of L* from the frame before, for telling cuts: differences[position], 0 for the first.
//   picture [h][w] float, ring [slots][h][w] vec4 (a, b, L, -)
// Grid: one workgroup, which sums in a fixed order.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;

layout(binding = 0, std430) readonly buffer F { ring_frame frame; };
layout(binding = 1, std430) readonly buffer L { float picture[]; };
layout(binding = 2, std430) readonly buffer R { vec4 ring[]; };
layout(binding = 3, std430) writeonly buffer D { float differences[]; };
layout(push_constant) uniform P { temporal_push p; };

shared float sums[LOCAL];

void main()
{
    int thread = int(gl_LocalInvocationID.x), pixels = p.h * p.w;
    int last = (frame.position + p.slots - 1) % p.slots * pixels;
    float sum = 0.0;
    if (frame.before > 0)
        for (int i = thread; i < pixels; i += LOCAL)
            sum += abs(picture[i] - ring[last + i].z);
    sums[thread] = sum;
    barrier();
    if (thread == 0) {
        for (int i = 1; i < LOCAL; i++)
            sum += sums[i];
        differences[frame.position] = sum / float(pixels);
    }
}
