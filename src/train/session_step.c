/* Steps of a training session, and its state. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "train/internal.h"

ac_shape ac_train_session_output_shape(const ac_train_session *s)
{
    return s->plan->values[s->plan->output].shape;
}

uint64_t ac_train_session_bytes(const ac_train_session *s)
{
    uint64_t bytes = s->plan->activation_bytes;

    for (int i = 0; i < AC_TRAIN_STATE_COUNT; i++)
        bytes += s->states[i] ? ac_buffer_size(s->states[i]) : 0;
    for (int i = 0; i < AC_REGION_COUNT; i++)
        bytes += s->regions[i] ? ac_buffer_size(s->regions[i]) : 0;
    for (int i = 0; i < AC_TRAIN_SLOTS; i++)
        bytes += ac_buffer_size(s->slots[i][0]) + ac_buffer_size(s->slots[i][1]);
    return bytes + (s->packing ? ac_buffer_size(s->packing) : 0);
}

ac_status ac_train_session_feed(ac_train_session *s, const float *lightness, const float *colours)
{
    int slot = (int)(s->fed % AC_TRAIN_SLOTS);
    uint64_t in = 4 * (uint64_t)s->plan->n * (uint64_t)s->plan->height * (uint64_t)s->plan->width;
    uint64_t out = 4 * (uint64_t)ac_shape_count(ac_train_session_output_shape(s));
    ac_status status = AC_OK;

    if (s->fed - s->submitted >= AC_TRAIN_SLOTS)
        return ac_fail(s->log, AC_ERR_ARGUMENT, "too many batches are ahead of the device");
    TRY(ac_commands_wait(s->pass_commands[slot]));
    TRY(ac_buffer_write(s->slots[slot][0], 0, lightness, in));
    TRY(ac_buffer_write(s->slots[slot][1], 0, colours, out));
    s->fed++;
fail:
    return status;
}

ac_status ac_train_session_submit(ac_train_session *s)
{
    ac_status status = AC_OK;

    if (s->submitted == s->fed)
        return ac_fail(s->log, AC_ERR_ARGUMENT, "no batch was fed");
    if (s->pending == 0)
        TRY(ac_commands_submit(s->begin_commands));
    TRY(ac_commands_submit(s->pass_commands[s->submitted % AC_TRAIN_SLOTS]));
    s->submitted++;
    s->pending++;
fail:
    return status;
}

ac_status ac_train_session_update(ac_train_session *s, int64_t step, double rate)
{
    const ac_train_params *p = &s->params;
    const ac_hyper hyper = {.rate = (float)rate,
                            .correction1 = (float)(1 - pow(p->beta1, (double)step)),
                            .correction2 = (float)sqrt(1 - pow(p->beta2, (double)step)),
                            .clip = (float)p->clip,
                            .beta1_left = (float)(1 - p->beta1),
                            .beta2_left = (float)(1 - p->beta2),
                            .eps = (float)p->eps,
                            .decay = (float)p->weight_decay,
                            .ema_left = (float)(1 - p->ema)};
    ac_status status = AC_OK;

    TRY(ac_commands_wait(s->update_commands));
    TRY(ac_buffer_write(s->hyper, 0, &hyper, sizeof(hyper)));
    TRY(ac_commands_submit(s->update_commands));
    s->pending = 0;
fail:
    return status;
}

static ac_status wait_all(ac_train_session *s)
{
    ac_status status = AC_OK;

    TRY(ac_commands_wait(s->begin_commands));
    for (int i = 0; i < AC_TRAIN_SLOTS; i++)
        TRY(ac_commands_wait(s->pass_commands[i]));
    TRY(ac_commands_wait(s->update_commands));
fail:
    return status;
}

ac_status ac_train_session_wait(ac_train_session *s, ac_train_result *result)
{
    float values[AC_RESULT_COUNT];
    ac_status status = AC_OK;

    TRY(wait_all(s));
    TRY(ac_buffer_read(s->results_host, 0, values, sizeof(values)));
    result->loss = (double)values[AC_RESULT_LOSS];
    result->gradient_norm = sqrt((double)values[AC_RESULT_SQUARES]);
    result->finite = isfinite(result->loss) && isfinite(result->gradient_norm);
fail:
    return status;
}

int64_t ac_train_session_count(const ac_train_session *s)
{
    return s->count;
}

ac_status ac_train_session_read(ac_train_session *s, ac_train_state state, float *to)
{
    ac_status status = wait_all(s);

    if (status != AC_OK)
        return status;
    return ac_buffer_read(s->states[state], 0, to, 4 * (uint64_t)s->count);
}

ac_status ac_train_session_write(ac_train_session *s, ac_train_state state, const float *from)
{
    ac_status status = wait_all(s);

    if (status != AC_OK)
        return status;
    return ac_buffer_write(s->states[state], 0, from, 4 * (uint64_t)s->count);
}

ac_status ac_train_session_store(ac_train_session *s, ac_train_state state, ac_model *model)
{
    float *flat = malloc((size_t)s->count * sizeof(*flat));
    ac_status status = AC_OK;

    if (!flat)
        return ac_fail(s->log, AC_ERR_MEMORY, "out of memory");
    TRY(ac_train_session_read(s, state, flat));
    for (int i = 0; i < s->tensor_count; i++)
        memcpy(model->tensors[i].data, flat + s->tensors[i].place,
               (size_t)s->tensors[i].count * sizeof(*flat));
fail:
    free(flat);
    return status;
}

/* Memory of a value's root, as floats, and back. */
static ac_status copy_root(ac_train_session *s, int value, float **floats)
{
    const ac_value *root = &s->plan->values[s->plan->values[value].root];
    ac_status status;

    *floats = malloc(root->size);
    if (!*floats)
        return ac_fail(s->log, AC_ERR_MEMORY, "out of memory");
    status = ac_buffer_read(s->arenas[root->arena], root->offset, *floats, root->size);
    if (status != AC_OK) {
        free(*floats);
        *floats = NULL;
    }
    return status;
}

