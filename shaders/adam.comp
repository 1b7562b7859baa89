#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "common/push_train.h"
#include "common/vectors.glsl"
#include "common/store.glsl"

// One step of Adam (Kingma, Ba 2014, algorithm 1) with the weight decay of AdamW (Loshchilov, Hutter
// 2017) on vec4s first .. first + count - 1, as torch.optim.AdamW computes it, and the moving
// average. Does nothing where the loss or the gradient's norm is not finite. Zeros that fill up the
// last vec4 of a tensor stay zeros.
//   *_was and what has the same name without it are the same buffer, read and written
//   results: loss, squared norm of the gradient; hyper: learning rate, 1 - beta1^t,
//   sqrt(1 - beta2^t), largest norm (0: any), 1 - beta1, 1 - beta2, eps, weight decay, 1 - ema
// Grid: x, y: folded count / (TURNS * LOCAL).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;
layout(constant_id = 1) const int LEARN = 1;   // else only the average
layout(constant_id = 2) const int AVERAGE = 0;
layout(constant_id = 3) const int TURNS = 1;

VECTORS(0, T0, parameters_was);
VECTORS(1, G, gradients);
VECTORS(2, M0, moment1_was);
VECTORS(3, V0, moment2_was);
VECTORS(4, E0, average_was);
STORES(5, T, parameters);
STORES(6, M, moment1);
STORES(7, V, moment2);
STORES(8, E, average);
layout(binding = 9, std430) readonly buffer R { float results[]; };
layout(binding = 10, std430) readonly buffer H { float hyper[]; };
layout(push_constant) uniform P { flat_push p; ADDRESSES };

void main()
{
    int begin = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * TURNS * LOCAL;
    int end = min(begin + TURNS * LOCAL, p.count);
    float loss = results[0], squares = results[1];
    float rate = hyper[0] * p.rate_scale, factor = 1.0;
    float rest1 = hyper[4], rest2 = hyper[5], decay = rate * hyper[7], speed = rate / hyper[1];
    float root = hyper[2], eps = hyper[6], share = hyper[8];

    if (!(abs(loss) <= 3.402823466e38) || !(squares <= 3.402823466e38))
        return;
    if (hyper[3] > 0.0)
        factor = min(hyper[3] / (sqrt(squares) + 1e-6), 1.0);
    for (int k = begin + int(gl_LocalInvocationID.x); k < end; k += LOCAL) {
        int i = p.first + k;
        vec4 value = LOAD(parameters_was, i);
        if (LEARN != 0) {
            vec4 g = LOAD(gradients, i) * factor, m = LOAD(moment1_was, i), v = LOAD(moment2_was, i);
            m += (g - m) * rest1;
            v += (g * g - v) * rest2;
            STORE(moment1, i, m);
            STORE(moment2, i, v);
            value -= decay * value;
            value -= speed * (m / (sqrt(v) / root + eps));
            STORE(parameters, i, value);
        }
        if (AVERAGE != 0) {
            vec4 mean = LOAD(average_was, i);
            STORE(average, i, mean + (value - mean) * share);
        }
    }
}
