#include "train/evaluate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "train/thumbnail.h"
#include "util/clock.h"
#include "util/file.h"
#include "util/thread.h"

#define MAX_SIDE    32768
#define MAX_THREADS 8

/* A picture that waits for others of its size. */
typedef struct pending {
    ac_truth truth;
    float *ab;
    double figures[AC_FIGURE_COUNT];
    ac_rgb predicted;
    int item;
    double time; /* in its film */
    bool shown;  /* on the sheet */
    bool gray;
} pending;

typedef struct job {
    const ac_evaluate_params *params;
    const ac_log *log;
    ac_log warnings; /* what is wrong with a file is no reason to give up */
    ac_evaluation *result;
    pending queue[AC_PREDICTOR_MAX_BATCH];
    int waiting;
    ac_film_figures *film; /* that is being measured, NULL: none */
    bool broken;           /* the last failure is a matter of the file that was read */
} job;

static void write_warning(void *opaque, ac_log_level level, const char *message)
{
    ac_log_print(opaque, level == AC_LOG_ERROR ? AC_LOG_WARNING : level, "%s", message);
}

static void free_pending(pending *p)
{
    ac_truth_free(&p->truth);
    ac_rgb_free(&p->predicted);
    free(p->ab);
    *p = (pending){0};
}

/* From a film's frame or a still to what is measured. Takes over the picture. */
static ac_status make_ready(ac_rgb *picture, const char *path, ac_evaluate_view view,
                            const ac_log *log, ac_truth *truth)
{
    int64_t w = picture->width, h = picture->height, side = w < h ? w : h;
    int64_t width = (w * view.size + side / 2) / side, height = (h * view.size + side / 2) / side;
    ac_rgb scaled = {0}, part = {0};
    ac_status status = AC_OK;

    if (width > MAX_SIDE || height > MAX_SIDE) {
        status = ac_fail(log, AC_ERR_UNSUPPORTED,
                         "%s: %lldx%lld is too long and narrow: it would become %lldx%lld", path,
                         (long long)w, (long long)h, (long long)width, (long long)height);
        goto fail;
    }
    if (width == w && height == h) {
        scaled = *picture;
        *picture = (ac_rgb){0};
    } else {
        TRY(ac_rgb_scale(picture, 0, 0, picture->width, picture->height, (int)width, (int)height,
                         log, &scaled));
    }
    if (view.crop) {
        size_t row = 3 * (size_t)view.crop;
        int top = (scaled.height - view.crop) / 2, left = (scaled.width - view.crop) / 2;

        part = (ac_rgb){view.crop, view.crop, malloc(row * (size_t)view.crop)};
        if (!part.data) {
            status = ac_fail(log, AC_ERR_MEMORY, "out of memory");
            goto fail;
        }
        for (int y = 0; y < view.crop; y++)
            memcpy(part.data + (size_t)y * row,
                   scaled.data + 3 * ((size_t)(top + y) * (size_t)scaled.width + (size_t)left),
                   row);
    }
    TRY(ac_truth_create(view.crop ? &part : &scaled, log, truth));
fail:
    ac_rgb_free(picture);
    ac_rgb_free(&scaled);
    ac_rgb_free(&part);
    return status;
}

ac_status ac_evaluate_read(const char *path, ac_evaluate_view view, const ac_log *log,
                           ac_truth *truth)
{
    ac_rgb_reader *reader = NULL;
    ac_rgb picture = {0};
    ac_status status = AC_OK;
    double time;

    *truth = (ac_truth){0};
    TRY(ac_rgb_reader_open(path, 1, log, &reader));
    TRY(ac_rgb_reader_next(reader, &picture, &time));
    TRY(make_ready(&picture, path, view, log, truth));
fail:
    ac_rgb_reader_close(&reader);
    return status == AC_END ? ac_fail(log, AC_ERR_FORMAT, "%s: has no picture", path) : status;
}

/* Measuring what waits, on several threads. */

typedef struct worker {
    job *job;
    int first, step;
    ac_thread thread;
} worker;

static ac_status measure(void *opaque)
{
    const worker *w = opaque;
    ac_thumbnail thumbnail;
    ac_status status = AC_OK;

    for (int i = w->first; i < w->job->waiting; i += w->step) {
        pending *p = &w->job->queue[i];

        ac_thumbnail_make(&p->truth.picture, &thumbnail);
        p->gray = ac_thumbnail_is_gray(&thumbnail);
        TRY(ac_figures_measure(&p->truth, p->ab, w->job->log, p->figures, &p->predicted));
    }
fail:
    return status;
}

