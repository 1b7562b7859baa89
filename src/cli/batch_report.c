#include "cli/batch_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "util/clock.h"

static const char *const result_names[] = {"not begun", "done", "skipped", "failed"};

typedef struct counts {
    size_t of[AC_JOB_FAILED + 1];
} counts;

/* ---- events ---- */

/* A line for a program that reads along. Takes over event; NULL: memory ran out. */
static void put(const ac_batch_report *r, json_t *event)
{
    char *line = ac_output_json_print(event, JSON_COMPACT);

    if (!line) {
        ac_log_print(r->log, AC_LOG_WARNING, "an event is left out: out of memory");
        return;
    }
    /* A failed write is found by main(), which looks at stdout for every command. */
    puts(line);
    fflush(stdout);
    free(line);
}

static json_t *new_event(const ac_batch_report *r, const char *name)
{
    const ac_batch_item *item = &r->items->items[r->current];

    return json_pack("{s:s, s:I, s:I, s:o*, s:o*}", "event", name, "file",
                     (json_int_t)r->current + 1, "files", (json_int_t)r->items->count, "input",
                     ac_output_json_text(item->input), "output", ac_output_json_text(item->output));
}

static void tell_progress(void *opaque, int64_t done, int64_t total, double seconds)
{
    const ac_batch_report *r = opaque;

    put(r, json_pack("{s:s, s:I, s:I, s:I, s:o, s:f}", "event", "progress", "file",
                     (json_int_t)r->current + 1, "files", (json_int_t)r->items->count, "frame",
                     (json_int_t)done, "frames", total > 0 ? json_integer(total) : json_null(),
                     "seconds", seconds));
}

static int exit_status(ac_status status)
{
    return status == AC_ERR_ARGUMENT ? 2 : status ? 1 : 0;
}

static void put_end_of_job(const ac_batch_report *r, ac_status status,
                           const ac_colorize_summary *summary)
{
    const ac_job_outcome *outcome = &r->outcomes[r->current];
    json_t *event = new_event(r, result_names[outcome->result]);
    int failed = 0;

    if (event && outcome->result == AC_JOB_DONE)
        failed = json_object_update_new(
            event, json_pack("{s:I, s:I, s:f}", "frames", (json_int_t)outcome->frames, "damaged",
                             (json_int_t)summary->damaged, "seconds", outcome->seconds));
    else if (event && outcome->result == AC_JOB_FAILED)
        failed = json_object_update_new(
            event, json_pack("{s:o*, s:i}", "error",
                             ac_output_json_text(*r->error                    ? r->error
                                                 : status == AC_ERR_CANCELLED ? "interrupted"
                                                                              : "failed"),
                             "exit_status", exit_status(status)));
    if (failed) {
        json_decref(event);
        event = NULL;
    }
    put(r, event);
}

/* ---- messages ---- */

static void hear(void *opaque, ac_log_level level, const char *message)
{
    ac_batch_report *r = opaque;

    if (level == AC_LOG_ERROR) {
        pthread_mutex_lock(&r->mutex);
        if (!*r->error)
            snprintf(r->error, sizeof(r->error), "%s", message);
        pthread_mutex_unlock(&r->mutex);
    }
    ac_log_print(r->log, level, "%s", message);
}

static void say_done(const ac_batch_report *r, const ac_colorize_summary *s)
{
    const char *output = r->items->items[r->current].output;
    double seconds = s->seconds > 1e-3 ? s->seconds : 1e-3;

    ac_log_print(r->log, AC_LOG_INFO,
                 "%s: %lld frame%s in %.1f s, %.2f fps; waited for decoding %.0f%%, for the device "
                 "%.0f%%, for encoding %.0f%% of the time",
                 output, (long long)s->frames, s->frames == 1 ? "" : "s", s->seconds,
                 (double)s->frames / seconds, 100 * s->wait_decode / seconds,
                 100 * s->wait_gpu / seconds, 100 * s->wait_encode / seconds);
    if (s->damaged)
        ac_log_print(r->log, AC_LOG_WARNING,
                     "%s: the input is damaged in %lld place%s: frames are missing or wrong there",
                     output, (long long)s->damaged, s->damaged == 1 ? "" : "s");
}

static counts count(const ac_batch_report *r)
{
    counts c = {0};

    for (size_t i = 0; i < r->items->count; i++)
        c.of[r->outcomes[i].result]++;
    return c;
}

