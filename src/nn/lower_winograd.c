/* Convolutions by minimal filtering: tiles are transformed, multiplied by transformed weights as
 * ALPHA^2 matrix products, and transformed back. What convolves with a step between its taps or its
 * pixels falls into plain convolutions: a stride divides the taps among sets, which are joined as
 * input channels are, a dilation divides the output's pixels among phases. */
#include "common/push_nn.h"
#include "nn/conv.h"
#include "util/half.h"
#include "util/math.h"
#include "winograd_input_3_spv.h"
#include "winograd_input_3_texel_spv.h"
#include "winograd_input_4_spv.h"
#include "winograd_input_4_texel_spv.h"
#include "winograd_input_5_spv.h"
#include "winograd_input_5_texel_spv.h"
#include "winograd_input_6_spv.h"
#include "winograd_input_6_texel_spv.h"
#include "winograd_output_3_spv.h"
#include "winograd_output_3_texel_spv.h"
#include "winograd_output_4_spv.h"
#include "winograd_output_4_texel_spv.h"
#include "winograd_output_5_spv.h"
#include "winograd_output_5_texel_spv.h"
#include "winograd_output_6_spv.h"
#include "winograd_output_6_texel_spv.h"
#include "winograd_weight_3_spv.h"
#include "winograd_weight_4_spv.h"
#include "winograd_weight_5_spv.h"
#include "winograd_weight_6_spv.h"

#define LOCAL     AC_LOWER_LOCAL
#define MIN_ALPHA 3
#define MAX_ALPHA 6

typedef struct code {
    const uint32_t *words;
    size_t size;
} code;

#define CODE(name)                                                                                 \
    {                                                                                              \
        name##_spv, sizeof(name##_spv)                                                             \
    }

/* By ALPHA; the second with texel buffers. */
static const code input_code[][2] = {
    {CODE(winograd_input_3), CODE(winograd_input_3_texel)},
    {CODE(winograd_input_4), CODE(winograd_input_4_texel)},
    {CODE(winograd_input_5), CODE(winograd_input_5_texel)},
    {CODE(winograd_input_6), CODE(winograd_input_6_texel)},
};
static const code output_code[][2] = {
    {CODE(winograd_output_3), CODE(winograd_output_3_texel)},
    {CODE(winograd_output_4), CODE(winograd_output_4_texel)},
    {CODE(winograd_output_5), CODE(winograd_output_5_texel)},
    {CODE(winograd_output_6), CODE(winograd_output_6_texel)},
};
static const code weight_code[] = {CODE(winograd_weight_3), CODE(winograd_weight_4),
                                   CODE(winograd_weight_5), CODE(winograd_weight_6)};

typedef struct job {
    const ac_conv *c;
    ac_lowering *l;
    int m, r, alpha;
    int step[2], sets[2]; /* y, x: grid pixels between outputs of a tile; sets of taps */
    int quads;            /* of the transformed input: sets and input quads */
    ac_conv_variant gemm;
    const ac_kernel *input, *output, *weight;
    ac_binding packed, transformed; /* weights */
    uint64_t tile_bytes;            /* of scratch */
} job;

static int ceil_div(int a, int b)
{
    return (a + b - 1) / b;
}

/* Taps of a set along an axis. */
static int filter_taps(const ac_conv_axis *a)
{
    return ceil_div(a->taps, a->in_stride / (int)ac_common_divisor(a->in_stride, a->in_dilation));
}

static void describe(job *j, const ac_conv *c, int m)
{
    const ac_conv_axis *axes[2] = {&c->y, &c->x};

    *j = (job){.c = c, .l = c->l, .m = m, .r = filter_taps(&c->y)};
    j->alpha = m + j->r - 1;
    for (int d = 0; d < 2; d++) {
        int common = (int)ac_common_divisor(axes[d]->in_stride, axes[d]->in_dilation);

        j->step[d] = axes[d]->in_dilation / common;
        j->sets[d] = axes[d]->in_stride / common;
    }
    j->quads = j->sets[0] * j->sets[1] * c->in->quads;
    j->tile_bytes = 16 * (uint64_t)(j->alpha * j->alpha) * (uint64_t)(j->quads + c->out->quads);
}

/* Bytes for one workgroup's tiles. */
static uint64_t least_scratch(const ac_conv *c, int m)
{
    job j;

    describe(&j, c, m);
    return (LOCAL + 1) * j.tile_bytes;
}

static bool possible(const ac_conv *c, int m)
{
    int r = filter_taps(&c->y), alpha = m + r - 1;

    return c->groups == 1 && r > 1 && r == filter_taps(&c->x) && alpha >= MIN_ALPHA &&
           alpha <= MAX_ALPHA && least_scratch(c, m) <= AC_LOWER_SCRATCH_MAX;
}