static ac_status measure_all(job *j)
{
    worker workers[MAX_THREADS] = {0};
    int count = ac_thread_processors();
    ac_status status = AC_OK, each;

    count = count > MAX_THREADS ? MAX_THREADS : count;
    count = count > j->waiting ? j->waiting : count;
    for (int i = 1; i < count; i++) {
        workers[i] = (worker){.job = j, .first = i, .step = count};
        each = ac_thread_start(&workers[i].thread, "measure", measure, &workers[i], j->log);
        status = status ? status : each;
    }
    workers[0] = (worker){.job = j, .first = 0, .step = count};
    each = measure(&workers[0]);
    status = status ? status : each;
    for (int i = 1; i < count; i++) {
        each = ac_thread_join(&workers[i].thread);
        status = status ? status : each;
    }
    return status;
}

static ac_status copy_picture(const ac_rgb *from, const ac_log *log, ac_rgb *to)
{
    size_t size = 3 * (size_t)from->width * (size_t)from->height;

    *to = (ac_rgb){from->width, from->height, malloc(size)};
    if (!to->data)
        return ac_fail(log, AC_ERR_MEMORY, "out of memory");
    memcpy(to->data, from->data, size);
    return AC_OK;
}

static ac_status add_row(job *j, const pending *p)
{
    ac_sheet_row *row = &j->result->rows[j->result->row_count++];
    const ac_evaluated *item = &j->result->items[p->item];
    const char *name = ac_path_name(item->path);
    char *text = NULL;
    ac_status status = AC_OK;

    if ((item->film ? asprintf(&text, "%s at %.1f s", name, p->time)
                    : asprintf(&text, "%s", name)) < 0)
        return ac_fail(j->log, AC_ERR_MEMORY, "out of memory");
    row->name = text;
    row->loss = p->figures[AC_FIGURE_LOSS];
    TRY(ac_truth_gray(&p->truth, j->log, &row->input));
    TRY(copy_picture(&p->truth.picture, j->log, &row->actual));
    TRY(copy_picture(&p->predicted, j->log, &row->predicted));
fail:
    return status;
}

static ac_status settle(job *j, pending *p)
{
    ac_evaluated *item = &j->result->items[p->item];
    ac_status status = AC_OK;

    if (p->shown)
        TRY(add_row(j, p));
    item->frames++;
    item->gray_frames += p->gray;
    j->result->frames++;
    if (item->film) {
        ac_film_figures_add(j->film, &p->truth, p->ab, p->figures, &p->predicted);
        p->ab = NULL;
    } else {
        memcpy(item->figures, p->figures, sizeof(item->figures));
    }
fail:
    return status;
}

static ac_status flush(job *j)
{
    const float *lightness[AC_PREDICTOR_MAX_BATCH];
    float *ab[AC_PREDICTOR_MAX_BATCH];
    int height = j->queue[0].truth.picture.height, width = j->queue[0].truth.picture.width;
    ac_status status = AC_OK;

    if (!j->waiting)
        return AC_OK;
    for (int i = 0; i < j->waiting; i++) {
        pending *p = &j->queue[i];

        p->ab = malloc(2 * (size_t)height * (size_t)width * sizeof(*p->ab));
        if (!p->ab) {
            status = ac_fail(j->log, AC_ERR_MEMORY, "out of memory");
            goto fail;
        }
        lightness[i] = p->truth.lightness;
        ab[i] = p->ab;
    }
    TRY(ac_predictor_run(j->params->predictor, lightness, j->waiting, height, width, ab));
    TRY(measure_all(j));
    for (int i = 0; i < j->waiting; i++)
        TRY(settle(j, &j->queue[i]));
    ac_progress_update(j->params->progress, j->result->frames);
fail:
    for (int i = 0; i < j->waiting; i++)
        free_pending(&j->queue[i]);
    j->waiting = 0;
    return status;
}

/* Takes over the truth, also on failure. */
static ac_status add_pending(job *j, ac_truth *truth, double time, bool shown)
{
    const ac_rgb *first = &j->queue[0].truth.picture;
    ac_status status = AC_OK;

    if (j->waiting &&
        (first->height != truth->picture.height || first->width != truth->picture.width))
        status = flush(j);
    if (status) {
        ac_truth_free(truth);
        return status;
    }
    j->queue[j->waiting++] =
        (pending){.truth = *truth, .item = j->result->count - 1, .time = time, .shown = shown};
    if (j->waiting == ac_predictor_batch(first->height, first->width))
        status = flush(j);
    return status;
}

/* Sources. */

/* Row k of the sheet shows the place (k + 1/2) / rows of all the sources in a row: those that fall
 * into this one, as parts of it, 0..1. */
static int rows_of(const job *j, int source, double *places)
{
    int count = 0;

    for (int k = 0; k < j->params->rows; k++) {
        double place = (k + 0.5) / j->params->rows * j->params->source_count;

        if ((int)place == source)
            places[count++] = place - source;
    }
    return count;
}

