#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "common/push_color.h"
#include "common/ring.glsl"
#include "common/vectors.glsl"
#include "common/store.glsl"
#include "common/divide.glsl"

// Steadies a and b: each pixel's are averaged with those of the frames before, back to a cut, as far
// as the lightness around the pixel has stayed. What moved keeps its own colour.
//   ring (see ring.glsl), the frame in it; colours [h][w] vec4 (a, b, L, 0)
// Grid: x, y: folded fours of pixels / LOCAL.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;

const float CUT = 10.0;    // mean change of L* that begins a new shot (scenecut filters: 0.1 of white)
const float SIGMA_L = 3.0; // of L* around a pixel

layout(binding = 0, std430) readonly buffer F { ring_frame frame; };
layout(binding = 1, std430) readonly buffer D { float differences[]; };
VECTORS(2, R, ring);
STORES(3, C, colours);
layout(push_constant) uniform P { temporal_push p; ADDRESSES };

// L* of four pixels of a row and of their neighbours.
struct strip {
    float left;
    vec4 middle;
    float right;
};

// Those of fours `quad`, the x-th of their row, of the frame at `slot`; 0 beyond the row.
strip strip_at(int slot, int quad, int x)
{
    float left = LOAD(ring, slot + quad - int(x > 0)).w;
    float right = LOAD(ring, slot + quad + int(x < p.row - 1)).x;
    return strip(x > 0 ? left : 0.0, LOAD(ring, slot + quad), x < p.row - 1 ? right : 0.0);
}

void main()
{
    int quad = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * LOCAL +
               int(gl_LocalInvocationID.x);
    int quads = p.h * p.row, own = ring_slot(frame.position, 0);
    if (quad >= quads)
        return;
    int y = divide(quad, p.row), x = quad - y * p.row;
    // The rows around it and how much each counts: the first and the last have one neighbour.
    int rows[3] = {y > 0 ? quad - p.row : quad, quad, y < p.h - 1 ? quad + p.row : quad};
    float counts[3] = {float(y > 0), 1.0, float(y < p.h - 1)};
    ivec4 columns = 4 * x + ivec4(0, 1, 2, 3);
    vec4 around = (counts[0] + 1.0 + counts[2]) * (3.0 - vec4(equal(columns, ivec4(0))) -
                                                   vec4(equal(columns, ivec4(p.w - 1))));
    strip now[3];
    [[unroll]] for (int i = 0; i < 3; i++)
        now[i] = strip_at(own, rows[i], x);
    vec4 a = LOAD(ring, own + quads + quad), b = LOAD(ring, own + 2 * quads + quad);
    vec4 weights = vec4(1);
    for (int k = 1; k <= frame.before; k++) {
        int slot = ring_slot(frame.position, k);
        if (differences[(frame.position + p.slots - k + 1) % p.slots] > CUT)
            break;
        vec4 change = vec4(0);
        [[unroll]] for (int i = 0; i < 3; i++) {
            strip then = strip_at(slot, rows[i], x);
            float left = abs(now[i].left - then.left), right = abs(now[i].right - then.right);
            vec4 d = abs(now[i].middle - then.middle);
            change += counts[i] * (d + vec4(left, d.xyz) + vec4(d.yzw, right));
        }
        change /= around * SIGMA_L;
        vec4 weight = exp(-change * change);
        a += weight * LOAD(ring, slot + quads + quad);
        b += weight * LOAD(ring, slot + 2 * quads + quad);
        weights += weight;
    }
    [[unroll]] for (int k = 0; k < 4; k++)
        if (columns[k] < p.w)
            STORE(colours, y * p.w + columns[k],
                  vec4(a[k] / weights[k], b[k] / weights[k], now[1].middle[k], 0));
}
