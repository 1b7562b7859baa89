#include "train/session.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/push_train.h"
#include "train/begin.h"
#include "train/internal.h"
#include "train/rare.h"

#define LOCAL       AC_LOWER_LOCAL
#define GUARD_BYTES AC_PLAN_ALIGNMENT
#define MIB         (1 << 20)
#define SIZES       16 /* of a size, in what steps smaller ones are tried */

static ac_status fail_memory(const ac_log *log)
{
    return ac_fail(log, AC_ERR_MEMORY, "out of memory");
}

static ac_status list_tensors(ac_train_session *s, const ac_train_params *params)
{
    const ac_model *model = params->model;

    s->tensors = calloc((size_t)model->tensor_count + 1, sizeof(*s->tensors));
    if (!s->tensors)
        return fail_memory(s->log);
    for (int i = 0; i < model->tensor_count; i++) {
        const ac_tensor *tensor = &model->tensors[i];
        ac_train_tensor *to = &s->tensors[s->tensor_count];

        to->name = strdup(tensor->name);
        if (!to->name)
            return fail_memory(s->log);
        s->tensor_count++;
        to->offset = s->count;
        to->place = s->row;
        to->count = ac_tensor_count(tensor);
        to->scale = params->lr_scale ? params->lr_scale[i] : 1;
        if (!ac_tensor_is_trained(tensor))
            to->scale = 0;
        s->count += to->count;
        s->row += (to->count + 3) / 4 * 4;
    }
    return AC_OK;
}

/* What the result does not depend on stays as it is: weight decay would move it. */
static ac_status freeze_unused(ac_train_session *s, const ac_model *model)
{
    const ac_net *net = s->net;
    bool *used = calloc((size_t)net->node_count + 1, sizeof(*used));

    if (!used)
        return fail_memory(s->log);
    ac_net_find_used(net, used);
    for (int i = 0; i < net->node_count; i++) {
        const ac_node *node = &net->nodes[i];
        ac_param_info infos[5];
        int count = ac_node_params(node, net->channels[node->inputs[0]], infos);

        for (int k = 0; k < count && !used[i + 1]; k++)
            s->tensors[ac_model_find(model, node->name, infos[k].suffix) - model->tensors].scale =
                0;
    }
    free(used);
    return AC_OK;
}

static float scale_of(const ac_train_params *params, const ac_node *node, const char *suffix)
{
    const ac_tensor *tensor = ac_model_find(params->model, node->name, suffix);

    if (!tensor)
        return 0;
    return params->lr_scale ? params->lr_scale[tensor - params->model->tensors] : 1;
}

static ac_status list_nodes(ac_train_session *s, const ac_train_params *params)
{
    s->training = calloc((size_t)s->net->node_count + 1, sizeof(*s->training));
    if (!s->training)
        return fail_memory(s->log);
    for (int i = 0; i < s->net->node_count; i++) {
        const ac_node *node = &s->net->nodes[i];
        bool norm = node->kind == AC_OP_BATCHNORM;
        bool conv = ac_op_is_convolution(node->kind);

        if (!norm && !conv)
            continue;
        s->training[i].weight = scale_of(params, node, "weight") > 0;
        s->training[i].bias = (norm || node->params.bias) && scale_of(params, node, "bias") > 0;
        s->training[i].running = norm && !(scale_of(params, node, "running_mean") > 0 &&
                                           scale_of(params, node, "running_var") > 0);
    }
    return AC_OK;
}

/* Device memory for a plan, scratch and packed weights about; those of minimal filtering, both
 * ways, are up to 25 / 4 of the description's. */
static uint64_t needed(const ac_train_session *s, const ac_plan *plan)
{
    uint64_t states = s->params.ema > 0 ? 5 : 4;

    return plan->activation_bytes + 2 * plan->io_bytes + 4 * (uint64_t)s->row * (states + 18) +
           ((uint64_t)33 << 20);
}

