#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "common/push_color.h"
#include "common/color.glsl"
#include "common/vectors.glsl"

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
layout(constant_id = 5) const int COLUMNS = 10; // of pixels of a, b that a word's samples see

const int PER_WORD = 4 / OUT_BYTES;
const int UNDER = PER_WORD << SHIFT_X;   // luma samples under a word's
const int BEFORE = (1 << SHIFT_X) / 2;   // and before it, where chroma lies at the first
const int TAPS = BEFORE + (1 << SHIFT_X);
const bool ALIGNED = (UNDER * BYTES & 3) == 0; // with words of luma
const float SIGMA_SPACE = 0.8; // pixels of a, b
const float SIGMA_L = 7.0;     // of L*
const float ITS_FLOOR = 1e-4;  // of weights, where no neighbour is as light
const float LOG2_E = 1.44269504;
const float SPREAD = -0.5 * LOG2_E / (SIGMA_SPACE * SIGMA_SPACE); // powers of 2 are the cheaper ones
const float SPREAD_L = -0.5 * LOG2_E / (SIGMA_L * SIGMA_L);

WORDS(0, X, luma);
VECTORS(1, C, colours);
WORDS(2, B, cb_plane);
WORDS(3, R, cr_plane);
layout(binding = 4, std430) buffer F { uint flags[]; };
layout(push_constant) uniform P { merge_push p; ADDRESSES };

#include "common/divide.glsl"

