/* Backward passes of all operations but convolutions' weights and batch norms. */
#include <stdlib.h>
#include <string.h>

#include "common/push_nn.h"
#include "common/push_train.h"
#include "eltwise_gradient_spv.h"
#include "eltwise_gradient_texel_spv.h"
#include "nn/blocks.h"
#include "nn/lower.h"
#include "pool_gradient_spv.h"
#include "reduce_blocks_spv.h"
#include "reduce_blocks_texel_spv.h"
#include "reduce_fours_spv.h"
#include "reduce_fours_texel_spv.h"
#include "reduce_spv.h"
#include "upsample_gradient_spv.h"

#define LOCAL AC_LOWER_LOCAL

static int plane_of(const ac_value *value)
{
    return value->shape.h * value->shape.w;
}

int ac_lower_splits(const ac_lowering *l, uint64_t items, int others)
{
    bool cpu = ac_device_get_info(l->device)->type == AC_DEVICE_CPU;
    uint64_t wanted = cpu ? 32 : 1024, most = items / 256 + 1;
    uint64_t splits = (wanted + (uint64_t)others - 1) / (uint64_t)others;

    if (splits > most)
        splits = most;
    return splits > 256 ? 256 : (int)splits;
}

/* Whole vec4s of the partial sums are what whole vec4s of the gradients add up. */
static bool goes_by_fours(const int *map, int count, int stride, int64_t place)
{
    if (count % 4 || stride % 4 || place % 4)
        return false;
    for (int i = 0; i < count; i++)
        if (map[i] != map[i - i % 4] + i % 4 || map[i - i % 4] % 4)
            return false;
    return true;
}

/* The same of blocks of 4 x 4 that are transposed, as where taps of a kernel lie together in the
 * weight and channels in the sums; *blocks NULL: not so, or not for all. The caller's (free()). */
static ac_status find_blocks(const ac_lowering *l, const int *map, int count, int stride,
                             int64_t place, ac_block **blocks, int *block_count)
{
    uint32_t *from = NULL;
    bool *taken = NULL;
    ac_status status = AC_OK;

    *blocks = NULL;
    if (count % 16 || stride % 4 || place % 4)
        return AC_OK;
    from = malloc((size_t)count * sizeof(*from));
    taken = malloc((size_t)count / 4 * sizeof(*taken));
    if (!from || !taken)
        status = AC_ERR_MEMORY;
    for (int i = 0; i < count && status == AC_OK; i++)
        from[i] = (uint32_t)map[i] + 1;
    if (status == AC_OK)
        status = ac_blocks_find(from, count / 4, stride / 4, blocks, block_count, taken);
    if (status)
        ac_fail(l->log, status, "out of memory");
    if (*blocks && *block_count != count / 16) {
        free(*blocks);
        *blocks = NULL;
    }
    free(from);
    free(taken);
    return status;
}

/* Of reduce.comp: of floats, vec4s and blocks; the second code with texel buffers. */
static const struct reduce_kind {
    const char *name;
    const uint32_t *code[2];
    size_t size[2];
    unsigned texel_mask;
} kinds[] = {
    {"reduce", {reduce_spv}, {sizeof(reduce_spv)}, 0},
    {"reduce_fours",
     {reduce_fours_spv, reduce_fours_texel_spv},
     {sizeof(reduce_fours_spv), sizeof(reduce_fours_texel_spv)},
     1},
    {"reduce_blocks",
     {reduce_blocks_spv, reduce_blocks_texel_spv},
     {sizeof(reduce_blocks_spv), sizeof(reduce_blocks_texel_spv)},
     3},
};

