/* Encoding a film in segments, and joining them. */
#include "media/segment.h"

#include <stdlib.h>
#include <unistd.h>
#include <xxhash.h>

#include "media/internal.h"
#include "media/segment_file.h"

/* ---- one segment ---- */

/* The film's own file was begun to see that it can be; the join makes it. */
static void give_up_file(ac_writer *w)
{
    if (!w->mux)
        return;
    avio_closep(&w->mux->pb);
    avformat_free_context(w->mux);
    w->mux = NULL;
    w->video = NULL;
    if (w->temporary)
        unlink(w->temporary);
    free(w->temporary);
    w->temporary = NULL;
}

ac_status ac_writer_begin_segment(ac_writer *w, const char *path)
{
    ac_status status;

    give_up_file(w);
    avcodec_free_context(&w->encoder);
    w->last_pts = AV_NOPTS_VALUE;
    w->duration_count = 0;
    w->packets = 0;
    TRY(ac_writer_open_encoder(w));
    TRY(ac_segment_writer_create(path, w->log, &w->segment));
fail:
    return status;
}

static uint64_t hash_headers(const AVCodecContext *e)
{
    return XXH3_64bits(e->extradata, e->extradata ? (size_t)e->extradata_size : 0);
}

ac_status ac_writer_end_segment(ac_writer *w, ac_segment *segment)
{
    uint64_t headers = hash_headers(w->encoder);
    ac_status status;

    TRY(ac_writer_flush(w));
    TRY(ac_segment_writer_end(&w->segment, segment));
    segment->headers = headers;
fail:
    return status;
}

/* ---- joining ---- */

typedef struct join {
    ac_writer *writer;
    ac_reader *input;
    const ac_segment_place *places;
    size_t count, next; /* next: to be opened */
    ac_segment_reader *reader;
    AVPacket *film; /* read, not yet written */
    ac_packet *other;
    bool film_ended, others_ended;
    int64_t first, shift, last_pts, last_dts; /* of the film, encoder's time base */
} join;

static ac_status open_segment(join *j)
{
    const ac_segment_place *place = &j->places[j->next++];

    j->first = AV_NOPTS_VALUE;
    if (place->segment.headers != hash_headers(j->writer->encoder))
        return ac_fail(j->writer->log, AC_ERR_FORMAT,
                       "%s: segment %lld was made by another version of the encoder %s, so it "
                       "cannot be joined with what is made here",
                       place->path, (long long)place->segment.index,
                       j->writer->encoder->codec->name);
    return ac_segment_reader_create(place, j->writer->log, &j->reader);
}

/* Segments do not know of each other. Where frames come faster than the time base counts, the last
 * one's may reach into this one, which is moved behind them. And an encoder gives decoding times
 * that begin before the first frame; with uneven frames that may be before the last one's end.
 * Moved by the least there is, they stay before the frames' own: times of frames increase. */
static void mend_times(join *j, AVPacket *packet)
{
    if (j->first == AV_NOPTS_VALUE) {
        j->first = packet->pts;
        j->shift = j->last_pts == AV_NOPTS_VALUE ? 0 : FFMAX(0, j->last_pts + 1 - j->first);
    }
    packet->pts += j->shift;
    if (packet->dts != AV_NOPTS_VALUE) {
        packet->dts += j->shift;
        if (j->last_dts != AV_NOPTS_VALUE && packet->dts <= j->last_dts)
            packet->dts = j->last_dts + 1;
        j->last_dts = packet->dts;
    }
    j->last_pts = FFMAX(j->last_pts, packet->pts);
}

/* What the encoder made, of the packet that was kept of it. */
static ac_status restore(const join *j)
{
    const ac_segment_place *place = &j->places[j->next - 1];
    int error;

    if (!ac_wrapped_is(j->writer->encoder))
        return AC_OK;
    error = ac_wrapped_restore(j->writer->encoder, j->film);
    if (error == AVERROR_INVALIDDATA)
        return ac_fail(j->writer->log, AC_ERR_FORMAT,
                       "%s: segment %lld holds frames of another size", place->path,
                       (long long)place->segment.index);
    return error < 0 ? ac_media_no_memory(j->writer->log, place->path) : AC_OK;
}

static ac_status read_film(join *j)
{
    ac_status status = AC_END;

    while (status == AC_END) {
        if (!j->reader && j->next == j->count) {
            j->film_ended = true;
            return AC_OK;
        }
        if (!j->reader)
            TRY(open_segment(j));
        status = ac_segment_reader_next(j->reader, j->film);
        if (status == AC_END)
            ac_segment_reader_destroy(&j->reader);
    }
    TRY(status);
    TRY(restore(j));
    mend_times(j, j->film);
fail:
    return status;
}

static ac_status read_other(join *j)
{
    ac_item item = {0};
    ac_status status = AC_OK;

    while (!status && !j->other && !j->others_ended) {
        status = ac_reader_next(j->input, &item);
        ac_frame_free(&item.frame);
        j->other = item.packet;
        if (status == AC_END) {
            j->others_ended = true;
            status = AC_OK;
        }
    }
    return status;
}

/* So that the muxer, which sorts them, need not hold many. */
static bool film_is_next(const join *j)
{
    const AVPacket *other = j->other ? j->other->av : NULL;

    if (j->film_ended || j->others_ended)
        return j->others_ended;
    if (!other || other->dts == AV_NOPTS_VALUE)
        return false;
    return j->film->dts == AV_NOPTS_VALUE ||
           av_compare_ts(j->film->dts, j->writer->encoder->time_base, other->dts,
                         j->input->kept[other->stream_index]->time_base) <= 0;
}

static ac_status pump(join *j, const atomic_bool *cancel)
{
    ac_status status = AC_OK;

    for (;;) {
        if (cancel && atomic_load(cancel))
            return AC_ERR_CANCELLED;
        if (!j->film_ended && !j->film->data)
            TRY(read_film(j));
        TRY(read_other(j));
        if (j->film_ended && j->others_ended)
            return AC_OK;
        if (film_is_next(j))
            TRY(ac_writer_mux_film(j->writer, j->film));
        else
            TRY(ac_writer_put_packet(j->writer, &j->other));
    }
fail:
    return status;
}

ac_status ac_writer_join(ac_writer *w, ac_reader *input, const ac_segment_place *places,
                         size_t count, const atomic_bool *cancel)
{
    join j = {.writer = w,
              .input = input,
              .places = places,
              .count = count,
              .film = av_packet_alloc(),
              .last_pts = AV_NOPTS_VALUE,
              .last_dts = AV_NOPTS_VALUE};
    ac_status status;

    if (!j.film)
        return ac_media_no_memory(w->log, w->path);
    ac_reader_drop_film(input);
    TRY(pump(&j, cancel));
    TRY(ac_writer_end_file(w));
fail:
    av_packet_free(&j.film);
    ac_packet_free(&j.other);
    ac_segment_reader_destroy(&j.reader);
    return status;
}