static int tiles_of(const job *j, int d, int phase)
{
    const ac_conv_axis *a = d ? &j->c->x : &j->c->y;
    int out = d ? j->c->out->shape.w : j->c->out->shape.h;

    return ceil_div(ceil_div(ac_conv_grid(a, phase, out), j->step[d]), j->m);
}

static ac_status get_kernel(job *j, const char *name, const code *shader, bool texel,
                            ac_kernel_params *params, const ac_kernel **kernel)
{
    params->name = name;
    params->code = shader->words;
    params->code_size = shader->size;
    params->texel_mask = texel;
    params->push_size = sizeof(struct conv_push);
    return ac_kernel_get(j->l->device, params, kernel);
}

static ac_status get_kernels(job *j)
{
    const ac_conv *c = j->c;
    int at = j->alpha - MIN_ALPHA;
    uint64_t products = (uint64_t)j->alpha * (uint64_t)j->alpha;
    const ac_conv_gemm gemm = {.taps = {1, 1},
                               .stride = {1, 1},
                               .dilation = {1, 1},
                               .lanes = c->lanes,
                               .in_quads = j->quads,
                               .out_lanes = c->out_lanes,
                               .in_bytes = AC_LOWER_SCRATCH_MAX,
                               .weight_vecs = products * (uint64_t)j->quads};
    ac_kernel_params input = {.binding_count = 2,
                              .constant_count = 9,
                              .constants = {LOCAL, j->m, j->step[0], j->step[1], c->y.in_stride,
                                            c->x.in_stride, j->sets[1], c->y.in_dilation,
                                            c->x.in_dilation}};
    ac_kernel_params output = {
        .binding_count = 3,
        .constant_count = 7,
        .constants = {LOCAL, j->m, j->step[0], j->step[1], (int32_t)c->step->activation,
                      (int32_t)ac_float_bits(c->step->slope), c->step->accumulate}};
    ac_kernel_params weight = {
        .binding_count = 2,
        .constant_count = 7,
        .constants = {LOCAL, j->r, c->y.taps, c->x.taps, j->sets[0], j->sets[1], 0}};
    bool cpu = ac_device_get_info(j->l->device)->type == AC_DEVICE_CPU;
    bool in = cpu && ac_lower_texels_fit(j->l, j->l->plan->values[c->in->root].size);
    bool out = cpu && ac_lower_texels_fit(j->l, AC_LOWER_SCRATCH_MAX);
    ac_status status = AC_OK;

    TRY(ac_conv_choose_gemm(j->l, &gemm, &j->gemm));
    weight.constants[6] = j->gemm.tile;
    TRY(get_kernel(j, "winograd_input", &input_code[at][in], in, &input, &j->input));
    TRY(get_kernel(j, "winograd_output", &output_code[at][out], out, &output, &j->output));
    TRY(get_kernel(j, "winograd_weight", &weight_code[at], false, &weight, &j->weight));
fail:
    return status;
}

static struct conv_push describe_phase(const job *j, int py, int px)
{
    struct conv_push push = ac_conv_describe_phase(j->c, py, px);

    push.w_row = ac_conv_row(&j->gemm);
    push.tiles_y = tiles_of(j, 0, py);
    push.tiles_x = tiles_of(j, 1, px);
    return push;
}

static uint64_t transformed_bytes(const job *j)
{
    return 16 * (uint64_t)(j->alpha * j->alpha) * (uint64_t)j->quads *
           (uint64_t)ac_conv_row(&j->gemm);
}

static ac_binding phase_weights(const job *j, int py, int px)
{
    uint64_t each = transformed_bytes(j);

    return ac_lower_part(j->transformed, (uint64_t)(py * j->c->x.phases + px) * each, each);
}

/* The weights of all phases, transformed: in training with each step, else once. */
static ac_status lower_weights(job *j)
{
    const ac_conv *c = j->c;
    uint64_t bias = ac_conv_bias_words(c, &j->gemm), words = ac_conv_phase_words(c, &j->gemm);
    ac_status status = AC_OK;

    TRY(ac_conv_pack(c, &j->gemm, &j->packed));
    j->transformed =
        ac_lower_work(j->l, (uint64_t)(c->y.phases * c->x.phases) * transformed_bytes(j));
    j->l->once = !j->l->places;
    for (int py = 0; py < c->y.phases; py++)
        for (int px = 0; px < c->x.phases; px++) {
            struct conv_push push = describe_phase(j, py, px);
            const ac_binding bindings[2] = {j->packed, phase_weights(j, py, px)};
            uint64_t phase = (uint64_t)py * (uint64_t)c->x.phases + (uint64_t)px;

            push.w_base = (int)((bias + phase * words) / 4);
            TRY(ac_lower_dispatch(j->l, j->weight, bindings, &push,
                                  ac_lower_groups((uint64_t)ac_conv_row(&j->gemm)),
                                  (uint64_t)j->quads));
        }
fail:
    j->l->once = false;
    return status;
}

