/* Gradients of convolutions' weights by minimal filtering: where the convolution is
 * y = A^T ((G g) * (B^T d)), the gradient of g is G^T ((A dy) * (B^T d)), summed over tiles. The
 * sums are ALPHA^2 matrix products, for which the transforms lay tiles along vec4s, as a
 * convolution's input channels are. */
#include "common/push_nn.h"
#include "nn/winograd.h"
#include "util/math.h"
#include "winograd_gradient_3_spv.h"
#include "winograd_gradient_3_texel_spv.h"
#include "winograd_gradient_4_spv.h"
#include "winograd_gradient_4_texel_spv.h"
#include "winograd_gradient_5_spv.h"
#include "winograd_gradient_5_texel_spv.h"
#include "winograd_gradient_6_spv.h"
#include "winograd_gradient_6_texel_spv.h"
#include "winograd_gradient_7_spv.h"
#include "winograd_gradient_7_texel_spv.h"
#include "winograd_gradient_8_spv.h"
#include "winograd_gradient_8_texel_spv.h"
#include "winograd_reduce_3_spv.h"
#include "winograd_reduce_3_texel_spv.h"
#include "winograd_reduce_4_spv.h"
#include "winograd_reduce_4_texel_spv.h"
#include "winograd_reduce_5_spv.h"
#include "winograd_reduce_5_texel_spv.h"
#include "winograd_reduce_6_spv.h"
#include "winograd_reduce_6_texel_spv.h"
#include "winograd_reduce_7_spv.h"
#include "winograd_reduce_7_texel_spv.h"
#include "winograd_reduce_8_spv.h"
#include "winograd_reduce_8_texel_spv.h"

#define LOCAL AC_LOWER_LOCAL
#define UNIT  16 /* tiles: as many as a turn of a product may take */

static const ac_winograd_code gradient_code[][2] = AC_WINOGRAD_PAIRS(winograd_gradient);
static const ac_winograd_code reduce_code[][2] = AC_WINOGRAD_PAIRS(winograd_reduce);

typedef struct job {
    ac_winograd w;
    const ac_conv *c;
    ac_lowering *l;
    ac_conv_variant gemm;
    const ac_kernel *input, *gradient, *reduce;
    int block, row; /* lanes of the input that lie together; all, filled up to whole blocks */
    ac_binding rows, columns; /* of the weight: channels in the lanes of out and in */
} job;

static ac_status get_kernels(job *j)
{
    const ac_winograd *w = &j->w;
    const ac_conv *c = j->c;
    int at = w->alpha - AC_WINOGRAD_MIN_ALPHA;
    const ac_conv_gemm gemm = {.taps = {1, 1},
                               .stride = {1, 1},
                               .dilation = {1, 1},
                               .lanes = 4,
                               .in_quads = UNIT / 4,
                               .out_lanes = c->out_lanes,
                               .in_bytes = AC_LOWER_SCRATCH_MAX,
                               .weight_vecs = AC_LOWER_SCRATCH_MAX / 64};
    ac_kernel_params gradient = {.binding_count = 2,
                                 .constant_count = 5,
                                 .constants = {LOCAL, w->m, w->step[0], w->step[1], 0}};
    ac_kernel_params reduce = {
        .binding_count = 4,
        .constant_count = 7,
        .constants = {LOCAL, w->r, c->y.taps, c->x.taps, w->sets[0], w->sets[1], 0}};
    bool texel = ac_lower_value_in_texels(j->l, c->out);
    ac_status status = AC_OK;

    TRY(ac_conv_choose_gemm(j->l, &gemm, &j->gemm));
    gradient.constants[4] = j->gemm.tile;
    j->block = ac_winograd_block(&j->gemm);
    if (j->block == 0 || j->block > 4 * w->quads)
        j->block = 4 * w->quads;
    j->row = ac_round_up(4 * w->quads, j->block);
    j->w.sums_bytes = 16 * (uint64_t)w->products * (uint64_t)c->out->quads * (uint64_t)j->row;
    j->w.tile_bytes = 16 * (uint64_t)w->products * (uint64_t)(j->row + ac_conv_row(&j->gemm)) / 4;
    reduce.constants[6] = j->block;
    TRY(ac_winograd_get_input_kernel(w, j->row, j->block, &j->input));
    TRY(ac_winograd_get_kernel(w, "winograd_gradient", &gradient_code[at][texel], texel, &gradient,
                               &j->gradient));
    texel = ac_lower_prefers_texels(j->l, AC_LOWER_SCRATCH_MAX);
    TRY(ac_winograd_get_kernel(w, "winograd_reduce", &reduce_code[at][texel], texel, &reduce,
                               &j->reduce));
fail:
    return status;
}

