/* Gradients of convolutions' weights. A convolution and a transposed one differ in which side has a
 * row of the weight for each of its channels: `small`, the result of a convolution or the input of
 * a transposed one; `big` is the other side. */
#include <stdlib.h>
#include <string.h>

#include "common/push_train.h"
#include "nn/conv.h"
#include "weight_cpu_spv.h"
#include "weight_cpu_texel_spv.h"
#include "weight_depthwise_spv.h"
#include "weight_depthwise_texel_spv.h"
#include "weight_direct_spv.h"
#include "weight_gpu_spv.h"

#define LONG_ROW             128 /* pixels */
#define TURN                 4   /* pixels of a turn of weight_cpu */
#define WEIGHT_DEPTHWISE_RUN 4   /* pixels of a row at once */
#define LOCAL                AC_LOWER_LOCAL
#define MAX_SPLIT            ((uint64_t)32 << 20) /* bytes of partial sums */

typedef struct job {
    ac_lowering *l;
    const ac_step *step;
    const ac_op_params *p;
    const ac_value *small, *big;
    ac_binding bindings[4];
    struct weight_push push;
    int taps, count;
    bool texel;
    /* Of partial sums: floats of one part; where weight (r, c, tap) lies in it. */
    int stride;
    enum { PAIR_ROWS, SMALL_ROWS, DEPTHWISE, DIRECT } layout;
    int vecs, tile; /* vec4s of a row; quads of a tile of the rows' side */
} job;

static int split(job *j, uint64_t items, int tiles, uint64_t part_bytes)
{
    int splits = ac_lower_splits(j->l, items, tiles);

    while (splits > 1 && (uint64_t)splits * part_bytes > MAX_SPLIT)
        splits--;
    j->push.splits = splits;
    j->stride = (int)(part_bytes / 4);
    j->bindings[2] = ac_lower_scratch(j->l, (uint64_t)splits * part_bytes);
    return splits;
}

/* One workgroup for each tile of each part, folded over x and y. */
static ac_status dispatch_tiles(job *j, const ac_kernel_params *params, int tiles)
{
    const ac_kernel *kernel;
    ac_status status = ac_kernel_get(j->l->device, params, &kernel);

    if (status != AC_OK)
        return status;
    return ac_lower_dispatch(j->l, kernel, j->bindings, &j->push,
                             (uint64_t)tiles * (uint64_t)j->push.splits, 1);
}

/* What a tile costs, in vector operations about: loads, then products. */
static int tile_cost(int nl, int lanes)
{
    return 60 + 6 * nl * lanes;
}

