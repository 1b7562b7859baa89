/* Which kernel a convolution takes, and its tile. */
#include <string.h>

#include "common/push_nn.h"
#include "conv_cpu_spv.h"
#include "conv_cpu_texel_spv.h"
#include "conv_direct_half_spv.h"
#include "conv_direct_spv.h"
#include "conv_few_half_spv.h"
#include "conv_few_spv.h"
#include "conv_few_texel_spv.h"
#include "conv_gpu_half_spv.h"
#include "conv_gpu_spv.h"
#ifdef AC_CONV_MATRICES
#include "conv_matrix_half_spv.h"
#endif
#include "depthwise_half_spv.h"
#include "depthwise_spv.h"
#include "depthwise_texel_spv.h"
#include "nn/conv.h"
#include "util/half.h"

#define LOCAL AC_LOWER_LOCAL
/* Most output channels of a tile: more do not pay for their long compilation. */
#define CPU_TILE 32

static int32_t float_bits(float value)
{
    return (int32_t)ac_float_bits(value);
}

/* Output channels a subgroup makes at once: the tile with the least work, counting what a tile
 * costs beside its multiplications. */
static int cpu_tile(int channels, int subgroup)
{
    int unit = subgroup < 8 ? 8 : subgroup, best = unit, best_cost = 1 << 30;

    if (channels <= 4)
        return 4;
    for (int tile = unit; tile <= CPU_TILE; tile += unit) {
        int tiles = (channels + tile - 1) / tile, cost = tiles * (tile + 6);

        if (cost < best_cost) {
            best = tile;
            best_cost = cost;
        }
    }
    return best;
}

/* Most taps of a turn, of so many. */
static int turn_taps(int most, int count)
{
    while (count % most)
        most /= 2;
    return most;
}

static ac_status choose_cpu(const ac_lowering *l, const ac_conv_gemm *g, ac_conv_variant *v)
{
    int sg = (int)ac_device_get_info(l->device)->subgroup_size, tn = cpu_tile(g->out_lanes, sg);
    /* One subgroup a workgroup: those without pixels cost too. Of 16 lanes, the sums of 4 x 32 and
     * what is multiplied take 9 KiB of the stack: loads wait for stores that are 4 KiB apart. */
    int tm = sg > 16 ? 2 : sg == 16 ? 3 : 4;
    /* Taps: code that does not fit into the processor's caches costs more than turns do. */
    int turn = g->lanes == 1 ? 4 : tn > CPU_TILE / 2 ? 1 : 2;
    bool one = g->taps[0] == 1 && g->taps[1] == 1;
    ac_kernel_params params = {
        .name = "conv_cpu",
        .binding_count = 3,
        .push_size = sizeof(struct conv_push),
        .subgroup_size = sg,
        .constant_count = 18,
        .constants = {sg, sg, tm, tn, g->lanes, g->taps[0], g->taps[1], g->stride[0], g->stride[1],
                      g->dilation[0], g->dilation[1], g->bounded, (int32_t)g->activation,
                      float_bits(g->slope), g->accumulate, g->bias, turn_taps(turn, g->taps[1]),
                      one ? turn_taps(turn, g->in_quads) : 1}};

    v->oc_tiles = (g->out_lanes + tn - 1) / tn;
    v->tile = tn;
    v->oc_first = true;
    v->pixels_a_group = sg * tm;
    v->texel = ac_lower_texels_fit(l, g->in_bytes) &&
               ac_lower_texels_fit(l, 16 * (uint64_t)ac_conv_row(v) * (g->weight_vecs + 1));
    params.texel_mask = v->texel ? 3 : 0;
    params.code = v->texel ? conv_cpu_texel_spv : conv_cpu_spv;
    params.code_size = v->texel ? sizeof(conv_cpu_texel_spv) : sizeof(conv_cpu_spv);
    return ac_kernel_get(l->device, &params, &v->kernel);
}

