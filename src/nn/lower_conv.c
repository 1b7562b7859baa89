/* Convolutions and transposed convolutions become the same kernels: a transposed convolution of
 * stride S is S * S convolutions of stride 1, one for each phase of the output's pixels, each with
 * the taps of the kernel that fall on input pixels for that phase. */
#include <stdlib.h>
#include <string.h>

#include "common/push_nn.h"
#include "conv_cpu_spv.h"
#include "conv_cpu_texel_spv.h"
#include "conv_direct_spv.h"
#include "conv_gpu_spv.h"
#include "depthwise_spv.h"
#include "depthwise_texel_spv.h"
#include "nn/lower.h"
#include "util/half.h"
#include "util/math.h"

#define LOCAL 64

/* One axis of a convolution as the kernels see it. */
typedef struct axis {
    int phases;    /* output pixels o = phases * grid + phase */
    int in_stride; /* input pixel of tap t: grid * in_stride + t * in_dilation + origin(phase) */
    int in_dilation;
    int taps; /* of the phase that has most; the others are filled up with zeros */
    bool transposed;
    int kernel, stride, dilation, padding; /* as the description has them */
    int common;                            /* greatest common divisor of stride and dilation */
} axis;

typedef struct conv {
    ac_lowering *l;
    const ac_step *step;
    const ac_value *in, *out;
    axis y, x;
    int groups, in_group, out_group; /* channels of a group */
    int *lane_channel;               /* [4 * in->quads]: the channel in a lane, or -1 */
    int lanes;                       /* of a quad that are used at most */
    int out_lanes;                   /* up to the last one that is used */
    ac_lower_source weight, bias;
} conv;

static int floor_mod(int a, int m)
{
    return (a % m + m) % m;
}

/* The first kernel index whose taps fall on input pixels for this phase, or -1. */
static int first_tap(const axis *a, int phase)
{
    for (int k = 0; k < a->kernel && k < a->stride / a->common; k++)
        if (floor_mod(phase + a->padding - k * a->dilation, a->stride) == 0)
            return k;
    return -1;
}

static int phase_taps(const axis *a, int phase)
{
    int first = first_tap(a, phase), step = a->stride / a->common;

    return first < 0 ? 0 : (a->kernel - first + step - 1) / step;
}

static axis make_axis(const ac_node *node, int d)
{
    const ac_op_params *p = &node->params;
    axis a = {.kernel = p->kernel[d],
              .stride = p->stride[d],
              .dilation = p->dilation[d],
              .padding = p->padding[d]};

    a.transposed = node->kind == AC_OP_CONV_TRANSPOSE2D;
    a.common = (int)ac_common_divisor(a.stride, a.dilation);
    if (!a.transposed) {
        a.phases = 1;
        a.in_stride = a.stride;
        a.in_dilation = a.dilation;
        a.taps = a.kernel;
        return a;
    }
    a.phases = a.stride;
    a.in_stride = 1;
    a.in_dilation = a.dilation / a.common;
    a.taps = 1;
    for (int phase = 0; phase < a.phases; phase++)
        if (phase_taps(&a, phase) > a.taps)
            a.taps = phase_taps(&a, phase);
    return a;
}

/* The kernel index that tap t of a phase stands for, or -1. Taps run over rising input pixels, so
 * those of a transposed convolution run down the kernel. */
static int kernel_index(const axis *a, int phase, int t)
{
    if (!a->transposed)
        return t;
    if (t >= phase_taps(a, phase))
        return -1;
    return first_tap(a, phase) + (phase_taps(a, phase) - 1 - t) * (a->stride / a->common);
}

static int origin(const axis *a, int phase)
{
    int first;

    if (!a->transposed)
        return -a->padding;
    first = first_tap(a, phase);
    if (first < 0)
        return 0;
    return (phase + a->padding - first * a->dilation) / a->stride -
           (phase_taps(a, phase) - 1) * a->in_dilation;
}

