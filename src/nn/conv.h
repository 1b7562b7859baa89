/* What the files that lower convolutions share. A transposed convolution of stride S is S * S
 * convolutions of stride 1, one for each phase of the output's pixels, each with the taps of the
 * kernel that fall on input pixels for that phase. */
#ifndef AC_NN_CONV_H
#define AC_NN_CONV_H

#include "nn/lower.h"

struct conv_push; /* see common/push_nn.h */

/* One axis of a convolution as the kernels see it. */
typedef struct ac_conv_axis {
    int phases;    /* output pixels o = phases * grid + phase */
    int in_stride; /* input pixel of tap t: grid * in_stride + t * in_dilation + origin(phase) */
    int in_dilation;
    int taps; /* of the phase that has most; the others are filled up with zeros */
    bool transposed;
    int kernel, stride, dilation, padding; /* as the description has them */
    int common;                            /* greatest common divisor of stride and dilation */
} ac_conv_axis;

ac_conv_axis ac_conv_axis_of(const ac_node *node, int dimension);
/* The kernel index that tap t of a phase stands for, or -1. Taps run over rising input pixels, so
 * those of a transposed convolution run down the kernel. */
int ac_conv_kernel_index(const ac_conv_axis *axis, int phase, int t);
int ac_conv_origin(const ac_conv_axis *axis, int phase);
/* Output pixels of a phase. */
int ac_conv_grid(const ac_conv_axis *axis, int phase, int out);
/* Some taps of some phase lie outside the input. */
bool ac_conv_bounded(const ac_conv_axis *axis, int in, int out);

/* Also what the gradient of its weight is made from: then out is the result's gradient. */
typedef struct ac_conv {
    ac_lowering *l;
    const ac_step *step;
    const ac_value *in, *out;
    ac_conv_axis y, x;
    int groups, in_group, out_group; /* channels of a group */
    int *lane_channel;               /* [4 * in->quads]: the channel in a lane, or -1 */
    int lanes;                       /* of a quad that are used at most */
    int out_lanes;                   /* up to the last one that is used */
    ac_lower_source weight, bias;
    bool plain; /* without cooperative matrices, even where there are some */
} ac_conv;

/* Lanes of a quad that the value uses at most. */
int ac_conv_used_lanes(const ac_value *value);
/* The step's node as a convolution of `in` into `out`, values of the plan; lane_channel, weight and
 * bias are left empty. */
ac_conv ac_conv_describe(ac_lowering *l, const ac_step *step, int in, int out);

/* A kernel, its tile, how weights are laid out for it. */
typedef struct ac_conv_variant {
    const ac_kernel *kernel;
    enum { AC_CONV_GEMM, AC_CONV_FEW, AC_CONV_DEPTHWISE, AC_CONV_PLAIN } layout;
    int tile;           /* GEMM: output channels of a tile; FEW: weights a quad is padded to */
    int oc_tiles;       /* along z for each picture, or */
    bool oc_first;      /* along x and y, before the next pixels; weights are of many pictures */
    int pixels_a_group; /* or patches, of FEW and DEPTHWISE */
    int patch[2];       /* FEW, DEPTHWISE: pixels of a patch, y and x */
    bool texel;
    bool half; /* GEMM: weights are float16; biases never are */
} ac_conv_variant;

/* Output channels of all tiles of a GEMM. */
int ac_conv_row(const ac_conv_variant *v);

/* A matrix product as a convolution over a patch of taps. */
typedef struct ac_conv_gemm {
    int taps[2], stride[2], dilation[2]; /* of the input, y and x */
    int lanes, in_quads, out_lanes;      /* see ac_conv */
    bool bounded, bias, accumulate;
    bool half; /* what goes in, the weights and what comes out are stored as float16 */
    bool plain;
    ac_activation activation;
    float slope;
    uint64_t in_bytes, weight_vecs; /* of the bindings */
} ac_conv_gemm;

/* The kernel for a product on this device, or what the lowering's choice forces. */
ac_status ac_conv_choose_gemm(const ac_lowering *l, const ac_conv_gemm *gemm, ac_conv_variant *v);
/* The one place where the kernel of a convolution as it is defined is chosen. */
ac_status ac_conv_choose(const ac_conv *c, ac_conv_variant *v);
/* It would take cooperative matrices unless it is to be plain. */
bool ac_conv_takes_matrices(const ac_conv *c);

/* As many workgroups as make the pixels of a picture, `pictures` times. */
ac_status ac_conv_dispatch(ac_lowering *l, const ac_conv_variant *v, const ac_binding *bindings,
                           const struct conv_push *push, uint64_t pixels, int pictures);

/* Bias, then the weights of each phase, among the packed weights: */
uint64_t ac_conv_vec_words(const ac_conv_variant *v); /* of four weights */
uint64_t ac_conv_bias_words(const ac_conv *c, const ac_conv_variant *v);
uint64_t ac_conv_phase_words(const ac_conv *c, const ac_conv_variant *v);
ac_status ac_conv_pack(const ac_conv *c, const ac_conv_variant *v, ac_binding *binding);

/* Minimal filtering, see shaders/common/winograd.glsl: m is the outputs of a tile along an axis, 0
 * stands for the convolution as it is defined. */
/* The largest m, at most `most`, that is possible for this convolution. */
int ac_winograd_most(const ac_conv *c, int most);
/* Those m for which there is least to do, the first the best: at most `most` of them. How many. */
int ac_winograd_best(const ac_conv *c, int sizes[], int most);
ac_status ac_winograd_lower(const ac_conv *c, int m);
ac_status ac_winograd_lower_weight_gradient(const ac_conv *c, int m);

/* A way to do a convolution: m of minimal filtering, 0 as it is defined, or */
#define AC_CONV_PLAIN_WAY (-1) /* the same without cooperative matrices */
/* What is fastest, or what the environment forces. */
ac_status ac_conv_choose_way(const ac_conv *c, int *way);
/* Of a convolution, of the gradient of a weight. */
ac_status ac_conv_lower(const ac_conv *c, int way);
ac_status ac_conv_lower_weight_gradient(const ac_conv *c, int m);

/* What kernels are told of a phase of the output; bases and what only some need is left zero. */
struct conv_push ac_conv_describe_phase(const ac_conv *c, int py, int px);

#endif
