/* Backward passes of all operations but convolutions' weights and batch norms. */
#include <stdlib.h>
#include <string.h>

#include "channel_sums_spv.h"
#include "common/push_nn.h"
#include "common/push_train.h"
#include "eltwise_gradient_spv.h"
#include "gather_spv.h"
#include "global_avgpool_spv.h"
#include "nn/lower.h"
#include "pool_gradient_spv.h"
#include "reduce_spv.h"
#include "upsample_gradient_spv.h"

#define LOCAL 64

static uint64_t groups(uint64_t items)
{
    return (items + LOCAL - 1) / LOCAL;
}

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

ac_status ac_lower_reduce(ac_lowering *l, ac_binding scratch, int splits, int stride,
                          ac_binding map, int64_t place, int count)
{
    const ac_kernel_params params = {.name = "reduce",
                                     .code = reduce_spv,
                                     .code_size = sizeof(reduce_spv),
                                     .binding_count = 3,
                                     .push_size = sizeof(struct reduce_push),
                                     .constant_count = 1,
                                     .constants = {LOCAL}};
    const struct reduce_push push = {
        .count = count, .splits = splits, .stride = stride, .place = (int)place};
    const ac_binding bindings[3] = {scratch, map, l->gradients};
    const ac_kernel *kernel;
    ac_status status = AC_OK;

    TRY(ac_lower_barrier(l));
    TRY(ac_kernel_get(l->device, &params, &kernel));
    TRY(ac_lower_dispatch(l, kernel, bindings, &push, groups((uint64_t)count), 1));
fail:
    return status;
}

ac_status ac_lower_bias_gradient(ac_lowering *l, const ac_step *step)
{
    const ac_value *dy = &l->plan->values[step->inputs[0]];
    const ac_kernel_params params = {.name = "channel_sums",
                                     .code = channel_sums_spv,
                                     .code_size = sizeof(channel_sums_spv),
                                     .binding_count = 5,
                                     .push_size = sizeof(struct norm_push),
                                     .constant_count = 3,
                                     .constants = {LOCAL, 0, 0}};
    struct norm_push push = {.pixels = plane_of(dy), .n = dy->shape.n, .quads = dy->quads};
    ac_binding bindings[5], map;
    const ac_kernel *kernel;
    ac_status status = AC_OK;
    ac_call *call;
    void *to;

    push.splits = ac_lower_splits(l, (uint64_t)push.n * (uint64_t)push.pixels, push.quads);
    TRY(ac_kernel_get(l->device, &params, &kernel));
    bindings[0] = ac_lower_value(l, step->inputs[0], &push.a_base, &push.a_batch);
    bindings[1] = bindings[2] = bindings[3] = bindings[0];
    bindings[4] = ac_lower_scratch(l, 16 * (uint64_t)push.splits * (uint64_t)push.quads);
    TRY(ac_lower_dispatch(l, kernel, bindings, &push, 1, 1));
    call = &l->calls[l->call_count - 1];
    call->groups[0] = (uint32_t)push.quads;
    call->groups[1] = (uint32_t)push.splits;
    TRY(ac_lower_words(l, AC_REGION_CONSTANTS, (uint64_t)dy->shape.c, &map, &to));
    memcpy(to, dy->map, (size_t)dy->shape.c * sizeof(int));
    TRY(ac_lower_reduce(l, bindings[4], push.splits, 4 * push.quads, map,
                        ac_lower_tensor(l, step->node, "bias").place, dy->shape.c));
fail:
    return status;
}

/* y (+)= a * slope of the activation whose result is b (-1: none) * scale. */
static ac_status eltwise(ac_lowering *l, const ac_step *step, int a, int b, float scale)
{
    const ac_value *from = &l->plan->values[a], *out = &l->plan->values[step->output];
    bool stretched = plane_of(from) == 1 && plane_of(out) > 1;
    const ac_kernel_params params = {.name = "eltwise_gradient",
                                     .code = eltwise_gradient_spv,
                                     .code_size = sizeof(eltwise_gradient_spv),
                                     .binding_count = 3,
                                     .push_size = sizeof(struct plane_push),
                                     .constant_count = 5,
                                     .constants = {LOCAL, stretched,
                                                   b < 0 ? 0 : (int32_t)step->activation,
                                                   scale != 1, step->accumulate}};
    struct plane_push push = {
        .pixels = plane_of(out), .quads = out->quads, .slope = b < 0 ? scale : step->slope};
    const ac_kernel *kernel;
    ac_binding bindings[3];
    ac_status status = AC_OK;

    TRY(ac_kernel_get(l->device, &params, &kernel));
    bindings[0] = ac_lower_value(l, a, &push.a_base, &push.a_batch);
    bindings[1] = bindings[0];
    if (b >= 0)
        bindings[1] = ac_lower_value(l, b, &push.b_base, &push.b_batch);
    bindings[2] = ac_lower_value(l, step->output, &push.y_base, &push.y_batch);
    TRY(ac_lower_dispatch(l, kernel, bindings, &push, groups((uint64_t)push.pixels),
                          (uint64_t)out->quads * (uint64_t)out->shape.n));
fail:
    return status;
}

