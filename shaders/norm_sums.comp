#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/push_train.h"

// Gradients of a batch norm's weight and bias, from the sums of channel_sums.comp (MODE 2), and what
// norm_gradient.comp takes off.
//   partial [splits][quads][2] vec4; channel [4 * quads] int
//   p.weight, p.bias: -1 where they are not learned
//   means [2][quads] vec4: of d, of d * (x - mean) / deviation; 0 with RUNNING
// Grid: x: lanes / LOCAL.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;
layout(constant_id = 1) const int RUNNING = 0;

layout(binding = 0, std430) readonly buffer S { float partial[]; };
layout(binding = 1, std430) readonly buffer M { int channel[]; };
layout(binding = 2, std430) buffer G { float gradients[]; };
layout(binding = 3, std430) writeonly buffer W { float means[]; };
layout(push_constant) uniform C { norm_push p; };

void main()
{
    int lane = int(gl_GlobalInvocationID.x), lanes = 4 * p.quads;
    if (lane >= lanes)
        return;
    int c = channel[lane];
    float first = 0.0, second = 0.0;
    if (c >= 0) {
        for (int s = 0; s < p.splits; s++) {
            first += partial[(s * p.quads + lane / 4) * 8 + lane % 4];
            second += partial[(s * p.quads + lane / 4) * 8 + 4 + lane % 4];
        }
        if (p.bias >= 0)
            gradients[p.bias + c] += first;
        if (p.weight >= 0)
            gradients[p.weight + c] += second;
    }
    float count = float(p.n) * float(p.pixels);
    if (RUNNING != 0)
        first = second = 0.0;
    means[lane] = first / count;
    means[lanes + lane] = second / count;
}
