#include "video/measure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "nn/session.h"
#include "util/clock.h"
#include "video/colorize_job.h"

#define NETWORK_SECONDS 3.0
#define NETWORK_RUNS    3

typedef struct stages {
    ac_colorize_job job;
    ac_pipeline_times *times;
    ac_frame **sources, **painted; /* held; painted ones are made of the sources */
    int held, room;
} stages;

static double now(void)
{
    return ac_clock_now((ac_clock){0});
}

static ac_status tell(const stages *s, const char *what, int64_t done, int64_t total)
{
    const ac_colorize_params *p = s->job.params;

    ac_progress_text(p->progress, done, total, "%s: frame %lld", what, (long long)done);
    return p->cancel && atomic_load(p->cancel) ? AC_ERR_CANCELLED : AC_OK;
}

static ac_status fail_memory(const stages *s)
{
    return ac_fail(s->job.log, AC_ERR_MEMORY, "out of memory");
}

/* Frames that may be held: as planar 4:4:4 at most, which decoders' own frames rarely exceed. */
static int most_held(const stages *s, int frames)
{
    const ac_picture_format *f = &ac_reader_get_info(s->job.reader)->format;
    int64_t each = (int64_t)f->height * f->width * 3 * (f->depth > 8 ? 2 : 1);
    int64_t most = AC_MEASURE_BYTES / (each ? each : 1);

    if (most < 1)
        most = 1;
    return most < frames ? (int)most : frames;
}

static ac_status decode(stages *s, int frames)
{
    ac_status status = AC_OK;
    double begin = now();
    ac_item item;

    ac_progress_begin(s->job.params->progress, frames);
    while (s->times->decode.frames < frames &&
           (status = ac_reader_next(s->job.reader, &item)) == AC_OK) {
        ac_packet_free(&item.packet);
        if (!item.frame)
            continue;
        if (s->held < s->room)
            s->sources[s->held++] = item.frame;
        else
            ac_frame_free(&item.frame);
        s->times->decode.frames++;
        TRY(tell(s, "decode", s->times->decode.frames, frames));
    }
    if (status == AC_END)
        status = AC_OK;
    s->times->decode.seconds = now() - begin;
fail:
    ac_progress_end(s->job.params->progress);
    return status;
}

static ac_status end_frame(stages *s, int number)
{
    uint8_t *planes[2];
    ptrdiff_t strides[2];
    char name[512];

    for (int i = 0; i < 2; i++)
        planes[i] = ac_frame_plane(s->painted[number], i + 1, &strides[i]);
    snprintf(name, sizeof(name), "%.400s: frame %d", s->job.params->input, number + 1);
    return ac_painter_end(s->job.painter, number % ac_colorize_slots(&s->job), planes, strides,
                          name);
}

static ac_status paint(stages *s)
{
    ac_status status = AC_OK;
    double begin;
    int ended = 0;

    for (int i = 0; i < s->held; i++)
        TRY(ac_writer_new_frame(s->job.writer, s->sources[i], &s->painted[i]));
    ac_progress_begin(s->job.params->progress, s->held);
    begin = now();
    for (int i = 0; i < s->held; i++) {
        const uint8_t *luma;
        ptrdiff_t stride;

        if (i - ended == ac_colorize_slots(&s->job))
            TRY(end_frame(s, ended++));
        luma = ac_frame_plane(s->sources[i], 0, &stride);
        TRY(ac_painter_begin(s->job.painter, i % ac_colorize_slots(&s->job), luma, stride,
                             ac_frame_taken(s->sources[i])));
        TRY(tell(s, "network and merge", i, s->held));
    }
    while (ended < s->held)
        TRY(end_frame(s, ended++));
    s->times->paint = (ac_measured){s->held, now() - begin};
fail:
    ac_progress_end(s->job.params->progress);
    return status;
}

static ac_status encode(stages *s)
{
    ac_status status = AC_OK;
    double begin = now();

    ac_progress_begin(s->job.params->progress, s->held);
    for (int i = 0; i < s->held; i++) {
        TRY(ac_writer_put_frame(s->job.writer, &s->painted[i]));
        TRY(tell(s, "encode", i, s->held));
    }
    TRY(ac_writer_finish(s->job.writer));
    s->times->encode = (ac_measured){s->held, now() - begin};
fail:
    ac_progress_end(s->job.params->progress);
    return status;
}