ac_status ac_lower_reduce(ac_lowering *l, ac_binding scratch, int splits, int stride,
                          const int *map, int64_t place, int count)
{
    bool fours = goes_by_fours(map, count, stride, place), texel;
    struct reduce_push push = {
        .count = count, .splits = splits, .stride = stride, .place = (int)place};
    ac_kernel_params params = {.binding_count = 3,
                               .push_size = sizeof(struct reduce_push),
                               .constant_count = 1,
                               .constants = {LOCAL}};
    ac_binding bindings[3] = {scratch, {0}, l->gradients};
    const struct reduce_kind *kind;
    ac_block *blocks = NULL;
    int block_count = 0;
    const ac_kernel *kernel;
    ac_status status = AC_OK;
    uint64_t words;
    void *to;

    if (!fours)
        TRY(find_blocks(l, map, count, stride, place, &blocks, &block_count));
    kind = &kinds[fours ? 1 : blocks ? 2 : 0];
    texel = kind->texel_mask && ac_lower_prefers_texels(l, scratch.size);
    params.name = kind->name;
    params.code = kind->code[texel];
    params.code_size = kind->size[texel];
    params.texel_mask = texel ? kind->texel_mask : 0;
    if (fours || blocks) {
        push.count = fours ? count / 4 : block_count;
        push.stride /= 4;
        push.place /= 4;
    }
    words = blocks ? 8 * (uint64_t)block_count : (uint64_t)push.count;
    TRY(ac_lower_words(l, AC_REGION_CONSTANTS, words, &bindings[1], &to));
    if (blocks)
        memcpy(to, blocks, (size_t)block_count * sizeof(*blocks));
    for (int i = 0; i < push.count && !blocks; i++)
        ((int *)to)[i] = fours ? map[4 * (size_t)i] / 4 : map[i];
    TRY(ac_kernel_get(l->device, &params, &kernel));
    TRY(ac_lower_dispatch(l, kernel, bindings, &push, ac_lower_groups((uint64_t)push.count), 1));
fail:
    free(blocks);
    return status;
}

ac_status ac_lower_bias_gradient(ac_lowering *l, const ac_step *step)
{
    const ac_value *dy = &l->plan->values[step->inputs[0]];
    struct norm_push push = {.pixels = plane_of(dy), .n = dy->shape.n, .quads = dy->quads};
    ac_binding from[4], sums;
    ac_status status = AC_OK;

    push.splits = ac_lower_splits(l, (uint64_t)push.n * (uint64_t)push.pixels, push.quads);
    from[0] = ac_lower_value(l, step->inputs[0], &push.a_base, &push.a_batch);
    from[1] = from[2] = from[3] = from[0];
    TRY(ac_lower_channel_sums(l, 0, AC_ACTIVATION_NONE,
                              ac_lower_value_in_texels(l, &l->plan->values[step->inputs[0]]), from,
                              &push, &sums));
    TRY(ac_lower_reduce(l, sums, push.splits, 4 * push.quads, dy->map,
                        ac_lower_tensor(l, step->node, "bias").place, dy->shape.c));
fail:
    return status;
}

/* y (+)= a * slope of the activation whose result is b (-1: none) * scale. */
static ac_status eltwise(ac_lowering *l, const ac_step *step, int a, int b, float scale)
{
    const ac_value *from = &l->plan->values[a], *out = &l->plan->values[step->output];
    bool stretched = plane_of(from) == 1 && plane_of(out) > 1;
    bool texel = ac_lower_value_in_texels(l, &l->plan->values[a]) &&
                 (b < 0 || ac_lower_value_in_texels(l, &l->plan->values[b]));
    const ac_kernel_params params = {
        .name = "eltwise_gradient",
        .code = texel ? eltwise_gradient_texel_spv : eltwise_gradient_spv,
        .code_size = texel ? sizeof(eltwise_gradient_texel_spv) : sizeof(eltwise_gradient_spv),
        .texel_mask = texel ? 3 : 0,
        .binding_count = 3,
        .push_size = sizeof(struct plane_push),
        .subgroup_size = ac_lower_subgroup(l, texel),
        .constant_count = 5,
        .constants = {ac_lower_local(l, texel), stretched, b < 0 ? 0 : (int32_t)step->activation,
                      scale != 1, step->accumulate}};
    struct plane_push push = {.pixels = plane_of(out),
                              .quads = out->quads,
                              .n = out->shape.n,
                              .splits = ac_lower_runs(l, out),
                              .slope = b < 0 ? scale : step->slope};
    const ac_kernel *kernel;
    ac_binding bindings[3];
    ac_status status = AC_OK;

    TRY(ac_kernel_get(l->device, &params, &kernel));
    bindings[0] = ac_lower_value(l, a, &push.a_base, &push.a_batch);
    bindings[1] = bindings[0];
    if (b >= 0)
        bindings[1] = ac_lower_value(l, b, &push.b_base, &push.b_batch);
    bindings[2] = ac_lower_value(l, step->output, &push.y_base, &push.y_batch);
    TRY(ac_lower_dispatch_grid(l, kernel, bindings, &push, (uint64_t)push.quads,
                               (uint64_t)push.splits, 1));
fail:
    return status;
}

