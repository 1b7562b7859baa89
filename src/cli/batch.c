#include "cli/batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/batch_report.h"
#include "media/media.h"
#include "util/names.h"

typedef struct batch {
    const ac_batch_params *params;
    const ac_context *context;
    ac_batch_items items;
    ac_batch_report report;
    ac_colorizer colorizer;
    bool opened;
    bool picture_format; /* params->job.format is one of pictures */
    bool films;          /* there are outputs that are */
} batch;

static bool cancelled(const batch *b)
{
    return atomic_load(b->context->cancel);
}

/* ---- folders ---- */

/* Folders above an output, below the one that is for all of them. *made: how many of them were not
 * there. */
static ac_status make_folders(const batch *b, const char *output, int *made)
{
    char *path = strdup(output);
    ac_status status = AC_OK;

    *made = 0;
    if (!path)
        return ac_fail(&b->report.heard, AC_ERR_MEMORY, "%s: out of memory", output);
    for (char *end = strchr(path + b->items.folder + 1, '/'); !status && end && end[1];
         end = strchr(end + 1, '/')) {
        *end = '\0';
        if (!mkdir(path, 0777))
            ++*made;
        else if (errno != EEXIST)
            status = ac_fail(&b->report.heard, AC_ERR_IO, "%s: cannot be made: %s", path,
                             strerror(errno));
        *end = '/';
    }
    free(path);
    return status;
}

/* The last `made` of them, as far as they are empty. */
static void remove_folders(const char *output, int made)
{
    char *path = strdup(output), *end;
    size_t length = path ? strlen(path) : 0;

    if (length && path[length - 1] == '/')
        path[length - 1] = '\0';
    for (; path && made && (end = strrchr(path, '/')); made--) {
        *end = '\0';
        if (rmdir(path))
            break;
    }
    free(path);
}

/* ---- the device ---- */

static ac_status open_colorizer(batch *b)
{
    ac_status status = AC_OK;

    if (!b->opened)
        TRY(ac_colorizer_open(&b->params->colorizer, &b->report.heard, &b->colorizer));
    b->opened = true;
fail:
    return status;
}

/* What failed may work again when it is opened anew; what is left of it must not colour. */
static void drop_device(batch *b, ac_status status)
{
    if (status != AC_ERR_DEVICE && status != AC_ERR_DEVICE_LOST && status != AC_ERR_DEVICE_MEMORY)
        return;
    ac_colorizer_close(&b->colorizer);
    b->opened = false;
    ac_log_print(b->context->log, AC_LOG_VERBOSE, "the device is closed after its failure");
}

/* ---- jobs ---- */

/* What need not be coloured. */
static bool is_there(const ac_batch_item *item)
{
    struct stat info;

    return !item->frames && strcmp(item->output, "-") != 0 && !lstat(item->output, &info);
}

static bool makes_film(const ac_batch_item *item)
{
    return !item->frames && !ac_name_is_picture(item->output);
}

/* What is asked for goes to what it can be meant for. */
static void fit_options(const batch *b, const ac_batch_item *item, ac_colorize_params *job)
{
    job->literal = !item->frames;
    if (!item->frames || !b->picture_format)
        job->format = NULL; /* the name tells */
    if (b->films && !makes_film(item)) {
        job->codec = job->codec_options = job->preset = job->pix_fmt = NULL;
        job->crf = -1;
    }
}

