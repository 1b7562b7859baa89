/* Convolutions by minimal filtering: tiles are transformed, multiplied by transformed weights as
 * ALPHA^2 matrix products, and transformed back. What convolves with a step between its taps or its
 * pixels falls into plain convolutions: a stride divides the taps among sets, which are joined as
 * input channels are, a dilation divides the output's pixels among phases. The phases of a
 * transposed convolution see the same pixels, so that tiles are transformed once and multiplied by
 * the weights of all. */
#include "common/push_nn.h"
#include "nn/winograd.h"
#include "util/half.h"
#include "util/math.h"
#include "winograd_input_3_half_spv.h"
#include "winograd_input_3_spv.h"
#include "winograd_input_3_texel_spv.h"
#include "winograd_input_4_half_spv.h"
#include "winograd_input_4_spv.h"
#include "winograd_input_4_texel_spv.h"
#include "winograd_input_5_half_spv.h"
#include "winograd_input_5_spv.h"
#include "winograd_input_5_texel_spv.h"
#include "winograd_input_6_half_spv.h"
#include "winograd_input_6_spv.h"
#include "winograd_input_6_texel_spv.h"
#include "winograd_input_7_spv.h"
#include "winograd_input_7_texel_spv.h"
#include "winograd_input_8_spv.h"
#include "winograd_input_8_texel_spv.h"
#include "winograd_output_3_half_spv.h"
#include "winograd_output_3_spv.h"
#include "winograd_output_3_texel_spv.h"
#include "winograd_output_4_half_spv.h"
#include "winograd_output_4_spv.h"
#include "winograd_output_4_texel_spv.h"
#include "winograd_output_5_half_spv.h"
#include "winograd_output_5_spv.h"
#include "winograd_output_5_texel_spv.h"
#include "winograd_output_6_half_spv.h"
#include "winograd_output_6_spv.h"
#include "winograd_output_6_texel_spv.h"
#include "winograd_output_7_spv.h"
#include "winograd_output_7_texel_spv.h"
#include "winograd_output_8_spv.h"
#include "winograd_output_8_texel_spv.h"
#include "winograd_weight_3_spv.h"
#include "winograd_weight_3_texel_spv.h"
#include "winograd_weight_4_spv.h"
#include "winograd_weight_4_texel_spv.h"
#include "winograd_weight_5_spv.h"
#include "winograd_weight_5_texel_spv.h"
#include "winograd_weight_6_spv.h"
#include "winograd_weight_6_texel_spv.h"
#include "winograd_weight_7_spv.h"
#include "winograd_weight_7_texel_spv.h"
#include "winograd_weight_8_spv.h"
#include "winograd_weight_8_texel_spv.h"

#define LOCAL AC_LOWER_LOCAL
/* Bytes of tiles that are worked on at once on processors: about what their caches hold from one
 * stage to the next. */
#define CACHED    ((uint64_t)8 << 20)
#define FULL_TILE 16 /* quads: the most output channels of a product's tile */
#define BLOCK     64 /* pixels, at least about, that lie together */
/* Of winograd_output.comp, which has four bits for each phase along an axis: */
#define MOST_PHASES 8
#define MOST_SHIFT  15
#define TRANSFORM   25 /* multiplications that take as long as ALPHA sums of a transform, about */
#define AT_LEAST    48 /* tiles that a product takes in the time of fewer, about */

enum { PLAIN, TEXEL, HALF };

/* By ALPHA; the second with texel buffers, the third for values in float16, which takes no tiles of
 * the last two. */
