/* A whole job: one pipeline or, on several devices, several of them; what becomes of it when a
 * device fails; and, of films, the segments that are kept till they are joined. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "video/colorize_job.h"
#include "video/join.h"
#include "video/settings.h"

#define FRAMES_UNKNOWN 250  /* in a segment, where the film's rate is not known */
#define FRAMES_MAX     3000 /* and where it is that of a clock */

/* A device at work. */
typedef struct worker {
    ac_colorize_params params;
    ac_colorize_job job;
    bool open;        /* the job is */
    ac_device *owned; /* opened in place of one that was lost */
    bool retried, fell_back;
    ac_thread thread;
    ac_status status;
    /* Of all its jobs. */
    int64_t frames, damaged;
    double wait_decode, wait_gpu, wait_encode;
} worker;

typedef struct whole {
    const ac_colorize_params *params;
    const ac_log *log;
    worker *workers;
    int count;
    ac_colorize_shared shared;
    ac_journal *journal; /* NULL: neither a film in one file nor a sequence */
    char *part;          /* of --segment, else NULL */
    bool film;           /* made in segments */
    bool pipe;           /* what was written cannot be written again */
    int64_t segment_frames, begin, end;
} whole;

static ac_status no_memory(const whole *w)
{
    return ac_fail(w->log, AC_ERR_MEMORY, "out of memory");
}

/* ---- when a device fails ---- */

/* The processor's own device: the first there is. */
static ac_status find_fallback(const whole *w, char *select, size_t size)
{
    ac_device_info *list = NULL;
    int count = 0, chosen, found = -1;
    ac_status status = ac_device_list(w->log, &list, &count, &chosen);

    for (int i = 0; i < count && found < 0; i++)
        if (list[i].usable && list[i].type == AC_DEVICE_CPU)
            found = list[i].index;
    free(list);
    if (!status && found < 0)
        status = ac_fail(w->log, AC_ERR_DEVICE,
                         "--fallback: there is no device of the processor, such as "
                         "mesa-vulkan-drivers has");
    snprintf(select, size, "%d", found);
    return status;
}

/* Closes what is left of a job, and counts what it has done. */
static void end_job(worker *k)
{
    ac_colorize_job *job = &k->job;

    k->frames += job->written;
    if (job->reader && ac_reader_damage(job->reader) > k->damaged)
        k->damaged = ac_reader_damage(job->reader);
    k->wait_decode += job->wait_decode;
    k->wait_gpu += job->wait_gpu;
    k->wait_encode += job->wait_encode;
    ac_colorize_close(job);
    k->open = false;
}

/* Another device for a job that failed with `status`, which is returned when there is none. */
static ac_status replace_device(whole *w, worker *k, ac_status status, bool had_begun)
{
    const ac_device_info *info = ac_device_get_info(k->params.device);
    char select[16];
    bool again = !k->retried && had_begun;
    ac_device *device = NULL;

    if ((status != AC_ERR_DEVICE_LOST && status != AC_ERR_DEVICE_MEMORY) || w->pipe)
        return status;
    if (!again && (!w->params->fallback || k->fell_back))
        return status;
    snprintf(select, sizeof(select), "%d", info->index);
    if (!again && find_fallback(w, select, sizeof(select)))
        return status;
    ac_log_print(w->log, AC_LOG_WARNING, "%s: device %s failed; %s is opened and goes on",
                 w->params->output, info->name,
                 again ? "it is opened anew, once," : "the processor's");
    k->retried = true;
    k->fell_back |= !again;
    /* One that is lost holds memory that the next may need. */
    if (k->owned)
        ac_device_close(&k->owned);
    if (ac_device_open(&(ac_device_params){.select = select, .validation = w->params->validation},
                       w->log, &device))
        return status;
    k->owned = k->params.device = device;
    return AC_OK;
}

