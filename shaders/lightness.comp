#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "common/push_color.h"
#include "common/color.glsl"
#include "common/vectors.glsl"

// CIELAB L* (0..100) of a luma plane, averaged over the area of each pixel of the result. Coded
// values are averaged, as programs that make training pictures small do, then made L*.
//   luma [in_h][in_row] words of 4 / BYTES samples; picture [out_h][out_w] float
// Grid: x, y: folded pixels / (LOCAL * TURNS).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;
layout(constant_id = 1) const int TURNS = 1; // pixels of an invocation
layout(constant_id = 2) const int BYTES = 1; // a sample

const int PER_WORD = 4 / BYTES;

WORDS(0, X, luma);
FLOATS(1, Y, picture);
layout(push_constant) uniform P { lightness_push p; ADDRESSES };

#include "common/divide.glsl"

// Mean of the samples from top to bottom and left to right, borders between samples counting in
// part; all inside the plane, bottom > top, right > left. Rows are whole words, little-endian.
float luma_mean(float top, float bottom, float left, float right)
{
    int first_y = whole(floor(top)), end_y = min(whole(ceil(bottom)), p.in_h);
    int first = whole(floor(left)) / PER_WORD, end_x = min(whole(ceil(right)), p.in_w);
    float sum = 0.0;
    for (int k = first; k * PER_WORD < end_x; k++) {
        float weights[PER_WORD];
        [[unroll]] for (int i = 0; i < PER_WORD; i++) {
            float x = float(k * PER_WORD + i);
            weights[i] = max(min(right, x + 1.0) - max(left, x), 0.0);
        }
        for (int y = first_y; y < end_y; y++) {
            uint word = WORD_AT(luma, y * p.in_row + k);
            float samples = 0.0;
            [[unroll]] for (int i = 0; i < PER_WORD; i++)
                samples += weights[i] *
                           float(word >> (8 * BYTES * i) & (BYTES == 1 ? 0xffu : 0xffffu));
            sum += samples * (min(bottom, float(y + 1)) - max(top, float(y)));
        }
    }
    return sum / ((bottom - top) * (right - left));
}

void main()
{
    int begin = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * TURNS * LOCAL;
    int end = min(begin + TURNS * LOCAL, p.out_h * p.out_w);
    for (int pixel = begin + int(gl_LocalInvocationID.x); pixel < end; pixel += LOCAL) {
        int y = divide(pixel, p.out_w), x = pixel - y * p.out_w;
        // The last pixels of a result that is a little larger than the picture see its border.
        float top = min(float(y) * p.step_y, float(p.in_h) - 1.0);
        float left = min(float(x) * p.step_x, float(p.in_w) - 1.0);
        float bottom = min(float(y + 1) * p.step_y, float(p.in_h));
        float right = min(float(x + 1) * p.step_x, float(p.in_w));
        float mean = luma_mean(top, bottom, left, right);
        STORE_FLOAT(picture, pixel, lightness_of_luma((mean - p.zero) * p.per_step));
    }
}