static const ac_winograd_code input_code[][3] = {
    {AC_WINOGRAD_CODE(winograd_input_3), AC_WINOGRAD_CODE(winograd_input_3_texel),
     AC_WINOGRAD_CODE(winograd_input_3_half)},
    {AC_WINOGRAD_CODE(winograd_input_4), AC_WINOGRAD_CODE(winograd_input_4_texel),
     AC_WINOGRAD_CODE(winograd_input_4_half)},
    {AC_WINOGRAD_CODE(winograd_input_5), AC_WINOGRAD_CODE(winograd_input_5_texel),
     AC_WINOGRAD_CODE(winograd_input_5_half)},
    {AC_WINOGRAD_CODE(winograd_input_6), AC_WINOGRAD_CODE(winograd_input_6_texel),
     AC_WINOGRAD_CODE(winograd_input_6_half)},
    AC_WINOGRAD_PAIR(winograd_input_7),
    AC_WINOGRAD_PAIR(winograd_input_8),
};
static const ac_winograd_code output_code[][3] = {
    {AC_WINOGRAD_CODE(winograd_output_3), AC_WINOGRAD_CODE(winograd_output_3_texel),
     AC_WINOGRAD_CODE(winograd_output_3_half)},
    {AC_WINOGRAD_CODE(winograd_output_4), AC_WINOGRAD_CODE(winograd_output_4_texel),
     AC_WINOGRAD_CODE(winograd_output_4_half)},
    {AC_WINOGRAD_CODE(winograd_output_5), AC_WINOGRAD_CODE(winograd_output_5_texel),
     AC_WINOGRAD_CODE(winograd_output_5_half)},
    {AC_WINOGRAD_CODE(winograd_output_6), AC_WINOGRAD_CODE(winograd_output_6_texel),
     AC_WINOGRAD_CODE(winograd_output_6_half)},
    AC_WINOGRAD_PAIR(winograd_output_7),
    AC_WINOGRAD_PAIR(winograd_output_8),
};
static const ac_winograd_code weight_code[][2] = AC_WINOGRAD_PAIRS(winograd_weight);

typedef struct job {
    ac_winograd w;
    const ac_conv *c;
    ac_lowering *l;
    ac_conv_variant gemm;     /* of one phase */
    ac_conv_variant together; /* of those that are multiplied together */
    int block;                /* tiles that lie together, 0: all */
    const ac_kernel *input, *output, *weight;
    ac_binding packed, transformed; /* weights */
} job;

/* b: at least 1. */
static int ceil_div(int a, int b)
{
    return b > 1 ? (a + b - 1) / b : a;
}

/* Taps of a set along an axis. */
static int filter_taps(const ac_conv_axis *a)
{
    return ceil_div(a->taps, a->in_stride / (int)ac_common_divisor(a->in_stride, a->in_dilation));
}

ac_winograd ac_winograd_describe(const ac_conv *c, int m)
{
    const ac_conv_axis *axes[2] = {&c->y, &c->x};
    ac_winograd w = {.c = c, .m = m, .r = filter_taps(&c->y)};
    int out;

    w.alpha = m + w.r - 1;
    w.products = w.alpha * w.alpha;
    for (int d = 0; d < 2; d++) {
        int common = (int)ac_common_divisor(axes[d]->in_stride, axes[d]->in_dilation);

        w.step[d] = axes[d]->in_dilation / common;
        w.sets[d] = axes[d]->in_stride / common;
    }
    w.quads = w.sets[0] * w.sets[1] * c->in->quads;
    w.together = w.step[0] == 1 && w.step[1] == 1 ? c->y.phases * c->x.phases : 1;
    if (c->step->pass == AC_PASS_WEIGHT) /* the last block of lanes may be no more than begun */
        w.sums_bytes = 128 * (uint64_t)w.products * (uint64_t)c->out->quads * (uint64_t)w.quads;
    out = w.together * ac_round_up(c->out->quads, FULL_TILE);
    w.tile_bytes = 16 * (uint64_t)w.products *
                   (uint64_t)((c->step->pass == AC_PASS_WEIGHT ? 2 : 1) * w.quads + out);
    return w;
}

/* The input pixel at which the first tile of a phase begins. */
static int origin_of(const ac_winograd *w, int d, int phase)
{
    const ac_conv_axis *a = d ? &w->c->x : &w->c->y;
    int origin = ac_conv_origin(a, phase);

    for (int i = 0; w->together > 1 && i < a->phases; i++)
        if (ac_conv_origin(a, i) < origin)
            origin = ac_conv_origin(a, i);
    return origin;
}

