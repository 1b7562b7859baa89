/* Measuring a network: forward pass and training step, as a whole and by parts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bench.h"
#include "nn/session.h"
#include "train/session.h"
#include "util/clock.h"
#include "util/random.h"

#define WARM_UP_RUNS 1 /* beside the first, which is no run like others */

/* What is run again and again: as it is usually, and by parts. */
typedef struct subject {
    const ac_context *context;
    const ac_bench_params *params;
    ac_device *device;
    const char *what; /* for the progress line */
    ac_session *session;
    ac_train_session *train;
    const float *lightness, *colours;
    int64_t steps;
    ac_commands *whole;    /* of the forward pass */
    ac_commands **by_part; /* one, or without timestamps one for each part */
    int by_part_count;
    double *seconds;                       /* [runs][part_count] */
    double *device_seconds, *wall_seconds; /* [runs] of them */
    ac_bench_pass *pass;
    int done, total; /* runs, for the progress line */
} subject;

static ac_status fail_memory(const ac_log *log)
{
    return ac_fail(log, AC_ERR_MEMORY, "out of memory");
}

static double now(void)
{
    return ac_clock_now((ac_clock){0});
}

/* Feeding a step is no part of it: the trainer does that while the device is at work. */
static ac_status run_whole(subject *s, double *seconds)
{
    ac_train_result result;
    ac_status status = AC_OK;
    double begin = now();

    if (s->session) {
        TRY(ac_commands_run(s->whole));
    } else {
        TRY(ac_train_session_feed(s->train, s->lightness, s->colours));
        begin = now();
        TRY(ac_train_session_submit(s->train));
        TRY(ac_train_session_update(s->train, ++s->steps, 1e-5));
        TRY(ac_train_session_wait(s->train, &result));
    }
    *seconds = now() - begin;
fail:
    return status;
}

static ac_status record_part(subject *s, int part, ac_commands *commands)
{
    if (s->session)
        return ac_session_record_part(s->session, part, commands);
    return ac_train_session_record_part(s->train, &s->pass->parts[part], commands);
}

static ac_status record_by_part(subject *s)
{
    bool marks = s->params->timestamps;
    int count = s->pass->part_count;
    ac_status status = AC_OK;

    s->by_part_count = marks ? 1 : count;
    s->by_part = calloc((size_t)s->by_part_count + 1, sizeof(ac_commands *));
    if (!s->by_part)
        return fail_memory(s->context->log);
    for (int i = 0, part = 0; i < s->by_part_count; i++) {
        ac_commands *commands;

        TRY(ac_commands_create(s->device, &s->by_part[i]));
        commands = s->by_part[i];
        TRY(ac_commands_begin(commands));
        if (marks)
            TRY(ac_commands_mark(commands));
        for (int end = marks ? count : part + 1; part < end; part++) {
            TRY(record_part(s, part, commands));
            if (marks)
                TRY(ac_commands_mark(commands));
        }
        TRY(ac_commands_end(commands));
    }
fail:
    return status;
}

