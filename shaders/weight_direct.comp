#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/push_train.h"

// Gradient of a convolution's weight straight from the definition, with groups: an invocation makes
// one weight's sum over one of `splits` runs of rows.
//   small [n][..][small_h][small_w][4] float, channel r at map[r]; big likewise, channel c at
//   map[rows + c]; partial [splits][count] float, weights [rows][group_big][KH][KW]
// Grid: x, y: folded weights / LOCAL; z: splits.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;
layout(constant_id = 1) const int KH = 3;
layout(constant_id = 2) const int KW = 3;
layout(constant_id = 3) const int SY = 1;
layout(constant_id = 4) const int SX = 1;
layout(constant_id = 5) const int DY = 1;
layout(constant_id = 6) const int DX = 1;

layout(binding = 0, std430) readonly buffer S { float small[]; };
layout(binding = 1, std430) readonly buffer B { float big[]; };
layout(binding = 2, std430) readonly buffer M { int map[]; };
layout(binding = 3, std430) writeonly buffer O { float partial[]; };
layout(push_constant) uniform P { weight_push p; };

void main()
{
    int i = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * LOCAL +
            int(gl_LocalInvocationID.x);
    int part = int(gl_WorkGroupID.z);
    if (i >= p.count)
        return;
    int kx = i % KW, ky = i / KW % KH, c = i / (KW * KH) % p.group_big;
    int r = i / (KW * KH * p.group_big), count = p.count / (KW * KH * p.group_big);
    int s = map[r], b = map[count + r / p.group_small * p.group_big + c];
    int rows = p.n * p.small_h, each = (rows + p.splits - 1) / p.splits;
    int end = min(rows, (part + 1) * each);
    float sum = 0.0;
    for (int row = part * each; row < end; row++) {
        int batch = row / p.small_h, y = row - batch * p.small_h;
        int by = y * SY + ky * DY - p.pad_y;
        if (uint(by) >= uint(p.big_h))
            continue;
        int from = p.small_base + batch * p.small_batch + (s / 4 * p.small_h + y) * p.small_w;
        int other = p.big_base + batch * p.big_batch + (b / 4 * p.big_h + by) * p.big_w;
        for (int x = 0; x < p.small_w; x++) {
            int bx = x * SX + kx * DX - p.pad_x;
            if (uint(bx) < uint(p.big_w))
                sum += small[(from + x) * 4 + s % 4] * big[(other + bx) * 4 + b % 4];
        }
    }
    partial[part * p.count + i] = sum;
}
