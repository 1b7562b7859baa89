/* Batch norm in training, forward and backward (Ioffe, Szegedy 2015). */
#include <string.h>

#include "channel_sums_spv.h"
#include "channel_sums_texel_spv.h"
#include "common/push_train.h"
#include "nn/lower.h"
#include "norm_gradient_spv.h"
#include "norm_gradient_texel_spv.h"
#include "norm_stats_spv.h"
#include "norm_sums_spv.h"

#define LOCAL    AC_LOWER_LOCAL
#define MOMENTUM 0.1F /* of running statistics, as PyTorch */

static bool is_running(const ac_lowering *l, const ac_step *step)
{
    return l->plan->training[step->norm - l->plan->net->nodes].running;
}

static struct norm_push make_push(const ac_lowering *l, const ac_step *step, const ac_value *like)
{
    struct norm_push push = {.pixels = like->shape.h * like->shape.w,
                             .n = like->shape.n,
                             .quads = like->quads,
                             .weight = (int)ac_lower_tensor(l, step->norm, "weight").place,
                             .bias = (int)ac_lower_tensor(l, step->norm, "bias").place,
                             .mean = (int)ac_lower_tensor(l, step->norm, "running_mean").place,
                             .variance = (int)ac_lower_tensor(l, step->norm, "running_var").place,
                             .eps = step->norm->params.eps,
                             .momentum = MOMENTUM,
                             .slope = step->slope};

    push.splits = ac_lower_splits(l, (uint64_t)push.n * (uint64_t)push.pixels, push.quads);
    return push;
}

ac_status ac_lower_channel_sums(ac_lowering *l, int mode, ac_activation activation, bool texel,
                                const ac_binding from[4], const struct norm_push *push,
                                ac_binding *scratch)
{
    const ac_kernel_params params = {
        .name = "channel_sums",
        .code = texel ? channel_sums_texel_spv : channel_sums_spv,
        .code_size = texel ? sizeof(channel_sums_texel_spv) : sizeof(channel_sums_spv),
        .texel_mask = texel ? 0xf : 0,
        .binding_count = 5,
        .push_size = sizeof(*push),
        .subgroup_size = ac_lower_subgroup(l, texel),
        .constant_count = 3,
        .constants = {ac_lower_local(l, texel), mode, (int32_t)activation}};
    uint64_t bytes = (mode == 0 ? 16 : 32) * (uint64_t)push->splits * (uint64_t)push->quads;
    ac_binding bindings[5] = {from[0], from[1], from[2], from[3]};
    const ac_kernel *kernel;
    ac_status status = AC_OK;

    *scratch = ac_lower_scratch(l, bytes);
    bindings[4] = *scratch;
    TRY(ac_kernel_get(l->device, &params, &kernel));
    TRY(ac_lower_dispatch_grid(l, kernel, bindings, push, (uint64_t)push->quads,
                               (uint64_t)push->splits, 1));
    TRY(ac_lower_barrier(l));
fail:
    return status;
}

ac_status ac_lower_norm_forward(ac_lowering *l, const ac_step *step)
{
    const ac_value *x = &l->plan->values[step->inputs[0]];
    bool running = is_running(l, step);
    const ac_kernel_params params = {.name = "norm_stats",
                                     .code = norm_stats_spv,
                                     .code_size = sizeof(norm_stats_spv),
                                     .binding_count = 5,
                                     .push_size = sizeof(struct norm_push),
                                     .constant_count = 2,
                                     .constants = {LOCAL, running}};
    struct norm_push push = make_push(l, step, x);
    ac_binding *work = &l->norms[step->norm - l->plan->net->nodes];
    ac_binding from[4], scratch, bindings[5];
    const ac_kernel *kernel;
    ac_status status = AC_OK;

    *work = ac_lower_work(l, 64 * (uint64_t)push.quads);
    from[0] = ac_lower_value(l, step->inputs[0], &push.a_base, &push.a_batch);
    from[1] = from[2] = from[3] = from[0];
    scratch = from[0];
    if (!running)
        TRY(ac_lower_channel_sums(l, 1, AC_ACTIVATION_NONE,
                                  ac_lower_value_in_texels(l, &l->plan->values[step->inputs[0]]),
                                  from, &push, &scratch));
    bindings[0] = scratch;
    bindings[1] = from[0];
    TRY(ac_lower_channels(l, x, &bindings[2]));
    bindings[3] = l->parameters;
    bindings[4] = *work;
    TRY(ac_kernel_get(l->device, &params, &kernel));
    TRY(ac_lower_dispatch(l, kernel, bindings, &push, ac_lower_groups(4 * (uint64_t)push.quads),
                          1));
    TRY(ac_lower_barrier(l));
    TRY(ac_lower_combine(l, step, step->inputs[0], -1, work, step->activation));
fail:
    return status;
}