static int grid_size(const axis *a, int phase, int out)
{
    return out <= phase ? 0 : (out - phase + a->phases - 1) / a->phases;
}

/* The weight from channel ic of its group to output channel oc, batch norm folded in, as a word of
 * the packed weights. */
static uint32_t weight_at(const conv *c, int oc, int ic, int ky, int kx, double scale)
{
    size_t plane = (size_t)c->y.kernel * (size_t)c->x.kernel;
    size_t at;

    if (c->y.transposed) {
        size_t group = (size_t)(oc / c->out_group);

        at = (group * (size_t)c->in_group + (size_t)ic) * (size_t)c->out_group +
             (size_t)(oc % c->out_group);
    } else {
        at = (size_t)oc * (size_t)c->in_group + (size_t)ic;
    }
    return ac_lower_packed_word(c->weight,
                                at * plane + (size_t)ky * (size_t)c->x.kernel + (size_t)kx, scale);
}

static void fill_bias(const conv *c, uint32_t *to)
{
    for (int oc = 0; oc < c->out->shape.c; oc++) {
        double scale, shift, bias;

        ac_lower_norm(c->l, c->step->norm, oc, &scale, &shift);
        if (c->l->places) {
            to[c->out->map[oc]] = ac_lower_packed_word(c->bias, (size_t)oc, 1);
        } else {
            bias = c->bias.values ? c->bias.values[oc] : 0.0;
            to[c->out->map[oc]] = ac_float_bits((float)(bias * scale + shift));
        }
    }
}

/* [in_quads][taps][row][4] of one phase, as conv_cpu and conv_gpu read them. */
static void fill_gemm(const conv *c, uint32_t *to, int row, int py, int px)
{
    for (int oc = 0; oc < c->out->shape.c; oc++) {
        double scale, shift;

        ac_lower_norm(c->l, c->step->norm, oc, &scale, &shift);
        for (int q = 0; q < c->in->quads; q++)
            for (int t = 0; t < c->y.taps * c->x.taps; t++) {
                int ky = kernel_index(&c->y, py, t / c->x.taps);
                int kx = kernel_index(&c->x, px, t % c->x.taps);
                uint32_t *vec = to + 4 * ((size_t)(q * c->y.taps * c->x.taps + t) * (size_t)row +
                                          (size_t)c->out->map[oc]);

                for (int k = 0; k < 4; k++) {
                    int ic = c->lane_channel[4 * q + k];

                    if (ic >= 0 && ky >= 0 && kx >= 0)
                        vec[k] = weight_at(c, oc, ic, ky, kx, scale);
                }
            }
    }
}

/* [quads][taps][4] of one phase; input and output have the same layout. */
static void fill_depthwise(const conv *c, uint32_t *to, int py, int px)
{
    for (int ch = 0; ch < c->out->shape.c; ch++) {
        int lane = c->out->map[ch];
        double scale, shift;

        ac_lower_norm(c->l, c->step->norm, ch, &scale, &shift);
        for (int t = 0; t < c->y.taps * c->x.taps; t++) {
            int ky = kernel_index(&c->y, py, t / c->x.taps);
            int kx = kernel_index(&c->x, px, t % c->x.taps);

            if (ky >= 0 && kx >= 0)
                to[4 * (lane / 4 * c->y.taps * c->x.taps + t) + lane % 4] =
                    weight_at(c, ch, 0, ky, kx, scale);
        }
    }
}

/* [oc][in_group][taps] of one phase. */
static void fill_direct(const conv *c, uint32_t *to, int py, int px)
{
    int taps = c->y.taps * c->x.taps;

    for (int oc = 0; oc < c->out->shape.c; oc++) {
        double scale, shift;

        ac_lower_norm(c->l, c->step->norm, oc, &scale, &shift);
        for (int ic = 0; ic < c->in_group; ic++)
            for (int t = 0; t < taps; t++) {
                int ky = kernel_index(&c->y, py, t / c->x.taps);
                int kx = kernel_index(&c->x, px, t % c->x.taps);

                if (ky >= 0 && kx >= 0)
                    to[((size_t)oc * (size_t)c->in_group + (size_t)ic) * (size_t)taps + (size_t)t] =
                        weight_at(c, oc, ic, ky, kx, scale);
            }
    }
}

