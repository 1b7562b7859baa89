/* A part's file: MAGIC, the length of its record (8 bytes, little-endian), the record's text, the
 * segments in their order. */
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/file.h"
#include "video/join.h"

#define MAGIC      "acpart 1"
#define MAGIC_SIZE 8
#define CHUNK      (1 << 20)

char *ac_colorize_part_path(const char *output, int part, int parts)
{
    char *path = NULL;

    return asprintf(&path, "%s.%d-of-%d", output, part, parts) < 0 ? NULL : path;
}

static ac_status copy(const ac_segment_place *place, uint8_t *chunk, ac_file_writer *file,
                      const ac_log *log)
{
    uint64_t at = 0, size;
    ac_status status;
    int fd;

    TRY(ac_file_open(place->path, log, &fd, &size));
    while (!status && at < place->segment.size) {
        size_t part = place->segment.size - at < CHUNK ? place->segment.size - at : CHUNK;

        status = ac_file_read(fd, place->offset + at, chunk, part, place->path, log);
        if (!status)
            status = ac_file_writer_write(file, chunk, part);
        at += part;
    }
    close(fd);
fail:
    return status;
}

ac_status ac_part_write(const char *path, const ac_record *record, const ac_segment_place *places,
                        const ac_log *log)
{
    ac_file_writer *file = NULL;
    uint8_t *chunk = malloc(CHUNK);
    char *text = NULL;
    ac_status status = chunk ? ac_record_print(record, &text) : AC_ERR_MEMORY;
    uint64_t length;

    if (status) {
        ac_fail(log, status, "out of memory");
        goto fail;
    }
    length = htole64(strlen(text));
    TRY(ac_file_writer_create(path, log, &file));
    TRY(ac_file_writer_write(file, MAGIC, MAGIC_SIZE));
    TRY(ac_file_writer_write(file, &length, sizeof(length)));
    TRY(ac_file_writer_write(file, text, strlen(text)));
    for (size_t i = 0; i < record->count; i++)
        TRY(copy(&places[i], chunk, file, log));
    TRY(ac_file_writer_commit(&file));
fail:
    ac_file_writer_destroy(&file);
    free(text);
    free(chunk);
    return status;
}

static ac_status fail_foreign(const char *path, const ac_log *log)
{
    return ac_fail(log, AC_ERR_FORMAT,
                   "%s: is not a part that 'autochrome colorize --segment' makes, or was cut off",
                   path);
}

ac_status ac_part_open(const char *path, const ac_log *log, ac_part *part)
{
    char magic[MAGIC_SIZE], *text = NULL;
    uint64_t size, length, end;
    ac_status status;
    int fd = -1;

    *part = (ac_part){0};
    TRY(ac_file_open(path, log, &fd, &size));
    part->begin = MAGIC_SIZE + sizeof(length);
    if (size < part->begin) {
        status = fail_foreign(path, log);
        goto fail;
    }
    TRY(ac_file_read(fd, 0, magic, MAGIC_SIZE, path, log));
    TRY(ac_file_read(fd, MAGIC_SIZE, &length, sizeof(length), path, log));
    length = le64toh(length);
    if (memcmp(magic, MAGIC, MAGIC_SIZE) != 0 || length > size - part->begin ||
        length > AC_RECORD_MAX_BYTES) {
        status = fail_foreign(path, log);
        goto fail;
    }
    text = malloc(length + 1);
    part->path = strdup(path);
    if (!text || !part->path) {
        status = ac_fail(log, AC_ERR_MEMORY, "%s: out of memory", path);
        goto fail;
    }
    TRY(ac_file_read(fd, part->begin, text, length, path, log));
    status = ac_record_parse(text, length, &part->record);
    if (status) {
        fail_foreign(path, log);
        goto fail;
    }
    part->begin += length;
    end = part->begin;
    for (size_t i = 0; i < part->record.count && end <= size; i++)
        end += part->record.segments[i].size;
    if (end != size)
        status = fail_foreign(path, log);
fail:
    if (fd >= 0)
        close(fd);
    free(text);
    if (status)
        ac_part_close(part);
    return status;
}

void ac_part_close(ac_part *part)
{
    ac_record_uninit(&part->record);
    free(part->path);
    *part = (ac_part){0};
}