ac_status ac_lower_norm_backward(ac_lowering *l, const ac_step *step)
{
    const ac_value *dy = &l->plan->values[step->inputs[0]];
    bool running = is_running(l, step);
    const ac_kernel_params sum_params = {.name = "norm_sums",
                                         .code = norm_sums_spv,
                                         .code_size = sizeof(norm_sums_spv),
                                         .binding_count = 4,
                                         .push_size = sizeof(struct norm_push),
                                         .constant_count = 2,
                                         .constants = {LOCAL, running}};
    bool texel = ac_lower_value_in_texels(l, &l->plan->values[step->inputs[0]]) &&
                 ac_lower_value_in_texels(l, &l->plan->values[step->inputs[1]]) &&
                 ac_lower_value_in_texels(l, &l->plan->values[step->inputs[2]]);
    const ac_kernel_params params = {
        .name = "norm_gradient",
        .code = texel ? norm_gradient_texel_spv : norm_gradient_spv,
        .code_size = texel ? sizeof(norm_gradient_texel_spv) : sizeof(norm_gradient_spv),
        .texel_mask = texel ? 0x1f : 0,
        .binding_count = 6,
        .push_size = sizeof(struct norm_push),
        .subgroup_size = ac_lower_subgroup(l, texel),
        .constant_count = 3,
        .constants = {ac_lower_local(l, texel), (int32_t)step->activation, step->accumulate}};
    const ac_node_training *t = &l->plan->training[step->norm - l->plan->net->nodes];
    struct norm_push push = make_push(l, step, dy);
    ac_binding from[4], means, scratch, bindings[6];
    const ac_kernel *kernel;
    ac_status status = AC_OK;

    from[0] = ac_lower_value(l, step->inputs[0], &push.a_base, &push.a_batch);
    from[1] = ac_lower_value(l, step->inputs[1], &push.y_base, &push.y_batch);
    from[2] = ac_lower_value(l, step->inputs[2], &push.x_base, &push.x_batch);
    from[3] = l->norms[step->norm - l->plan->net->nodes];
    if (!t->weight)
        push.weight = -1;
    if (!t->bias)
        push.bias = -1;
    TRY(ac_lower_channel_sums(l, 2, step->activation, texel, from, &push, &scratch));
    means = ac_lower_work(l, 32 * (uint64_t)push.quads);
    bindings[0] = scratch;
    TRY(ac_lower_channels(l, dy, &bindings[1]));
    bindings[2] = l->gradients;
    bindings[3] = means;
    TRY(ac_kernel_get(l->device, &sum_params, &kernel));
    TRY(ac_lower_dispatch(l, kernel, bindings, &push, ac_lower_groups(4 * (uint64_t)push.quads),
                          1));
    if (step->output < 0)
        return AC_OK;
    TRY(ac_lower_barrier(l));
    memcpy(bindings, from, sizeof(from));
    bindings[4] = means;
    bindings[5] = ac_lower_value(l, step->output, &push.out_base, &push.out_batch);
    TRY(ac_kernel_get(l->device, &params, &kernel));
    push.splits = ac_lower_runs(l, dy);
    TRY(ac_lower_dispatch_grid(l, kernel, bindings, &push, (uint64_t)push.quads,
                               (uint64_t)push.splits, 1));
fail:
    return status;
}