ac_status ac_lower_activation_gradient(ac_lowering *l, const ac_step *step)
{
    return eltwise(l, step, step->inputs[0], step->inputs[1], 1);
}

/* Channels back from plain order. */
static ac_status relayout(ac_lowering *l, const ac_step *step)
{
    const ac_value *out = &l->plan->values[step->output];
    const ac_kernel_params params = {.name = "gather",
                                     .code = gather_spv,
                                     .code_size = sizeof(gather_spv),
                                     .binding_count = 3,
                                     .push_size = sizeof(struct plane_push),
                                     .constant_count = 2,
                                     .constants = {LOCAL, step->accumulate}};
    struct plane_push push = {.pixels = plane_of(out), .quads = out->quads};
    int *channels = ac_lower_lane_channels(l, out);
    const ac_kernel *kernel;
    ac_binding bindings[3];
    ac_status status = AC_OK;
    void *to;

    if (!channels)
        return AC_ERR_MEMORY;
    TRY(ac_kernel_get(l->device, &params, &kernel));
    TRY(ac_lower_words(l, AC_REGION_CONSTANTS, 4 * (uint64_t)out->quads, &bindings[1], &to));
    memcpy(to, channels, 4 * (size_t)out->quads * sizeof(int));
    bindings[0] = ac_lower_value(l, step->inputs[0], &push.a_base, &push.a_batch);
    bindings[2] = ac_lower_value(l, step->output, &push.y_base, &push.y_batch);
    TRY(ac_lower_dispatch(l, kernel, bindings, &push, groups((uint64_t)push.pixels),
                          (uint64_t)out->quads * (uint64_t)out->shape.n));
fail:
    free(channels);
    return status;
}

/* Of an input that add has stretched: the sum over the plane. */
static ac_status sum_plane(ac_lowering *l, const ac_step *step)
{
    const ac_value *dy = &l->plan->values[step->inputs[0]];
    const ac_kernel_params params = {.name = "global_avgpool",
                                     .code = global_avgpool_spv,
                                     .code_size = sizeof(global_avgpool_spv),
                                     .binding_count = 2,
                                     .push_size = sizeof(struct plane_push),
                                     .constant_count = 3,
                                     .constants = {LOCAL, 1, step->accumulate}};
    struct plane_push push = {.pixels = plane_of(dy), .quads = dy->quads};
    const ac_kernel *kernel;
    ac_binding bindings[2];
    ac_status status = AC_OK;
    ac_call *call;

    TRY(ac_kernel_get(l->device, &params, &kernel));
    bindings[0] = ac_lower_value(l, step->inputs[0], &push.a_base, &push.a_batch);
    bindings[1] = ac_lower_value(l, step->output, &push.y_base, &push.y_batch);
    TRY(ac_lower_dispatch(l, kernel, bindings, &push, 1, 1));
    call = &l->calls[l->call_count - 1];
    call->groups[0] = (uint32_t)dy->quads;
    call->groups[1] = (uint32_t)dy->shape.n;
fail:
    return status;
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
    TRY(ac_lower_dispatch(l, kernel, bindings, &push, groups((uint64_t)plane_of(dx)),
                          (uint64_t)dx->quads * (uint64_t)dx->shape.n));
fail:
    return status;
}

ac_status ac_lower_input_gradient(ac_lowering *l, const ac_step *step)
{
    const ac_value *dy = &l->plan->values[step->inputs[0]];
    const ac_value *dx = &l->plan->values[step->output];

    if (step->relayout)
        return relayout(l, step);
    switch (step->kind) {
    case AC_OP_MAXPOOL2D:
    case AC_OP_AVGPOOL2D:
    case AC_OP_UPSAMPLE:
        return window(l, step);
    case AC_OP_GLOBAL_AVGPOOL:
        return eltwise(l, step, step->inputs[0], -1, 1 / (float)plane_of(dx));
    default:
        if (plane_of(dx) == 1 && plane_of(dy) > 1)
            return sum_plane(l, step);
        return eltwise(l, step, step->inputs[0], -1, 1);
    }
}
