#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/push_train.h"

// One step of Adam (Kingma, Ba 2014, algorithm 1) with the weight decay of AdamW (Loshchilov, Hutter
// 2017) on floats first .. first + count - 1, as torch.optim.AdamW computes it, and the moving
// average. Does nothing where the loss or the gradient's norm is not finite.
//   results: loss, squared norm of the gradient; hyper: learning rate, 1 - beta1^t,
//   sqrt(1 - beta2^t), largest norm (0: any), 1 - beta1, 1 - beta2, eps, weight decay, 1 - ema
// Grid: x, y: folded count / LOCAL.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;
layout(constant_id = 1) const int LEARN = 1;   // else only the average
layout(constant_id = 2) const int AVERAGE = 0;

layout(binding = 0, std430) buffer T { float parameters[]; };
layout(binding = 1, std430) readonly buffer G { float gradients[]; };
layout(binding = 2, std430) buffer M { float moment1[]; };
layout(binding = 3, std430) buffer V { float moment2[]; };
layout(binding = 4, std430) buffer E { float average[]; };
layout(binding = 5, std430) readonly buffer R { float results[]; };
layout(binding = 6, std430) readonly buffer H { float hyper[]; };
layout(push_constant) uniform P { flat_push p; };

void main()
{
    int i = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * LOCAL +
            int(gl_LocalInvocationID.x);
    if (i >= p.count)
        return;
    float loss = results[0], squares = results[1];
    if (!(abs(loss) <= 3.402823466e38) || !(squares <= 3.402823466e38))
        return;
    i += p.first;
    float value = parameters[i];
    if (LEARN != 0) {
        float rate = hyper[0] * p.rate_scale, g = gradients[i];
        if (hyper[3] > 0.0)
            g *= min(hyper[3] / (sqrt(squares) + 1e-6), 1.0);
        float m = moment1[i] + (g - moment1[i]) * hyper[4];
        float v = moment2[i] + (g * g - moment2[i]) * hyper[5];
        moment1[i] = m;
        moment2[i] = v;
        value -= rate * hyper[7] * value;
        value -= rate / hyper[1] * (m / (sqrt(v) / hyper[2] + hyper[6]));
        parameters[i] = value;
    }
    if (AVERAGE != 0)
        average[i] += (value - average[i]) * hyper[8];
}