static uint64_t largest_at_once(const ac_train_session *s)
{
    const ac_device_info *info = ac_device_get_info(s->device);

    return info->max_storage_range < info->max_allocation ? info->max_storage_range
                                                          : info->max_allocation;
}

static bool fits(const ac_train_session *s, const ac_plan *plan)
{
    return needed(s, plan) <= ac_device_memory_usable(s->device) &&
           plan->largest_value <= largest_at_once(s);
}

static bool would_fit(const ac_train_session *s, int n, int height, int width)
{
    ac_plan *plan = NULL;
    bool result = ac_plan_create_training(s->net, n, height, width, AC_PLAN_MAX_ARENA, s->training,
                                          NULL, &plan) == AC_OK &&
                  fits(s, plan);

    ac_plan_destroy(&plan);
    return result;
}

/* What to do where a plan does not fit. */
static void advise(const ac_train_session *s, char *text, size_t size)
{
    const ac_train_params *p = &s->params;
    int my, mx;

    for (int parts = 2; parts <= p->n; parts++)
        if (p->n % parts == 0 && would_fit(s, p->n / parts, p->height, p->width)) {
            snprintf(text, size, "--accumulate %d fits, or --batch %d, or use a smaller --size",
                     parts * p->accumulate, p->n / parts * p->accumulate);
            return;
        }
    snprintf(text, size, "not even one picture at once fits: use a smaller --size");
    ac_net_multiple(s->net, &my, &mx);
    for (int part = SIZES - 1; part > 0; part--) {
        int height = p->height * part / SIZES / my * my;
        int width = p->width * part / SIZES / mx * mx;

        if (height > 0 && width > 0 && would_fit(s, 1, height, width)) {
            snprintf(text, size,
                     "one picture at once fits from --size %dx%d down (--accumulate %d)", height,
                     width, p->n * p->accumulate);
            return;
        }
    }
}

static ac_status check_memory(const ac_train_session *s)
{
    const ac_train_params *p = &s->params;
    const ac_device_info *info = ac_device_get_info(s->device);
    const double need = (double)needed(s, s->plan) / MIB;
    const double usable = (double)ac_device_memory_usable(s->device) / MIB;
    char hint[128];

    if (fits(s, s->plan))
        return AC_OK;
    advise(s, hint, sizeof(hint));
    if (need <= usable)
        return ac_fail(
            s->log, AC_ERR_DEVICE_MEMORY,
            "training on %d pictures at once of --size %dx%d needs %.0f MiB of device memory, "
            "%.0f MiB of them for one layer's values, and device %s takes %.0f MiB at "
            "once: %s",
            p->n, p->height, p->width, need, (double)s->plan->largest_value / MIB, info->name,
            (double)largest_at_once(s) / MIB, hint);
    return ac_fail(
        s->log, AC_ERR_DEVICE_MEMORY,
        "training on %d pictures at once of --size %dx%d needs %.0f MiB of device memory, and "
        "device %s has %.0f MiB free: %s",
        p->n, p->height, p->width, need, info->name, usable, hint);
}

/* The plan fits, and the driver has not the memory all the same: it said so. */
static void tell_needed(const ac_train_session *s)
{
    const ac_train_params *p = &s->params;

    ac_log_print(
        s->log, AC_LOG_WARNING,
        "training on %d pictures at once of --size %dx%d needs %.0f MiB of device memory: use a "
        "smaller --batch, a larger --accumulate or a smaller --size",
        p->n, p->height, p->width, (double)needed(s, s->plan) / MIB);
}

static ac_status take_arenas(ac_train_session *s)
{
    const ac_plan *plan = s->plan;
    ac_status status = AC_OK;

    s->arenas = calloc((size_t)plan->arena_count + 1, sizeof(ac_buffer *));
    if (!s->arenas)
        return fail_memory(s->log);
    for (int i = 0; i < plan->arena_count; i++) {
        TRY(ac_buffer_create(s->device, AC_BUFFER_DEVICE, plan->arena_sizes[i],
                             "the network's values", &s->arenas[i]));
        if (s->params.guarded)
            TRY(ac_buffer_fill(s->arenas[i], 0xff));
    }
fail:
    return status;
}