/* What is in the pictures makes no difference: they stay zero. */
static ac_status run_network(stages *s)
{
    ac_pipeline_times *times = s->times;
    ac_session *session = NULL;
    ac_commands *commands = NULL;
    ac_status status = AC_OK;
    double begin;

    TRY(ac_session_create(&(ac_session_params){.device = s->job.params->device,
                                               .model = s->job.params->model,
                                               .n = 1,
                                               .height = times->height,
                                               .width = times->width},
                          s->job.log, &session));
    TRY(ac_commands_create(s->job.params->device, &commands));
    TRY(ac_commands_begin(commands));
    TRY(ac_session_record(session, commands));
    TRY(ac_commands_end(commands));
    TRY(ac_commands_run(commands));
    ac_progress_begin(s->job.params->progress, times->paint.frames);
    begin = now();
    while (times->network.frames < times->paint.frames &&
           (times->network.frames < NETWORK_RUNS || times->network.seconds < NETWORK_SECONDS)) {
        TRY(ac_commands_run(commands));
        times->network.frames++;
        times->network.seconds = now() - begin;
        TRY(tell(s, "network alone", times->network.frames, times->paint.frames));
    }
fail:
    ac_progress_end(s->job.params->progress);
    ac_commands_destroy(&commands);
    ac_session_destroy(&session);
    return status;
}

static ac_status take_room(stages *s, int frames)
{
    s->room = most_held(s, frames);
    s->sources = calloc((size_t)s->room, sizeof(ac_frame *));
    s->painted = calloc((size_t)s->room, sizeof(ac_frame *));
    return s->sources && s->painted ? AC_OK : fail_memory(s);
}

static void note_facts(stages *s)
{
    ac_pipeline_times *times = s->times;

    snprintf(times->input, sizeof(times->input), "%s",
             ac_reader_get_info(s->job.reader)->description);
    snprintf(times->output, sizeof(times->output), "%s", ac_writer_description(s->job.writer));
    snprintf(times->device, sizeof(times->device), "%s",
             ac_device_get_info(s->job.params->device)->name);
    ac_painter_working_size(s->job.painter, &times->height, &times->width);
}

/* *fps: of the film, 0: unknown. */
static ac_status run_stages(stages *s, int frames, double *fps)
{
    ac_status status = AC_OK;

    TRY(ac_colorize_open(&s->job));
    note_facts(s);
    *fps = ac_reader_get_info(s->job.reader)->fps;
    if (frames == 0)
        frames = *fps > 0 ? (int)ceil(AC_MEASURE_SECONDS * *fps) : 1;
    TRY(take_room(s, frames));
    TRY(decode(s, frames));
    if (s->held == 0) {
        status = ac_fail(s->job.log, AC_ERR_FORMAT, "%s: has not one frame", s->job.params->input);
        goto fail;
    }
    TRY(paint(s));
    TRY(encode(s));
    TRY(run_network(s));
    status = ac_colorize_check_validation(&s->job);
fail:
    for (int i = 0; i < s->held; i++) {
        ac_frame_free(&s->sources[i]);
        ac_frame_free(&s->painted[i]);
    }
    free(s->sources);
    free(s->painted);
    return status;
}

ac_status ac_measure_pipeline(const ac_colorize_params *params, const ac_log *log, int frames,
                              ac_pipeline_times *times)
{
    stages s = {.job = {.params = params, .log = log}, .times = times};
    ac_colorize_params again = *params;
    ac_status status = AC_OK;
    double fps = 0;

    *times = (ac_pipeline_times){0};
    status = run_stages(&s, frames, &fps);
    ac_colorize_close(&s.job);
    TRY(status);
    /* Half a frame less, so that it is no frame more. */
    if (fps > 0)
        again.duration = ((double)times->decode.frames - 0.5) / fps;
    again.overwrite = true;
    TRY(ac_colorize_file(&again, log, &times->summary));
    times->together = (ac_measured){times->summary.frames, times->summary.seconds};
fail:
    return status;
}
