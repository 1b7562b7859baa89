/* Steps of a training session, and its state. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "train/internal.h"
#include "util/math.h"

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

/* What of the weights goes into their moving average: more in the beginning, as TensorFlow's
 * ExponentialMovingAverage has it, which would hold on to the first weights for long otherwise. */
static double ema_left(double decay, int64_t step)
{
    double early = (1 + (double)step) / (10 + (double)step);

    return 1 - (decay < early ? decay : early);
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
                            .ema_left = (float)ema_left(p->ema, step)};
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

static ac_status fail_memory(const ac_log *log)
{
    return ac_fail(log, AC_ERR_MEMORY, "out of memory");
}

int64_t ac_train_session_count(const ac_train_session *s)
{
    return s->count;
}

ac_status ac_train_session_read(ac_train_session *s, ac_train_state state, float *to)
{
    float *row = malloc((size_t)s->row * sizeof(*row));
    ac_status status = row ? wait_all(s) : fail_memory(s->log);

    if (status == AC_OK)
        status = ac_buffer_read(s->states[state], 0, row, 4 * (uint64_t)s->row);
    for (int i = 0; status == AC_OK && i < s->tensor_count; i++)
        memcpy(to + s->tensors[i].offset, row + s->tensors[i].place,
               (size_t)s->tensors[i].count * sizeof(*row));
    free(row);
    return status;
}

ac_status ac_train_session_write(ac_train_session *s, ac_train_state state, const float *from)
{
    float *row = calloc((size_t)s->row, sizeof(*row));
    ac_status status = row ? wait_all(s) : fail_memory(s->log);

    for (int i = 0; status == AC_OK && i < s->tensor_count; i++)
        memcpy(row + s->tensors[i].place, from + s->tensors[i].offset,
               (size_t)s->tensors[i].count * sizeof(*row));
    if (status == AC_OK)
        status = ac_buffer_write(s->states[state], 0, row, 4 * (uint64_t)s->row);
    free(row);
    return status;
}

ac_status ac_train_session_store(ac_train_session *s, ac_train_state state, ac_model *model)
{
    float *flat = malloc((size_t)s->count * sizeof(*flat));
    ac_status status = AC_OK;

    if (!flat)
        return fail_memory(s->log);
    TRY(ac_train_session_read(s, state, flat));
    for (int i = 0; i < s->tensor_count; i++)
        memcpy(model->tensors[i].data, flat + s->tensors[i].offset,
               (size_t)s->tensors[i].count * sizeof(*flat));
fail:
    free(flat);
    return status;
}

static ac_status read_value(const ac_train_session *s, int value, float *to)
{
    return ac_lower_read_value(s->plan, s->arenas, value, to, s->log);
}

/* [n][c][h][w] into a value that is a root of its own; lanes without a channel become 0. */
static ac_status write_value(ac_train_session *s, int value, const float *from)
{
    const ac_value *v = &s->plan->values[value];
    size_t pixels = (size_t)v->shape.h * (size_t)v->shape.w,
           picture = (size_t)v->quads * 4 * pixels;
    size_t count = (size_t)v->shape.n * picture;
    float *all = calloc(count, sizeof(*all));
    ac_status status;

    if (!all)
        return fail_memory(s->log);
    for (int n = 0; n < v->shape.n; n++)
        for (int c = 0; c < v->shape.c; c++) {
            float *to =
                all + (size_t)n * picture + (size_t)(v->map[c] / 4) * 4 * pixels + v->map[c] % 4;

            for (size_t i = 0; i < pixels; i++)
                to[4 * i] = *from++;
        }
    status = ac_buffer_write(s->arenas[v->arena], v->offset, all, count * sizeof(*all));
    free(all);
    return status;
}

ac_status ac_train_session_differentiate(ac_train_session *s, const float *lightness,
                                         const float *output_gradient, float *output,
                                         bool *guards_hold)
{
    const ac_plan *plan = s->plan;
    ac_status status = AC_OK;

    TRY(wait_all(s));
    TRY(ac_buffer_write(s->slots[0][0], 0, lightness,
                        4 * (uint64_t)plan->n * (uint64_t)plan->height * (uint64_t)plan->width));
    TRY(ac_train_run_calls(s, s->begin, s->call_count, 0));
    TRY(ac_train_run_calls(s, s->forward, s->loss, 0));
    TRY(read_value(s, plan->output, output));
    TRY(write_value(s, plan->output_gradient, output_gradient));
    TRY(ac_train_run_calls(s, s->backward, s->update, 0));
    *guards_hold = !s->params.guarded || ac_lower_guards_hold(plan, s->arenas);
fail:
    return status;
}

static ac_status value_is_finite(ac_train_session *s, int value, bool *finite)
{
    int64_t count = ac_shape_count(s->plan->values[value].shape);
    float *plain = malloc((size_t)count * sizeof(*plain));
    ac_status status;

    if (!plain)
        return fail_memory(s->log);
    status = read_value(s, value, plain);
    *finite = status == AC_OK && ac_values_find_bad(plain, count, false) < 0;
    free(plain);
    return status;
}

/* The first tensor whose gradient is not finite, in the order of the backward pass; NULL: none. */
static ac_status find_gradient(ac_train_session *s, const ac_train_tensor **found)
{
    float *flat = malloc((size_t)s->count * sizeof(*flat));
    const char *node = NULL;
    ac_status status = AC_OK;

    *found = NULL;
    if (!flat)
        return fail_memory(s->log);
    TRY(ac_train_session_read(s, AC_TRAIN_GRADIENT, flat));
    for (int i = s->net->node_count - 1; i >= 0 && !*found; i--) {
        node = s->net->nodes[i].name;
        for (int k = 0; k < s->tensor_count && !*found; k++) {
            const ac_train_tensor *t = &s->tensors[k];

            if (!strncmp(t->name, node, strlen(node)) && t->name[strlen(node)] == '.' &&
                ac_values_find_bad(flat + t->offset, t->count, false) >= 0)
                *found = t;
        }
    }
fail:
    free(flat);
    return status;
}

/* Runs the forward pass of the pictures in a slot, a step at a time; text is empty where all values
 * are finite. */
static ac_status blame_forward(ac_train_session *s, int slot, char *text, size_t size)
{
    const ac_plan *plan = s->plan;
    ac_status status = AC_OK;
    bool finite = true;

    text[0] = '\0';
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
fail:
    return status;
}

ac_status ac_train_session_blame(ac_train_session *s, const float *lightness, char *text,
                                 size_t size)
{
    const ac_plan *plan = s->plan;
    size_t count = (size_t)plan->n * (size_t)plan->height * (size_t)plan->width;
    const ac_train_tensor *tensor;
    ac_status status = AC_OK;

    TRY(find_gradient(s, &tensor)); /* before a forward pass clears it */
    TRY(wait_all(s));
    for (int part = 0; part < s->params.accumulate; part++) {
        TRY(ac_buffer_write(s->slots[0][0], 0, lightness + (size_t)part * count,
                            sizeof(*lightness) * count));
        TRY(blame_forward(s, 0, text, size));
        if (text[0])
            return AC_OK;
    }
    if (tensor)
        snprintf(text, size, "the gradient of '%s'", tensor->name);
    else
        snprintf(text, size, "the sum of all");
fail:
    return status;
}