static ac_status colour(batch *b, const ac_batch_item *item, ac_colorize_summary *summary)
{
    ac_colorize_params job = b->params->job;
    ac_status status = AC_OK;
    int made = 0;

    job.input = item->input;
    job.output = item->output;
    job.device = b->colorizer.device;
    job.more_devices = b->colorizer.more;
    job.more_count = b->colorizer.more_count;
    job.model = b->colorizer.model;
    job.resume = job.resume || (b->params->skip_existing && item->frames);
    if (b->items.folder) {
        fit_options(b, item, &job);
        TRY(make_folders(b, item->output, &made));
    }
    status = ac_colorize_file(&job, &b->report.heard, summary);
    if (status == AC_ERR_CANCELLED)
        ac_fail(&b->report.heard, status,
                summary->kept ? "interrupted: %s: what is finished is kept; --resume goes on"
                              : "interrupted: %s was not written",
                item->output);
    else if (status && summary->kept)
        ac_log_print(&b->report.heard, AC_LOG_INFO,
                     "%s: what is finished is kept; --resume goes on with it", item->output);
fail:
    if (status)
        remove_folders(item->output, made);
    return status;
}

/* The status is that of what ends everything. */
static ac_status run_one(batch *b, size_t index, ac_status *failure)
{
    const ac_batch_item *item = &b->items.items[index];
    ac_colorize_summary summary = {0};
    ac_status status = AC_OK;

    ac_batch_report_begin(&b->report, index);
    if (b->params->skip_existing && is_there(item)) {
        ac_batch_report_end(&b->report, AC_JOB_SKIPPED, AC_OK, &summary);
        return AC_OK;
    }
    status = open_colorizer(b);
    if (status) {
        ac_batch_report_end(&b->report, AC_JOB_FAILED, status, &summary);
        return status;
    }
    *failure = colour(b, item, &summary);
    ac_batch_report_end(&b->report, *failure ? AC_JOB_FAILED : AC_JOB_DONE, *failure, &summary);
    drop_device(b, *failure);
    return *failure == AC_ERR_CANCELLED ? *failure : AC_OK;
}

static ac_status run_all(batch *b)
{
    ac_status status = AC_OK, failure = AC_OK;
    bool several = b->items.folder;
    size_t failed;

    for (size_t i = 0; i < b->items.count && !status; i++) {
        if (several && cancelled(b)) {
            status = AC_ERR_CANCELLED;
            break;
        }
        failure = AC_OK;
        status = run_one(b, i, &failure);
        if (!status && failure && (!several || b->params->fail_fast)) {
            status = several ? AC_ERR_IO : failure;
            break;
        }
    }
    failed = ac_batch_report_finish(&b->report, status);
    if (!status && failed)
        status = AC_ERR_IO;
    return status;
}

/* The folder for all outputs. *made: it was not there. */
static ac_status make_folder(const char *path, const ac_log *log, bool *made)
{
    *made = !mkdir(path, 0777);
    if (*made || errno == EEXIST)
        return AC_OK;
    return ac_fail(log, AC_ERR_IO, "%s: cannot be made: %s", path, strerror(errno));
}

ac_status ac_batch_run(const ac_batch_params *params, const ac_context *context)
{
    batch b = {.params = params, .context = context};
    const ac_log *log = context->log;
    char *extension = NULL;
    bool made = false;
    ac_status status = AC_OK;

    status = ac_batch_items_find(&params->request, log, &b.items);
    if (status == AC_ERR_CANCELLED)
        ac_fail(log, status, "interrupted: nothing was begun");
    TRY(status);
    if (!b.items.count) {
        status = ac_fail(log, AC_ERR_IO, "there is nothing to colour in what was named");
        goto fail;
    }
    if (b.items.folder && params->job.format)
        TRY(ac_media_read_format(params->job.format, log, &extension, &b.picture_format));
    for (size_t i = 0; i < b.items.count; i++)
        b.films = b.films || makes_film(&b.items.items[i]);
    if (b.items.folder)
        TRY(make_folder(params->request.output, log, &made));
    status = ac_batch_report_init(&b.report, &b.items, log, context->progress, params->json);
    if (!status)
        status = run_all(&b);
    ac_colorizer_close(&b.colorizer);
    ac_batch_report_uninit(&b.report);
    if (made)
        rmdir(params->request.output); /* if nothing came into it */
fail:
    free(extension);
    ac_batch_items_uninit(&b.items);
    return status;
}