/* Where element (n, c, pixel) of a value lies in its root's memory. */
static size_t place_in(const ac_plan *plan, int index, int n, int c, int pixel)
{
    const ac_value *value = &plan->values[index], *root = &plan->values[value->root];
    int plane = value->shape.h * value->shape.w;
    int quad = n * root->quads + value->root_quad + value->map[c] / 4;

    return ((size_t)quad * (size_t)plane + (size_t)pixel) * 4 + (size_t)(value->map[c] % 4);
}

/* [n][c][h][w] from (or, with `to_device`, to) a value. */
static ac_status copy_value(ac_train_session *s, int value, bool to_device, float *plain)
{
    const ac_plan *plan = s->plan;
    const ac_value *root = &plan->values[plan->values[value].root];
    ac_shape shape = plan->values[value].shape;
    float *memory, *at = plain;
    ac_status status = copy_root(s, value, &memory);

    if (status != AC_OK)
        return status;
    if (to_device)
        memset(memory, 0, root->size - plan->guard); /* lanes without a channel */
    for (int n = 0; n < shape.n; n++)
        for (int c = 0; c < shape.c; c++)
            for (int i = 0; i < shape.h * shape.w; i++, at++) {
                size_t place = place_in(plan, value, n, c, i);

                if (to_device)
                    memory[place] = *at;
                else
                    *at = memory[place];
            }
    if (to_device)
        status =
            ac_buffer_write(s->arenas[root->arena], root->offset, memory, root->size - plan->guard);
    free(memory);
    return status;
}

ac_status ac_train_session_differentiate(ac_train_session *s, const float *lightness,
                                         const float *output_gradient, float *output,
                                         bool *guards_hold)
{
    const ac_plan *plan = s->plan;
    const ac_value *g = &plan->values[plan->output_gradient];
    size_t count = (size_t)ac_shape_count(g->shape);
    float *gradient = malloc(count * sizeof(*gradient));
    ac_status status = AC_OK;

    if (!gradient)
        return ac_fail(s->log, AC_ERR_MEMORY, "out of memory");
    memcpy(gradient, output_gradient, count * sizeof(*gradient));
    TRY(wait_all(s));
    TRY(ac_buffer_write(s->slots[0][0], 0, lightness,
                        4 * (uint64_t)plan->n * (uint64_t)plan->height * (uint64_t)plan->width));
    TRY(ac_train_run_calls(s, s->begin, s->call_count, 0));
    TRY(ac_train_run_calls(s, s->forward, s->loss, 0));
    TRY(copy_value(s, plan->output, false, output));
    TRY(copy_value(s, plan->output_gradient, true, gradient));
    TRY(ac_train_run_calls(s, s->backward, s->update, 0));
    *guards_hold = !s->params.guarded || ac_lower_guards_hold(plan, s->arenas);
fail:
    free(gradient);
    return status;
}

static bool all_finite(const float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return false;
    return true;
}

static ac_status value_is_finite(ac_train_session *s, int value, bool *finite)
{
    size_t count = (size_t)ac_shape_count(s->plan->values[value].shape);
    float *plain = malloc(count * sizeof(*plain));
    ac_status status;

    if (!plain)
        return ac_fail(s->log, AC_ERR_MEMORY, "out of memory");
    status = copy_value(s, value, false, plain);
    *finite = status == AC_OK && all_finite(plain, count);
    free(plain);
    return status;
}

/* The first tensor of a state that is not finite, -1: none. */
static ac_status find_tensor(ac_train_session *s, ac_train_state state, int *found)
{
    float *flat = malloc((size_t)s->count * sizeof(*flat));
    ac_status status = AC_OK;

    *found = -1;
    if (!flat)
        return ac_fail(s->log, AC_ERR_MEMORY, "out of memory");
    TRY(ac_train_session_read(s, state, flat));
    for (int i = 0; i < s->tensor_count && *found < 0; i++)
        if (!all_finite(flat + s->tensors[i].place, (size_t)s->tensors[i].count))
            *found = i;
fail:
    free(flat);
    return status;
}

ac_status ac_train_session_blame(ac_train_session *s, char *text, size_t size)
{
    const ac_plan *plan = s->plan;
    int slot = (int)((s->submitted + AC_TRAIN_SLOTS - 1) % AC_TRAIN_SLOTS), tensor;
    ac_status status = AC_OK;
    bool finite = true;

    TRY(find_tensor(s, AC_TRAIN_GRADIENT, &tensor));
    TRY(wait_all(s));
    TRY(ac_train_run_calls(s, s->begin, s->call_count, slot));
    TRY(ac_train_run_calls(s, s->forward, s->steps[0], slot));
    TRY(value_is_finite(s, 0, &finite));
    if (!finite) {
        snprintf(text, size, "the pictures themselves");
        return AC_OK;
    }
    for (int i = 0; i < plan->loss_step; i++) {
        const ac_step *step = &plan->steps[i];

        TRY(ac_train_run_calls(s, s->steps[i], s->steps[i + 1], slot));
        if (step->pass != AC_PASS_FORWARD)
            continue;
        TRY(value_is_finite(s, step->output, &finite));
        if (!finite && step->node) {
            snprintf(text, size, "layer '%s' (line %d)", step->node->name, step->node->line);
            return AC_OK;
        }
    }
    if (tensor >= 0)
        snprintf(text, size, "the gradient of '%s'", s->tensors[tensor].name);
    else
        snprintf(text, size, "the loss itself");
fail:
    return status;
}
