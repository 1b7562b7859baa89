#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "common/push_color.h"
#include "common/color.glsl"

// Cb and Cr for a luma plane from a small picture of a, b and L: brought to full resolution along
// the edges of the luma (joint bilateral upsampling, Kopf et al. 2007), turned into the chroma that
// has that a and b at the pixel's luma, and made less where it leaves the gamut.
//   luma [in_h][in_row] words; colours [ab_h][ab_w] vec4 (a, b, L, -)
//   cb, cr [out_h][out_row] words; flags[0] |= 1 for a, b not finite
// Grid: x, y: folded words of a plane / LOCAL.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;
layout(constant_id = 1) const int BYTES = 1;     // a luma sample
layout(constant_id = 2) const int OUT_BYTES = 1; // a chroma sample
layout(constant_id = 3) const int SHIFT_Y = 1;   // of chroma
layout(constant_id = 4) const int SHIFT_X = 1;

const int PER_WORD = 4 / OUT_BYTES;
const float SIGMA_SPACE = 0.8; // pixels of a, b
const float SIGMA_L = 7.0;     // of L*
const float ITS_FLOOR = 1e-4;  // of weights, where no neighbour is as light

layout(binding = 0, std430) readonly buffer X { uint luma[]; };
layout(binding = 1, std430) readonly buffer C { vec4 colours[]; };
layout(binding = 2, std430) writeonly buffer B { uint cb_plane[]; };
layout(binding = 3, std430) writeonly buffer R { uint cr_plane[]; };
layout(binding = 4, std430) buffer F { uint flags[]; };
layout(push_constant) uniform P { merge_push p; };

#include "common/samples.glsl"
#include "common/divide.glsl"

// a and b at (y, x) in pixels of their picture (0.5: centre of the first) for lightness L.
vec2 colour_at(float y, float x, float lightness)
{
    ivec2 first = ivec2(floor(vec2(y, x) - 0.5)) - 1;
    vec2 sum = vec2(0);
    float weights = 0.0;
    for (int i = 0; i < 4; i++) {
        int row = clamp(first.x + i, 0, p.ab_h - 1) * p.ab_w;
        float dy = float(first.x + i) + 0.5 - y;
        [[unroll]] for (int k = 0; k < 4; k++) {
            float dx = float(first.y + k) + 0.5 - x;
            vec4 c = colours[row + clamp(first.y + k, 0, p.ab_w - 1)];
            float dl = (c.z - lightness) / SIGMA_L;
            float weight = exp((dy * dy + dx * dx) * (-0.5 / (SIGMA_SPACE * SIGMA_SPACE))) *
                           (exp(-0.5 * dl * dl) + ITS_FLOOR);
            sum += weight * c.xy;
            weights += weight;
        }
    }
    return sum / weights;
}

// Coded RGB of L*, a*, b*.
vec3 coded_rgb(float lightness, vec2 ab)
{
    float fy = (lightness + 16.0) / 116.0;
    vec3 xyz = vec3(lab_f_inverse(fy + ab.x / 500.0), lab_f_inverse(fy),
                    lab_f_inverse(fy - ab.y / 200.0));
    return vec3(linear_to_srgb(dot(vec3(p.m00, p.m01, p.m02), xyz)),
                linear_to_srgb(dot(vec3(p.m10, p.m11, p.m12), xyz)),
                linear_to_srgb(dot(vec3(p.m20, p.m21, p.m22), xyz)));
}

// Cb and Cr (-0.5..0.5) that make a pixel of luma Y' have a and b.
vec2 chroma_of(float y, vec2 ab)
{
    vec3 weights = vec3(p.kr, 1.0 - p.kr - p.kb, p.kb);
    // The luma of a colour is not that of the gray of its lightness: the lightness whose is, by the
    // secant method. After three steps 99 of 100 colours of the whole gamut are right to 4/255.
    float target = lightness_of_luma(y), lightness = target, before = target, miss_before = 0.0;
    vec3 rgb;
    for (int i = 0; i < 4; i++) {
        rgb = coded_rgb(lightness, ab);
        float miss = extended_lightness(dot(weights, rgb)) - target;
        if (abs(miss) < 0.02) // most colours are there at once
            break;
        float moved = lightness - before;
        float slope = abs(moved) > 1e-3 ? clamp((miss - miss_before) / moved, 0.5, 3.0) : 1.0;
        before = lightness;
        miss_before = miss;
        lightness -= miss / slope;
    }
    float own = dot(weights, rgb);
    vec3 d = vec3(rgb.r - own, 0, rgb.b - own);
    d.g = -(p.kr * d.r + p.kb * d.b) / weights.g;
    // Less chroma, of the same hue, where a component would leave 0..1.
    float keep = 1.0;
    [[unroll]] for (int i = 0; i < 3; i++) {
        float room = d[i] > 0.0 ? 1.0 - y : y;
        if (abs(d[i]) > room)
            keep = min(keep, room / abs(d[i]));
    }
    return keep * vec2(d.b / (2.0 * (1.0 - p.kb)), d.r / (2.0 * (1.0 - p.kr)));
}

vec2 chroma_sample(int y, int x)
{
    // The luma samples under the chroma sample, in part where it lies between.
    vec2 half_size = 0.5 * vec2(1 << SHIFT_Y, 1 << SHIFT_X);
    vec2 centre = vec2(y << SHIFT_Y, x << SHIFT_X) + vec2(p.offset_y, p.offset_x) + 0.5;
    vec2 size = vec2(p.in_h, p.in_w);
    // At the right and bottom of odd sizes the samples end before the chroma sample does.
    vec2 low = clamp(centre - half_size, vec2(0), size - 1.0);
    vec2 high = clamp(centre + half_size, low + 0.5, size);
    float mean = luma_mean(low.x, high.x, low.y, high.y, p.in_h, p.in_w, p.in_row);
    float luma_coded = clamp((mean - p.zero) * p.per_step, 0.0, 1.0);
    vec2 ab = colour_at(centre.x * p.ab_per_luma_y, centre.y * p.ab_per_luma_x,
                        lightness_of_luma(luma_coded));
    // Infinity or NaN by its bits, which no compiler may reason away.
    if ((floatBitsToUint(ab.x) & 0x7f800000u) == 0x7f800000u ||
        (floatBitsToUint(ab.y) & 0x7f800000u) == 0x7f800000u) {
        atomicOr(flags[0], 1u);
        return vec2(p.chroma_zero);
    }
    vec2 c = p.chroma_zero + p.chroma_steps * chroma_of(luma_coded, ab * p.saturation);
    return floor(clamp(c, vec2(p.chroma_low), vec2(p.chroma_high)) + 0.5);
}

void main()
{
    int word = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * LOCAL +
               int(gl_LocalInvocationID.x);
    if (word >= p.out_h * p.out_row)
        return;
    int y = divide(word, p.out_row), first = (word - y * p.out_row) * PER_WORD;
    uint cb = 0, cr = 0;
    for (int i = 0; i < PER_WORD; i++) {
        uvec2 c = uvec2(chroma_sample(y, min(first + i, p.out_w - 1)));
        cb |= c.x << (i * 8 * OUT_BYTES);
        cr |= c.y << (i * 8 * OUT_BYTES);
    }
    cb_plane[word] = cb;
    cr_plane[word] = cr;
}
