#include "video/join.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "video/settings.h"

/* Every frame is there once and in its place, or there is no film. */
static ac_status check_places(const ac_join_params *params, const ac_log *log)
{
    const char *output = params->job->output;

    for (size_t i = 0; i < params->count; i++) {
        const ac_segment *s = &params->places[i].segment;

        if (s->index != (int64_t)i)
            return ac_fail(log, AC_ERR_FORMAT, "%s: segment %zu of the film is missing", output, i);
        if (s->frames != params->frames && (i + 1 < params->count || s->frames > params->frames))
            return ac_fail(log, AC_ERR_FORMAT,
                           "%s: segment %zu of the film has %lld frames where %lld should be",
                           output, i, (long long)s->frames, (long long)params->frames);
    }
    if (!params->count)
        return ac_fail(log, AC_ERR_FORMAT, "%s: there is not one frame of the film", output);
    return AC_OK;
}

static ac_status check_encoding(const ac_join_params *params, const ac_writer *writer,
                                const ac_log *log)
{
    const char *then = json_string_value(json_object_get(params->settings, AC_SETTING_ENCODING)),
               *now = ac_writer_description(writer);

    if (then && !strcmp(then, now))
        return AC_OK;
    return ac_fail(log, AC_ERR_ARGUMENT, "%s: would be %s, but the parts are for %s",
                   params->job->output, now, then ? then : "nobody knows what");
}

ac_status ac_join_film(const ac_join_params *params, const ac_log *log)
{
    const ac_colorize_params *p = params->job;
    ac_reader *reader = NULL;
    ac_writer *writer = NULL;
    ac_status status;

    TRY(check_places(params, log));
    ac_progress_stage(p->progress, "joining %zu segments", params->count);
    TRY(ac_colorize_open_input(p, log, &reader));
    if (params->shown)
        TRY(ac_settings_check_input(params->settings, reader, p->input, params->shown, log));
    TRY(ac_writer_open(&(ac_writer_params){.path = p->output,
                                           .literal = p->literal,
                                           .work_folder = params->work_folder,
                                           .format = p->format,
                                           .input = reader,
                                           .codec = p->codec,
                                           .codec_options = p->codec_options,
                                           .preset = p->preset,
                                           .pix_fmt = p->pix_fmt,
                                           .crf = p->crf,
                                           .overwrite = p->overwrite,
                                           .strict = p->strict},
                       log, &writer));
    if (!ac_writer_is_film(writer)) {
        status = ac_fail(log, AC_ERR_ARGUMENT, "%s: is not the name of a film", p->output);
        goto fail;
    }
    TRY(check_encoding(params, writer, log));
    TRY(ac_writer_join(writer, reader, params->places, params->count, p->cancel));
fail:
    ac_progress_end(p->progress);
    ac_writer_close(&writer);
    ac_reader_close(&reader);
    return status;
}

/* ---- parts ---- */

typedef struct parts {
    const ac_colorize_params *params;
    const ac_log *log;
    int count;
    ac_part *parts;
    ac_segment_place *places;
    size_t place_count;
} parts;

/* The lowest first. */
static int by_part(const void *a, const void *b)
{
    int64_t x = ac_settings_count(((const ac_part *)a)->record.settings, AC_SETTING_PART);
    int64_t y = ac_settings_count(((const ac_part *)b)->record.settings, AC_SETTING_PART);

    return (x > y) - (x < y);
}

/* Parts of one film, each once, none missing. */
static ac_status check_parts(const parts *p)
{
    static const char *const may_differ[] = {AC_SETTING_PART, AC_SETTING_DEVICE, AC_SETTING_TIME,
                                             NULL};
    const ac_part *first = &p->parts[0];
    int64_t all = ac_settings_count(first->record.settings, AC_SETTING_PARTS), expected = 1;
    char text[400];

    for (int i = 0; i < p->count; i++) {
        const ac_part *part = &p->parts[i];
        int64_t number = ac_settings_count(part->record.settings, AC_SETTING_PART);

        if (ac_record_difference(first->record.settings, part->record.settings, may_differ, text,
                                 sizeof(text)))
            return ac_fail(p->log, AC_ERR_ARGUMENT, "%s: is not of the same job as %s: %s",
                           part->path, first->path, text);
        if (number < expected)
            return ac_fail(p->log, AC_ERR_ARGUMENT, "%s: is part %lld, as is %s", part->path,
                           (long long)number, i ? p->parts[i - 1].path : part->path);
        if (number > expected)
            break;
        expected++;
    }
    if (expected <= all)
        return ac_fail(p->log, AC_ERR_ARGUMENT, "%s: part %lld of %lld is missing",
                       p->params->output, (long long)expected, (long long)all);
    return AC_OK;
}

static ac_status open_parts(parts *p, char *const *paths, int count)
{
    ac_status status = AC_OK;
    size_t segments = 0;

    p->parts = calloc((size_t)count, sizeof(*p->parts));
    if (!p->parts)
        return ac_fail(p->log, AC_ERR_MEMORY, "out of memory");
    for (; p->count < count; p->count++)
        TRY(ac_part_open(paths[p->count], p->log, &p->parts[p->count]));
    qsort(p->parts, (size_t)count, sizeof(*p->parts), by_part);
    TRY(check_parts(p));
    for (int i = 0; i < count; i++)
        segments += p->parts[i].record.count;
    p->places = calloc(segments + 1, sizeof(*p->places));
    if (!p->places)
        return ac_fail(p->log, AC_ERR_MEMORY, "out of memory");
    for (int i = 0; i < count; i++) {
        uint64_t offset = p->parts[i].begin;

        for (size_t k = 0; k < p->parts[i].record.count; k++) {
            const ac_segment *segment = &p->parts[i].record.segments[k];

            p->places[p->place_count++] = (ac_segment_place){p->parts[i].path, offset, *segment};
            offset += segment->size;
        }
    }
fail:
    return status;
}

ac_status ac_join_parts(const ac_colorize_params *params, char *const *paths, int count,
                        const ac_log *log, ac_colorize_summary *summary)
{
    double begin = ac_clock_now((ac_clock){0});
    parts p = {.params = params, .log = log};
    ac_colorize_params job = *params;
    const json_t *settings;
    ac_status status;

    *summary = (ac_colorize_summary){0};
    TRY(open_parts(&p, paths, count));
    settings = p.parts[0].record.settings;
    ac_settings_read(settings, &job);
    if (!job.input)
        job.input = p.parts[0].record.input;
    TRY(ac_join_film(&(ac_join_params){.job = &job,
                                       .places = p.places,
                                       .count = p.place_count,
                                       .frames = ac_settings_count(settings, AC_SETTING_SEGMENT),
                                       .settings = settings,
                                       .shown = p.parts[0].path},
                     log));
    for (int i = 0; i < count; i++) {
        summary->frames += ac_record_frames(&p.parts[i].record);
        summary->damaged = p.parts[i].record.damaged > summary->damaged ? p.parts[i].record.damaged
                                                                        : summary->damaged;
    }
    summary->seconds = ac_clock_now((ac_clock){0}) - begin;
fail:
    for (int i = 0; i < p.count; i++)
        ac_part_close(&p.parts[i]);
    free(p.parts);
    free(p.places);
    return status;
}