static ac_status choose_gpu(const ac_lowering *l, const ac_conv_gemm *g, ac_conv_variant *v)
{
    const ac_device_info *info = ac_device_get_info(l->device);
    int tm = 4, bq = 4, kept = g->half ? 8 : 16; /* bytes of four values or weights */
    int bn = g->out_lanes <= 16 ? 16 : g->out_lanes <= 32 ? 32 : 64, bm = bn == 64 ? 64 : 128;

    /* Half the tile for devices with the smallest workgroups that Vulkan allows. */
    while (bm / tm * (bn / 4) > (int)info->max_invocations && bm > 16)
        bm /= 2;
    /* Two tiles of each. */
    while (2 * (bm + bn) * kept * bq > (int)info->shared_memory && bq > 1)
        bq /= 2;
    ac_kernel_params params = {
        .name = "conv_gpu",
        .code = g->half ? conv_gpu_half_spv : conv_gpu_spv,
        .code_size = g->half ? sizeof(conv_gpu_half_spv) : sizeof(conv_gpu_spv),
        .binding_count = 3,
        .push_size = sizeof(struct conv_push),
        .constant_count = 16,
        .constants = {bm / tm * (bn / 4), bm, bn, bq, tm, g->taps[0], g->taps[1], g->stride[0],
                      g->stride[1], g->dilation[0], g->dilation[1], (int32_t)g->activation,
                      float_bits(g->slope), g->accumulate, g->bias, g->lanes == 1 ? 1 : 4}};

    v->oc_tiles = (g->out_lanes + bn - 1) / bn;
    v->tile = bn;
    v->pixels_a_group = bm;
    v->half = g->half;
    return ac_kernel_get(l->device, &params, &v->kernel);
}

/* By cooperative matrices, of values in float16; processors' are only for tests. */
static bool takes_matrices(const ac_lowering *l)
{
    const ac_device_info *info = ac_device_get_info(l->device);

    return info->matrix[0] > 0 && (l->choice == AC_CONV_MATRIX ||
                                   (l->choice == AC_CONV_AUTO && info->type != AC_DEVICE_CPU));
}

/* false: not for this convolution or this device, or this build has no such kernel. */
static bool describe_matrix(const ac_lowering *l, const ac_conv_gemm *g, ac_kernel_params *params,
                            ac_conv_variant *v)
{
#ifdef AC_CONV_MATRICES
    const ac_device_info *info = ac_device_get_info(l->device);
    const int *m = info->matrix;
    /* A subgroup makes 2 x 2 matrices, or one across where there are few channels; a workgroup is
     * two subgroups by as many as there are channels for. Intel's have matrices in the smallest
     * subgroups only. */
    int sg = (int)info->subgroup_min, rows = 2, cols = g->out_lanes > m[1] ? 2 : 1, bq = 8;
    int across = g->out_lanes > cols * m[1] ? 2 : 1, subgroups = 2 * across;
    int bm = 2 * rows * m[0], bn = across * cols * m[1];
    const int32_t tile[10] = {subgroups * sg, sg, m[0], m[1], m[2], bm, bn, bq, rows, cols};
    const int32_t convolution[10] = {
        g->taps[0],     g->taps[1],     g->stride[0],           g->stride[1],
        g->dilation[0], g->dilation[1], (int32_t)g->activation, float_bits(g->slope),
        g->accumulate,  g->bias};

    /* Of one channel, three quarters of the products would be with zeros. */
    if (g->lanes == 1 || subgroups * sg > (int)info->max_invocations ||
        16 * (bm + bn) * (bq + 2) + 4 * subgroups * m[0] * m[1] > (int)info->shared_memory)
        return false;
    *params = (ac_kernel_params){.name = "conv_matrix",
                                 .code = conv_matrix_half_spv,
                                 .code_size = sizeof(conv_matrix_half_spv),
                                 .binding_count = 3,
                                 .push_size = sizeof(struct conv_push),
                                 .subgroup_size = sg,
                                 .constant_count = 20};
    memcpy(params->constants, tile, sizeof(tile));
    memcpy(params->constants + 10, convolution, sizeof(convolution));
    v->oc_tiles = (g->out_lanes + bn - 1) / bn;
    v->tile = bn;
    v->pixels_a_group = bm;
    v->half = true;
    return true;
#else
    (void)l, (void)g, (void)params, (void)v;
    return false;
#endif
}

ac_status ac_conv_choose_gemm(const ac_lowering *l, const ac_conv_gemm *gemm, ac_conv_variant *v)
{
    const ac_device_info *info = ac_device_get_info(l->device);
    bool cpu =
        l->choice == AC_CONV_CPU || (l->choice == AC_CONV_AUTO && info->type == AC_DEVICE_CPU);
    ac_kernel_params params;

    memset(v, 0, sizeof(*v));
    v->layout = AC_CONV_GEMM;
    if (cpu && !gemm->half && ac_lower_broadcasts(l))
        return choose_cpu(l, gemm, v);
    if (gemm->half && !gemm->plain && takes_matrices(l) && describe_matrix(l, gemm, &params, v))
        return ac_kernel_get(l->device, &params, &v->kernel);
    return choose_gpu(l, gemm, v);
}