// a and b of a word's samples, which lie in one row at y and at each x, in pixels of their picture
// (0.5: centre of the first), for each lightness. A pixel of that is loaded once for all of them.
void colours_at(float y, vec4 x, vec4 lightness, out vec4 a, out vec4 b)
{
    int first_row = whole(floor(y - 0.5)) - 1;
    int first = whole(floor(x[0] - 0.5)) - 1;
    int rows[4];
    float near_y[4];
    [[unroll]] for (int i = 0; i < 4; i++) {
        float dy = float(first_row + i) + 0.5 - y;
        near_y[i] = exp2(dy * dy * SPREAD);
        rows[i] = clamp(first_row + i, 0, p.ab_h - 1) * p.ab_w;
    }
    vec4 weights = vec4(0);
    a = b = vec4(0);
    for (int k = 0; k < COLUMNS; k++) {
        vec4 dx = float(first + k) + 0.5 - x;
        vec4 near_x = exp2(dx * dx * SPREAD) * vec4(lessThan(abs(dx), vec4(2)));
        int column = clamp(first + k, 0, p.ab_w - 1);
        [[unroll]] for (int i = 0; i < 4; i++) {
            vec4 c = LOAD(colours, rows[i] + column);
            vec4 dl = c.z - lightness;
            vec4 weight = near_x * near_y[i] * (exp2(dl * dl * SPREAD_L) + ITS_FLOOR);
            a += weight * c.x;
            b += weight * c.y;
            weights += weight;
        }
    }
    a /= weights;
    b /= weights;
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

// Cb and Cr (-0.5..0.5) that make a pixel of luma Y' and its gray's lightness have a and b.
vec2 chroma_of(float y, float lightness, vec2 ab)
{
    vec3 weights = vec3(p.kr, 1.0 - p.kr - p.kb, p.kb);
    // The luma of a colour is not that of the gray of its lightness: the lightness whose is, by the
    // secant method. After three steps 99 of 100 colours of the whole gamut are right to 4/255.
    float before = lightness, miss_before = 0.0;
    vec3 rgb;
    for (int i = 0; i < 4; i++) {
        rgb = coded_rgb(lightness, ab);
        float miss = 100.0 * (dot(weights, rgb) - y); // about what it is in L*
        if (abs(miss) < 0.1) // a quarter of 1/255; most colours are there at once
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

// Mean of the luma under each of a word's chroma samples, the first of which is number `first` of its
// row, from top to bottom. Samples that lie under it in part count in part, those outside the plane
// do not. Rows of luma are whole words, little-endian.
vec4 luma_means(float top, float bottom, int first)
{
    const float HALF = 0.5 * float(1 << SHIFT_X);
    int end = min(whole(ceil(bottom)), p.in_h), x0 = (first << SHIFT_X) - BEFORE;
    float taps[TAPS];
    [[unroll]] for (int t = 0; t < TAPS; t++) {
        float x = float(t - BEFORE) - p.offset_x - 0.5; // from the chroma sample's centre
        taps[t] = max(min(HALF, x + 1.0) - max(-HALF, x), 0.0);
    }
    float sums[BEFORE + UNDER];
    [[unroll]] for (int i = 0; i < BEFORE + UNDER; i++)
        sums[i] = 0.0;
    for (int y = whole(floor(top)); y < end; y++) {
        float share = min(bottom, float(y + 1)) - max(top, float(y));
        uint word = 0;
        [[unroll]] for (int i = 0; i < BEFORE + UNDER; i++) {
            int at = (x0 + i) * BYTES;
            if (i == 0 || !ALIGNED || ((i - BEFORE) * BYTES & 3) == 0)
                word = WORD_AT(luma, y * p.in_row + clamp(at >> 2, 0, p.in_row - 1));
            sums[i] += share * float(word >> ((at & 3) * 8) & (BYTES == 1 ? 0xffu : 0xffffu));
        }
    }
    vec4 sum = vec4(0), weights = vec4(0);
    [[unroll]] for (int j = 0; j < PER_WORD; j++)
        [[unroll]] for (int t = 0; t < TAPS; t++) {
            int i = (j << SHIFT_X) + t;
            float weight = uint(x0 + i) < uint(p.in_w) ? taps[t] : 0.0;
            sum[j] += weight * sums[i];
            weights[j] += weight;
        }
    return sum / (max(weights, 1e-6) * (bottom - top)); // of what fills a row up: 0
}

// Cb and Cr as samples.
vec2 coded_chroma(float y, float lightness, vec2 ab)
{
    // Infinity or NaN by its bits, which no compiler may reason away.
    if ((floatBitsToUint(ab.x) & 0x7f800000u) == 0x7f800000u ||
        (floatBitsToUint(ab.y) & 0x7f800000u) == 0x7f800000u) {
        atomicOr(flags[0], 1u);
        return vec2(p.chroma_zero);
    }
    vec2 c = p.chroma_zero + p.chroma_steps * chroma_of(y, lightness, ab * p.saturation);
    return floor(clamp(c, vec2(p.chroma_low), vec2(p.chroma_high)) + 0.5);
}

void main()
{
    int word = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * LOCAL +
               int(gl_LocalInvocationID.x);
    if (word >= p.out_h * p.out_row)
        return;
    int y = divide(word, p.out_row), first = (word - y * p.out_row) * PER_WORD;
    vec4 at = vec4(min(first + min(ivec4(0, 1, 2, 3), PER_WORD - 1), p.out_w - 1) << SHIFT_X);
    // Of the samples' centres, in luma samples.
    float centre_y = float(y << SHIFT_Y) + p.offset_y + 0.5;
    vec4 centre_x = at + p.offset_x + 0.5;
    float half_y = 0.5 * float(1 << SHIFT_Y);
    // At the bottom of odd sizes the luma ends before the chroma sample does.
    float top = clamp(centre_y - half_y, 0.0, float(p.in_h - 1));
    vec4 mean = luma_means(top, clamp(centre_y + half_y, top + 0.5, float(p.in_h)), first);
    vec4 coded = clamp((mean - p.zero) * p.per_step, 0.0, 1.0), lightness = vec4(0), a, b;
    [[unroll]] for (int i = 0; i < PER_WORD; i++)
        lightness[i] = lightness_of_luma(coded[i]);
    colours_at(centre_y * p.ab_per_luma_y, centre_x * p.ab_per_luma_x, lightness, a, b);
    uint cb = 0, cr = 0;
    for (int i = 0; i < PER_WORD; i++) {
        vec2 c = coded_chroma(coded[i], lightness[i], vec2(a[i], b[i]));
        cb |= uint(whole(c.x)) << (i * 8 * OUT_BYTES);
        cr |= uint(whole(c.y)) << (i * 8 * OUT_BYTES);
    }
    STORE_WORD(cb_plane, word, cb);
    STORE_WORD(cr_plane, word, cr);
}