static ac_status lower_cpu(job *j)
{
    int sg = (int)ac_device_get_info(j->l->device)->subgroup_size;
    int pairs = j->big->quads * j->taps, quads = j->small->quads, wide = sg < 8 ? sg : 8;
    int plain_nl = pairs < wide ? pairs : wide, plain_lanes = ac_conv_used_lanes(j->big);
    int swap_nl = quads < wide ? quads : wide, swap_lanes = ac_conv_used_lanes(j->small);
    int64_t plain = (int64_t)((quads + sg - 1) / sg) * ((pairs + plain_nl - 1) / plain_nl) *
                    tile_cost(plain_nl, plain_lanes);
    int64_t swapped = (int64_t)((pairs + sg - 1) / sg) * ((quads + swap_nl - 1) / swap_nl) *
                      tile_cost(swap_nl, swap_lanes);
    /* With one tap the rows are then the weight's own, which are added up four by four. */
    bool own = j->taps == 1 && j->big->shape.c % 4 == 0 && ac_value_is_plain(j->big);
    bool swap = own ? 2 * swapped < 3 * plain : swapped < plain;
    int nl = swap ? swap_nl : plain_nl, lanes = swap ? swap_lanes : plain_lanes, tiles;
    ac_kernel_params params = {.name = "weight_cpu",
                               .binding_count = 3,
                               .push_size = sizeof(struct weight_push),
                               .subgroup_size = sg,
                               .constant_count = 11,
                               .constants = {sg, nl, lanes, swap, TURN, j->p->kernel[0],
                                             j->p->kernel[1], j->p->stride[0], j->p->stride[1],
                                             j->p->dilation[0], j->p->dilation[1]}};

    j->push.small_tiles = swap ? (quads + nl - 1) / nl : (quads + sg - 1) / sg;
    j->push.pair_tiles = swap ? (pairs + sg - 1) / sg : (pairs + nl - 1) / nl;
    tiles = j->push.small_tiles * j->push.pair_tiles;
    j->layout = swap ? SMALL_ROWS : PAIR_ROWS;
    j->tile = nl;
    j->vecs = (swap ? j->push.pair_tiles : j->push.small_tiles) * sg;
    split(j, (uint64_t)j->push.n * (uint64_t)j->push.small_h * 64, tiles,
          16 * (uint64_t)j->vecs * 4 * (uint64_t)nl *
              (uint64_t)(swap ? j->push.small_tiles : j->push.pair_tiles));
    if (j->push.splits > j->push.n * j->push.small_h)
        j->push.splits = j->push.n * j->push.small_h;
    params.texel_mask = j->texel ? 3 : 0;
    params.code = j->texel ? weight_cpu_texel_spv : weight_cpu_spv;
    params.code_size = j->texel ? sizeof(weight_cpu_texel_spv) : sizeof(weight_cpu_spv);
    return dispatch_tiles(j, &params, tiles);
}

static ac_status lower_gpu(job *j)
{
    bool small = ac_device_get_info(j->l->device)->max_invocations < 256;
    int bs = small ? 8 : 16, bp = small ? 8 : 16, pairs = j->big->quads * j->taps, tiles;
    const ac_kernel_params params = {
        .name = "weight_gpu",
        .code = weight_gpu_spv,
        .code_size = sizeof(weight_gpu_spv),
        .binding_count = 3,
        .push_size = sizeof(struct weight_push),
        .constant_count = 10,
        .constants = {bs * bp, bs, bp, 16, j->p->kernel[0], j->p->kernel[1], j->p->stride[0],
                      j->p->stride[1], j->p->dilation[0], j->p->dilation[1]}};

    j->push.small_tiles = (j->small->quads + bs - 1) / bs;
    j->push.pair_tiles = (pairs + bp - 1) / bp;
    tiles = j->push.small_tiles * j->push.pair_tiles;
    j->layout = PAIR_ROWS;
    j->tile = bp;
    j->vecs = j->push.small_tiles * bs;
    split(j, (uint64_t)j->push.n * (uint64_t)j->push.small_h * (uint64_t)j->push.small_w, tiles,
          64 * (uint64_t)j->vecs * (uint64_t)bp * (uint64_t)j->push.pair_tiles);
    return dispatch_tiles(j, &params, tiles);
}

static ac_status lower_depthwise(job *j)
{
    ac_kernel_params params = {.name = "weight_depthwise",
                               .binding_count = 3,
                               .push_size = sizeof(struct weight_push),
                               .subgroup_size = ac_lower_subgroup(j->l, j->texel),
                               .constant_count = 8,
                               .constants = {ac_lower_local(j->l, j->texel), j->p->kernel[0],
                                             j->p->kernel[1], j->p->stride[0], j->p->stride[1],
                                             j->p->dilation[0], j->p->dilation[1],
                                             WEIGHT_DEPTHWISE_RUN}};
    int quads = j->small->quads;
    const ac_kernel *kernel;
    ac_status status = AC_OK;

    j->layout = DEPTHWISE;
    split(j, (uint64_t)j->push.n * (uint64_t)j->push.small_h * (uint64_t)j->push.small_w, quads,
          16 * (uint64_t)quads * (uint64_t)j->taps);
    params.texel_mask = j->texel ? 3 : 0;
    params.code = j->texel ? weight_depthwise_texel_spv : weight_depthwise_spv;
    params.code_size = j->texel ? sizeof(weight_depthwise_texel_spv) : sizeof(weight_depthwise_spv);
    TRY(ac_kernel_get(j->l->device, &params, &kernel));
    TRY(ac_lower_dispatch_grid(j->l, kernel, j->bindings, &j->push, (uint64_t)quads,
                               (uint64_t)j->push.splits, 1));
fail:
    return status;
}

