#include "nn/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/lower.h"

#define GUARD_BYTES AC_PLAN_ALIGNMENT

struct ac_session {
    ac_device *device;
    ac_plan *plan;
    ac_net *net; /* the plan's own copy: the model may go */
    ac_buffer **arenas;
    ac_buffer *regions[AC_REGION_COUNT];
    ac_buffer *lightness, *result;
    ac_call *calls;
    int call_count;
    ac_part *parts; /* of the calls */
    int part_count;
    ac_commands *commands; /* for ac_session_run(), recorded when it is first called */
};

/* Device memory for a plan; what minimal filtering makes of the weights is up to 25 / 4 of them. */
static uint64_t needed(const ac_plan *plan)
{
    return ac_plan_bytes(plan) + AC_LOWER_SCRATCH_MAX + 25 * plan->weight_bytes / 4;
}

static bool fits(const ac_device *device, const ac_plan *plan)
{
    const ac_device_info *info = ac_device_get_info(device);

    return needed(plan) <= ac_device_memory_usable(device) &&
           plan->largest_value <= info->max_storage_range &&
           plan->largest_value <= info->max_allocation;
}

static ac_status create_plan(const ac_session_params *params, const ac_net *net, int h, int w,
                             bool half, const ac_log *log, ac_plan **plan)
{
    ac_status status = AC_OK;

    TRY(ac_plan_create(net, params->n, h, w, AC_PLAN_MAX_ARENA, log, plan));
    if (half)
        TRY(ac_plan_store_half(*plan, AC_PLAN_MAX_ARENA, log));
fail:
    return status;
}

/* The largest short side, a multiple of 8 where possible, whose plan fits; 0: none. */
static int largest_side(const ac_session_params *params, const ac_net *net, bool half)
{
    int side = params->height < params->width ? params->height : params->width;
    int low = 0, high = side;

    while (low + 1 < high) {
        int middle = low + (high - low) / 2;
        int h = (int)((int64_t)params->height * middle / side);
        int w = (int)((int64_t)params->width * middle / side);
        ac_plan *plan = NULL;

        if (create_plan(params, net, h > 0 ? h : 1, w > 0 ? w : 1, half, NULL, &plan) == AC_OK &&
            fits(params->device, plan))
            low = middle;
        else
            high = middle;
        ac_plan_destroy(&plan);
    }
    return low >= 16 ? low / 8 * 8 : low;
}

static ac_status check_memory(const ac_session_params *params, const ac_session *session,
                              const ac_log *log)
{
    const ac_device_info *info = ac_device_get_info(params->device);
    const ac_plan *plan = session->plan;
    char hint[96] = "no size fits";
    int side;

    if (fits(params->device, plan))
        return AC_OK;
    side = largest_side(params, session->net, plan->half);
    if (side > 0)
        snprintf(hint, sizeof(hint), "a short side of %d fits (--size %d)", side, side);
    if (plan->largest_value > info->max_storage_range)
        return ac_fail(log, AC_ERR_DEVICE_MEMORY,
                       "the network at %dx%d has a value of %.0f MiB, and device %s takes %.0f MiB "
                       "at once: %s",
                       plan->width, plan->height, (double)plan->largest_value / (1 << 20),
                       info->name, (double)info->max_storage_range / (1 << 20), hint);
    return ac_fail(log, AC_ERR_DEVICE_MEMORY,
                   "the network at %dx%d needs %.0f MiB of device memory, and device %s has %.0f "
                   "MiB free: %s",
                   plan->width, plan->height, (double)needed(plan) / (1 << 20), info->name,
                   (double)ac_device_memory_usable(params->device) / (1 << 20), hint);
}

static ac_status take_memory(ac_session *session, const ac_log *log)
{
    const ac_plan *plan = session->plan;
    ac_shape out = ac_session_output_shape(session);
    ac_status status = AC_OK;

    session->arenas = calloc((size_t)plan->arena_count + 1, sizeof(ac_buffer *));
    if (!session->arenas)
        return ac_fail(log, AC_ERR_MEMORY, "out of memory");
    for (int i = 0; i < plan->arena_count; i++) {
        TRY(ac_buffer_create(session->device, AC_BUFFER_DEVICE, plan->arena_sizes[i],
                             "the network's values", &session->arenas[i]));
        if (plan->guard)
            TRY(ac_buffer_fill(session->arenas[i], 0xff));
    }
    TRY(ac_buffer_create(session->device, AC_BUFFER_DEVICE,
                         4 * (uint64_t)plan->n * (uint64_t)plan->height * (uint64_t)plan->width,
                         "lightness pictures", &session->lightness));
    TRY(ac_buffer_create(session->device, AC_BUFFER_DEVICE, 4 * (uint64_t)ac_shape_count(out),
                         "the network's result", &session->result));
fail:
    return status;
}

