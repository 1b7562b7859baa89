#include "video/journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "util/file.h"

#define NAME       "journal.json"
#define LOCK_TRIES 10

struct ac_journal {
    const ac_log *log;
    char *folder, *path; /* of the journal */
    char *shown;
    int lock;    /* the folder, opened ... */
    bool locked; /* ... and held while this process is at work there */
    bool worth;  /* there before this process, of a job that keeps no segments */
    ac_record record;
};

static ac_status no_memory(const ac_log *log)
{
    return ac_fail(log, AC_ERR_MEMORY, "out of memory");
}

char *ac_journal_folder(const char *output)
{
    size_t length = strlen(output);
    const char *name;
    char *folder = NULL;

    while (length > 1 && output[length - 1] == '/')
        length--;
    for (name = output + length; name > output && name[-1] != '/';)
        name--;
    if (asprintf(&folder, "%.*s.%.*s" AC_JOURNAL_SUFFIX, (int)(name - output), output,
                 (int)(output + length - name), name) < 0)
        return NULL;
    return folder;
}

/* ---- the folder ---- */

/* Only what jobs put there. */
static bool is_ours(const char *name)
{
    return !strcmp(name, NAME) || !fnmatch("[0-9]*.segment", name, 0) ||
           !fnmatch("*[0-9]-[0-9]*.part", name, 0);
}

static void remove_file(int folder, const char *name)
{
    unlinkat(folder, name, 0);
}

/* Removes the files that `keep` is false for. */
static void clean(int folder, bool (*keep)(const ac_record *record, const char *name),
                  const ac_record *record)
{
    int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = copy >= 0 ? fdopendir(copy) : NULL;
    const struct dirent *entry;

    if (copy >= 0 && !stream)
        close(copy);
    while (stream && (entry = readdir(stream)))
        if (is_ours(entry->d_name) && !(keep && keep(record, entry->d_name)))
            remove_file(folder, entry->d_name);
    if (stream)
        closedir(stream);
}

/* The journal first: without it the rest is known to be worth nothing. */
static void remove_folder(int folder, const char *path)
{
    remove_file(folder, NAME);
    clean(folder, NULL, NULL);
    rmdir(path);
}

static bool is_named(const ac_record *record, const char *name)
{
    const char *dot = strchr(name, '.');

    return dot && !strcmp(dot, ".segment") && ac_record_find(record, strtoll(name, NULL, 10));
}

/* False: another process has it. Some file systems know no locks. One who only looks holds it for a
 * moment too. */
static bool take_lock(int folder)
{
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (!flock(folder, LOCK_EX | LOCK_NB) || errno != EWOULDBLOCK)
            return true;
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    return false;
}

/* Whether the folder that was opened is the one of this name: a job that ended meanwhile may have
 * removed it. */