/* Tiles push->first .. first + count - 1: there, multiplied, and back. */
static ac_status lower_tiles(job *j, struct conv_push *push, ac_binding weights)
{
    const ac_conv *c = j->c;
    int products = j->alpha * j->alpha, count = push->count;
    uint64_t size = 16 * (uint64_t)products * (uint64_t)count * (uint64_t)j->quads;
    ac_binding all = ac_lower_scratch(j->l, (uint64_t)count * j->tile_bytes + AC_PLAN_ALIGNMENT);
    ac_binding in = ac_lower_part(all, 0, size);
    ac_binding out =
        ac_lower_part(all, ac_lower_aligned(size),
                      16 * (uint64_t)products * (uint64_t)count * (uint64_t)c->out->quads);
    const struct conv_push gemm = {.in_h = 1,
                                   .in_w = count,
                                   .out_h = 1,
                                   .out_w = count,
                                   .grid_h = 1,
                                   .grid_w = count,
                                   .out_sy = 1,
                                   .out_sx = 1,
                                   .in_quads = j->quads,
                                   .out_quads = c->out->quads,
                                   .x_batch = j->quads * count,
                                   .y_batch = c->out->quads * count,
                                   .w_batch = j->quads * ac_conv_row(&j->gemm),
                                   .oc_tiles = j->gemm.oc_tiles};
    ac_binding bindings[3];
    ac_status status = AC_OK;

    bindings[0] = ac_lower_value(j->l, c->step->inputs[0], &push->x_base, &push->x_batch);
    bindings[1] = in;
    TRY(ac_lower_dispatch(j->l, j->input, bindings, push, ac_lower_groups((uint64_t)count),
                          (uint64_t)j->quads));
    TRY(ac_lower_barrier(j->l));
    bindings[0] = in;
    bindings[1] = weights;
    bindings[2] = out;
    TRY(ac_lower_dispatch(j->l, j->gemm.kernel, bindings, &gemm,
                          (uint64_t)ceil_div(count, j->gemm.pixels_a_group),
                          (uint64_t)j->gemm.oc_tiles * (uint64_t)products));
    TRY(ac_lower_barrier(j->l));
    bindings[0] = out;
    bindings[1] = j->packed;
    bindings[2] = ac_lower_value(j->l, c->step->output, &push->y_base, &push->y_batch);
    TRY(ac_lower_dispatch(j->l, j->output, bindings, push, ac_lower_groups((uint64_t)count),
                          (uint64_t)c->out->quads));
fail:
    return status;
}

static ac_status lower_phase(job *j, int py, int px)
{
    struct conv_push push = describe_phase(j, py, px);
    int64_t tiles =
        (int64_t)j->c->in->shape.n * j->step[0] * push.tiles_y * j->step[1] * push.tiles_x;
    int64_t most = (int64_t)((AC_LOWER_SCRATCH_MAX - AC_PLAN_ALIGNMENT) / j->tile_bytes);
    int64_t parts = (tiles + most - 1) / most, each = parts ? (tiles + parts - 1) / parts : 0;
    ac_status status = AC_OK;

    each = (each + LOCAL - 1) / LOCAL * LOCAL;
    each = each > most ? most : each;
    for (int64_t first = 0; first < tiles; first += each) {
        push.first = (int)first;
        push.count = (int)(tiles - first < each ? tiles - first : each);
        if (first)
            TRY(ac_lower_barrier(j->l));
        TRY(lower_tiles(j, &push, phase_weights(j, py, px)));
    }
fail:
    return status;
}

ac_status ac_winograd_lower(const ac_conv *c, int m)
{
    ac_status status = AC_OK;
    job j;

    describe(&j, c, m);
    TRY(get_kernels(&j));
    TRY(lower_weights(&j));
    for (int py = 0; py < c->y.phases; py++)
        for (int px = 0; px < c->x.phases; px++) {
            if (py + px > 0)
                TRY(ac_lower_barrier(c->l));
            TRY(lower_phase(&j, py, px));
        }
fail:
    return status;
}

int ac_winograd_most(const ac_conv *c, int most)
{
    int m = most < MAX_ALPHA ? most : MAX_ALPHA;

    while (m > 1 && !possible(c, m))
        m--;
    return m > 1 ? m : 0;
}