bool ac_session_guards_hold(const ac_session *session)
{
    return ac_lower_guards_hold(session->plan, session->arenas);
}

const ac_plan *ac_session_plan(const ac_session *session)
{
    return session->plan;
}

ac_status ac_session_read_value(const ac_session *session, int value, float *to, const ac_log *log)
{
    return ac_lower_read_value(session->plan, session->arenas, value, to, log);
}

static ac_status upload(ac_session *session, ac_region region, const ac_words *words)
{
    ac_buffer **buffer = &session->regions[region];
    ac_status status = AC_OK;

    if (words->count == 0)
        return AC_OK;
    TRY(ac_buffer_create(session->device, AC_BUFFER_DEVICE, 4 * words->count,
                         "the network's weights", buffer));
    TRY(ac_buffer_write(*buffer, 0, words->words, 4 * words->count));
fail:
    return status;
}

/* The calls from `begin` on are what `step` does; NULL: they copy a picture, called `name`. */
static void add_part(ac_session *session, const ac_lowering *l, int begin, const ac_step *step,
                     const char *name, const ac_buffer *picture)
{
    ac_part *part = &session->parts[session->part_count];

    if (begin == l->calls.count)
        return;
    session->part_count++;
    *part = (ac_part){.begin = begin, .end = l->calls.count};
    snprintf(part->name, sizeof(part->name), "%s", name);
    if (step)
        ac_part_describe_step(session->plan, step, part);
    else
        part->bytes = 2 * ac_buffer_size(picture);
    ac_part_describe_calls(l->calls.items, part);
}

static ac_status take_region(ac_session *session, ac_region region, uint64_t bytes)
{
    if (bytes == 0)
        return AC_OK;
    return ac_buffer_create(session->device, AC_BUFFER_DEVICE, bytes,
                            "what the network's kernels work with", &session->regions[region]);
}

static ac_status run_once(const ac_session *session, const ac_lowering *l)
{
    ac_commands *commands = NULL;
    ac_status status = AC_OK;

    if (l->once_calls.count == 0)
        return AC_OK;
    TRY(ac_commands_create(session->device, &commands));
    TRY(ac_commands_begin(commands));
    TRY(ac_calls_record(l->once_calls.items, l->once_calls.count, session->regions, commands));
    TRY(ac_commands_end(commands));
    TRY(ac_commands_run(commands));
fail:
    ac_commands_destroy(&commands);
    return status;
}

/* All dispatches with barriers between them; then the weights go to the device. */
static ac_status lower(ac_session *session, const ac_model *model, const ac_log *log)
{
    ac_lowering l = {.device = session->device,
                     .log = log,
                     .model = model,
                     .plan = session->plan,
                     .arenas = session->arenas};
    ac_status status = AC_OK;
    int calls;

    session->parts = calloc((size_t)session->plan->step_count + 2, sizeof(*session->parts));
    if (!session->parts)
        return ac_fail(log, AC_ERR_MEMORY, "out of memory");
    TRY(ac_lower_read_environment(&l));
    TRY(ac_lower_pack(&l, ac_session_lightness(session)));
    add_part(session, &l, 0, NULL, "input", session->lightness);
    for (int s = 0; s < session->plan->step_count; s++) {
        calls = l.calls.count;
        TRY(ac_lower_barrier(&l));
        TRY(ac_lower_step(&l, &session->plan->steps[s]));
        if (l.calls.count == calls + 1)
            l.calls.count--; /* nothing was done: everything is in place already */
        add_part(session, &l, calls, &session->plan->steps[s], "", NULL);
    }
    calls = l.calls.count;
    TRY(ac_lower_barrier(&l));
    TRY(ac_lower_unpack(&l, ac_session_result(session)));
    add_part(session, &l, calls, NULL, "output", session->result);
    TRY(upload(session, AC_REGION_CONSTANTS, &l.constants));
    TRY(upload(session, AC_REGION_PACKED, &l.packed));
    TRY(take_region(session, AC_REGION_WORK, l.work_bytes));
    TRY(take_region(session, AC_REGION_SCRATCH, l.scratch_bytes));
    TRY(run_once(session, &l));
    session->calls = l.calls.items;
    session->call_count = l.calls.count;
    l.calls.items = NULL;
fail:
    ac_lower_free(&l);
    return status;
}