static ac_status open_job(whole *w, worker *k)
{
    k->job = (ac_colorize_job){
        .params = &k->params, .log = w->log, .shared = &w->shared, .worker = (int)(k - w->workers)};
    k->open = true;
    return ac_colorize_open(&k->job);
}

/* Makes what is wanted of this device, on others where it must be. */
static ac_status work(whole *w, worker *k)
{
    ac_status status = AC_OK, failed;

    for (;;) {
        bool had_begun;

        if (!k->open)
            status = open_job(w, k);
        if (!status)
            status = ac_colorize_run(&k->job);
        had_begun = k->job.ended > 0;
        end_job(k);
        if (status && w->shared.segments)
            ac_segments_release(w->shared.segments, (int)(k - w->workers));
        if (!status || status == AC_ERR_CANCELLED)
            return status;
        failed = status;
        status = replace_device(w, k, failed, had_begun);
        if (status)
            return status;
        /* Frames of a sequence that are there are kept, and this run's were not asked about. */
        k->params.resume |= !w->film;
    }
}

typedef struct thread_work {
    whole *w;
    worker *k;
} thread_work;

static ac_status work_on_thread(void *opaque)
{
    const thread_work *t = opaque;
    ac_status status = work(t->w, t->k);

    if (status)
        atomic_store(&t->w->shared.stop, true);
    return status;
}

/* The first failure that is not of the others' making. */
static ac_status combine(ac_status a, ac_status b)
{
    return !a || (a == AC_ERR_CANCELLED && b) ? b : a;
}

static ac_status work_all(whole *w)
{
    thread_work *all = calloc((size_t)w->count, sizeof(*all));
    ac_status status = all ? AC_OK : no_memory(w), ended;

    for (int i = 1; i < w->count && !status; i++) {
        all[i] = (thread_work){w, &w->workers[i]};
        status =
            ac_thread_start(&w->workers[i].thread, "colorize", work_on_thread, &all[i], w->log);
    }
    if (!status) {
        all[0] = (thread_work){w, &w->workers[0]};
        status = work_on_thread(&all[0]);
    } else {
        atomic_store(&w->shared.stop, true);
    }
    for (int i = 1; i < w->count; i++) {
        ended = ac_thread_join(&w->workers[i].thread);
        status = combine(status, ended);
    }
    free(all);
    return status;
}

/* ---- segments ---- */

static int64_t segment_frames(const ac_colorize_params *p, const ac_reader_info *info)
{
    double seconds = p->segment_seconds > 0 ? p->segment_seconds : AC_COLORIZE_SECONDS;

    if (info->fps <= 0)
        return FRAMES_UNKNOWN;
    return (int64_t)fmin(fmax(round(seconds * info->fps), 1), FRAMES_MAX);
}

/* Which segments are to be made: of a part, its share of them. */
static ac_status set_share(whole *w, const ac_reader_info *info)
{
    const ac_colorize_params *p = w->params;
    int64_t all = (info->frames + w->segment_frames - 1) / w->segment_frames;

    w->end = INT64_MAX;
    if (!p->parts)
        return AC_OK;
    if (!all)
        return ac_fail(w->log, AC_ERR_UNSUPPORTED,
                       "%s: its length is not known, so it cannot be divided; copying it into a "
                       "new file helps (ffmpeg -i FILE -map 0 -c copy NEW.mkv)",
                       p->input);
    w->begin = all * (p->part - 1) / p->parts;
    if (p->part < p->parts)
        w->end = all * p->part / p->parts;
    return AC_OK;
}

static ac_status check_kind(whole *w)
{
    const ac_colorize_job *job = &w->workers[0].job;
    const ac_colorize_params *p = w->params;
    bool repeats = ac_reader_can_repeat(job->reader), film = ac_writer_is_film(job->writer);
    const char *option = p->parts                                           ? "--segment"
                         : p->more_count                                    ? "several devices"
                         : p->resume && !ac_writer_is_sequence(job->writer) ? "--resume"
                                                                            : NULL;

    w->pipe = !repeats || ac_writer_is_pipe(job->writer);
    w->film = repeats && film;
    if (option && !w->film)
        return ac_fail(w->log, AC_ERR_ARGUMENT,
                       "%s: %s: is for films in files%s, not for pipes or single pictures",
                       p->output, option, *option == '-' && !p->parts ? " and sequences" : "");
    return AC_OK;
}

