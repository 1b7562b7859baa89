#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/push_train.h"

// What a batch norm multiplies and adds (Ioffe, Szegedy 2015, algorithm 1), from the sums of
// channel_sums.comp (MODE 1) or, with RUNNING, from its running statistics; and its running
// statistics after this batch, with the variance of a sample (n - 1), as PyTorch has it.
//   partial [splits][quads][2] vec4, a [n][quads][pixels] vec4 (its first pixel only)
//   channel [4 * quads] int: the channel of a lane, -1: none
//   work [4][quads] vec4: scale, shift, mean, 1 / deviation
// Grid: x: lanes / LOCAL.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;
layout(constant_id = 1) const int RUNNING = 0;

layout(binding = 0, std430) readonly buffer S { float partial[]; };
layout(binding = 1, std430) readonly buffer A { float a[]; };
layout(binding = 2, std430) readonly buffer M { int channel[]; };
layout(binding = 3, std430) buffer T { float parameters[]; };
layout(binding = 4, std430) writeonly buffer W { float work[]; };
layout(push_constant) uniform C { norm_push p; };

void main()
{
    int lane = int(gl_GlobalInvocationID.x), lanes = 4 * p.quads;
    if (lane >= lanes)
        return;
    int c = channel[lane];
    float mean = 0.0, inverse = 0.0, scale = 0.0, shift = 0.0;
    if (c >= 0) {
        float variance;
        if (RUNNING != 0) {
            mean = parameters[p.mean + c];
            variance = parameters[p.variance + c];
        } else {
            float count = float(p.n) * float(p.pixels), sum = 0.0, squares = 0.0;
            for (int s = 0; s < p.splits; s++) {
                sum += partial[(s * p.quads + lane / 4) * 8 + lane % 4];
                squares += partial[(s * p.quads + lane / 4) * 8 + 4 + lane % 4];
            }
            float offset = sum / count;
            mean = a[(p.a_base + lane / 4 * p.pixels) * 4 + lane % 4] + offset;
            variance = max(squares / count - offset * offset, 0.0);
            parameters[p.mean + c] += p.momentum * (mean - parameters[p.mean + c]);
            parameters[p.variance + c] +=
                p.momentum * (variance * (count / (count - 1.0)) - parameters[p.variance + c]);
        }
        inverse = 1.0 / sqrt(variance + p.eps);
        scale = parameters[p.weight + c] * inverse;
        shift = parameters[p.bias + c] - mean * scale;
    }
    work[lane] = scale;
    work[lanes + lane] = shift;
    work[2 * lanes + lane] = mean;
    work[3 * lanes + lane] = inverse;
}
