#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_ballot : require
#include "common/push_train.h"
#include "common/vectors.glsl"
#include "common/store.glsl"

// Gradient of a convolution's weight for devices that run on the processor: for each row (channel of
// `small`) and column (channel of `big` at one tap) the sum over pictures and pixels of their
// products. Columns are pairs of a quad of `big` and a tap, [big_quads][KH * KW], four channels each.
// A lane of a subgroup keeps one quad of side A against NL quads of side B, whose values are
// broadcast to all lanes. Side A is `small` and B the pairs, or with SWAPPED the other way.
// A workgroup is one subgroup and takes one of `splits` runs of rows of pixels.
//   partial, not SWAPPED: [splits][4 * columns][small quads] vec4; SWAPPED: [splits][rows][pairs] vec4;
//   both sides filled up to whole tiles
// Grid: x, y: folded (split, A tile, B tile).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int SG = 8;
layout(constant_id = 1) const int NL = 8;      // quads of side B
layout(constant_id = 2) const int LANES = 4;   // channels used of a quad of side B
layout(constant_id = 3) const int SWAPPED = 0;
layout(constant_id = 4) const int U = 2;       // pixels a turn
layout(constant_id = 5) const int KH = 4;
layout(constant_id = 6) const int KW = 4;
layout(constant_id = 7) const int SY = 2;
layout(constant_id = 8) const int SX = 2;
layout(constant_id = 9) const int DY = 1;
layout(constant_id = 10) const int DX = 1;

VECTORS(0, S, small);
VECTORS(1, B, big);
STORES(2, O, partial);
layout(push_constant) uniform P { weight_push p; ADDRESSES };

void main()
{
    int lane = int(gl_SubgroupInvocationID);
    int tile = int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x);
    int tiles = p.small_tiles * p.pair_tiles, part = tile / tiles;
    if (part >= p.splits)
        return;
    tile -= part * tiles;
    int small_tile = tile / p.pair_tiles, pair_tile = tile - small_tile * p.pair_tiles;
    int a_lane = lane, b_lane = min(lane, NL - 1);
    int quad = small_tile * (SWAPPED != 0 ? NL : SG) + (SWAPPED != 0 ? b_lane : a_lane);
    int pair = pair_tile * (SWAPPED != 0 ? SG : NL) + (SWAPPED != 0 ? a_lane : b_lane);
    int sq = min(quad, p.small_quads - 1);
    int bq = min(pair / (KH * KW), p.big_quads - 1), tap = pair % (KH * KW);
    int ty = tap / KW * DY - p.pad_y, tx = tap % KW * DX - p.pad_x;
    int rows = p.n * p.small_h, each = (rows + p.splits - 1) / p.splits;
    int end = min(rows, (part + 1) * each);

    float acc[4][NL * LANES];
    [[unroll]] for (int o = 0; o < 4; o++)
        [[unroll]] for (int j = 0; j < NL * LANES; j++)
            acc[o][j] = 0.0;

    for (int row = part * each; row < end; row++) {
        int batch = row / p.small_h, y = row - batch * p.small_h, by = y * SY + ty;
        int from = p.small_base + batch * p.small_batch + (sq * p.small_h + y) * p.small_w;
        int big_row = p.big_base + batch * p.big_batch +
                      (bq * p.big_h + clamp(by, 0, p.big_h - 1)) * p.big_w;
        bool row_in = uint(by) < uint(p.big_h);
        for (int x = 0; x < p.small_w; x += U) {
            vec4 s[U], b[U];
            [[unroll]] for (int u = 0; u < U; u++) {
                int bx = (x + u) * SX + tx;
                bool inside = row_in && x + u < p.small_w && uint(bx) < uint(p.big_w);
                s[u] = LOAD(small, from + min(x + u, p.small_w - 1));
                vec4 t = LOAD(big, big_row + clamp(bx, 0, p.big_w - 1));
                b[u] = inside ? t : vec4(0);
            }
            // A sum is loaded and stored once for all that is added to it.
            [[unroll]] for (int l = 0; l < NL; l++)
                [[unroll]] for (int k = 0; k < LANES; k++) {
                    [[unroll]] for (int u = 0; u < U; u++) {
                        float v = subgroupBroadcast(SWAPPED != 0 ? s[u][k] : b[u][k], l);
                        [[unroll]] for (int o = 0; o < 4; o++) {
                            float a = SWAPPED != 0 ? b[u][o] : s[u][o];
                            acc[o][l * LANES + k] = fma(a, v, acc[o][l * LANES + k]);
                        }
                    }
                }
        }
    }
    // Side A lies along the vec4s of a row, side B's channels are the rows.
    int a_vecs = (SWAPPED != 0 ? p.pair_tiles : p.small_tiles) * SG;
    int b_tiles = SWAPPED != 0 ? p.small_tiles : p.pair_tiles;
    int b_tile = SWAPPED != 0 ? small_tile : pair_tile, a_tile = SWAPPED != 0 ? pair_tile : small_tile;
    [[unroll]] for (int l = 0; l < NL; l++)
        [[unroll]] for (int k = 0; k < LANES; k++) {
            int b_row = (part * b_tiles + b_tile) * NL * 4 + l * 4 + k;
            STORE(partial, b_row * a_vecs + a_tile * SG + a_lane,
                  vec4(acc[0][l * LANES + k], acc[1][l * LANES + k], acc[2][l * LANES + k],
                       acc[3][l * LANES + k]));
        }
}
