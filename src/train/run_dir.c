#include "train/run_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXTENSION ".safetensors"

static const char *const names[] = {"checkpoint" EXTENSION, "model" EXTENSION, "best" EXTENSION};

static ac_status fail_memory(const ac_log *log)
{
    return ac_fail(log, AC_ERR_MEMORY, "out of memory");
}

static ac_status join(const char *path, const char *name, const ac_log *log, char **joined)
{
    if (asprintf(joined, "%s/%s", path, name) >= 0)
        return AC_OK;
    *joined = NULL;
    return fail_memory(log);
}

static ac_status make_folder(ac_run_dir *dir, const ac_log *log)
{
    const char *path = dir->path;
    struct stat info;

    dir->made = !mkdir(path, 0777);
    if (dir->made)
        return AC_OK;
    if (errno != EEXIST)
        return ac_fail(log, AC_ERR_IO, "%s: cannot be made: %s; --run names another folder", path,
                       strerror(errno));
    if (stat(path, &info) || !S_ISDIR(info.st_mode))
        return ac_fail(log, AC_ERR_IO,
                       "%s: is no folder, the run's files go there; --run names another", path);
    return AC_OK;
}

/* Gone with the process, however it ends. */
static ac_status lock(ac_run_dir *dir, const ac_log *log)
{
    dir->lock = open(dir->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir->lock < 0)
        return ac_fail(log, AC_ERR_IO, "%s: cannot be opened: %s", dir->path, strerror(errno));
    if (!flock(dir->lock, LOCK_EX | LOCK_NB) || errno != EWOULDBLOCK)
        return AC_OK; /* some file systems know no locks */
    return ac_fail(log, AC_ERR_IO,
                   "%s: another training is running there; wait for its end, or name another "
                   "folder with --run",
                   dir->path);
}

/* "checkpoint.safetensors.1234-0.part", as ac_file_writer names what is not whole yet. */
static bool is_leftover(const char *name)
{
    return !fnmatch("*.*.[0-9]*-[0-9]*.part", name, 0);
}

static void remove_leftovers(const ac_run_dir *dir)
{
    DIR *stream = opendir(dir->path);
    const struct dirent *entry;

    while (stream && (entry = readdir(stream)))
        if (is_leftover(entry->d_name))
            unlinkat(dir->lock, entry->d_name, 0);
    if (stream)
        closedir(stream);
}

static ac_status look_for_run(ac_run_dir *dir, ac_run_mode mode, const ac_log *log)
{
    bool checkpoint = !faccessat(dir->lock, names[0], F_OK, 0);

    if (mode == AC_RUN_NEW && (checkpoint || !faccessat(dir->lock, "log.csv", F_OK, 0)))
        return ac_fail(log, AC_ERR_ARGUMENT,
                       "%s: holds a run already; go on with it (--resume), begin anew "
                       "(--overwrite), or name another folder (--run)",
                       dir->path);
    if (mode == AC_RUN_OVERWRITE)
        for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
            unlinkat(dir->lock, names[i], 0);
    dir->begun = mode == AC_RUN_RESUME && checkpoint;
    return AC_OK;
}

ac_status ac_run_dir_open(const char *path, ac_run_mode mode, const ac_log *log,
                          ac_run_dir **result)
{
    ac_run_dir *dir = calloc(1, sizeof(*dir));
    ac_status status = AC_OK;

    *result = NULL;
    if (!dir)
        return fail_memory(log);
    dir->lock = -1;
    dir->path = strdup(path);
    if (!dir->path) {
        status = fail_memory(log);
        goto fail;
    }
    TRY(join(path, names[0], log, &dir->checkpoint));
    TRY(join(path, names[1], log, &dir->model));
    TRY(join(path, names[2], log, &dir->best));
    TRY(join(path, "frames", log, &dir->frames));
    TRY(make_folder(dir, log));
    TRY(lock(dir, log));
    TRY(look_for_run(dir, mode, log));
    remove_leftovers(dir);
    *result = dir;
    return AC_OK;
fail:
    ac_run_dir_close(&dir);
    return status;
}

void ac_run_dir_close(ac_run_dir **result)
{
    ac_run_dir *dir = *result;

    if (!dir)
        return;
    if (dir->lock >= 0)
        close(dir->lock);
    if (dir->made)
        rmdir(dir->path); /* fails unless it is empty */
    free(dir->path);
    free(dir->checkpoint);
    free(dir->model);
    free(dir->best);
    free(dir->frames);
    free(dir);
    *result = NULL;
}