/* Kernel, its tile, how weights are laid out for it. */
typedef struct variant {
    const ac_kernel *kernel;
    enum { GEMM, DEPTHWISE, DIRECT } layout;
    int row;            /* GEMM: output channels of a weight row, padded to the tile */
    int oc_tiles;       /* along z, for each picture */
    int pixels_a_group; /* or runs, of DEPTHWISE */
    int run;            /* DEPTHWISE: pixels of a run */
    bool texel;
} variant;

static int32_t float_bits(float value)
{
    return (int32_t)ac_float_bits(value);
}

static uint64_t value_bytes(const ac_lowering *l, const ac_value *value)
{
    return l->plan->values[value->root].size;
}

/* Some taps of some phase lie outside the input. */
static bool bounded(const conv *c)
{
    const ac_shape *in = &c->in->shape, *out = &c->out->shape;

    for (int phase = 0; phase < c->y.phases; phase++) {
        int last = (grid_size(&c->y, phase, out->h) - 1) * c->y.in_stride;

        if (origin(&c->y, phase) < 0 ||
            last + (c->y.taps - 1) * c->y.in_dilation + origin(&c->y, phase) >= in->h)
            return true;
    }
    for (int phase = 0; phase < c->x.phases; phase++) {
        int last = (grid_size(&c->x, phase, out->w) - 1) * c->x.in_stride;

        if (origin(&c->x, phase) < 0 ||
            last + (c->x.taps - 1) * c->x.in_dilation + origin(&c->x, phase) >= in->w)
            return true;
    }
    return false;
}

/* Output channels a subgroup makes at once: the tile with the least work, counting what a tile
 * costs beside its multiplications. More than 32 do not pay for their longer compilation. */
static int cpu_tile(int channels, int subgroup)
{
    int unit = subgroup < 8 ? 8 : subgroup, best = unit, best_cost = 1 << 30;

    if (channels <= 4)
        return 4;
    for (int tile = unit; tile <= 32; tile += unit) {
        int tiles = (channels + tile - 1) / tile, cost = tiles * (tile + 6);

        if (cost < best_cost) {
            best = tile;
            best_cost = cost;
        }
    }
    return best;
}

static ac_status choose_cpu(const conv *c, variant *v)
{
    const ac_device_info *info = ac_device_get_info(c->l->device);
    int sg = (int)info->subgroup_size, tn = cpu_tile(c->out_lanes, sg), tm = sg > 16 ? 2 : 4;
    uint64_t weights;
    ac_kernel_params params = {.name = "conv_cpu",
                               .binding_count = 3,
                               .push_size = sizeof(struct conv_push),
                               .subgroup_size = sg,
                               .constant_count = 15,
                               .constants = {LOCAL, sg, tm, tn, c->lanes, c->y.taps, c->x.taps,
                                             c->y.in_stride, c->x.in_stride, c->y.in_dilation,
                                             c->x.in_dilation, bounded(c),
                                             (int32_t)c->step->activation,
                                             float_bits(c->step->slope), c->step->accumulate}};

    v->layout = GEMM;
    v->oc_tiles = (c->out_lanes + tn - 1) / tn;
    v->row = v->oc_tiles * tn;
    v->pixels_a_group = LOCAL * tm;
    weights =
        16 * (uint64_t)v->row *
        ((uint64_t)c->in->quads * (uint64_t)(c->y.taps * c->x.taps * c->y.phases * c->x.phases) +
         1);
    v->texel =
        ac_lower_texels_fit(c->l, value_bytes(c->l, c->in)) && ac_lower_texels_fit(c->l, weights);
    params.texel_mask = v->texel ? 3 : 0;
    params.code = v->texel ? conv_cpu_texel_spv : conv_cpu_spv;
    params.code_size = v->texel ? sizeof(conv_cpu_texel_spv) : sizeof(conv_cpu_spv);
    return ac_kernel_get(c->l->device, &params, &v->kernel);
}

