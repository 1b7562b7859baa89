/* The file that is written: a temporary one beside its place, which it takes when it is whole. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "media/internal.h"

ac_status ac_writer_check_path(ac_writer *w)
{
    struct stat out, in, link;
    bool exists = !stat(w->path, &out);

    if (!exists && errno != ENOENT)
        return ac_fail(w->log, AC_ERR_IO, "%s: cannot be written: %s", w->path, strerror(errno));
    if (!exists && !lstat(w->path, &link))
        return ac_fail(w->log, AC_ERR_IO,
                       "%s: is a symbolic link that leads nowhere; remove it or write elsewhere",
                       w->path);
    if (exists && !stat(w->input->path, &in) && in.st_dev == out.st_dev && in.st_ino == out.st_ino)
        return ac_fail(w->log, AC_ERR_ARGUMENT, "%s: is the input; the output needs another name",
                       w->path);
    if (exists && !S_ISREG(out.st_mode))
        return ac_fail(w->log, AC_ERR_IO, "%s: is %s, so it cannot be written as a file", w->path,
                       S_ISDIR(out.st_mode) ? "a directory" : "not a regular file");
    if (exists && !w->overwrite)
        return ac_fail(w->log, AC_ERR_ARGUMENT, "%s: is there already; --overwrite replaces it",
                       w->path);
    /* A link stays a link, and what it leads to is replaced. */
    w->final = exists ? realpath(w->path, NULL) : strdup(w->path);
    if (!w->final)
        return ac_media_no_memory(w->log, w->path);
    return AC_OK;
}

static bool folder_exists(const char *path)
{
    char *copy = strdup(path);
    struct stat info;
    bool exists = copy && !stat(dirname(copy), &info) && S_ISDIR(info.st_mode);

    free(copy);
    return exists;
}

ac_status ac_writer_make_temporary(ac_writer *w)
{
    size_t size = strlen(w->final) + (w->folder ? strlen(w->folder) : 0) + 40;
    char *name = calloc(1, size);
    int fd = -1;

    if (!name)
        return ac_media_no_memory(w->log, w->shown);
    /* Another's leftover of the same name is stepped over, never written to. */
    for (int i = 0; i < 100 && fd < 0; i++) {
        if (w->folder)
            snprintf(name, size, "%s/%ld-%d.part", w->folder, (long)getpid(), i);
        else
            snprintf(name, size, "%s.%ld-%d.part", w->final, (long)getpid(), i);
        fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd < 0 && errno != EEXIST)
            break;
    }
    if (fd < 0) {
        int error = errno;

        free(name);
        if (error == ENOENT && !folder_exists(w->final))
            return ac_fail(w->log, AC_ERR_IO, "%s: cannot be written: its folder does not exist",
                           w->shown);
        return ac_fail(w->log, AC_ERR_IO, "%s: cannot be written: %s", w->shown, strerror(error));
    }
    close(fd);
    w->temporary = name;
    return AC_OK;
}

ac_status ac_writer_io_failed(const ac_writer *w, int error)
{
    if (error == AVERROR_EXIT)
        return AC_ERR_CANCELLED;
    if (w->pipe)
        return ac_fail(w->log, AC_ERR_IO, "%s: %s", w->path,
                       error == AVERROR(EPIPE) ? "the program that reads it has gone"
                                               : av_err2str(error));
    return ac_fail(w->log, error == AVERROR(ENOMEM) ? AC_ERR_MEMORY : AC_ERR_IO,
                   "%s: writing failed: %s; nothing was left behind", w->shown,
                   ac_av_why(error).text);
}

ac_status ac_writer_fill(ac_writer *w, const AVPacket *packet)
{
    int fd = open(w->temporary, O_WRONLY | O_CLOEXEC);
    const uint8_t *from = packet->data;
    size_t left = (size_t)packet->size;
    int error = fd < 0 ? errno : 0;

    while (left && !error) {
        ssize_t done = write(fd, from, left);

        if (done < 0 && errno != EINTR)
            error = errno;
        if (done > 0) {
            from += done;
            left -= (size_t)done;
        }
    }
    if (fd >= 0 && close(fd) && !error)
        error = errno;
    ac_av_forget();
    return error ? ac_writer_io_failed(w, AVERROR(error)) : AC_OK;
}

ac_status ac_writer_sync(ac_writer *w)
{
    int fd = open(w->temporary, O_WRONLY | O_CLOEXEC);
    int error = 0;

    if (fd < 0 || fsync(fd))
        error = errno;
    if (fd >= 0)
        close(fd);
    ac_av_forget();
    return error ? ac_writer_io_failed(w, AVERROR(error)) : AC_OK;
}

/* 0 or an errno. Without overwrite not even a file that came meanwhile is replaced. */
static int give_name(const ac_writer *w)
{
    if (w->overwrite)
        return rename(w->temporary, w->final) ? errno : 0;
    if (!renameat2(AT_FDCWD, w->temporary, AT_FDCWD, w->final, RENAME_NOREPLACE))
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return errno;
    /* Not every file system can do that, nor has every one hard links. */
    if (!link(w->temporary, w->final)) {
        unlink(w->temporary);
        return 0;
    }
    if (errno == EEXIST || !access(w->final, F_OK))
        return EEXIST;
    return rename(w->temporary, w->final) ? errno : 0;
}

ac_status ac_writer_rename(ac_writer *w)
{
    int error = give_name(w);

    if (error == EEXIST)
        return ac_fail(w->log, AC_ERR_IO,
                       "%s: came to be while the film was coloured, and is not replaced", w->shown);
    if (error)
        return ac_fail(w->log, AC_ERR_IO, "%s: cannot be given its name: %s", w->shown,
                       strerror(error));
    free(w->temporary);
    w->temporary = NULL;
    return AC_OK;
}
