/* A file: MAGIC, then of each packet HEAD_SIZE bytes (pts, dts and duration of 8 bytes, flags and
 * size of 4, all little-endian) and its data. Side data of encoders are statistics; what would be
 * more is refused. */
#include "media/segment_file.h"

#include <libavutil/intreadwrite.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "media/internal.h"
#include "util/file.h"

#define MAGIC      "acseg 1\n"
#define MAGIC_SIZE 8
#define HEAD_SIZE  32

/* ---- writing ---- */

struct ac_segment_writer {
    ac_file_writer *file;
    XXH3_state_t *hash;
    uint64_t size;
    int64_t frames;
    const ac_log *log;
    char *path;
};

static ac_status put(ac_segment_writer *w, const void *data, size_t size)
{
    XXH3_64bits_update(w->hash, data, size);
    w->size += size;
    return ac_file_writer_write(w->file, data, size);
}

ac_status ac_segment_writer_create(const char *path, const ac_log *log, ac_segment_writer **writer)
{
    ac_segment_writer *w = calloc(1, sizeof(*w));
    ac_status status;

    *writer = NULL;
    if (!w)
        return ac_media_no_memory(log, path);
    w->log = log;
    w->path = strdup(path);
    w->hash = XXH3_createState();
    if (!w->path || !w->hash) {
        status = ac_media_no_memory(log, path);
        goto fail;
    }
    XXH3_64bits_reset(w->hash);
    TRY(ac_file_writer_create(path, log, &w->file));
    TRY(put(w, MAGIC, MAGIC_SIZE));
    *writer = w;
    return AC_OK;
fail:
    ac_segment_writer_destroy(&w);
    return status;
}

ac_status ac_segment_writer_put(ac_segment_writer *w, const AVPacket *packet)
{
    uint8_t head[HEAD_SIZE];
    ac_status status;

    for (int i = 0; i < packet->side_data_elems; i++) {
        enum AVPacketSideDataType type = packet->side_data[i].type;

        if (type != AV_PKT_DATA_QUALITY_STATS && type != AV_PKT_DATA_CPB_PROPERTIES)
            return ac_fail(w->log, AC_ERR_UNSUPPORTED,
                           "%s: this encoder puts beside its pictures what segments cannot hold "
                           "(%s); choose another --codec",
                           w->path, av_packet_side_data_name(type));
    }
    AV_WL64(head, packet->pts);
    AV_WL64(head + 8, packet->dts);
    AV_WL64(head + 16, packet->duration);
    AV_WL32(head + 24, packet->flags);
    AV_WL32(head + 28, packet->size);
    TRY(put(w, head, HEAD_SIZE));
    TRY(put(w, packet->data, (size_t)packet->size));
    w->frames++;
fail:
    return status;
}

ac_status ac_segment_writer_end(ac_segment_writer **writer, ac_segment *segment)
{
    ac_segment_writer *w = *writer;
    ac_status status = ac_file_writer_commit(&w->file);

    segment->frames = w->frames;
    segment->size = w->size;
    segment->hash = XXH3_64bits_digest(w->hash);
    ac_segment_writer_destroy(writer);
    return status;
}

void ac_segment_writer_destroy(ac_segment_writer **writer)
{
    ac_segment_writer *w = *writer;

    if (!w)
        return;
    ac_file_writer_destroy(&w->file);
    XXH3_freeState(w->hash);
    free(w->path);
    free(w);
    *writer = NULL;
}

/* ---- reading ---- */

struct ac_segment_reader {
    ac_segment_place place;
    const ac_log *log;
    int fd;
    XXH3_state_t *hash;
    uint64_t at; /* in the segment */
};

static ac_status fail_damaged(const ac_segment_reader *r)
{
    return ac_fail(r->log, AC_ERR_FORMAT,
                   "%s: is damaged: segment %lld is not as it was when it was finished",
                   r->place.path, (long long)r->place.segment.index);
}

static ac_status get(ac_segment_reader *r, void *data, size_t size)
{
    ac_status status;

    if (size > r->place.segment.size - r->at)
        return fail_damaged(r);
    TRY(ac_file_read(r->fd, r->place.offset + r->at, data, size, r->place.path, r->log));
    XXH3_64bits_update(r->hash, data, size);
    r->at += size;
fail:
    return status;
}

ac_status ac_segment_reader_create(const ac_segment_place *place, const ac_log *log,
                                   ac_segment_reader **reader)
{
    ac_segment_reader *r = calloc(1, sizeof(*r));
    uint8_t magic[MAGIC_SIZE];
    ac_status status;
    uint64_t size;

    *reader = NULL;
    if (!r)
        return ac_media_no_memory(log, place->path);
    r->place = *place;
    r->log = log;
    r->fd = -1;
    r->hash = XXH3_createState();
    if (!r->hash) {
        status = ac_media_no_memory(log, place->path);
        goto fail;
    }
    XXH3_64bits_reset(r->hash);
    TRY(ac_file_open(place->path, log, &r->fd, &size));
    if (place->offset > size || place->segment.size > size - place->offset) {
        status = fail_damaged(r);
        goto fail;
    }
    TRY(get(r, magic, MAGIC_SIZE));
    if (memcmp(magic, MAGIC, MAGIC_SIZE) != 0) {
        status = fail_damaged(r);
        goto fail;
    }
    *reader = r;
    return AC_OK;
fail:
    ac_segment_reader_destroy(&r);
    return status;
}

ac_status ac_segment_reader_next(ac_segment_reader *r, AVPacket *packet)
{
    uint8_t head[HEAD_SIZE];
    ac_status status;
    uint32_t size;

    if (r->at == r->place.segment.size)
        return XXH3_64bits_digest(r->hash) == r->place.segment.hash ? AC_END : fail_damaged(r);
    TRY(get(r, head, HEAD_SIZE));
    size = AV_RL32(head + 28);
    if (size > r->place.segment.size - r->at)
        return fail_damaged(r);
    if (av_new_packet(packet, (int)size) < 0)
        return ac_media_no_memory(r->log, r->place.path);
    packet->pts = (int64_t)AV_RL64(head);
    packet->dts = (int64_t)AV_RL64(head + 8);
    packet->duration = (int64_t)AV_RL64(head + 16);
    packet->flags = (int)AV_RL32(head + 24);
    TRY(get(r, packet->data, size));
    return AC_OK;
fail:
    av_packet_unref(packet);
    return status;
}

void ac_segment_reader_destroy(ac_segment_reader **reader)
{
    ac_segment_reader *r = *reader;

    if (!r)
        return;
    if (r->fd >= 0)
        close(r->fd);
    XXH3_freeState(r->hash);
    free(r);
    *reader = NULL;
}

bool ac_segment_is_whole(const ac_segment_place *place)
{
    ac_segment_reader *r = NULL;
    AVPacket *packet = av_packet_alloc();
    ac_status status = packet ? ac_segment_reader_create(place, NULL, &r) : AC_ERR_MEMORY;

    while (r && status == AC_OK) {
        status = ac_segment_reader_next(r, packet);
        av_packet_unref(packet);
    }
    av_packet_free(&packet);
    ac_segment_reader_destroy(&r);
    return status == AC_END;
}
