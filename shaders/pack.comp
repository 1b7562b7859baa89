#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/push_nn.h"
#include "common/vectors.glsl"
#include "common/store.glsl"
#include "common/values.glsl"
#include "common/divide.glsl"

// The network's input: a picture of one channel, scaled, padded at the bottom and right by
// reflection without repeating the edge.
//   picture [n][h][w] float, y [n][...][ph][pw] vec4 (value, 0, 0, 0)
// Grid: x, y: folded pixels of ph * pw / LOCAL; z: n.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;
layout(constant_id = 1) const int TURNS = 1; // pixels of an invocation

FLOATS(0, X, picture);
STORED_VALUES(1, Y, y);
layout(push_constant) uniform P { picture_push p; ADDRESSES };

// Where i falls when a line of n is reflected to and fro at its ends.
int reflected(int i, int n)
{
    int period = max(2 * (n - 1), 1);
    i %= period;
    return min(i, period - i) % n;
}

void main()
{
    int first = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * TURNS * LOCAL;
    int end = min(first + TURNS * LOCAL, p.ph * p.pw);
    int batch = int(gl_WorkGroupID.z);

    for (int pixel = first + int(gl_LocalInvocationID.x); pixel < end; pixel += LOCAL) {
        int row = divide(pixel, p.pw), column = pixel - row * p.pw;
        if (row >= p.h)
            row = reflected(row, p.h);
        if (column >= p.w)
            column = reflected(column, p.w);
        int from = (batch * p.h + row) * p.w + column;
        STORE_VALUE(y, p.base + batch * p.batch + pixel,
                    vec4(FLOAT_AT(picture, from) * p.scale + p.offset, 0, 0, 0));
    }
}