/* Grid pixels from the first of the tiles to the phase's first. */
static int shift_of(const ac_winograd *w, int d, int phase)
{
    return ac_conv_origin(d ? &w->c->x : &w->c->y, phase) - origin_of(w, d, phase);
}

/* Along y and x, of all phases whose tiles those are, as winograd_output.comp has them. false: they
 * are too many or too far apart. */
static bool get_shifts(const ac_winograd *w, int32_t shifts[2])
{
    for (int d = 0; d < 2; d++) {
        int phases = w->together == 1 ? 1 : d ? w->c->x.phases : w->c->y.phases;
        uint32_t all = 0;

        for (int phase = 0; phase < phases; phase++) {
            int shift = shift_of(w, d, phase);

            if (phase >= MOST_PHASES || shift > MOST_SHIFT)
                return false;
            all |= (uint32_t)shift << 4 * phase;
        }
        shifts[d] = (int32_t)all;
    }
    return true;
}

static bool possible(const ac_conv *c, int m)
{
    int r = filter_taps(&c->y), most = AC_WINOGRAD_MAX_ALPHA;
    int32_t shifts[2];
    ac_winograd w;

    if (c->groups != 1 || r < 2 || r != filter_taps(&c->x))
        return false;
    /* Processors have the memory for what an invocation holds of the largest tiles; float16 does
     * not hold their sums well enough. */
    if (ac_device_get_info(c->l->device)->type != AC_DEVICE_CPU || c->l->plan->half)
        most = AC_WINOGRAD_SMALL_ALPHA;
    w = ac_winograd_describe(c, m);
    if (w.alpha < AC_WINOGRAD_MIN_ALPHA || w.alpha > most || !get_shifts(&w, shifts))
        return false;
    return (LOCAL + 1) * w.tile_bytes + w.sums_bytes <= AC_LOWER_SCRATCH_MAX;
}

int ac_winograd_tiles(const ac_winograd *w, int d, int phase)
{
    const ac_conv_axis *a = d ? &w->c->x : &w->c->y;
    int out = d ? w->c->out->shape.w : w->c->out->shape.h, most = 0;
    int first = w->together > 1 ? 0 : phase, end = w->together > 1 ? a->phases : phase + 1;

    for (int i = first; i < end; i++) {
        int pixels = ac_conv_grid(a, i, out) + shift_of(w, d, i);
        int tiles = ceil_div(ceil_div(pixels, w->step[d]), w->m);

        most = tiles > most ? tiles : most;
    }
    return most;
}

int64_t ac_winograd_all_tiles(const ac_winograd *w, int phase)
{
    int py = phase / w->c->x.phases, px = phase % w->c->x.phases;

    return (int64_t)w->c->in->shape.n * w->step[0] * ac_winograd_tiles(w, 0, py) * w->step[1] *
           ac_winograd_tiles(w, 1, px);
}

int64_t ac_winograd_tiles_at_once(const ac_winograd *w, int64_t tiles)
{
    uint64_t room = AC_LOWER_SCRATCH_MAX - (uint64_t)2 * AC_PLAN_ALIGNMENT - w->sums_bytes;
    uint64_t least = (LOCAL + 1) * w->tile_bytes;
    int64_t most, parts, each;

    if (ac_device_get_info(w->c->l->device)->type == AC_DEVICE_CPU &&
        w->c->step->pass != AC_PASS_WEIGHT)
        room = least > CACHED ? least : CACHED;
    most = (int64_t)(room / w->tile_bytes);
    parts = (tiles + most - 1) / most;
    each = parts ? (tiles + parts - 1) / parts : 0;
    each = (each + LOCAL - 1) / LOCAL * LOCAL;
    return each > most ? most / LOCAL * LOCAL : each;
}

ac_status ac_winograd_get_kernel(const ac_winograd *w, const char *name,
                                 const ac_winograd_code *shader, bool texel,
                                 ac_kernel_params *params, const ac_kernel **kernel)
{
    params->name = name;
    params->code = shader->words;
    params->code_size = shader->size;
    params->texel_mask = texel;
    params->push_size = sizeof(struct conv_push);
    return ac_kernel_get(w->c->l->device, params, kernel);
}