static ac_status run_by_part(subject *s, int run)
{
    int count = s->pass->part_count;
    double *seconds = s->seconds + (size_t)run * (size_t)count;
    double begin = now(), *marks = NULL;
    ac_status status = AC_OK;

    if (!s->params->timestamps) {
        for (int i = 0; i < count; i++) {
            begin = now();
            TRY(ac_commands_run(s->by_part[i]));
            seconds[i] = now() - begin;
        }
        return AC_OK;
    }
    marks = calloc((size_t)count + 1, sizeof(*marks));
    if (!marks)
        return fail_memory(s->context->log);
    TRY(ac_commands_run(s->by_part[0]));
    s->wall_seconds[run] = now() - begin;
    TRY(ac_commands_read_marks(s->by_part[0], marks));
    for (int i = 0; i < count; i++)
        seconds[i] = (marks[i + 1] - marks[i]) * 1e-9;
    s->device_seconds[run] = marks[count] * 1e-9;
fail:
    free(marks);
    return status;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

ac_bench_times ac_bench_times_of(double *times, int count)
{
    ac_bench_times result = {.runs = count};

    if (count == 0)
        return result;
    qsort(times, (size_t)count, sizeof(*times), compare);
    result.least = times[0];
    result.most = times[count - 1];
    result.median = (times[(count - 1) / 2] + times[count / 2]) / 2;
    return result;
}

static ac_status tell(subject *s)
{
    ac_progress_text(s->context->progress, s->done, s->total, "%s: run %d of %d", s->what, s->done,
                     s->total);
    s->done++;
    return atomic_load(s->context->cancel) ? AC_ERR_CANCELLED : AC_OK;
}

static int runs_that_fit(const ac_bench_params *params, double seconds)
{
    double runs = AC_BENCH_SECONDS / (seconds > 1e-6 ? seconds : 1e-6);

    if (params->runs)
        return params->runs;
    return runs < AC_BENCH_MIN_RUNS   ? AC_BENCH_MIN_RUNS
           : runs > AC_BENCH_MAX_RUNS ? AC_BENCH_MAX_RUNS
                                      : (int)runs;
}

static ac_status take_medians(subject *s, int runs)
{
    ac_bench_pass *pass = s->pass;
    double *times = calloc((size_t)runs, sizeof(*times));

    pass->seconds = calloc((size_t)pass->part_count + 1, sizeof(*pass->seconds));
    if (!times || !pass->seconds) {
        free(times);
        return fail_memory(s->context->log);
    }
    for (int i = 0; i < pass->part_count; i++) {
        for (int run = 0; run < runs; run++)
            times[run] = s->seconds[(size_t)run * (size_t)pass->part_count + (size_t)i];
        pass->seconds[i] = ac_bench_times_of(times, runs).median;
    }
    for (int run = 0; run < runs; run++)
        times[run] = s->wall_seconds[run] - s->device_seconds[run];
    pass->idle = ac_bench_times_of(times, runs).median;
    pass->device = ac_bench_times_of(s->device_seconds, runs).median;
    free(times);
    return AC_OK;
}

static ac_status measure_parts(subject *s, int runs)
{
    ac_status status = AC_OK;

    s->seconds = calloc((size_t)(runs * s->pass->part_count) + 1, sizeof(*s->seconds));
    s->device_seconds = calloc((size_t)runs, sizeof(*s->device_seconds));
    s->wall_seconds = calloc((size_t)runs, sizeof(*s->wall_seconds));
    if (!s->seconds || !s->device_seconds || !s->wall_seconds)
        return fail_memory(s->context->log);
    TRY(record_by_part(s));
    for (int i = -1; i < runs; i++) { /* the first one warms up */
        TRY(tell(s));
        TRY(run_by_part(s, i < 0 ? 0 : i));
    }
    TRY(take_medians(s, runs));
fail:
    return status;
}

/* The whole is timed without marks, which may slow the device down. */
static ac_status measure(subject *s)
{
    ac_bench_pass *pass = s->pass;
    double seconds = 0, *times = NULL;
    ac_status status = AC_OK;
    int runs;

    for (int i = 0; i < pass->part_count; i++) {
        pass->macs += pass->parts[i].macs;
        pass->bytes += pass->parts[i].bytes;
    }
    for (int i = 0; i <= WARM_UP_RUNS; i++) {
        TRY(tell(s));
        TRY(run_whole(s, &seconds));
    }
    runs = runs_that_fit(s->params, seconds);
    s->total = WARM_UP_RUNS + 1 + (s->params->layers ? 2 * runs + 1 : runs);
    times = calloc((size_t)runs, sizeof(*times));
    if (!times) {
        status = fail_memory(s->context->log);
        goto fail;
    }
    for (int i = 0; i < runs; i++) {
        TRY(tell(s));
        TRY(run_whole(s, &times[i]));
    }
    pass->times = ac_bench_times_of(times, runs);
    if (s->params->layers)
        TRY(measure_parts(s, runs));
    else
        pass->part_count = 0;
    pass->measured = true;
fail:
    free(times);
    return status;
}

static ac_status run_subject(subject *s, ac_bench_pass *pass)
{
    ac_status status;

    s->pass = pass;
    s->total = WARM_UP_RUNS + 1 + 2 * (s->params->runs ? s->params->runs : AC_BENCH_MIN_RUNS) + 1;
    ac_progress_begin(s->context->progress, s->total);
    status = measure(s);
    ac_progress_end(s->context->progress);
    for (int i = 0; i < s->by_part_count; i++)
        ac_commands_destroy(&s->by_part[i]);
    free(s->by_part);
    free(s->seconds);
    free(s->device_seconds);
    free(s->wall_seconds);
    return status;
}

ac_status ac_bench_load(const char *path, uint64_t seed, const ac_log *log, ac_model **model)
{
    ac_net *net = NULL;
    ac_status status = AC_OK;

    *model = NULL;
    if (!ac_net_is_description(path))
        return ac_model_load(path, log, model);
    TRY(ac_net_load(path, log, &net));
    TRY(ac_model_random(net->text, strlen(net->text), net->where, seed, log, model));
fail:
    ac_net_destroy(&net);
    return status;
}

/* Numbers from low to high. */
static ac_status draw(int64_t count, double low, double high, uint64_t seed, const char *name,
                      const ac_log *log, float **values)
{
    uint64_t stream = ac_random_stream(seed, name);

    *values = malloc((size_t)count * sizeof(**values));
    if (!*values)
        return fail_memory(log);
    for (int64_t i = 0; i < count; i++)
        (*values)[i] = (float)(low + (high - low) * ac_random_uniform(stream, (uint64_t)i));
    return AC_OK;
}

ac_status ac_bench_forward(const ac_context *context, const ac_bench_params *params,
                           ac_device *device, const ac_model *model, ac_bench *bench)
{
    const ac_log *log = context->log;
    int64_t count = (int64_t)bench->batch * bench->height * bench->width;
    subject s = {.context = context, .params = params, .device = device, .what = "forward"};
    uint64_t before = ac_device_memory_used(device, NULL);
    float *lightness = NULL, *result = NULL;
    ac_bench_pass *pass = &bench->forward;
    ac_status status = AC_OK;
    const ac_part *parts;

    ac_progress_stage(context->progress, AC_KERNELS_STAGE);
    TRY(ac_session_create(&(ac_session_params){.device = device,
                                               .model = model,
                                               .n = bench->batch,
                                               .height = bench->height,
                                               .width = bench->width},
                          log, &s.session));
    pass->memory = ac_device_memory_used(device, NULL) - before;
    pass->half = ac_session_plan(s.session)->half;
    TRY(draw(count, 0, 100, params->seed, "lightness", log, &lightness));
    result = malloc((size_t)ac_shape_count(ac_session_output_shape(s.session)) * sizeof(*result));
    parts = ac_session_parts(s.session, &pass->part_count);
    pass->parts = malloc((size_t)pass->part_count * sizeof(*pass->parts));
    if (!result || !pass->parts) {
        status = fail_memory(log);
        goto fail;
    }
    memcpy(pass->parts, parts, (size_t)pass->part_count * sizeof(*parts));
    TRY(ac_session_run(s.session, lightness, result));
    TRY(ac_commands_create(device, &s.whole));
    TRY(ac_commands_begin(s.whole));
    TRY(ac_session_record(s.session, s.whole));
    TRY(ac_commands_end(s.whole));
    TRY(run_subject(&s, pass));
fail:
    ac_commands_destroy(&s.whole);
    ac_session_destroy(&s.session);
    free(lightness);
    free(result);
    return status;
}

static ac_status create_train(const ac_bench *bench, const ac_model *model, const ac_log *log,
                              subject *s)
{
    return ac_train_session_create(&(ac_train_params){.device = s->device,
                                                      .model = model,
                                                      .n = bench->batch,
                                                      .height = bench->train_height,
                                                      .width = bench->train_width,
                                                      .accumulate = 1,
                                                      .loss = {.loss = ac_loss_find("mse")},
                                                      .beta1 = 0.9,
                                                      .beta2 = 0.999,
                                                      .eps = 1e-8},
                                   log, &s->train);
}

ac_status ac_bench_train_step(const ac_context *context, const ac_bench_params *params,
                              ac_device *device, const ac_model *model, ac_bench *bench)
{
    const ac_log *log = context->log;
    const ac_net *net = model->net;
    int64_t count = (int64_t)bench->batch * bench->train_height * bench->train_width;
    subject s = {.context = context, .params = params, .device = device, .what = "training step"};
    float *lightness = NULL, *colours = NULL;
    ac_bench_pass *pass = &bench->train_step;
    ac_status status = AC_OK;

    if (!net->has_output || net->channels[net->node_count] != 2) {
        snprintf(pass->why, sizeof(pass->why), "the network makes no colours, so there is no loss");
        return AC_OK;
    }
    TRY(create_train(bench, model, log, &s));
    pass->memory = ac_train_session_bytes(s.train);
    TRY(draw(count, 0, 100, params->seed, "lightness", log, &lightness));
    TRY(draw(ac_shape_count(ac_train_session_output_shape(s.train)), -60, 60, params->seed,
             "colours", log, &colours));
    s.lightness = lightness;
    s.colours = colours;
    TRY(ac_train_session_parts(s.train, &pass->parts, &pass->part_count));
    TRY(run_subject(&s, pass));
fail:
    ac_train_session_destroy(&s.train);
    free(lightness);
    free(colours);
    return status;
}

static void free_pass(ac_bench_pass *pass)
{
    free(pass->parts);
    free(pass->seconds);
}

void ac_bench_free(ac_bench *bench)
{
    free_pass(&bench->forward);
    free_pass(&bench->train_step);
    free(bench->path);
}