static ac_status take_memory(ac_train_session *s)
{
    const ac_plan *plan = s->plan;
    const uint64_t in = 4 * (uint64_t)plan->n * (uint64_t)plan->height * (uint64_t)plan->width;
    const uint64_t out = 4 * (uint64_t)ac_shape_count(plan->values[plan->output].shape);
    const uint64_t results = AC_RESULT_COUNT * sizeof(float);
    const uint64_t rare = sizeof(float) * AC_RARE_COUNT;
    ac_status status = AC_OK;

    TRY(take_arenas(s));
    for (int i = 0; i < AC_TRAIN_STATE_COUNT; i++)
        if (i != AC_TRAIN_AVERAGE || s->params.ema > 0)
            TRY(ac_buffer_create(s->device, AC_BUFFER_DEVICE, 4 * (uint64_t)s->row,
                                 "weights and their moments", &s->states[i]));
    for (int i = 0; i < AC_TRAIN_SLOTS; i++) {
        TRY(ac_buffer_create(s->device, AC_BUFFER_UPLOAD, in, "lightness pictures",
                             &s->slots[i][0]));
        TRY(ac_buffer_create(s->device, AC_BUFFER_UPLOAD, out, "true colours", &s->slots[i][1]));
    }
    TRY(ac_buffer_create(s->device, AC_BUFFER_UPLOAD, sizeof(ac_hyper), "the optimiser's numbers",
                         &s->hyper));
    TRY(ac_buffer_create(s->device, AC_BUFFER_DEVICE, results, "results", &s->results));
    TRY(ac_buffer_create(s->device, AC_BUFFER_DOWNLOAD, results, "results", &s->results_host));
    if (!s->params.loss.weights)
        return AC_OK;
    TRY(ac_buffer_create(s->device, AC_BUFFER_DEVICE, rare, "weights of colours", &s->rare));
    TRY(ac_buffer_write(s->rare, 0, s->params.loss.weights, rare));
fail:
    return status;
}

static ac_status lower_begin(ac_train_session *s, ac_lowering *l)
{
    ac_buffer *const zeroed[2] = {s->states[AC_TRAIN_GRADIENT], s->results};

    for (int i = 0; i < 2; i++) {
        ac_call *call = ac_lower_call(l);

        if (!call)
            return AC_ERR_MEMORY;
        call->kind = AC_CALL_ZERO;
        call->copy.to = zeroed[i];
        call->copy.size = ac_buffer_size(zeroed[i]);
    }
    /* Batch norms read the parameters themselves. */
    return l->packed.count == 0 ? AC_OK : ac_train_lower_repack(s, l);
}

static ac_status lower_passes(ac_train_session *s, ac_lowering *l)
{
    const ac_plan *plan = s->plan;
    ac_status status = AC_OK;

    s->forward = l->calls.count;
    TRY(ac_lower_pack(l, ac_lower_region(AC_REGION_LIGHTNESS, 0, 0)));
    for (int i = 0; i < plan->step_count; i++) {
        TRY(ac_lower_barrier(l));
        s->steps[i] = l->calls.count;
        if (i == plan->loss_step) {
            s->loss = l->calls.count;
            if (s->params.loss.loss)
                TRY(ac_train_lower_loss(s, l));
            s->backward = l->calls.count;
        } else {
            TRY(ac_lower_step(l, &plan->steps[i]));
        }
    }
    s->steps[plan->step_count] = l->calls.count;
    s->update = l->calls.count;
    TRY(ac_train_lower_update(s, l));
fail:
    return status;
}

static ac_status take_region(ac_train_session *s, ac_buffer **buffer, uint64_t bytes,
                             const ac_words *words)
{
    ac_status status = AC_OK;

    if (bytes == 0)
        return AC_OK;
    TRY(ac_buffer_create(s->device, AC_BUFFER_DEVICE, bytes, "work in progress", buffer));
    if (words)
        TRY(ac_buffer_write(*buffer, 0, words->words, bytes));
fail:
    return status;
}

