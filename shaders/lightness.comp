#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/push_color.h"
#include "common/color.glsl"

// CIELAB L* (0..100) of a luma plane, averaged over the area of each pixel of the result. Coded
// values are averaged, as programs that make training pictures small do, then made L*.
//   luma [in_h][in_row] words of 4 / BYTES samples; picture [out_h][out_w] float
// Grid: x, y: folded pixels / LOCAL.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;
layout(constant_id = 1) const int BYTES = 1; // a sample

layout(binding = 0, std430) readonly buffer X { uint luma[]; };
layout(binding = 1, std430) writeonly buffer Y { float picture[]; };
layout(push_constant) uniform P { lightness_push p; };

#include "common/divide.glsl"
#include "common/samples.glsl"

void main()
{
    int pixel = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * LOCAL +
                int(gl_LocalInvocationID.x);
    if (pixel >= p.out_h * p.out_w)
        return;
    int y = divide(pixel, p.out_w), x = pixel - y * p.out_w;
    // The last pixels of a result that is a little larger than the picture see its border.
    float top = min(float(y) * p.step_y, float(p.in_h) - 1.0);
    float left = min(float(x) * p.step_x, float(p.in_w) - 1.0);
    float bottom = min(float(y + 1) * p.step_y, float(p.in_h));
    float right = min(float(x + 1) * p.step_x, float(p.in_w));
    float mean = luma_mean(top, bottom, left, right, p.in_h, p.in_w, p.in_row);
    picture[pixel] = lightness_of_luma((mean - p.zero) * p.per_step);
}