static double seconds_measured(const ac_evaluate_params *params, const ac_rgb_reader_info *info)
{
    double seconds = info->seconds, step = params->every;

    if (step <= 0 && info->fps > 0)
        step = 1 / info->fps;
    if (params->frames && step > 0 && (seconds <= 0 || (double)params->frames * step < seconds))
        seconds = (double)params->frames * step;
    return seconds;
}

/* Frames, about; 0: unknown. */
static int64_t frames_measured(const ac_evaluate_params *params, const char *path)
{
    ac_rgb_reader *reader = NULL;
    int64_t frames = 0;

    if (ac_rgb_reader_open(path, 1, NULL, &reader) == AC_OK) {
        const ac_rgb_reader_info *info = ac_rgb_reader_get_info(reader);
        double step = params->every > 0 ? params->every : info->fps > 0 ? 1 / info->fps : 0;

        frames = info->still ? 1 : step > 0 ? llround(seconds_measured(params, info) / step) : 0;
    }
    ac_rgb_reader_close(&reader);
    return frames;
}

static int64_t count_frames(const ac_evaluate_params *params)
{
    int64_t total = 0;

    for (int i = 0; i < params->source_count; i++) {
        const ac_source *source = &params->sources[i];
        int64_t frames = source->film ? frames_measured(params, source->path) : 1;

        if (!frames)
            return 0;
        total += frames;
    }
    return total;
}

/* A file that cannot be read is left out, unless it is for other reasons. */
static ac_status of_file(job *j, ac_status status)
{
    j->broken = status && status != AC_END && status != AC_ERR_MEMORY;
    return status;
}

static void begin_item(job *j, const char *path, bool film, const ac_truth *truth)
{
    j->result->items[j->result->count++] = (ac_evaluated){
        .path = path, .film = film, .width = truth->picture.width, .height = truth->picture.height};
}

static ac_status read_picture(job *j, const char *path, ac_rgb_reader *reader, double not_before,
                              ac_truth *truth, double *time)
{
    ac_rgb picture = {0};
    ac_status status;

    *truth = (ac_truth){0};
    do {
        ac_rgb_free(&picture);
        if (j->params->cancel && atomic_load(j->params->cancel))
            return AC_ERR_CANCELLED;
        status = ac_rgb_reader_next(reader, &picture, time);
        if (status)
            return of_file(j, status);
    } while (*time < not_before);
    return of_file(j, make_ready(&picture, path, j->params->view, &j->warnings, truth));
}

/* A still that breaks off is half a picture, whose other half is gray or green. */
static ac_status check_whole(job *j, const char *path, ac_rgb_reader *reader)
{
    ac_rgb more = {0};
    double time;

    (void)ac_rgb_reader_next(reader, &more, &time);
    ac_rgb_free(&more);
    if (!ac_rgb_reader_damage(reader))
        return AC_OK;
    return of_file(j,
                   ac_fail(&j->warnings, AC_ERR_FORMAT, "%s: is damaged and was left out", path));
}

static ac_status measure_still(job *j, int source, ac_rgb_reader *reader)
{
    const char *path = j->params->sources[source].path;
    double places[AC_EVALUATE_MAX_ROWS], time;
    ac_truth truth;
    ac_status status = read_picture(j, path, reader, -INFINITY, &truth, &time);

    if (status == AC_END)
        return of_file(j, ac_fail(&j->warnings, AC_ERR_FORMAT, "%s: has no picture", path));
    if (status)
        return status;
    status = check_whole(j, path, reader);
    if (status) {
        ac_truth_free(&truth);
        return status;
    }
    begin_item(j, path, false, &truth);
    return add_pending(j, &truth, time, rows_of(j, source, places) > 0);
}

/* What could be read counts, also where the film breaks off. */
static ac_status measure_frames(job *j, int source, ac_rgb_reader *reader, int64_t *count)
{
    const char *path = j->params->sources[source].path;
    double places[AC_EVALUATE_MAX_ROWS], next = -INFINITY, time, every = j->params->every;
    double seconds = seconds_measured(j->params, ac_rgb_reader_get_info(reader));
    int row_count = rows_of(j, source, places), row = 0;
    ac_status status = AC_OK, end = AC_OK;
    ac_truth truth;

    while (!j->params->frames || *count < j->params->frames) {
        int row_before = row;

        end = read_picture(j, path, reader, next, &truth, &time);
        if (end)
            break;
        if (every > 0) /* times of frames are rounded */
            next = (floor(time / every + 1e-3) + 1) * every - every * 1e-3;
        while (row < row_count && places[row] * seconds <= time)
            row++;
        if (!(*count)++)
            begin_item(j, path, true, &truth);
        TRY(add_pending(j, &truth, time, row > row_before));
    }
    TRY(flush(j));
    if (*count)
        ac_film_figures_result(j->film, j->result->items[j->result->count - 1].figures);
    status = end;
fail:
    return status;
}

