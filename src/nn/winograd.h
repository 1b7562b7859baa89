/* What convolutions by minimal filtering and the gradients of their weights share; the formulas are
 * in shaders/common/winograd.glsl. */
#ifndef AC_NN_WINOGRAD_H
#define AC_NN_WINOGRAD_H

#include "nn/conv.h"

#define AC_WINOGRAD_MIN_ALPHA   3
#define AC_WINOGRAD_SMALL_ALPHA 6 /* most on GPUs and of values in float16 */
#define AC_WINOGRAD_MAX_ALPHA   8

/* A convolution as plain ones of stride 1. */
typedef struct ac_winograd {
    const ac_conv *c;
    int m, r, alpha;      /* outputs and taps of a tile along an axis, and m + r - 1 */
    int products;         /* alpha^2 */
    int step[2], sets[2]; /* y, x: grid pixels between outputs of a tile; sets of taps */
    int quads;            /* of the transformed input: sets and input quads */
    /* Phases of the output that are made of the same tiles of input, 1 or all. The first of these
     * phases to need an input pixel says where tiles begin. */
    int together;
    /* Of scratch: a tile of input and output, transformed, at most; the sums of a weight's
     * gradient, before they are transformed, else 0. */
    uint64_t tile_bytes, sums_bytes;
} ac_winograd;

ac_winograd ac_winograd_describe(const ac_conv *c, int m);
/* Tiles along axis d (0: y) for a phase of the output. */
int ac_winograd_tiles(const ac_winograd *w, int d, int phase);
/* Of all pictures and of all that a dilation makes of each. */
int64_t ac_winograd_all_tiles(const ac_winograd *w, int phase);
/* How many of so many tiles are worked on at once, so that scratch does. */
int64_t ac_winograd_tiles_at_once(const ac_winograd *w, int64_t tiles);

typedef struct ac_winograd_code {
    const uint32_t *words;
    size_t size;
} ac_winograd_code;

#define AC_WINOGRAD_CODE(name)                                                                     \
    {                                                                                              \
        name##_spv, sizeof(name##_spv)                                                             \
    }
#define AC_WINOGRAD_PAIR(name)                                                                     \
    {                                                                                              \
        AC_WINOGRAD_CODE(name), AC_WINOGRAD_CODE(name##_texel)                                     \
    }
/* By ALPHA; the second with texel buffers. */
#define AC_WINOGRAD_PAIRS(name)                                                                    \
    {                                                                                              \
        AC_WINOGRAD_PAIR(name##_3), AC_WINOGRAD_PAIR(name##_4), AC_WINOGRAD_PAIR(name##_5),        \
            AC_WINOGRAD_PAIR(name##_6), AC_WINOGRAD_PAIR(name##_7), AC_WINOGRAD_PAIR(name##_8)     \
    }

/* Of a shader that is told struct conv_push; texel: its first binding is a texel buffer. */
ac_status ac_winograd_get_kernel(const ac_winograd *w, const char *name,
                                 const ac_winograd_code *shader, bool texel,
                                 ac_kernel_params *params, const ac_kernel **kernel);
/* Pixels that a product reads from one place, for which those of all quads should lie together;
 * 0: it makes no difference. */
int ac_winograd_block(const ac_conv_variant *gemm);

/* row: lanes of a row where tiles are to run along vec4s, in blocks of so many lanes; 0: channels
 * do, in blocks of so many tiles, 0: of all. */
ac_status ac_winograd_get_input_kernel(const ac_winograd *w, int row, int block,
                                       const ac_kernel **kernel);
/* All products: in [products][blocks][in_quads][block] vec4 times weights, as gemm wants them, is
 * out [products][blocks][out_quads][block] vec4. More than one block only where gemm->oc_first. */
typedef struct ac_winograd_blocks {
    int blocks, block, in_quads, out_quads;
} ac_winograd_blocks;
ac_status ac_winograd_multiply(const ac_winograd *w, const ac_conv_variant *gemm,
                               const ac_winograd_blocks *b, const ac_binding bindings[3]);

#endif