ac_status ac_lower_activation_gradient(ac_lowering *l, const ac_step *step)
{
    return eltwise(l, step, step->inputs[0], step->inputs[1], 1);
}

static ac_status window(ac_lowering *l, const ac_step *step)
{
    const ac_op_params *p = &step->node->params;
    const ac_value *dy = &l->plan->values[step->inputs[0]];
    const ac_value *dx = &l->plan->values[step->output];
    bool pool = step->kind != AC_OP_UPSAMPLE;
    ac_kernel_params params = {.name = "upsample_gradient",
                               .code = upsample_gradient_spv,
                               .code_size = sizeof(upsample_gradient_spv),
                               .binding_count = 2,
                               .push_size = sizeof(struct pool_push),
                               .constant_count = 3,
                               .constants = {LOCAL, p->bilinear, step->accumulate}};
    struct pool_push push = {.in_h = dx->shape.h,
                             .in_w = dx->shape.w,
                             .out_h = dy->shape.h,
                             .out_w = dy->shape.w,
                             .kernel_y = p->kernel[0],
                             .kernel_x = p->kernel[1],
                             .stride_y = pool ? p->stride[0] : p->factor,
                             .stride_x = pool ? p->stride[1] : p->factor,
                             .pad_y = p->padding[0],
                             .pad_x = p->padding[1],
                             .quads = dx->quads,
                             .pad_bottom = p->padding[2],
                             .pad_right = p->padding[3]};
    const ac_kernel *kernel;
    ac_binding bindings[3];
    ac_status status = AC_OK;
    int last = pool ? 2 : 1;

    if (pool)
        params = (ac_kernel_params){.name = "pool_gradient",
                                    .code = pool_gradient_spv,
                                    .code_size = sizeof(pool_gradient_spv),
                                    .binding_count = 3,
                                    .push_size = sizeof(struct pool_push),
                                    .constant_count = 4,
                                    .constants = {LOCAL, step->kind == AC_OP_AVGPOOL2D,
                                                  p->count_padding, step->accumulate}};
    TRY(ac_kernel_get(l->device, &params, &kernel));
    bindings[0] = ac_lower_value(l, step->inputs[0], &push.y_base, &push.y_batch);
    bindings[1] = bindings[0];
    if (step->kind == AC_OP_MAXPOOL2D)
        bindings[1] = ac_lower_value(l, step->inputs[1], &push.x_base, &push.x_batch);
    bindings[last] = ac_lower_value(l, step->output, &push.d_base, &push.d_batch);
    TRY(ac_lower_dispatch(l, kernel, bindings, &push, ac_lower_groups((uint64_t)plane_of(dx)),
                          (uint64_t)dx->quads * (uint64_t)dx->shape.n));
fail:
    return status;
}

ac_status ac_lower_input_gradient(ac_lowering *l, const ac_step *step)
{
    const ac_value *dy = &l->plan->values[step->inputs[0]];
    const ac_value *dx = &l->plan->values[step->output];

    if (step->relayout)
        return ac_lower_relayout(l, step);
    switch (step->kind) {
    case AC_OP_MAXPOOL2D:
    case AC_OP_AVGPOOL2D:
    case AC_OP_UPSAMPLE:
        return window(l, step);
    case AC_OP_GLOBAL_AVGPOOL:
        return eltwise(l, step, step->inputs[0], -1, 1 / (float)plane_of(dx));
    default:
        if (plane_of(dx) == 1 && plane_of(dy) > 1)
            return ac_lower_plane(l, step, true); /* of an input that add has stretched */
        return eltwise(l, step, step->inputs[0], -1, 1);
    }
}