static void say_table(const ac_batch_report *r, const counts *c, bool interrupted)
{
    char rest[64] = "";

    ac_log_print(r->log, AC_LOG_INFO, "  frames  seconds  result     input");
    for (size_t i = 0; i < r->items->count; i++) {
        const ac_job_outcome *o = &r->outcomes[i];
        const char *input = r->items->items[i].input, *result = result_names[o->result];

        if (o->result == AC_JOB_DONE)
            ac_log_print(r->log, AC_LOG_INFO, "%8lld %8.1f  %-10s %s", (long long)o->frames,
                         o->seconds, result, input);
        else if (o->result != AC_JOB_NOT_BEGUN)
            ac_log_print(r->log, AC_LOG_INFO, "%8s %8s  %-10s %s", "-", "-", result, input);
    }
    if (c->of[AC_JOB_NOT_BEGUN])
        snprintf(rest, sizeof(rest), ", %zu not begun", c->of[AC_JOB_NOT_BEGUN]);
    ac_log_print(r->log, interrupted ? AC_LOG_ERROR : AC_LOG_INFO,
                 "%s%zu done, %zu skipped, %zu failed%s", interrupted ? "interrupted: " : "",
                 c->of[AC_JOB_DONE], c->of[AC_JOB_SKIPPED], c->of[AC_JOB_FAILED], rest);
}

/* ---- together ---- */

ac_status ac_batch_report_init(ac_batch_report *r, const ac_batch_items *items, const ac_log *log,
                               ac_progress *progress, bool json)
{
    *r = (ac_batch_report){
        .items = items,
        .log = log,
        .progress = progress,
        .json = json,
        .outcomes = calloc(items->count ? items->count : 1, sizeof(*r->outcomes)),
        .began = ac_clock_now((ac_clock){0}),
        .heard = {.write = hear, .opaque = r, .level = log->level},
    };
    pthread_mutex_init(&r->mutex, NULL);
    if (!r->outcomes)
        return ac_fail(log, AC_ERR_MEMORY, "out of memory");
    if (json)
        ac_progress_listen(progress, tell_progress, r);
    return AC_OK;
}

void ac_batch_report_uninit(ac_batch_report *r)
{
    if (r->json)
        ac_progress_listen(r->progress, NULL, NULL);
    pthread_mutex_destroy(&r->mutex);
    free(r->outcomes);
}

void ac_batch_report_begin(ac_batch_report *r, size_t index)
{
    r->current = index;
    r->job_began = ac_clock_now((ac_clock){0});
    r->error[0] = '\0';
    if (r->items->count > 1)
        ac_log_print(r->log, AC_LOG_INFO, "%zu of %zu: %s", index + 1, r->items->count,
                     r->items->items[index].input);
    if (r->json)
        put(r, new_event(r, "start"));
}

void ac_batch_report_end(ac_batch_report *r, ac_job_result result, ac_status status,
                         const ac_colorize_summary *summary)
{
    r->outcomes[r->current] = (ac_job_outcome){
        .result = result,
        .frames = summary->frames,
        .seconds = ac_clock_now((ac_clock){0}) - r->job_began,
    };
    if (result == AC_JOB_DONE)
        say_done(r, summary);
    else if (result == AC_JOB_SKIPPED)
        ac_log_print(r->log, AC_LOG_INFO, "%s: is there already and is kept",
                     r->items->items[r->current].output);
    if (r->json)
        put_end_of_job(r, status, summary);
}

size_t ac_batch_report_finish(ac_batch_report *r, ac_status status)
{
    const counts c = count(r);
    bool interrupted = status == AC_ERR_CANCELLED;

    if (r->items->count > 1)
        say_table(r, &c, interrupted);
    if (status == AC_OK && c.of[AC_JOB_FAILED])
        status = AC_ERR_IO;
    if (r->json)
        put(r, json_pack("{s:s, s:I, s:I, s:I, s:I, s:f, s:b, s:i}", "event", "end", "done",
                         (json_int_t)c.of[AC_JOB_DONE], "skipped", (json_int_t)c.of[AC_JOB_SKIPPED],
                         "failed", (json_int_t)c.of[AC_JOB_FAILED], "not_begun",
                         (json_int_t)c.of[AC_JOB_NOT_BEGUN], "seconds",
                         ac_clock_now((ac_clock){0}) - r->began, "interrupted", interrupted,
                         "exit_status", exit_status(status)));
    return c.of[AC_JOB_FAILED];
}