static ac_status take_regions(ac_train_session *s, const ac_lowering *l)
{
    ac_status status = AC_OK;

    TRY(take_region(s, &s->regions[AC_REGION_CONSTANTS], 4 * l->constants.count, &l->constants));
    TRY(take_region(s, &s->regions[AC_REGION_PACKED], 4 * l->packed.count, NULL));
    /* What fills up layouts is not written again. */
    if (l->packed.count)
        TRY(ac_buffer_fill(s->regions[AC_REGION_PACKED], 0));
    TRY(take_region(s, &s->regions[AC_REGION_WORK], l->work_bytes, NULL));
    TRY(take_region(s, &s->regions[AC_REGION_SCRATCH], l->scratch_bytes, NULL));
fail:
    return status;
}

/* The calls of a step: passes and update first, as what begins a step needs to know them. */
static ac_status lower(ac_train_session *s, const ac_model *model)
{
    ac_lowering l = {.device = s->device,
                     .log = s->log,
                     .model = model,
                     .plan = s->plan,
                     .arenas = s->arenas,
                     .parameters = {s->states[AC_TRAIN_WEIGHTS], 0, 0},
                     .gradients = {s->states[AC_TRAIN_GRADIENT], 0, 0}};
    int64_t *places = calloc((size_t)model->tensor_count + 1, sizeof(*places));
    ac_status status = AC_OK;

    s->steps = calloc((size_t)s->plan->step_count + 1, sizeof(*s->steps));
    l.norms = calloc((size_t)s->net->node_count + 1, sizeof(*l.norms));
    if (!places || !s->steps || !l.norms) {
        status = fail_memory(s->log);
        goto fail;
    }
    for (int i = 0; i < s->tensor_count; i++)
        places[i] = s->tensors[i].place;
    l.places = places;
    TRY(ac_lower_read_environment(&l));
    TRY(lower_passes(s, &l));
    TRY(take_regions(s, &l));
    s->begin = l.calls.count;
    TRY(lower_begin(s, &l));
    s->calls = l.calls.items;
    s->call_count = l.calls.count;
    l.calls.items = NULL;
fail:
    ac_lower_free(&l);
    free(places);
    return status;
}

ac_status ac_train_record(ac_train_session *s, ac_commands *commands, int begin, int end, int slot)
{
    ac_buffer *regions[AC_REGION_COUNT];

    memcpy(regions, s->regions, sizeof(regions));
    regions[AC_REGION_LIGHTNESS] = s->slots[slot][0];
    regions[AC_REGION_COLOURS] = s->slots[slot][1];
    return ac_calls_record(s->calls + begin, end - begin, regions, commands);
}

static ac_status record(ac_train_session *s, int begin, int end, int slot, ac_commands **commands)
{
    ac_status status = AC_OK;

    TRY(ac_commands_create(s->device, commands));
    TRY(ac_commands_begin(*commands));
    TRY(ac_train_record(s, *commands, begin, end, slot));
    TRY(ac_commands_end(*commands));
fail:
    return status;
}

ac_status ac_train_run_calls(ac_train_session *s, int begin, int end, int slot)
{
    ac_commands *commands = NULL;
    ac_status status = AC_OK;

    TRY(record(s, begin, end, slot, &commands));
    TRY(ac_commands_run(commands));
fail:
    ac_commands_destroy(&commands);
    return status;
}

static ac_status write_weights(ac_train_session *s, const ac_model *model)
{
    float *flat = malloc((size_t)s->count * sizeof(*flat));
    ac_status status = AC_OK;

    if (!flat)
        return fail_memory(s->log);
    for (int i = 0; i < s->tensor_count; i++)
        memcpy(flat + s->tensors[i].offset, model->tensors[i].data,
               (size_t)s->tensors[i].count * sizeof(*flat));
    TRY(ac_train_session_write(s, AC_TRAIN_WEIGHTS, flat));
    if (s->params.ema > 0)
        TRY(ac_train_session_write(s, AC_TRAIN_AVERAGE, flat));
fail:
    free(flat);
    return status;
}