static ac_status choose_gpu(const conv *c, variant *v)
{
    const ac_device_info *info = ac_device_get_info(c->l->device);
    int channels = c->out_lanes, tm = 4, bq = 4;
    int bn = channels <= 16 ? 16 : channels <= 32 ? 32 : 64, bm = bn == 64 ? 64 : 128;

    /* Half the tile for devices with the smallest workgroups that Vulkan allows. */
    while (bm / tm * (bn / 4) > (int)info->max_invocations && bm > 16)
        bm /= 2;
    ac_kernel_params params = {.name = "conv_gpu",
                               .code = conv_gpu_spv,
                               .code_size = sizeof(conv_gpu_spv),
                               .binding_count = 3,
                               .push_size = sizeof(struct conv_push),
                               .constant_count = 14,
                               .constants = {bm / tm * (bn / 4), bm, bn, bq, tm, c->y.taps,
                                             c->x.taps, c->y.in_stride, c->x.in_stride,
                                             c->y.in_dilation, c->x.in_dilation,
                                             (int32_t)c->step->activation,
                                             float_bits(c->step->slope), c->step->accumulate}};

    v->layout = GEMM;
    v->oc_tiles = (channels + bn - 1) / bn;
    v->row = v->oc_tiles * bn;
    v->pixels_a_group = bm;
    return ac_kernel_get(c->l->device, &params, &v->kernel);
}

static ac_status choose_direct(const conv *c, variant *v)
{
    const ac_kernel_params params = {
        .name = "conv_direct",
        .code = conv_direct_spv,
        .code_size = sizeof(conv_direct_spv),
        .binding_count = 4,
        .push_size = sizeof(struct conv_push),
        .constant_count = 11,
        .constants = {LOCAL, c->y.taps, c->x.taps, c->y.in_stride, c->x.in_stride, c->y.in_dilation,
                      c->x.in_dilation, (int32_t)c->step->activation, float_bits(c->step->slope),
                      c->in->shape.c, c->step->accumulate}};

    v->layout = DIRECT;
    v->oc_tiles = c->out->quads;
    v->pixels_a_group = LOCAL;
    return ac_kernel_get(c->l->device, &params, &v->kernel);
}

static int run_span(const conv *c, int run)
{
    return (run - 1) * c->x.in_stride + (c->x.taps - 1) * c->x.in_dilation + 1;
}

static ac_status choose_depthwise(const conv *c, variant *v)
{
    int run = run_span(c, 4) <= 24 ? 4 : 1;
    ac_kernel_params params = {.name = "depthwise",
                               .binding_count = 3,
                               .push_size = sizeof(struct conv_push),
                               .constant_count = 11,
                               .constants = {LOCAL, run, c->y.taps, c->x.taps, c->y.in_stride,
                                             c->x.in_stride, c->y.in_dilation, c->x.in_dilation,
                                             (int32_t)c->step->activation,
                                             float_bits(c->step->slope), c->step->accumulate}};

    v->layout = DEPTHWISE;
    v->oc_tiles = c->out->quads;
    v->run = run;
    v->pixels_a_group = LOCAL;
    v->texel = ac_device_get_info(c->l->device)->type == AC_DEVICE_CPU &&
               ac_lower_texels_fit(c->l, value_bytes(c->l, c->in));
    params.texel_mask = v->texel ? 3 : 0;
    params.code = v->texel ? depthwise_texel_spv : depthwise_spv;
    params.code_size = v->texel ? sizeof(depthwise_texel_spv) : sizeof(depthwise_spv);
    return ac_kernel_get(c->l->device, &params, &v->kernel);
}

