#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/push_train.h"
#include "common/divide.glsl"

// Loss of the network's colours and its gradient by the network's output. With d = y * scale - true
// colour, weighted where RARE by how rare the true colour is (train/loss.h):
//   KIND 0: mse, (da^2 + db^2) / 2      KIND 1: huber, mean over a and b
//   y, g [n][...][pixels] vec4 (a, b, 0, 0); colours [n][2][pixels] float; partial [groups] float
// Grid: x, y: folded pixels of all pictures / LOCAL.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;
layout(constant_id = 1) const int KIND = 0;
layout(constant_id = 2) const int RARE = 0;
layout(constant_id = 3) const int BINS = 24;

layout(binding = 0, std430) readonly buffer Y { vec4 y[]; };
layout(binding = 1, std430) readonly buffer T { float colours[]; };
layout(binding = 2, std430) readonly buffer R { float weights[]; };
layout(binding = 3, std430) writeonly buffer G { vec4 g[]; };
layout(binding = 4, std430) writeonly buffer S { float partial[]; };
layout(push_constant) uniform P { loss_push p; };

shared float sums[LOCAL];

void main()
{
    int group = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x);
    int thread = int(gl_LocalInvocationID.x), i = group * LOCAL + thread;
    float loss = 0.0;
    if (i < p.n * p.pixels) {
        int batch = divide(i, p.pixels), pixel = i - batch * p.pixels;
        vec2 truth = vec2(colours[2 * batch * p.pixels + pixel],
                          colours[(2 * batch + 1) * p.pixels + pixel]);
        vec2 d = y[p.y_base + batch * p.y_batch + pixel].xy * p.scale - truth, slope;
        if (KIND == 0) {
            loss = 0.5 * dot(d, d);
            slope = d;
        } else {
            vec2 size = abs(d);
            bvec2 near = lessThanEqual(size, vec2(p.delta));
            vec2 each = mix(p.delta * (size - 0.5 * p.delta), 0.5 * d * d, near);
            loss = 0.5 * (each.x + each.y);
            slope = 0.5 * clamp(d, vec2(-p.delta), vec2(p.delta));
        }
        if (RARE != 0) {
            ivec2 bin = clamp(ivec2(floor((truth + 120.0) / 10.0)), ivec2(0), ivec2(BINS - 1));
            float weight = weights[bin.x * BINS + bin.y];
            loss *= weight;
            slope *= weight;
        }
        g[p.g_base + batch * p.g_batch + pixel] = vec4(slope * (p.factor * p.scale), 0, 0);
    }
    sums[thread] = loss;
    barrier();
    for (int step = LOCAL / 2; step > 0; step /= 2) {
        if (thread < step)
            sums[thread] += sums[thread + step];
        barrier();
    }
    if (thread == 0 && group * LOCAL < p.n * p.pixels)
        partial[group] = sums[0];
}