/* Which of the codes, for a first binding of so many bytes. */
static int store_of(const ac_lowering *l, uint64_t bytes)
{
    return l->plan->half ? HALF : ac_lower_prefers_texels(l, bytes) ? TEXEL : PLAIN;
}

ac_status ac_winograd_get_input_kernel(const ac_winograd *w, int row, int block,
                                       const ac_kernel **kernel)
{
    const ac_conv *c = w->c;
    ac_kernel_params params = {.binding_count = 2,
                               .constant_count = 11,
                               .constants = {LOCAL, w->m, w->step[0], w->step[1], c->y.in_stride,
                                             c->x.in_stride, w->sets[1], c->y.in_dilation,
                                             c->x.in_dilation, row, block}};
    int store = store_of(c->l, c->l->plan->values[c->in->root].size);

    return ac_winograd_get_kernel(w, "winograd_input",
                                  &input_code[w->alpha - AC_WINOGRAD_MIN_ALPHA][store],
                                  store == TEXEL, &params, kernel);
}

int ac_winograd_block(const ac_conv_variant *gemm)
{
    int group = gemm->pixels_a_group;

    return !gemm->oc_first ? 0 : group < BLOCK ? BLOCK / group * group : group;
}

ac_status ac_winograd_multiply(const ac_winograd *w, const ac_conv_variant *gemm,
                               const ac_winograd_blocks *b, const ac_binding bindings[3])
{
    const struct conv_push push = {.in_h = 1,
                                   .in_w = b->block,
                                   .out_h = 1,
                                   .out_w = b->block,
                                   .grid_h = 1,
                                   .grid_w = b->block,
                                   .out_sy = 1,
                                   .out_sx = 1,
                                   .in_quads = b->in_quads,
                                   .out_quads = b->out_quads,
                                   .x_batch = b->in_quads * b->block,
                                   .y_batch = b->out_quads * b->block,
                                   .w_batch = b->in_quads * ac_conv_row(gemm),
                                   .count = b->blocks,
                                   .oc_tiles = gemm->oc_tiles};

    return ac_conv_dispatch(w->c->l, gemm, bindings, &push, (uint64_t)b->block,
                            w->products * b->blocks);
}

static int phases_of(const ac_conv *c)
{
    return c->y.phases * c->x.phases;
}

static ac_status get_kernels(job *j)
{
    const ac_winograd *w = &j->w;
    const ac_conv *c = j->c;
    int at = w->alpha - AC_WINOGRAD_MIN_ALPHA;
    /* Of float32, whatever is stored: with no more than transformed weights in float16, results of
     * the op tests are off by up to 5e-3 of the largest (tiles of 2), 3e-2 (of 4). */
    const ac_conv_gemm gemm = {.taps = {1, 1},
                               .stride = {1, 1},
                               .dilation = {1, 1},
                               .lanes = c->lanes,
                               .in_quads = w->quads,
                               .out_lanes = c->out_lanes,
                               .in_bytes = AC_LOWER_SCRATCH_MAX,
                               .weight_vecs = (uint64_t)w->together * (uint64_t)w->products *
                                              (uint64_t)w->quads};
    ac_kernel_params output = {
        .binding_count = 3,
        .constant_count = 12,
        .constants = {LOCAL, w->m, w->step[0], w->step[1], (int32_t)c->step->activation,
                      (int32_t)ac_float_bits(c->step->slope), c->step->accumulate, 0, w->together,
                      w->together > 1 ? c->x.phases : 1, 0, 0}};
    ac_kernel_params weight = {
        .binding_count = 2,
        .constant_count = 7,
        .constants = {LOCAL, w->r, c->y.taps, c->x.taps, w->sets[0], w->sets[1], 0}};
    int store = store_of(j->l, AC_LOWER_SCRATCH_MAX);
    uint64_t packed;
    bool texel;
    ac_status status = AC_OK;

    TRY(ac_conv_choose_gemm(j->l, &gemm, &j->gemm));
    j->together = j->gemm;
    j->together.oc_tiles *= w->together;
    j->w.tile_bytes =
        16 * (uint64_t)w->products * (uint64_t)(w->quads + ac_conv_row(&j->together) / 4);
    j->block = ac_winograd_block(&j->gemm);
    output.constants[7] = j->block;
    (void)get_shifts(w, &output.constants[10]); /* see possible() */
    weight.constants[6] = j->gemm.tile;
    TRY(ac_winograd_get_input_kernel(w, 0, j->block, &j->input));
    TRY(ac_winograd_get_kernel(w, "winograd_output", &output_code[at][store], store == TEXEL,
                               &output, &j->output));
    packed = 4 * (ac_conv_bias_words(c, &j->gemm) +
                  (uint64_t)phases_of(c) * ac_conv_phase_words(c, &j->gemm));
    texel = ac_lower_prefers_texels(j->l, packed);
    TRY(ac_winograd_get_kernel(w, "winograd_weight", &weight_code[at][texel], texel, &weight,
                               &j->weight));
fail:
    return status;
}