ac_status ac_session_create(const ac_session_params *params, const ac_log *log, ac_session **result)
{
    ac_session *session = calloc(1, sizeof(*session));
    const ac_net *net = params->model->net;
    ac_status status = AC_OK;
    bool half;

    *result = NULL;
    if (!session)
        return ac_fail(log, AC_ERR_MEMORY, "out of memory");
    session->device = params->device;
    TRY(ac_net_parse(net->text, strlen(net->text), net->where, log, &session->net));
    TRY(ac_lower_stores_half(params->device, log, &half));
    TRY(create_plan(params, session->net, params->height, params->width, half, log,
                    &session->plan));
    if (params->guarded)
        TRY(ac_plan_guard(session->plan, GUARD_BYTES, AC_PLAN_MAX_ARENA, log));
    TRY(check_memory(params, session, log));
    TRY(take_memory(session, log));
    TRY(lower(session, params->model, log));
    *result = session;
    return AC_OK;

fail:
    ac_session_destroy(&session);
    return status;
}

void ac_session_destroy(ac_session **pointer)
{
    ac_session *session = *pointer;

    if (!session)
        return;
    ac_commands_destroy(&session->commands);
    for (int i = 0; session->arenas && i < session->plan->arena_count; i++)
        ac_buffer_destroy(&session->arenas[i]);
    for (int i = 0; i < AC_REGION_COUNT; i++)
        ac_buffer_destroy(&session->regions[i]);
    ac_buffer_destroy(&session->lightness);
    ac_buffer_destroy(&session->result);
    ac_plan_destroy(&session->plan);
    ac_net_destroy(&session->net);
    free(session->arenas);
    free(session->calls);
    free(session->parts);
    free(session);
    *pointer = NULL;
}

ac_shape ac_session_output_shape(const ac_session *session)
{
    const ac_plan *plan = session->plan;

    return (ac_shape){plan->n, plan->values[plan->output].shape.c, plan->out_height,
                      plan->out_width};
}

void ac_session_step(const ac_session *session, double *y, double *x)
{
    const ac_plan *plan = session->plan;

    *y = (double)plan->padded_height / plan->values[plan->output].shape.h;
    *x = (double)plan->padded_width / plan->values[plan->output].shape.w;
}

ac_binding ac_session_lightness(const ac_session *session)
{
    return (ac_binding){session->lightness, 0, 0};
}

ac_binding ac_session_result(const ac_session *session)
{
    return (ac_binding){session->result, 0, 0};
}

ac_status ac_session_record(ac_session *session, ac_commands *commands)
{
    return ac_calls_record(session->calls, session->call_count, session->regions, commands);
}

const ac_part *ac_session_parts(const ac_session *session, int *count)
{
    *count = session->part_count;
    return session->parts;
}

ac_status ac_session_record_part(ac_session *session, int index, ac_commands *commands)
{
    const ac_part *part = &session->parts[index];

    return ac_calls_record(session->calls + part->begin, part->end - part->begin, session->regions,
                           commands);
}

ac_status ac_session_run(ac_session *session, const float *lightness, float *result)
{
    const ac_plan *plan = session->plan;
    uint64_t in = 4 * (uint64_t)plan->n * (uint64_t)plan->height * (uint64_t)plan->width;
    uint64_t out = 4 * (uint64_t)ac_shape_count(ac_session_output_shape(session));
    ac_status status = AC_OK;

    if (!session->commands) {
        TRY(ac_commands_create(session->device, &session->commands));
        TRY(ac_commands_begin(session->commands));
        TRY(ac_session_record(session, session->commands));
        TRY(ac_commands_end(session->commands));
    }
    TRY(ac_buffer_write(session->lightness, 0, lightness, in));
    TRY(ac_commands_run(session->commands));
    TRY(ac_buffer_read(session->result, 0, result, out));
    return AC_OK;

fail:
    ac_commands_destroy(&session->commands);
    return status;
}
