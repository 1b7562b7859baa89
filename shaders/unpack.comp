#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/push_nn.h"
#include "common/vectors.glsl"
#include "common/store.glsl"
#include "common/values.glsl"
#include "common/divide.glsl"

// The network's result: cropped, scaled, one plane a channel.
//   x [n][...][ph][pw][4] float, channel c at map[c]; picture [n][channels][h][w] float
// Grid: x, y: folded pixels of h * w / LOCAL; z: n * channels + channel.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;

LANES(0, X, x);
layout(binding = 1, std430) readonly buffer M { int map[]; };
layout(binding = 2, std430) writeonly buffer Y { float picture[]; };
layout(push_constant) uniform P { picture_push p; ADDRESSES };

void main()
{
    int pixel = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * LOCAL +
                int(gl_LocalInvocationID.x);
    int batch = int(gl_WorkGroupID.z) / p.channels;
    int channel = int(gl_WorkGroupID.z) - batch * p.channels;

    if (pixel >= p.h * p.w)
        return;
    int row = divide(pixel, p.w), column = pixel - row * p.w;
    int c = map[channel];
    int from = p.base + batch * p.batch + ((c / 4) * p.ph + row) * p.pw + column;
    picture[(batch * p.channels + channel) * p.h * p.w + pixel] =
        LANE(x, from, c % 4) * p.scale;
}