static struct conv_push describe_phase(const job *j, int phase)
{
    const ac_winograd *w = &j->w;
    int py = phase / j->c->x.phases, px = phase % j->c->x.phases;
    struct conv_push push = ac_conv_describe_phase(j->c, py, px);

    push.w_row = ac_conv_row(&j->gemm);
    push.oc_tiles = j->together.oc_tiles;
    push.tiles_y = ac_winograd_tiles(w, 0, py);
    push.tiles_x = ac_winograd_tiles(w, 1, px);
    push.in_y0 = origin_of(w, 0, py);
    push.in_x0 = origin_of(w, 1, px);
    return push;
}

/* Which of the phases that are multiplied together this is. */
static int place_of(const job *j, int phase)
{
    return j->w.together > 1 ? phase : 0;
}

/* Of a phase. */
static uint64_t transformed_bytes(const job *j)
{
    return 16 * (uint64_t)j->w.products * (uint64_t)j->w.quads * (uint64_t)ac_conv_row(&j->gemm);
}

/* Of the phase, and of those that are multiplied together with it. */
static ac_binding transformed_weights(const job *j, int phase)
{
    uint64_t each = transformed_bytes(j);

    return ac_lower_part(j->transformed, (uint64_t)(phase - place_of(j, phase)) * each,
                         (uint64_t)j->w.together * each);
}

/* The weights of all phases, transformed: in training with each step, else once. */
static ac_status lower_weights(job *j)
{
    const ac_conv *c = j->c;
    uint64_t bias = ac_conv_bias_words(c, &j->gemm), words = ac_conv_phase_words(c, &j->gemm);
    ac_status status = AC_OK;

    TRY(ac_conv_pack(c, &j->gemm, &j->packed));
    j->transformed = ac_lower_work(j->l, (uint64_t)phases_of(c) * transformed_bytes(j));
    j->l->once = !j->l->places;
    for (int phase = 0; phase < phases_of(c); phase++) {
        struct conv_push push = describe_phase(j, phase);
        const ac_binding bindings[2] = {j->packed, transformed_weights(j, phase)};

        push.w_base = (int)((bias + (uint64_t)phase * words) / 4);
        push.first = place_of(j, phase) * j->gemm.oc_tiles;
        TRY(ac_lower_dispatch(j->l, j->weight, bindings, &push,
                              ac_lower_groups((uint64_t)ac_conv_row(&j->gemm)),
                              (uint64_t)j->w.quads));
    }
fail:
    j->l->once = false;
    return status;
}

