/* Standard input and output, as libavformat's files. Both look every now and then whether the
 * job was cancelled, as the program at the other end may be in no hurry. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "media/internal.h"

#define BUFFER_SIZE 65536
#define LOOK_MS     200

struct ac_pipe {
    AVIOContext *io;
    const atomic_bool *cancel;
    int fd;
    bool any; /* byte was read */
};

bool ac_pipe_is(const char *path)
{
    return !strcmp(path, "-");
}

/* 0 when it is ready, else an AVERROR. What poll() cannot watch is. */
static int wait_for(const ac_pipe *p, short event)
{
    struct pollfd one = {.fd = p->fd, .events = event};

    for (;;) {
        int ready;

        if (p->cancel && atomic_load(p->cancel))
            return AVERROR_EXIT;
        ready = poll(&one, 1, LOOK_MS);
        if (ready > 0)
            return 0;
        if (ready < 0 && errno != EINTR)
            return AVERROR(errno);
    }
}

static int read_some(void *opaque, uint8_t *data, int size)
{
    ac_pipe *p = opaque;
    ssize_t got;

    do {
        int error = wait_for(p, POLLIN);

        if (error)
            return error;
        got = read(p->fd, data, (size_t)size);
    } while (got < 0 && (errno == EINTR || errno == EAGAIN));
    if (got < 0)
        return AVERROR(errno);
    p->any |= got > 0;
    return got ? (int)got : AVERROR_EOF;
}

/* Pieces of PIPE_BUF fit into a pipe that is ready, so that no write has to wait. */
static int write_all(void *opaque, uint8_t *data, int size)
{
    const ac_pipe *p = opaque;

    for (int at = 0; at < size;) {
        int error = wait_for(p, POLLOUT);
        ssize_t done;

        if (error)
            return error;
        done = write(p->fd, data + at, (size_t)FFMIN(size - at, PIPE_BUF));
        if (done < 0 && errno != EINTR && errno != EAGAIN)
            return AVERROR(errno);
        at += done > 0 ? (int)done : 0;
    }
    return size;
}

/* A file that was redirected. */
static int64_t seek(void *opaque, int64_t offset, int whence)
{
    const ac_pipe *p = opaque;
    struct stat info;

    if (whence & AVSEEK_SIZE)
        return fstat(p->fd, &info) ? AVERROR(errno) : (int64_t)info.st_size;
    offset = lseek(p->fd, offset, whence & ~AVSEEK_FORCE);
    return offset < 0 ? AVERROR(errno) : offset;
}

static ac_status create(int fd, const atomic_bool *cancel, const char *name, const ac_log *log,
                        ac_pipe **pipe)
{
    ac_pipe *p = av_mallocz(sizeof(*p));
    uint8_t *buffer = av_malloc(BUFFER_SIZE);
    struct stat info;
    bool file = !fd && !fstat(fd, &info) && S_ISREG(info.st_mode);

    *pipe = NULL;
    if (!p || !buffer)
        goto fail;
    p->fd = fd;
    p->cancel = cancel;
#if LIBAVFORMAT_VERSION_MAJOR < 61
    p->io = avio_alloc_context(buffer, BUFFER_SIZE, fd != 0, p, read_some, write_all,
                               file ? seek : NULL);
#else
    p->io =
        avio_alloc_context(buffer, BUFFER_SIZE, fd != 0, p, read_some,
                           (int (*)(void *, const uint8_t *, int))write_all, file ? seek : NULL);
#endif
    if (!p->io)
        goto fail;
    *pipe = p;
    return AC_OK;
fail:
    av_free(buffer);
    av_free(p);
    return ac_media_no_memory(log, name);
}

ac_status ac_pipe_open_input(const atomic_bool *cancel, const ac_log *log, ac_pipe **pipe)
{
    struct stat info;

    if (fstat(STDIN_FILENO, &info))
        return ac_fail(log, AC_ERR_IO, "standard input: cannot be read: %s", strerror(errno));
    if (isatty(STDIN_FILENO))
        return ac_fail(log, AC_ERR_ARGUMENT,
                       "standard input: is a terminal; pipe a film into it, or name a file");
    if (S_ISDIR(info.st_mode))
        return ac_fail(log, AC_ERR_IO, "standard input: is a directory");
    return create(STDIN_FILENO, cancel, "standard input", log, pipe);
}

ac_status ac_pipe_open_output(const atomic_bool *cancel, const ac_log *log, ac_pipe **pipe)
{
    struct stat info;

    if (fstat(STDOUT_FILENO, &info))
        return ac_fail(log, AC_ERR_IO, "standard output: cannot be written: %s", strerror(errno));
    if (isatty(STDOUT_FILENO))
        return ac_fail(log, AC_ERR_ARGUMENT,
                       "standard output: is a terminal; pipe the film into a program, or name a "
                       "file");
    return create(STDOUT_FILENO, cancel, "standard output", log, pipe);
}

bool ac_pipe_is_empty(const ac_pipe *pipe)
{
    return !pipe->any;
}

AVIOContext *ac_pipe_io(const ac_pipe *pipe)
{
    return pipe->io;
}

void ac_pipe_close(ac_pipe **pipe)
{
    ac_pipe *p = *pipe;

    if (!p)
        return;
    av_freep(&p->io->buffer);
    avio_context_free(&p->io);
    av_free(p);
    *pipe = NULL;
}