static ac_status choose_direct(const ac_conv *c, ac_conv_variant *v)
{
    const ac_kernel_params params = {
        .name = "conv_direct",
        AC_LOWER_CODE(c->l, conv_direct),
        .binding_count = 4,
        .push_size = sizeof(struct conv_push),
        .constant_count = 11,
        .constants = {LOCAL, c->y.taps, c->x.taps, c->y.in_stride, c->x.in_stride, c->y.in_dilation,
                      c->x.in_dilation, (int32_t)c->step->activation, float_bits(c->step->slope),
                      c->in->shape.c, c->step->accumulate}};

    v->layout = AC_CONV_PLAIN;
    v->oc_tiles = c->out->quads;
    v->pixels_a_group = LOCAL;
    return ac_kernel_get(c->l->device, &params, &v->kernel);
}

/* Most input pixels that an invocation of depthwise.comp sees: its loops are unrolled. */
#define DEPTHWISE_WINDOW 128

/* Input pixels along an axis that so many pixels of the output see. */
static int span(const ac_conv_axis *a, int pixels)
{
    return (pixels - 1) * a->in_stride + (a->taps - 1) * a->in_dilation + 1;
}

/* The patch of one invocation for which a subgroup loads least, of those whose pixels fit into
 * registers. */
static void choose_patch(const ac_conv *c, int local, int patch[2])
{
    static const int patches[][2] = {{1, 1}, {1, 2}, {1, 4}, {2, 2}, {2, 4}};
    int h = ac_conv_grid(&c->y, 0, c->out->shape.h), w = ac_conv_grid(&c->x, 0, c->out->shape.w);
    int64_t best = INT64_MAX;

    for (size_t i = 0; i < sizeof(patches) / sizeof(*patches); i++) {
        int ty = patches[i][0], tx = patches[i][1];
        int64_t count = (int64_t)c->out->shape.n * ((h + ty - 1) / ty) * ((w + tx - 1) / tx);
        int64_t cost =
            (count + local - 1) / local * (span(&c->y, ty) * span(&c->x, tx) + 2 * ty * tx);

        if ((i == 0 || span(&c->y, ty) * span(&c->x, tx) <= DEPTHWISE_WINDOW / 2) && cost < best) {
            best = cost;
            memcpy(patch, patches[i], sizeof(patches[i]));
        }
    }
}

static ac_status choose_depthwise(const ac_conv *c, ac_conv_variant *v)
{
    bool texel = ac_lower_value_in_texels(c->l, c->in), half = c->l->plan->half;
    int local = ac_lower_local(c->l, texel), patch[2] = {1, 1};
    ac_kernel_params params = {.name = "depthwise",
                               .binding_count = 3,
                               .push_size = sizeof(struct conv_push),
                               .subgroup_size = ac_lower_subgroup(c->l, texel),
                               .constant_count = 12};

    choose_patch(c, local, patch);
    memcpy(params.constants,
           (int32_t[]){local, patch[0], patch[1], c->y.taps, c->x.taps, c->y.in_stride,
                       c->x.in_stride, c->y.in_dilation, c->x.in_dilation,
                       (int32_t)c->step->activation, float_bits(c->step->slope),
                       c->step->accumulate},
           12 * sizeof(int32_t));
    v->layout = AC_CONV_DEPTHWISE;
    v->oc_tiles = c->out->quads;
    memcpy(v->patch, patch, sizeof(patch));
    v->pixels_a_group = local;
    v->texel = texel;
    params.texel_mask = texel ? 3 : 0;
    params.code = texel ? depthwise_texel_spv : half ? depthwise_half_spv : depthwise_spv;
    params.code_size = texel  ? sizeof(depthwise_texel_spv)
                       : half ? sizeof(depthwise_half_spv)
                              : sizeof(depthwise_spv);
    return ac_kernel_get(c->l->device, &params, &v->kernel);
}

#define FEW_RUN     4
#define FEW_WINDOW  12  /* most pixels along an axis of the window, of a run */
#define FEW_WEIGHTS 160 /* most of an input quad, in vec4s: they are held in registers */

static int few_weights(const ac_conv *c)
{
    return c->y.phases * c->x.phases * c->y.taps * c->x.taps * c->out_lanes;
}

static int window(const ac_conv_axis *a, int run)
{
    int first = ac_conv_origin(a, 0), last = ac_conv_origin(a, a->phases - 1);

    return (first > last ? first - last : last - first) + (a->taps - 1) * a->in_dilation + 1 +
           (run - 1) * a->in_stride;
}