static ac_status check_output(const ac_train_session *s)
{
    const ac_value *output = &s->plan->values[s->plan->output];
    ac_status status;

    if (!s->params.loss.loss)
        return AC_OK;
    status = ac_net_check_colours(s->net, s->log);
    if (status != AC_OK)
        return status;
    if (output->quads != 1 || !ac_value_is_plain(output))
        return ac_fail(s->log, AC_ERR_UNSUPPORTED,
                       "%s: a network whose last layer joins values cannot be trained: end with "
                       "conv2d(..., 2, kernel=1)",
                       s->net->where);
    return AC_OK;
}

ac_status ac_train_session_create(const ac_train_params *params, const ac_log *log,
                                  ac_train_session **result)
{
    ac_train_session *s = calloc(1, sizeof(*s));
    const ac_net *net = params->model->net;
    ac_status status = AC_OK;
    bool planned = false;

    *result = NULL;
    if (!s)
        return fail_memory(log);
    s->device = params->device;
    s->log = log;
    s->params = *params;
    s->params.model = NULL;
    s->params.lr_scale = NULL;
    TRY(ac_net_parse(net->text, strlen(net->text), net->where, log, &s->net));
    TRY(list_tensors(s, params));
    TRY(freeze_unused(s, params->model));
    TRY(list_nodes(s, params));
    TRY(ac_begin_check_multiple(s->net, params->height, params->width, log));
    TRY(ac_plan_create_training(s->net, params->n, params->height, params->width, AC_PLAN_MAX_ARENA,
                                s->training, log, &s->plan));
    TRY(check_output(s));
    if (params->guarded)
        TRY(ac_plan_guard(s->plan, GUARD_BYTES, AC_PLAN_MAX_ARENA, log));
    TRY(check_memory(s));
    planned = true;
    TRY(take_memory(s));
    TRY(lower(s, params->model));
    TRY(record(s, s->begin, s->call_count, 0, &s->begin_commands));
    for (int i = 0; i < AC_TRAIN_SLOTS; i++)
        TRY(record(s, s->forward, s->update, i, &s->pass_commands[i]));
    TRY(record(s, s->update, s->begin, 0, &s->update_commands));
    TRY(write_weights(s, params->model));
    *result = s;
    return AC_OK;

fail:
    if (planned && status == AC_ERR_DEVICE_MEMORY)
        tell_needed(s);
    ac_train_session_destroy(&s);
    return status;
}

void ac_train_session_destroy(ac_train_session **pointer)
{
    ac_train_session *s = *pointer;

    if (!s)
        return;
    ac_commands_destroy(&s->begin_commands);
    ac_commands_destroy(&s->update_commands);
    for (int i = 0; i < AC_TRAIN_SLOTS; i++) {
        ac_commands_destroy(&s->pass_commands[i]);
        ac_buffer_destroy(&s->slots[i][0]);
        ac_buffer_destroy(&s->slots[i][1]);
    }
    for (int i = 0; s->arenas && i < s->plan->arena_count; i++)
        ac_buffer_destroy(&s->arenas[i]);
    for (int i = 0; i < AC_TRAIN_STATE_COUNT; i++)
        ac_buffer_destroy(&s->states[i]);
    for (int i = 0; i < AC_REGION_COUNT; i++)
        ac_buffer_destroy(&s->regions[i]);
    ac_buffer_destroy(&s->packing);
    ac_buffer_destroy(&s->rare);
    ac_buffer_destroy(&s->hyper);
    ac_buffer_destroy(&s->results);
    ac_buffer_destroy(&s->results_host);
    for (int i = 0; s->tensors && i < s->tensor_count; i++)
        free(s->tensors[i].name);
    free(s->tensors);
    free(s->training);
    free(s->steps);
    free(s->calls);
    free(s->arenas);
    ac_plan_destroy(&s->plan);
    ac_net_destroy(&s->net);
    free(s);
    *pointer = NULL;
}