static bool same_layout(const conv *c)
{
    return c->in->quads == c->out->quads &&
           memcmp(c->in->map, c->out->map, (size_t)c->in->shape.c * sizeof(int)) == 0;
}

/* The one place where a convolution's kernel is chosen. */
static ac_status choose(const conv *c, variant *v)
{
    const ac_device_info *info = ac_device_get_info(c->l->device);
    ac_conv_choice choice = c->l->choice;
    bool broadcasts =
        info->subgroup_broadcast && info->subgroup_size >= 4 && info->subgroup_size <= 32;

    memset(v, 0, sizeof(*v));
    if (choice == AC_CONV_DIRECT)
        return choose_direct(c, v);
    if (c->groups > 1) {
        if (c->in_group == 1 && c->out_group == 1 && same_layout(c) && run_span(c, 1) <= 64)
            return choose_depthwise(c, v);
        return choose_direct(c, v);
    }
    if (choice == AC_CONV_AUTO)
        choice = info->type == AC_DEVICE_CPU ? AC_CONV_CPU : AC_CONV_GPU;
    return choice == AC_CONV_CPU && broadcasts ? choose_cpu(c, v) : choose_gpu(c, v);
}

static uint64_t phase_words(const conv *c, const variant *v)
{
    uint64_t taps = (uint64_t)c->y.taps * (uint64_t)c->x.taps, words;

    switch (v->layout) {
    case GEMM:
        return 4 * (uint64_t)c->in->quads * taps * (uint64_t)v->row;
    case DEPTHWISE:
        return 4 * (uint64_t)c->out->quads * taps;
    default:
        words = (uint64_t)c->out->shape.c * (uint64_t)c->in_group * taps;
        return (words + 3) & ~(uint64_t)3;
    }
}

static uint64_t bias_words(const conv *c, const variant *v)
{
    return v->layout == GEMM ? (uint64_t)v->row : 4 * (uint64_t)c->out->quads;
}

/* Bias, then the weights of each phase. */
static ac_status make_weights(const conv *c, const variant *v, ac_binding *binding)
{
    uint64_t each = phase_words(c, v), bias = bias_words(c, v);
    uint64_t phases = (uint64_t)c->y.phases * (uint64_t)c->x.phases;
    void *memory = NULL;
    uint32_t *to;
    ac_status status =
        ac_lower_words(c->l, AC_REGION_PACKED, bias + phases * each, binding, &memory);

    if (status != AC_OK)
        return status;
    to = memory;
    fill_bias(c, to);
    to += bias;
    for (int py = 0; py < c->y.phases; py++)
        for (int px = 0; px < c->x.phases; px++, to += each) {
            if (v->layout == GEMM)
                fill_gemm(c, to, v->row, py, px);
            else if (v->layout == DEPTHWISE)
                fill_depthwise(c, to, py, px);
            else
                fill_direct(c, to, py, px);
        }
    return AC_OK;
}

