/* What tells one input from another without reading all of it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "media/internal.h"
#include "util/file.h"

static char version[80];

static void print_version(void)
{
    unsigned codec = avcodec_version(), format = avformat_version();

    snprintf(version, sizeof(version), "libavcodec %u.%u.%u, libavformat %u.%u.%u",
             AV_VERSION_MAJOR(codec), AV_VERSION_MINOR(codec), AV_VERSION_MICRO(codec),
             AV_VERSION_MAJOR(format), AV_VERSION_MINOR(format), AV_VERSION_MICRO(format));
}

const char *ac_media_version(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, print_version);
    return version;
}

static int64_t nanoseconds(const struct stat *info)
{
    return (int64_t)info->st_mtim.tv_sec * 1000000000 + info->st_mtim.tv_nsec;
}

bool ac_reader_can_repeat(const ac_reader *r)
{
    return !r->pipe;
}

static ac_status identify_sequence(const ac_reader *r, XXH3_state_t *hash, ac_identity *identity)
{
    const ac_sequence *s = r->sequence;

    for (size_t i = 0; i < s->count; i++) {
        const char *name = ac_path_name(s->frames[i].path);
        struct stat info;
        uint64_t size;

        if (stat(s->frames[i].path, &info))
            return ac_fail(r->log, AC_ERR_IO, "%s: cannot be examined: %s", s->frames[i].path,
                           strerror(errno));
        size = (uint64_t)info.st_size;
        identity->size += size;
        if (nanoseconds(&info) > identity->time)
            identity->time = nanoseconds(&info);
        XXH3_64bits_update(hash, name, strlen(name) + 1);
        XXH3_64bits_update(hash, &size, sizeof(size));
    }
    return AC_OK;
}

static ac_status identify_file(const ac_reader *r, XXH3_state_t *hash, ac_identity *identity)
{
    uint8_t *data = malloc(AC_IDENTITY_BYTES);
    uint64_t size, part;
    struct stat info;
    ac_status status;
    int fd = -1;

    if (!data)
        return ac_media_no_memory(r->log, r->path);
    TRY(ac_file_open(r->path, r->log, &fd, &size));
    if (fstat(fd, &info)) {
        status = ac_fail(r->log, AC_ERR_IO, "%s: cannot be examined: %s", r->path, strerror(errno));
        goto fail;
    }
    identity->size = size;
    identity->time = nanoseconds(&info);
    part = size < AC_IDENTITY_BYTES ? size : AC_IDENTITY_BYTES;
    TRY(ac_file_read(fd, 0, data, part, r->path, r->log));
    XXH3_64bits_update(hash, data, part);
    TRY(ac_file_read(fd, size - part, data, part, r->path, r->log));
    XXH3_64bits_update(hash, data, part);
fail:
    if (fd >= 0)
        close(fd);
    free(data);
    return status;
}

ac_status ac_reader_identify(const ac_reader *r, ac_identity *identity)
{
    XXH3_state_t *hash;
    ac_status status;

    *identity = (ac_identity){0};
    if (r->pipe)
        return AC_OK;
    hash = XXH3_createState();
    if (!hash)
        return ac_media_no_memory(r->log, r->path);
    XXH3_64bits_reset(hash);
    status = r->sequence ? identify_sequence(r, hash, identity) : identify_file(r, hash, identity);
    identity->hash = XXH3_64bits_digest(hash);
    XXH3_freeState(hash);
    return status;
}
