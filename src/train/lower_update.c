/* Loss and optimiser as dispatches. */
#include "adam_spv.h"
#include "adam_texel_spv.h"
#include "common/push_train.h"
#include "loss_spv.h"
#include "squares_spv.h"
#include "squares_texel_spv.h"
#include "total_spv.h"
#include "train/internal.h"

#define LOCAL     AC_LOWER_LOCAL
#define CPU_TURNS 16 /* vec4s that an invocation takes one after the other */

static ac_binding whole(const ac_buffer *buffer)
{
    return (ac_binding){buffer, 0, 0};
}

static uint64_t groups_of(int count, int each)
{
    return ((uint64_t)count + (uint64_t)each - 1) / (uint64_t)each;
}

/* results[slot] += factor * sum of partial. */
static ac_status total(ac_train_session *s, ac_lowering *l, ac_binding partial, uint64_t count,
                       int slot, float factor)
{
    const ac_kernel_params params = {.name = "total",
                                     .code = total_spv,
                                     .code_size = sizeof(total_spv),
                                     .binding_count = 2,
                                     .push_size = sizeof(struct flat_push),
                                     .constant_count = 1,
                                     .constants = {LOCAL}};
    const struct flat_push push = {.count = (int)count, .slot = slot, .factor = factor};
    const ac_binding bindings[2] = {partial, whole(s->results)};
    const ac_kernel *kernel;
    ac_status status = AC_OK;

    TRY(ac_lower_barrier(l));
    TRY(ac_kernel_get(l->device, &params, &kernel));
    TRY(ac_lower_dispatch(l, kernel, bindings, &push, 1, 1));
fail:
    return status;
}

ac_status ac_train_lower_loss(ac_train_session *s, ac_lowering *l)
{
    const ac_plan *plan = s->plan;
    const ac_value *output = &plan->values[plan->output];
    const ac_loss_params *loss = &s->params.loss;
    const ac_kernel_params params = {
        .name = "loss",
        .code = loss_spv,
        .code_size = sizeof(loss_spv),
        .binding_count = 5,
        .push_size = sizeof(struct loss_push),
        .constant_count = 4,
        .constants = {LOCAL, loss->loss->shader_kind, s->rare != NULL, AC_RARE_BINS}};
    struct loss_push push = {.pixels = output->shape.h * output->shape.w,
                             .n = output->shape.n,
                             .scale = plan->net->output_scale,
                             .delta = (float)loss->delta};
    uint64_t items = (uint64_t)push.pixels * (uint64_t)push.n;
    const ac_kernel *kernel;
    ac_binding bindings[5];
    ac_status status = AC_OK;

    push.factor = (float)(1 / ((double)items * s->params.accumulate));
    TRY(ac_kernel_get(l->device, &params, &kernel));
    bindings[0] = ac_lower_value(l, plan->output, &push.y_base, &push.y_batch);
    bindings[1] = ac_lower_region(AC_REGION_COLOURS, 0, 0);
    bindings[2] = s->rare ? whole(s->rare) : bindings[0];
    bindings[3] = ac_lower_value(l, plan->output_gradient, &push.g_base, &push.g_batch);
    bindings[4] = ac_lower_scratch(l, 4 * ac_lower_groups(items));
    TRY(ac_lower_dispatch(l, kernel, bindings, &push, ac_lower_groups(items), 1));
    TRY(total(s, l, bindings[4], ac_lower_groups(items), AC_RESULT_LOSS, push.factor));
fail:
    return status;
}

