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
layout(constant_id = 1) const int TURNS = 1; // pixels of an invocation

LANES(0, X, x);
FLOATS(1, M, map); // ints
FLOATS(2, Y, picture);
layout(push_constant) uniform P { picture_push p; ADDRESSES };

void main()
{
    int first = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * TURNS * LOCAL;
    int end = min(first + TURNS * LOCAL, p.h * p.w);
    int batch = int(gl_WorkGroupID.z) / p.channels;
    int channel = int(gl_WorkGroupID.z) - batch * p.channels;
    int c = floatBitsToInt(FLOAT_AT(map, channel));

    for (int pixel = first + int(gl_LocalInvocationID.x); pixel < end; pixel += LOCAL) {
        int row = divide(pixel, p.w), column = pixel - row * p.w;
        int from = p.base + batch * p.batch + ((c / 4) * p.ph + row) * p.pw + column;
        STORE_FLOAT(picture, (batch * p.channels + channel) * p.h * p.w + pixel,
                    LANE(x, from, c % 4) * p.scale);
    }
}