static ac_status lower_direct(job *j)
{
    const ac_kernel_params params = {.name = "weight_direct",
                                     .code = weight_direct_spv,
                                     .code_size = sizeof(weight_direct_spv),
                                     .binding_count = 4,
                                     .push_size = sizeof(struct weight_push),
                                     .constant_count = 7,
                                     .constants = {LOCAL, j->p->kernel[0], j->p->kernel[1],
                                                   j->p->stride[0], j->p->stride[1],
                                                   j->p->dilation[0], j->p->dilation[1]}};
    size_t rows = (size_t)j->small->shape.c, columns = (size_t)j->big->shape.c;
    uint64_t groups = ac_lower_groups((uint64_t)j->count);
    const ac_kernel *kernel;
    ac_binding map;
    ac_status status = AC_OK;
    void *to;

    TRY(ac_lower_words(j->l, AC_REGION_CONSTANTS, rows + columns, &map, &to));
    memcpy(to, j->small->map, rows * sizeof(int));
    memcpy((int *)to + rows, j->big->map, columns * sizeof(int));
    j->layout = DIRECT;
    split(j, (uint64_t)j->push.n * (uint64_t)j->push.small_h * 64, (int)groups,
          4 * (uint64_t)j->count);
    j->bindings[3] = j->bindings[2];
    j->bindings[2] = map;
    TRY(ac_kernel_get(j->l->device, &params, &kernel));
    TRY(ac_lower_dispatch(j->l, kernel, j->bindings, &j->push, groups, (uint64_t)j->push.splits));
    j->bindings[2] = j->bindings[3];
fail:
    return status;
}

static bool is_depthwise(const job *j)
{
    return j->push.group_small == 1 && j->push.group_big == 1 && j->p->groups > 1 &&
           j->taps <= 49 && j->small->quads == j->big->quads &&
           memcmp(j->small->map, j->big->map, (size_t)j->small->shape.c * sizeof(int)) == 0;
}

/* Which kernel: as for the convolution itself. */
static ac_status lower_sums(job *j)
{
    const ac_device_info *info = ac_device_get_info(j->l->device);
    ac_conv_choice choice = j->l->choice;

    if (choice == AC_CONV_DIRECT)
        return lower_direct(j);
    if (j->p->groups > 1)
        return is_depthwise(j) ? lower_depthwise(j) : lower_direct(j);
    if (choice == AC_CONV_AUTO)
        choice = info->type == AC_DEVICE_CPU ? AC_CONV_CPU : AC_CONV_GPU;
    return choice == AC_CONV_CPU && ac_lower_broadcasts(j->l) ? lower_cpu(j) : lower_gpu(j);
}

/* Where the sum of weight (r, c, tap) lies among the partial sums. */
static int place_of(const job *j, int r, int c, int tap)
{
    int row = j->small->map[r];
    int column =
        j->big->map[j->p->groups > 1 ? r / j->push.group_small * j->push.group_big + c : c];
    int pair = column / 4 * j->taps + tap;

    switch (j->layout) {
    case PAIR_ROWS: /* tiles are filled without gaps, so a pair's place is its number */
        return (pair * 4 + column % 4) * j->vecs * 4 + row;
    case SMALL_ROWS:
        return row * j->vecs * 4 + pair * 4 + column % 4;
    case DEPTHWISE:
        return (row / 4 * j->taps + tap) * 4 + row % 4;
    default:
        return (r * j->push.group_big + c) * j->taps + tap;
    }
}