/* So many tiles of the phase, and of those together with it: there, multiplied, and back. */
static ac_status lower_tiles(job *j, int phase, int first, int count)
{
    const ac_conv *c = j->c;
    int block = j->block ? j->block : count;
    const ac_winograd_blocks b = {j->block ? ceil_div(count, block) : 1, block, j->w.quads,
                                  ac_conv_row(&j->together) / 4};
    struct conv_push push = describe_phase(j, phase);
    uint64_t tiles = 16 * (uint64_t)j->w.products * (uint64_t)b.blocks * (uint64_t)block;
    uint64_t in_bytes = tiles * (uint64_t)b.in_quads, out_bytes = tiles * (uint64_t)b.out_quads;
    ac_binding all = ac_lower_scratch(j->l, ac_lower_aligned(in_bytes) + out_bytes);
    ac_binding in = ac_lower_part(all, 0, in_bytes);
    ac_binding out = ac_lower_part(all, ac_lower_aligned(in_bytes), out_bytes);
    ac_binding bindings[3];
    ac_status status = AC_OK;

    push.first = first;
    push.count = count;
    bindings[0] = ac_lower_value(j->l, c->step->inputs[0], &push.x_base, &push.x_batch);
    bindings[1] = in;
    TRY(ac_lower_dispatch(j->l, j->input, bindings, &push, ac_lower_groups((uint64_t)count),
                          (uint64_t)j->w.quads));
    TRY(ac_lower_barrier(j->l));
    TRY(ac_winograd_multiply(&j->w, &j->together, &b,
                             (const ac_binding[]){in, transformed_weights(j, phase), out}));
    TRY(ac_lower_barrier(j->l));
    push.in_quads = b.out_quads;
    push.x_batch = ac_conv_row(&j->gemm) / 4;
    bindings[0] = out;
    bindings[1] = j->packed;
    bindings[2] = ac_lower_value(j->l, c->step->output, &push.y_base, &push.y_batch);
    TRY(ac_lower_dispatch(j->l, j->output, bindings, &push, ac_lower_groups((uint64_t)count),
                          (uint64_t)(c->out->quads * j->w.together)));
fail:
    return status;
}

static ac_status lower_phase(job *j, int phase)
{
    int64_t tiles = ac_winograd_all_tiles(&j->w, phase);
    int64_t each = ac_winograd_tiles_at_once(&j->w, tiles);
    ac_status status = AC_OK;

    for (int64_t first = 0; first < tiles; first += each) {
        if (phase || first)
            TRY(ac_lower_barrier(j->l));
        TRY(lower_tiles(j, phase, (int)first, (int)(tiles - first < each ? tiles - first : each)));
    }
fail:
    return status;
}

ac_status ac_winograd_lower(const ac_conv *c, int m)
{
    ac_status status = AC_OK;
    job j = {.w = ac_winograd_describe(c, m), .c = c, .l = c->l};

    TRY(get_kernels(&j));
    TRY(lower_weights(&j));
    for (int phase = 0; phase < phases_of(c); phase += j.w.together)
        TRY(lower_phase(&j, phase));
fail:
    return status;
}

int ac_winograd_most(const ac_conv *c, int most)
{
    int m = most < AC_WINOGRAD_MAX_ALPHA ? most : AC_WINOGRAD_MAX_ALPHA;

    while (m > 1 && !possible(c, m))
        m--;
    return m > 1 ? m : 0;
}

/* What tiles of m have to do, in multiplications of vec4. */
static int64_t work(const ac_conv *c, int m)
{
    ac_winograd w = ac_winograd_describe(c, m);
    int out = c->out->quads * w.together;
    int64_t tile = (int64_t)16 * w.quads * out + (int64_t)TRANSFORM * w.alpha * (w.quads + out);
    int64_t tiles = 0;

    for (int phase = 0; phase < phases_of(c); phase += w.together)
        tiles += ac_winograd_all_tiles(&w, phase);
    return (tiles + AT_LEAST - 1) / AT_LEAST * AT_LEAST * w.products * tile;
}

int ac_winograd_best(const ac_conv *c, int sizes[], int most)
{
    int64_t to_do[AC_WINOGRAD_MAX_ALPHA];
    int count = 0;

    for (int m = 2; m < AC_WINOGRAD_MAX_ALPHA; m++) {
        int at = count;

        if (!possible(c, m))
            continue;
        to_do[m] = work(c, m);
        for (; at > 0 && to_do[m] < to_do[sizes[at - 1]]; at--)
            if (at < most)
                sizes[at] = sizes[at - 1];
        if (at < most)
            sizes[at] = m;
        count += count < most;
    }
    return count;
}