static ac_status lower_norm(ac_train_session *s, ac_lowering *l)
{
    bool texel = ac_lower_prefers_texels(l, 4 * (uint64_t)s->row);
    int local = ac_lower_local(l, texel), turns = texel ? CPU_TURNS : 4;
    const ac_kernel_params params = {.name = "squares",
                                     .code = texel ? squares_texel_spv : squares_spv,
                                     .code_size =
                                         texel ? sizeof(squares_texel_spv) : sizeof(squares_spv),
                                     .texel_mask = texel,
                                     .binding_count = 2,
                                     .push_size = sizeof(struct flat_push),
                                     .subgroup_size = ac_lower_subgroup(l, texel),
                                     .constant_count = 2,
                                     .constants = {local, turns}};
    const struct flat_push push = {.count = (int)(s->row / 4)};
    uint64_t parts = groups_of(push.count, local * turns);
    const ac_binding bindings[2] = {whole(s->states[AC_TRAIN_GRADIENT]),
                                    ac_lower_scratch(l, 4 * parts)};
    const ac_kernel *kernel;
    ac_status status = AC_OK;

    TRY(ac_kernel_get(l->device, &params, &kernel));
    TRY(ac_lower_dispatch(l, kernel, bindings, &push, parts, 1));
    TRY(total(s, l, bindings[1], parts, AC_RESULT_SQUARES, 1));
fail:
    return status;
}

/* Adam, or the average alone, on tensors first .. end - 1, which lie beside each other. */
static ac_status lower_range(ac_train_session *s, ac_lowering *l, int first, int end)
{
    bool learn = s->tensors[first].scale > 0, average = s->params.ema > 0;
    bool texel = ac_lower_prefers_texels(l, 4 * (uint64_t)s->row);
    int local = ac_lower_local(l, texel), turns = texel ? CPU_TURNS : 1;
    const ac_kernel_params params = {.name = "adam",
                                     .code = texel ? adam_texel_spv : adam_spv,
                                     .code_size = texel ? sizeof(adam_texel_spv) : sizeof(adam_spv),
                                     .texel_mask = texel ? 0x1f : 0,
                                     .binding_count = 11,
                                     .push_size = sizeof(struct flat_push),
                                     .subgroup_size = ac_lower_subgroup(l, texel),
                                     .constant_count = 4,
                                     .constants = {local, learn, average, turns}};
    const ac_train_tensor *last = &s->tensors[end - 1];
    int64_t place = s->tensors[first].place;
    const struct flat_push push = {.first = (int)(place / 4),
                                   .count = (int)((last->place - place + last->count + 3) / 4),
                                   .rate_scale = s->tensors[first].scale};
    const ac_binding weights = whole(s->states[AC_TRAIN_WEIGHTS]);
    const ac_binding moment1 = whole(s->states[AC_TRAIN_MOMENT1]);
    const ac_binding moment2 = whole(s->states[AC_TRAIN_MOMENT2]);
    const ac_binding mean = average ? whole(s->states[AC_TRAIN_AVERAGE]) : moment2;
    const ac_binding bindings[11] = {weights,        whole(s->states[AC_TRAIN_GRADIENT]),
                                     moment1,        moment2,
                                     mean,           weights,
                                     moment1,        moment2,
                                     mean,           whole(s->results),
                                     whole(s->hyper)};
    const ac_kernel *kernel;
    ac_status status = AC_OK;

    if (!learn && !average)
        return AC_OK;
    TRY(ac_kernel_get(l->device, &params, &kernel));
    TRY(ac_lower_dispatch(l, kernel, bindings, &push, groups_of(push.count, local * turns), 1));
fail:
    return status;
}

ac_status ac_train_lower_update(ac_train_session *s, ac_lowering *l)
{
    ac_status status = AC_OK;
    ac_call *copy;

    TRY(lower_norm(s, l));
    TRY(ac_lower_barrier(l));
    for (int first = 0, end; first < s->tensor_count; first = end) {
        end = first + 1;
        while (end < s->tensor_count && s->tensors[end].scale == s->tensors[first].scale)
            end++;
        /* They have no vec4 in common, but all are bound. */
        if (first > 0)
            TRY(ac_lower_barrier(l));
        TRY(lower_range(s, l, first, end));
    }
    TRY(ac_lower_barrier(l));
    copy = ac_lower_call(l);
    if (!copy)
        return AC_ERR_MEMORY;
    copy->kind = AC_CALL_COPY;
    copy->copy.from = s->results;
    copy->copy.to = s->results_host;
    copy->copy.size = AC_RESULT_COUNT * sizeof(float);
fail:
    return status;
}