static ac_status measure_film(job *j, int source, ac_rgb_reader *reader)
{
    const char *path = j->params->sources[source].path;
    ac_status status = AC_OK;
    int64_t count = 0;

    TRY(flush(j)); /* what waits is of other films */
    TRY(ac_film_figures_create(j->params->every <= 0, j->log, &j->film));
    status = measure_frames(j, source, reader, &count);
    if (status == AC_END)
        status = count ? AC_OK
                       : of_file(j, ac_fail(&j->warnings, AC_ERR_FORMAT, "%s: has no frame", path));
    if (status && j->broken && count) {
        ac_log_print(j->log, AC_LOG_WARNING, "%s: only its first %lld frame%s could be measured",
                     path, (long long)count, count == 1 ? "" : "s");
        status = AC_OK;
    }
fail:
    ac_film_figures_destroy(&j->film);
    return status;
}

static ac_status measure_source(job *j, int source)
{
    const ac_source *from = &j->params->sources[source];
    ac_rgb_reader *reader = NULL;
    ac_status status = AC_OK;

    j->broken = false;
    TRY(of_file(j, ac_rgb_reader_open(from->path, from->film ? ac_thread_processors() : 1,
                                      &j->warnings, &reader)));
    if (ac_rgb_reader_get_info(reader)->still)
        TRY(measure_still(j, source, reader));
    else
        TRY(measure_film(j, source, reader));
fail:
    ac_rgb_reader_close(&reader);
    if (status && j->broken) {
        j->result->unreadable++;
        return AC_OK;
    }
    return status;
}

static ac_status create_result(const ac_evaluate_params *params, const ac_log *log,
                               ac_evaluation **result)
{
    *result = calloc(1, sizeof(**result));
    if (*result) {
        (*result)->items = calloc((size_t)params->source_count + 1, sizeof(*(*result)->items));
        (*result)->rows = calloc((size_t)params->rows + 1, sizeof(*(*result)->rows));
    }
    if (*result && (*result)->items && (*result)->rows)
        return AC_OK;
    ac_evaluation_destroy(result);
    return ac_fail(log, AC_ERR_MEMORY, "out of memory");
}

static void sum_up(ac_evaluation *result)
{
    ac_figures_sum sum = {0};

    for (int i = 0; i < result->count; i++) {
        ac_evaluated *item = &result->items[i];

        /* Titles and fades of a film are gray, but in a film in colour not most of it. */
        item->gray = 2 * item->gray_frames > item->frames;
        result->gray += item->gray;
    }
    for (int i = 0; i < result->count; i++)
        if (!result->items[i].gray || result->gray == result->count)
            ac_figures_add(&sum, result->items[i].figures);
    ac_figures_mean(&sum, result->mean);
}

ac_status ac_evaluate(const ac_evaluate_params *params, const ac_log *log,
                      ac_evaluation **evaluation)
{
    job j = {.params = params, .log = log};
    double began = ac_clock_now((ac_clock){0});
    ac_status status = AC_OK;

    *evaluation = NULL;
    j.warnings = (ac_log){write_warning, (void *)log, log ? log->level : AC_LOG_ERROR};
    TRY(create_result(params, log, &j.result));
    ac_progress_begin(params->progress, count_frames(params));
    ac_progress_stage(params->progress, AC_KERNELS_STAGE);
    for (int i = 0; i < params->source_count; i++)
        TRY(measure_source(&j, i));
    TRY(flush(&j));
    if (!j.result->count) {
        status = ac_fail(log, AC_ERR_FORMAT,
                         "there is no picture to measure: none of %d file%s "
                         "could be read",
                         params->source_count, params->source_count == 1 ? "" : "s");
        goto fail;
    }
    sum_up(j.result);
    j.result->seconds = ac_clock_now((ac_clock){0}) - began;
    *evaluation = j.result;
    j.result = NULL;
fail:
    ac_progress_end(params->progress);
    for (int i = 0; i < j.waiting; i++)
        free_pending(&j.queue[i]);
    ac_evaluation_destroy(&j.result);
    return status;
}

void ac_evaluation_destroy(ac_evaluation **evaluation)
{
    ac_evaluation *e = *evaluation;

    if (!e)
        return;
    for (int i = 0; i < e->row_count; i++) {
        free((char *)e->rows[i].name);
        ac_rgb_free(&e->rows[i].input);
        ac_rgb_free(&e->rows[i].actual);
        ac_rgb_free(&e->rows[i].predicted);
    }
    free(e->rows);
    free(e->items);
    free(e);
    *evaluation = NULL;
}