/* Writes down what this job is and takes up what an earlier one has finished. */
static ac_status open_journal(whole *w)
{
    const ac_colorize_job *job = &w->workers[0].job;
    const ac_colorize_params *p = w->params;
    const ac_reader_info *info = ac_reader_get_info(job->reader);
    ac_record record = {.estimate = info->frames, .overwrite = job->params->overwrite};
    const char *output = w->part ? w->part : p->output;
    ac_status status;

    TRY(ac_settings_create(job, w->film ? w->segment_frames : 0, &record.settings));
    record.input = realpath(p->input, NULL);
    if (!record.input)
        record.input = strdup(p->input);
    if (!record.input) {
        status = no_memory(w);
        goto fail;
    }
    TRY(ac_journal_open(
        &(ac_journal_params){.output = w->film ? ac_writer_final_path(job->writer) : output,
                             .shown = output,
                             .record = &record,
                             .segments = w->film,
                             .resume = p->resume,
                             .overwrite = p->overwrite},
        w->log, &w->journal));
fail:
    ac_record_uninit(&record);
    return status;
}

/* How many frames there are already, of how many. */
static void begin_progress(const whole *w)
{
    const ac_colorize_job *job = &w->workers[0].job;
    int64_t all = ac_reader_get_info(job->reader)->frames, kept = ac_writer_kept(job->writer);

    if (w->film) {
        kept = ac_record_frames(ac_journal_record(w->journal));
        if (w->end < INT64_MAX && w->end * w->segment_frames < all)
            all = w->end * w->segment_frames;
        all -= w->begin * w->segment_frames;
    }
    if (kept)
        ac_log_print(w->log, AC_LOG_INFO, "%s: %lld frames are there already and are kept",
                     w->part ? w->part : w->params->output, (long long)kept);
    else if (w->params->resume)
        ac_log_print(w->log, AC_LOG_INFO, "%s: there is nothing to go on with; begins anew",
                     w->part ? w->part : w->params->output);
    ac_progress_begin(w->params->progress, all > kept ? all - kept : 0);
    ac_progress_stage(w->params->progress, AC_KERNELS_STAGE);
}

/* ---- the end ---- */

static ac_status list_places(const whole *w, ac_segment_place **places)
{
    const ac_record *record = ac_journal_record(w->journal);

    *places = calloc(record->count + 1, sizeof(**places));
    for (size_t i = 0; *places && i < record->count; i++) {
        (*places)[i] = (ac_segment_place){
            ac_journal_segment_path(w->journal, record->segments[i].index), 0, record->segments[i]};
        if (!(*places)[i].path)
            return no_memory(w);
    }
    return *places ? AC_OK : no_memory(w);
}

/* What was said of the input and the output when the job began is not said again. */
static ac_status finish_film(whole *w)
{
    const ac_record *record = ac_journal_record(w->journal);
    const ac_log errors = {.write = w->log ? w->log->write : NULL,
                           .opaque = w->log ? w->log->opaque : NULL,
                           .level = AC_LOG_ERROR};
    ac_colorize_params job = *w->params;
    ac_segment_place *places = NULL;
    ac_status status;

    job.overwrite = record->overwrite;
    TRY(list_places(w, &places));
    if (w->part)
        status = ac_part_write(w->part, record, places, w->log);
    else
        status = ac_join_film(&(ac_join_params){.job = &job,
                                                .places = places,
                                                .count = record->count,
                                                .frames = w->segment_frames,
                                                .work_folder = ac_journal_path(w->journal),
                                                .settings = record->settings},
                              w->log ? &errors : NULL);
fail:
    for (size_t i = 0; places && i < record->count; i++)
        free((char *)places[i].path);
    free(places);
    return status;
}