static bool is_there(int folder, const char *path)
{
    struct stat a, b;

    return !fstat(folder, &a) && !stat(path, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static ac_status open_folder(ac_journal *j)
{
    for (;;) {
        if (mkdir(j->folder, 0777) && errno != EEXIST)
            return ac_fail(j->log, AC_ERR_IO, "%s: cannot be written: %s", j->shown,
                           strerror(errno));
        j->lock = open(j->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (j->lock < 0)
            return ac_fail(j->log, AC_ERR_IO, "%s: cannot be opened: %s", j->folder,
                           strerror(errno));
        if (!take_lock(j->lock))
            return ac_fail(j->log, AC_ERR_IO, "%s: another process is at work on it", j->shown);
        j->locked = true;
        if (is_there(j->lock, j->folder))
            return AC_OK;
        close(j->lock);
    }
}

/* ---- the journal ---- */

static ac_status load(const char *path, ac_record *record)
{
    ac_status status;
    uint64_t size;
    char *text = NULL;
    int fd;

    *record = (ac_record){0};
    TRY(ac_file_open(path, NULL, &fd, &size));
    text = size <= AC_RECORD_MAX_BYTES ? malloc(size) : NULL;
    status = text ? ac_file_read(fd, 0, text, size, path, NULL) : AC_ERR_FORMAT;
    if (!status)
        status = ac_record_parse(text, size, record);
    close(fd);
fail:
    free(text);
    return status;
}

static ac_status save(ac_journal *j)
{
    ac_file_writer *file = NULL;
    char *text = NULL;
    ac_status status = ac_record_print(&j->record, &text);

    if (status) {
        no_memory(j->log);
        goto fail;
    }
    TRY(ac_file_writer_create(j->path, j->log, &file));
    TRY(ac_file_writer_write(file, text, strlen(text)));
    TRY(ac_file_writer_commit(&file));
fail:
    ac_file_writer_destroy(&file);
    free(text);
    return status;
}

static ac_status refuse_leftover(const ac_journal *j, const ac_record *there)
{
    return ac_fail(j->log, AC_ERR_ARGUMENT,
                   "%s: a job that was not finished has %lld frames of it: --resume goes on with "
                   "it, --overwrite begins anew; 'autochrome jobs' lists such",
                   j->shown, (long long)ac_record_frames(there));
}

/* Takes over the segments of an earlier run. */
static ac_status go_on(ac_journal *j, ac_record *there)
{
    char text[400];
    ac_status status = AC_OK;

    if (ac_record_difference(there->settings, j->record.settings, NULL, text, sizeof(text)))
        return ac_fail(j->log, AC_ERR_ARGUMENT,
                       "%s: --resume: the job that was not finished is another: %s; use what it "
                       "had, or begin anew with --overwrite",
                       j->shown, text);
    j->record.complete = there->complete;
    j->record.damaged = there->damaged;
    for (size_t i = 0; i < there->count; i++) {
        char *path = ac_journal_segment_path(j, there->segments[i].index);
        bool whole = path && ac_segment_is_whole(&(ac_segment_place){path, 0, there->segments[i]});

        free(path);
        if (whole && ac_record_add(&j->record, &there->segments[i]))
            return no_memory(j->log);
        if (!whole) {
            j->record.complete = false;
            ac_log_print(j->log, AC_LOG_WARNING,
                         "%s: finished segment %lld is damaged or missing; it is coloured again",
                         j->shown, (long long)there->segments[i].index);
        }
    }
    return status;
}

static ac_status look_for_job(ac_journal *j, const ac_journal_params *params)
{
    ac_record there;
    ac_status status = load(j->path, &there);

    /* One that cannot be read is worth as much as none: it is written as a whole or not at all. */
    if (status == AC_ERR_MEMORY)
        return no_memory(j->log);
    j->worth = status == AC_OK && !params->segments;
    if (status == AC_OK && params->resume && (there.count || !params->segments))
        status = go_on(j, &there);
    else if (status == AC_OK && !params->overwrite && there.count)
        status = refuse_leftover(j, &there);
    else
        status = AC_OK;
    ac_record_uninit(&there);
    return status;
}

ac_status ac_journal_open(const ac_journal_params *params, const ac_log *log, ac_journal **journal)
{
    ac_journal *j = calloc(1, sizeof(*j));
    ac_status status;

    *journal = NULL;
    if (!j)
        return no_memory(log);
    j->log = log;
    j->lock = -1;
    j->record = *params->record;
    j->folder = ac_journal_folder(params->output);
    j->shown = strdup(params->shown);
    if (!j->folder || !j->shown || asprintf(&j->path, "%s/" NAME, j->folder) < 0) {
        j->path = NULL;
        status = no_memory(log);
        goto fail;
    }
    TRY(open_folder(j));
    TRY(look_for_job(j, params));
    clean(j->lock, is_named, &j->record);
    TRY(save(j));
    ac_file_sync_folder(j->folder);
    *params->record = (ac_record){0};
    *journal = j;
    return AC_OK;
fail:
    /* The record stays the caller's, but for segments that were added. */
    free(j->record.segments);
    j->record = (ac_record){0};
    if (j->locked)
        rmdir(j->folder); /* fails unless it is empty */
    if (j->lock >= 0)
        close(j->lock);
    free(j->folder);
    free(j->path);
    free(j->shown);
    free(j);
    return status;
}

const ac_record *ac_journal_record(const ac_journal *j)
{
    return &j->record;
}

const char *ac_journal_path(const ac_journal *j)
{
    return j->folder;
}

char *ac_journal_segment_path(const ac_journal *j, int64_t index)
{
    char *path = NULL;

    return asprintf(&path, "%s/%06lld.segment", j->folder, (long long)index) < 0 ? NULL : path;
}

ac_status ac_journal_add(ac_journal *j, const ac_segment *segment)
{
    if (ac_record_add(&j->record, segment))
        return no_memory(j->log);
    return save(j);
}

ac_status ac_journal_complete(ac_journal *j, int64_t damaged)
{
    j->record.complete = true;
    j->record.damaged = damaged;
    return save(j);
}

static void close_journal(ac_journal **journal, bool remove)
{
    ac_journal *j = *journal;

    if (!j)
        return;
    if (remove)
        remove_folder(j->lock, j->folder);
    close(j->lock);
    ac_record_uninit(&j->record);
    free(j->folder);
    free(j->path);
    free(j->shown);
    free(j);
    *journal = NULL;
}

void ac_journal_remove(ac_journal **journal)
{
    close_journal(journal, true);
}

void ac_journal_close(ac_journal **journal, bool elsewhere)
{
    const ac_journal *j = *journal;

    close_journal(journal, j && !elsewhere && !j->worth && !j->record.count);
}

/* ---- from outside ---- */

bool ac_journal_may_overwrite(const char *output)
{
    char *final = realpath(output, NULL);
    char *folder = ac_journal_folder(final ? final : output);
    ac_record record = {0};
    bool may = folder && !ac_journal_look(folder, &record, NULL) && record.overwrite;

    ac_record_uninit(&record);
    free(folder);
    free(final);
    return may;
}

ac_status ac_journal_look(const char *folder, ac_record *record, bool *busy)
{
    int lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char *path = NULL;
    ac_status status;

    *record = (ac_record){0};
    if (busy)
        *busy = lock >= 0 && !take_lock(lock);
    status = asprintf(&path, "%s/" NAME, folder) < 0 ? AC_ERR_MEMORY : load(path, record);
    if (lock >= 0)
        close(lock);
    free(path);
    return status == AC_ERR_IO ? AC_ERR_FORMAT : status;
}

ac_status ac_journal_discard(const char *folder, const ac_log *log)
{
    int lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ac_status status = AC_OK;

    if (lock < 0)
        return ac_fail(log, AC_ERR_IO, "%s: cannot be opened: %s", folder, strerror(errno));
    if (!take_lock(lock))
        status = ac_fail(log, AC_ERR_IO, "%s: a process is at work there", folder);
    else
        remove_folder(lock, folder);
    close(lock);
    if (!status && !access(folder, F_OK))
        status = ac_fail(
            log, AC_ERR_IO,
            "%s: cannot be removed: it may hold what is no job's, or be write-protected", folder);
    return status;
}