static ac_status dispatch_phase(const conv *c, const variant *v, ac_binding weights, ac_binding map,
                                int py, int px)
{
    struct conv_push push = {.in_h = c->in->shape.h,
                             .in_w = c->in->shape.w,
                             .out_h = c->out->shape.h,
                             .out_w = c->out->shape.w,
                             .grid_h = grid_size(&c->y, py, c->out->shape.h),
                             .grid_w = grid_size(&c->x, px, c->out->shape.w),
                             .out_sy = c->y.phases,
                             .out_sx = c->x.phases,
                             .out_y0 = py,
                             .out_x0 = px,
                             .in_y0 = origin(&c->y, py),
                             .in_x0 = origin(&c->x, px),
                             .in_quads = c->in->quads,
                             .out_quads = c->out->quads,
                             .w_row = v->row,
                             .oc_tiles = v->oc_tiles};
    uint64_t phase = (uint64_t)py * (uint64_t)c->x.phases + (uint64_t)px;
    uint64_t items = (uint64_t)push.grid_h * (uint64_t)push.grid_w;
    ac_binding bindings[4];

    if (items == 0)
        return AC_OK;
    push.w_base = (int)((bias_words(c, v) + phase * phase_words(c, v)) / 4);
    if (v->layout == DIRECT) {
        push.w_row = c->in_group;
        push.oc_tiles = c->out_group;
    }
    if (v->layout == DEPTHWISE)
        items = (uint64_t)push.grid_h *
                (((uint64_t)push.grid_w + (uint64_t)v->run - 1) / (uint64_t)v->run);
    bindings[0] = ac_lower_value(c->l, c->step->inputs[0], &push.x_base, &push.x_batch);
    bindings[1] = weights;
    bindings[2] = ac_lower_value(c->l, c->step->output, &push.y_base, &push.y_batch);
    if (v->layout == DIRECT) {
        bindings[3] = bindings[2];
        bindings[2] = map;
    }
    return ac_lower_dispatch(c->l, v->kernel, bindings, &push,
                             (items + (uint64_t)v->pixels_a_group - 1) /
                                 (uint64_t)v->pixels_a_group,
                             (uint64_t)v->oc_tiles * (uint64_t)c->in->shape.n);
}

static ac_status find_lanes(conv *c)
{
    c->lane_channel = ac_lower_lane_channels(c->l, c->in);
    if (!c->lane_channel)
        return AC_ERR_MEMORY;
    for (int ch = 0; ch < c->in->shape.c; ch++)
        if (c->in->map[ch] % 4 + 1 > c->lanes)
            c->lanes = c->in->map[ch] % 4 + 1;
    for (int ch = 0; ch < c->out->shape.c; ch++)
        if (c->out->map[ch] + 1 > c->out_lanes)
            c->out_lanes = c->out->map[ch] + 1;
    return AC_OK;
}

/* For conv_direct: where channels lie in the input, then which channels the output's lanes have. */
static ac_status make_maps(const conv *c, ac_binding *binding)
{
    size_t in = (size_t)c->in->shape.c * sizeof(int);
    int *out = ac_lower_lane_channels(c->l, c->out);
    ac_status status = out ? AC_OK : AC_ERR_MEMORY;
    void *to;

    if (status == AC_OK)
        status =
            ac_lower_words(c->l, AC_REGION_CONSTANTS,
                           (uint64_t)c->in->shape.c + 4 * (uint64_t)c->out->quads, binding, &to);
    if (status == AC_OK) {
        memcpy(to, c->in->map, in);
        memcpy((char *)to + in, out, (size_t)c->out->quads * 4 * sizeof(int));
    }
    free(out);
    return status;
}

ac_status ac_lower_conv(ac_lowering *l, const ac_step *step)
{
    const ac_node *node = step->node;
    conv c = {.l = l,
              .step = step,
              .in = &l->plan->values[step->inputs[0]],
              .out = &l->plan->values[step->output],
              .y = make_axis(node, 0),
              .x = make_axis(node, 1),
              .groups = node->params.groups,
              .weight = ac_lower_tensor(l, node, "weight"),
              .bias = {NULL, -1}};
    ac_status status = AC_OK;
    ac_binding weights, map = {0};
    variant v;

    if (node->params.bias)
        c.bias = ac_lower_tensor(l, node, "bias");
    c.in_group = c.in->shape.c / c.groups;
    c.out_group = c.out->shape.c / c.groups;
    TRY(find_lanes(&c));
    TRY(choose(&c, &v));
    TRY(make_weights(&c, &v, &weights));
    if (v.layout == DIRECT)
        TRY(make_maps(&c, &map));
    for (int py = 0; py < c.y.phases; py++)
        for (int px = 0; px < c.x.phases; px++)
            TRY(dispatch_phase(&c, &v, weights, map, py, px));
fail:
    free(c.lane_channel);
    return status;
}