static ac_status make_segments(whole *w)
{
    const ac_record *record = ac_journal_record(w->journal);
    int64_t damaged = 0;
    ac_status status;

    TRY(ac_segments_create(&(ac_segments_params){.journal = w->journal,
                                                 .frames = w->segment_frames,
                                                 .begin = w->begin,
                                                 .end = w->end,
                                                 .workers = w->count},
                           w->log, &w->shared.segments));
    if (!record->complete && w->begin < w->end) {
        begin_progress(w);
        status = work_all(w);
        ac_progress_end(w->params->progress);
        TRY(status);
    }
    for (int i = 0; i < w->count; i++)
        damaged = w->workers[i].damaged > damaged ? w->workers[i].damaged : damaged;
    if (record->complete)
        damaged = record->damaged;
    w->workers[0].damaged = damaged;
    TRY(ac_journal_complete(w->journal, damaged));
    TRY(finish_film(w));
fail:
    return status;
}

static ac_status make(whole *w)
{
    ac_status status;

    if (w->film)
        return make_segments(w);
    begin_progress(w);
    status = work_all(w);
    ac_progress_end(w->params->progress);
    return status;
}

/* ---- together ---- */

static ac_status prepare(whole *w)
{
    const ac_colorize_params *p = w->params;
    const ac_reader_info *info;
    ac_status status;

    w->workers = calloc((size_t)w->count, sizeof(*w->workers));
    w->part = p->parts ? ac_colorize_part_path(p->output, p->part, p->parts) : NULL;
    if (!w->workers || (p->parts && !w->part))
        return no_memory(w);
    for (int i = 0; i < w->count; i++) {
        w->workers[i].params = *p;
        /* What is there may be what the job was told to replace, when it began. */
        w->workers[i].params.overwrite |=
            p->resume && ac_journal_may_overwrite(w->part ? w->part : p->output);
        if (i)
            w->workers[i].params.device = p->more_devices[i - 1];
    }
    TRY(open_job(w, &w->workers[0]));
    TRY(check_kind(w));
    info = ac_reader_get_info(w->workers[0].job.reader);
    w->segment_frames = segment_frames(p, info);
    TRY(set_share(w, info));
    if (w->film || ac_writer_is_sequence(w->workers[0].job.writer))
        TRY(open_journal(w));
fail:
    return status;
}

ac_status ac_colorize_file(const ac_colorize_params *params, const ac_log *log,
                           ac_colorize_summary *summary)
{
    whole w = {.params = params, .log = log, .count = 1 + params->more_count};
    double begin = ac_clock_now((ac_clock){0});
    ac_status status;

    *summary = (ac_colorize_summary){0};
    TRY(prepare(&w));
    status = make(&w);
    for (int i = 0; i < w.count; i++) {
        worker *k = &w.workers[i];

        summary->frames += k->frames;
        summary->damaged = k->damaged > summary->damaged ? k->damaged : summary->damaged;
        summary->wait_decode += k->wait_decode / w.count;
        summary->wait_gpu += k->wait_gpu / w.count;
        summary->wait_encode += k->wait_encode / w.count;
    }
    summary->seconds = ac_clock_now((ac_clock){0}) - begin;
    TRY(status);
    ac_journal_remove(&w.journal);
fail:
    if (w.journal)
        summary->kept = w.film ? ac_journal_record(w.journal)->count > 0 : summary->frames > 0;
    for (int i = 0; w.workers && i < w.count; i++) {
        if (w.workers[i].open)
            end_job(&w.workers[i]);
        ac_device_close(&w.workers[i].owned);
    }
    ac_segments_destroy(&w.shared.segments);
    ac_journal_close(&w.journal, !w.film && summary->kept);
    free(w.workers);
    free(w.part);
    return status;
}