/* Tiles push->first .. first + count - 1 of all: adds their part of the gradient. */
static ac_status lower_tiles(job *j, struct conv_push *push)
{
    const ac_winograd *w = &j->w;
    const ac_step *step = j->c->step;
    uint64_t tiles = 16 * (uint64_t)w->products * (uint64_t)push->count;
    uint64_t in_bytes = tiles * (uint64_t)(j->row / 4);
    uint64_t out_bytes = tiles * (uint64_t)(ac_conv_row(&j->gemm) / 4);
    uint64_t out_at = ac_lower_aligned(in_bytes), sums_at = out_at + ac_lower_aligned(out_bytes);
    ac_binding all = ac_lower_scratch(j->l, sums_at + w->sums_bytes);
    ac_binding in = ac_lower_part(all, 0, in_bytes);
    ac_binding out = ac_lower_part(all, out_at, out_bytes);
    ac_binding sums = ac_lower_part(all, sums_at, w->sums_bytes);
    ac_binding bindings[4];
    ac_status status = AC_OK;

    bindings[0] = ac_lower_value(j->l, step->inputs[1], &push->x_base, &push->x_batch);
    bindings[1] = in;
    TRY(ac_lower_dispatch(j->l, j->input, bindings, push, ac_lower_groups((uint64_t)push->count),
                          (uint64_t)w->quads));
    bindings[0] = ac_lower_value(j->l, step->inputs[0], &push->y_base, &push->y_batch);
    bindings[1] = out;
    TRY(ac_lower_dispatch(j->l, j->gradient, bindings, push, ac_lower_groups((uint64_t)push->count),
                          (uint64_t)j->c->out->quads));
    TRY(ac_lower_barrier(j->l));
    TRY(ac_winograd_multiply(
        w, &j->gemm,
        &(ac_winograd_blocks){j->row / j->block, j->block, push->count / 4, j->c->out->quads},
        (const ac_binding[]){in, out, sums}));
    TRY(ac_lower_barrier(j->l));
    bindings[0] = sums;
    bindings[1] = j->rows;
    bindings[2] = j->columns;
    bindings[3] = j->l->gradients;
    push->w_base = (int)ac_lower_tensor(j->l, step->node, "weight").place;
    push->w_row = j->c->in->shape.c;
    TRY(ac_lower_dispatch(j->l, j->reduce, bindings, push, ac_lower_groups(4 * (uint64_t)w->quads),
                          (uint64_t)j->c->out->quads));
fail:
    return status;
}

ac_status ac_winograd_lower_weight_gradient(const ac_conv *c, int m)
{
    job j = {.w = ac_winograd_describe(c, m), .c = c, .l = c->l};
    struct conv_push push = ac_conv_describe_phase(c, 0, 0);
    ac_status status = AC_OK;
    int64_t each;

    TRY(get_kernels(&j));
    TRY(ac_lower_channels(c->l, c->out, &j.rows));
    TRY(ac_lower_channels(c->l, c->in, &j.columns));
    push.tiles_y = ac_winograd_tiles(&j.w, 0, 0);
    push.tiles_x = ac_winograd_tiles(&j.w, 1, 0);
    push.tiles = (int)ac_winograd_all_tiles(&j.w, 0);
    each = ac_winograd_tiles_at_once(&j.w, push.tiles) / UNIT * UNIT;
    for (int64_t first = 0; first < push.tiles; first += each) {
        struct conv_push part = push;
        int64_t left = (push.tiles - first + UNIT - 1) / UNIT * UNIT;

        part.first = (int)first;
        part.count = (int)(left < each ? left : each);
        part.w_row = ac_conv_row(&j.gemm);
        if (first)
            TRY(ac_lower_barrier(c->l));
        TRY(lower_tiles(&j, &part));
    }
fail:
    return status;
}
