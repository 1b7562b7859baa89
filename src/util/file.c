#include "util/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct ac_file_writer {
    const ac_log *log;
    int fd;
    char *path, *temporary;
};

const char *ac_path_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

ac_status ac_file_open(const char *path, const ac_log *log, int *fd, uint64_t *size)
{
    struct stat info;

    *size = 0;
    /* Without O_NONBLOCK a named pipe would wait for somebody to write. */
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0)
        return ac_fail(log, AC_ERR_IO, "%s: cannot be opened: %s", path, strerror(errno));
    if (fstat(*fd, &info))
        ac_fail(log, AC_ERR_IO, "%s: cannot be examined: %s", path, strerror(errno));
    else if (S_ISDIR(info.st_mode))
        ac_fail(log, AC_ERR_IO, "%s: is a directory; name a file in it", path);
    else if (!S_ISREG(info.st_mode))
        ac_fail(log, AC_ERR_IO, "%s: is not a regular file", path);
    else if (info.st_size <= 0)
        ac_fail(log, AC_ERR_IO, "%s: is empty", path);
    else
        *size = (uint64_t)info.st_size;
    if (*size)
        return AC_OK;
    close(*fd);
    *fd = -1;
    return AC_ERR_IO;
}

ac_status ac_file_read(int fd, uint64_t offset, void *data, size_t size, const char *path,
                       const ac_log *log)
{
    char *to = data;

    while (size) {
        ssize_t got = pread(fd, to, size, (off_t)offset);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ac_fail(log, AC_ERR_IO, "%s: cannot be read: %s", path, strerror(errno));
        if (!got)
            return ac_fail(log, AC_ERR_IO, "%s: became shorter while it was read", path);
        to += got;
        offset += (uint64_t)got;
        size -= (size_t)got;
    }
    return AC_OK;
}

/* Another's leftover of the same name is stepped over, never written to. */
static int open_temporary(ac_file_writer *w, size_t size)
{
    int fd = -1;

    for (int i = 0; i < 100 && fd < 0; i++) {
        snprintf(w->temporary, size, "%s.%ld-%d.part", w->path, (long)getpid(), i);
        fd = open(w->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd < 0 && errno != EEXIST)
            break;
    }
    return fd;
}

ac_status ac_file_writer_create(const char *path, const ac_log *log, ac_file_writer **writer)
{
    size_t size = strlen(path) + 40;
    ac_status status = AC_OK;
    struct stat info;
    ac_file_writer *w = calloc(1, sizeof(*w));

    *writer = NULL;
    if (!w)
        return ac_fail(log, AC_ERR_MEMORY, "%s: out of memory", path);
    w->log = log;
    w->fd = -1;
    w->path = strdup(path);
    w->temporary = calloc(1, size);
    if (!w->path || !w->temporary) {
        status = ac_fail(log, AC_ERR_MEMORY, "%s: out of memory", path);
        goto fail;
    }
    if (!stat(path, &info) && !S_ISREG(info.st_mode)) {
        status = ac_fail(log, AC_ERR_IO, "%s: is %s, so it cannot be written as a file", path,
                         S_ISDIR(info.st_mode) ? "a directory" : "not a regular file");
        goto fail;
    }
    w->fd = open_temporary(w, size);
    if (w->fd < 0) {
        w->temporary[0] = '\0';
        status = ac_fail(log, AC_ERR_IO, "%s: cannot be written: %s", path, strerror(errno));
        goto fail;
    }
    *writer = w;
    return AC_OK;
fail:
    ac_file_writer_destroy(&w);
    return status;
}

static ac_status fail_write(const ac_file_writer *w)
{
    return ac_fail(w->log, AC_ERR_IO, "%s: writing failed: %s; nothing was left behind", w->path,
                   strerror(errno));
}

ac_status ac_file_writer_write(ac_file_writer *w, const void *data, size_t size)
{
    const char *from = data;

    while (size) {
        ssize_t done = write(w->fd, from, size);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return fail_write(w);
        from += done;
        size -= (size_t)done;
    }
    return AC_OK;
}

/* The name itself is kept by the folder; where that cannot be synced, it has to do without. */
void ac_file_sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    free(folder);
}

ac_status ac_file_writer_commit(ac_file_writer **writer)
{
    ac_file_writer *w = *writer;
    ac_status status = AC_OK;
    int fd = w->fd;

    if (fsync(fd)) {
        status = fail_write(w);
        goto fail;
    }
    w->fd = -1;
    if (close(fd) || rename(w->temporary, w->path)) {
        status = fail_write(w);
        goto fail;
    }
    w->temporary[0] = '\0';
    ac_file_sync_folder(w->path);
fail:
    ac_file_writer_destroy(writer);
    return status;
}

void ac_file_writer_destroy(ac_file_writer **writer)
{
    ac_file_writer *w = writer ? *writer : NULL;

    if (!w)
        return;
    if (w->fd >= 0)
        close(w->fd);
    if (w->temporary && w->temporary[0])
        unlink(w->temporary);
    free(w->temporary);
    free(w->path);
    free(w);
    *writer = NULL;
}