/* Where each pixel is multiplied with its like alone, several rows are a longer one: kernels take
 * long rows faster, and share out whole rows. */
static void join_rows(job *j)
{
    const ac_op_params *p = j->p;
    int joined = 1;

    for (int i = 0; i < 2; i++)
        if (p->kernel[i] != 1 || p->stride[i] != 1)
            return;
    if (j->push.small_h != j->push.big_h || j->push.small_w != j->push.big_w)
        return; /* there is padding */
    for (int k = 2; k * j->push.small_w <= LONG_ROW; k++)
        if (j->push.small_h % k == 0)
            joined = k;
    j->push.small_h = j->push.big_h = j->push.small_h / joined;
    j->push.small_w = j->push.big_w = j->push.small_w * joined;
}

static ac_status lower_as_defined(const ac_conv *conv)
{
    ac_lowering *l = conv->l;
    const ac_step *step = conv->step;
    job j = {.l = l, .step = step, .p = &step->node->params, .small = conv->out, .big = conv->in};
    ac_status status = AC_OK;
    int *map = NULL, *to;

    j.taps = j.p->kernel[0] * j.p->kernel[1];
    j.push = (struct weight_push){.small_h = j.small->shape.h,
                                  .small_w = j.small->shape.w,
                                  .big_h = j.big->shape.h,
                                  .big_w = j.big->shape.w,
                                  .small_quads = j.small->quads,
                                  .big_quads = j.big->quads,
                                  .n = j.small->shape.n,
                                  .pad_y = j.p->padding[0],
                                  .pad_x = j.p->padding[1],
                                  .group_small = j.small->shape.c / j.p->groups,
                                  .group_big = j.big->shape.c / j.p->groups};
    join_rows(&j);
    j.count = j.small->shape.c * j.push.group_big * j.taps;
    j.push.count = j.count;
    j.bindings[0] = ac_lower_value(l, step->inputs[0], &j.push.small_base, &j.push.small_batch);
    j.bindings[1] = ac_lower_value(l, step->inputs[1], &j.push.big_base, &j.push.big_batch);
    j.texel = ac_lower_value_in_texels(l, &l->plan->values[step->inputs[0]]) &&
              ac_lower_value_in_texels(l, &l->plan->values[step->inputs[1]]);
    TRY(lower_sums(&j));
    map = malloc((size_t)j.count * sizeof(*map));
    if (!map) {
        status = ac_fail(l->log, AC_ERR_MEMORY, "out of memory");
        goto fail;
    }
    to = map;
    for (int r = 0; r < j.small->shape.c; r++)
        for (int c = 0; c < j.push.group_big; c++)
            for (int tap = 0; tap < j.taps; tap++)
                *to++ = place_of(&j, r, c, tap);
    TRY(ac_lower_barrier(l));
    TRY(ac_lower_reduce(l, j.bindings[2], j.push.splits, j.stride, map,
                        ac_lower_tensor(l, step->node, "weight").place, j.count));
fail:
    free(map);
    return status;
}

ac_status ac_conv_lower_weight_gradient(const ac_conv *c, int m)
{
    return m ? ac_winograd_lower_weight_gradient(c, m) : lower_as_defined(c);
}

ac_status ac_lower_weight_gradient(ac_lowering *l, const ac_step *step)
{
    ac_step plain = *step;
    ac_status status = AC_OK;
    ac_conv c;
    int m;

    /* The convolution from `big` to `small`: of a transposed one it is the input's gradient. */
    if (step->kind == AC_OP_CONV_TRANSPOSE2D)
        plain.node = &l->plan->mirrors[step->node - l->plan->net->nodes];
    plain.activation = AC_ACTIVATION_NONE;
    c = ac_conv_describe(l, &plain, step->inputs[1], step->inputs[0]);
    TRY(ac_conv_choose_way(&c, &m));
    TRY(ac_conv_lower_weight_gradient(&c, m));
fail:
    return status;
}
