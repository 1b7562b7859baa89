#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/push_color.h"
#include "common/ring.glsl"
#include "common/divide.glsl"

// Steadies a and b: each pixel's are averaged with those of the frames before, back to a cut, as far
// as the lightness around the pixel has stayed. What moved keeps its own colour.
//   ab [2][h][w] float, picture [h][w] float L*, ring [slots][h][w] vec4 (a, b, L, 0), into which the
//   frame goes as the network made it; colours [h][w] vec4 (a, b, L, 0)
// Grid: x, y: folded pixels / LOCAL.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LOCAL = 64;

const float CUT = 10.0;    // mean change of L* that begins a new shot (scenecut filters: 0.1 of white)
const float SIGMA_L = 3.0; // of L* around a pixel

layout(binding = 0, std430) readonly buffer F { ring_frame frame; };
layout(binding = 1, std430) readonly buffer A { float ab[]; };
layout(binding = 2, std430) readonly buffer L { float picture[]; };
layout(binding = 3, std430) readonly buffer D { float differences[]; };
layout(binding = 4, std430) buffer R { vec4 ring[]; };
layout(binding = 5, std430) writeonly buffer C { vec4 colours[]; };
layout(push_constant) uniform P { temporal_push p; };

// Mean change of L* around (y, x) since the frame that begins at `plane` of the ring.
float change_around(int y, int x, int plane)
{
    float sum = 0.0;
    for (int i = max(y - 1, 0); i <= min(y + 1, p.h - 1); i++)
        for (int k = max(x - 1, 0); k <= min(x + 1, p.w - 1); k++)
            sum += abs(picture[i * p.w + k] - ring[plane + i * p.w + k].z);
    int rows = min(y + 1, p.h - 1) - max(y - 1, 0) + 1;
    int columns = min(x + 1, p.w - 1) - max(x - 1, 0) + 1;
    return sum / float(rows * columns);
}

void main()
{
    int pixel = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * LOCAL +
                int(gl_LocalInvocationID.x);
    int pixels = p.h * p.w;
    if (pixel >= pixels)
        return;
    int y = divide(pixel, p.w), x = pixel - y * p.w, at = frame.position;
    vec2 own = vec2(ab[pixel], ab[pixels + pixel]);
    vec2 sum = own;
    float weights = 1.0;
    for (int k = 0; k < frame.before && differences[at] <= CUT; k++) {
        at = (at + p.slots - 1) % p.slots;
        float change = change_around(y, x, at * pixels) / SIGMA_L;
        float weight = exp(-change * change);
        sum += weight * ring[at * pixels + pixel].xy;
        weights += weight;
    }
    ring[frame.position * pixels + pixel] = vec4(own, picture[pixel], 0);
    colours[pixel] = vec4(sum / weights, picture[pixel], 0);
}
