/* Loss and optimiser as dispatches. */
#include "adam_spv.h"
#include "common/push_train.h"
#include "loss_spv.h"
#include "squares_spv.h"
#include "total_spv.h"
#include "train/internal.h"

#define LOCAL AC_LOWER_LOCAL

static ac_binding whole(const ac_buffer *buffer)
{
    return (ac_binding){buffer, 0, 0};
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
    const ac_kernel_params params = {.name = "squares",
                                     .code = squares_spv,
                                     .code_size = sizeof(squares_spv),
                                     .binding_count = 2,
                                     .push_size = sizeof(struct flat_push),
                                     .constant_count = 1,
                                     .constants = {LOCAL}};
    const struct flat_push push = {.count = (int)((s->count + 3) / 4)};
    uint64_t each = (uint64_t)4 * LOCAL, parts = ((uint64_t)push.count + each - 1) / each;
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
    const ac_kernel_params params = {.name = "adam",
                                     .code = adam_spv,
                                     .code_size = sizeof(adam_spv),
                                     .binding_count = 7,
                                     .push_size = sizeof(struct flat_push),
                                     .constant_count = 3,
                                     .constants = {LOCAL, learn, average}};
    const struct flat_push push = {
        .first = (int)s->tensors[first].place,
        .count =
            (int)(s->tensors[end - 1].place + s->tensors[end - 1].count - s->tensors[first].place),
        .rate_scale = s->tensors[first].scale};
    const ac_binding bindings[7] = {whole(s->states[AC_TRAIN_WEIGHTS]),
                                    whole(s->states[AC_TRAIN_GRADIENT]),
                                    whole(s->states[AC_TRAIN_MOMENT1]),
                                    whole(s->states[AC_TRAIN_MOMENT2]),
                                    whole(s->states[average ? AC_TRAIN_AVERAGE : AC_TRAIN_MOMENT2]),
                                    whole(s->results),
                                    whole(s->hyper)};
    const ac_kernel *kernel;
    ac_status status = AC_OK;

    if (!learn && !average)
        return AC_OK;
    TRY(ac_kernel_get(l->device, &params, &kernel));
    TRY(ac_lower_dispatch(l, kernel, bindings, &push, ac_lower_groups((uint64_t)push.count), 1));
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