static bool is_few(const ac_conv *c)
{
    return c->groups == 1 && c->out->quads == 1 && c->y.phases <= 2 && c->x.phases <= 2 &&
           few_weights(c) <= FEW_WEIGHTS && window(&c->y, 1) <= FEW_WINDOW &&
           window(&c->x, FEW_RUN) <= FEW_WINDOW;
}

static ac_status choose_few(const ac_conv *c, ac_conv_variant *v)
{
    const ac_device_info *info = ac_device_get_info(c->l->device);
    int sg = (int)info->subgroup_size, weights = few_weights(c);
    bool half = c->l->plan->half;
    ac_kernel_params params = {.name = "conv_few",
                               .binding_count = 3,
                               .push_size = sizeof(struct conv_push),
                               .constant_count = 20,
                               .constants = {LOCAL,
                                             sg,
                                             FEW_RUN,
                                             c->out_lanes,
                                             c->lanes,
                                             c->y.phases,
                                             c->x.phases,
                                             c->y.taps,
                                             c->x.taps,
                                             c->y.in_stride,
                                             c->x.in_stride,
                                             c->y.in_dilation,
                                             c->x.in_dilation,
                                             ac_conv_origin(&c->y, 0),
                                             ac_conv_origin(&c->y, c->y.phases - 1),
                                             ac_conv_origin(&c->x, 0),
                                             ac_conv_origin(&c->x, c->x.phases - 1),
                                             (int32_t)c->step->activation,
                                             float_bits(c->step->slope),
                                             c->step->accumulate}};

    v->layout = AC_CONV_FEW;
    v->tile = (weights + sg - 1) / sg * sg;
    v->oc_tiles = 1;
    v->patch[0] = 1;
    v->patch[1] = FEW_RUN;
    v->pixels_a_group = LOCAL;
    v->texel = ac_lower_value_in_texels(c->l, c->in);
    params.texel_mask = v->texel ? 3 : 0;
    params.subgroup_size = v->texel ? sg : 0;
    params.code = v->texel ? conv_few_texel_spv : half ? conv_few_half_spv : conv_few_spv;
    params.code_size = v->texel ? sizeof(conv_few_texel_spv)
                       : half   ? sizeof(conv_few_half_spv)
                                : sizeof(conv_few_spv);
    return ac_kernel_get(c->l->device, &params, &v->kernel);
}

static bool same_layout(const ac_conv *c)
{
    return c->in->quads == c->out->quads &&
           memcmp(c->in->map, c->out->map, (size_t)c->in->shape.c * sizeof(int)) == 0;
}

bool ac_conv_takes_matrices(const ac_conv *c)
{
    return c->l->choice == AC_CONV_AUTO && c->l->plan->half && takes_matrices(c->l) &&
           c->groups == 1 && !is_few(c);
}

ac_status ac_conv_choose(const ac_conv *c, ac_conv_variant *v)
{
    const ac_conv_gemm gemm = {.taps = {c->y.taps, c->x.taps},
                               .stride = {c->y.in_stride, c->x.in_stride},
                               .dilation = {c->y.in_dilation, c->x.in_dilation},
                               .lanes = c->lanes,
                               .in_quads = c->in->quads,
                               .out_lanes = c->out_lanes,
                               .bounded = ac_conv_bounded(&c->y, c->in->shape.h, c->out->shape.h) ||
                                          ac_conv_bounded(&c->x, c->in->shape.w, c->out->shape.w),
                               .bias = true,
                               .accumulate = c->step->accumulate,
                               .half = c->l->plan->half,
                               .plain = c->plain,
                               .activation = c->step->activation,
                               .slope = c->step->slope,
                               .in_bytes = c->l->plan->values[c->in->root].size,
                               .weight_vecs =
                                   (uint64_t)c->in->quads *
                                   (uint64_t)(c->y.taps * c->x.taps * c->y.phases * c->x.phases)};

    memset(v, 0, sizeof(*v));
    if (c->l->choice == AC_CONV_DIRECT)
        return choose_direct(c, v);
    if (c->groups > 1) {
        if (c->in_group == 1 && c->out_group == 1 && same_layout(c) &&
            span(&c->y, 1) * span(&c->x, 1) <= DEPTHWISE_WINDOW)
            return choose_depthwise(c, v);
        return choose_direct(c, v);
    }
    if (c->l->choice == AC_CONV_AUTO && is_few(c))
        return choose_few(c, v);
    return ac_conv_choose_gemm(c->l, &gemm, v);
}
