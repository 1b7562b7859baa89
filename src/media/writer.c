/* Writing: frames through the encoder and the other streams' packets into the file. */
#include <stdlib.h>
#include <string.h>

#include "media/internal.h"
#include "media/segment_file.h"
#include "util/file.h"

const ac_picture_format *ac_writer_format(const ac_writer *w)
{
    return &w->format;
}

const char *ac_writer_description(const ac_writer *w)
{
    return w->description;
}

bool ac_writer_is_film(const ac_writer *w)
{
    return !w->still && !w->sequence && !w->pipe;
}

bool ac_writer_is_pipe(const ac_writer *w)
{
    return w->pipe;
}

const char *ac_writer_final_path(const ac_writer *w)
{
    return w->final;
}

/* ---- frames ---- */

/* A colour profile of a gray picture does not fit a coloured one. */
static void drop_stale(AVFrame *frame)
{
    const AVFrameSideData *icc = av_frame_get_side_data(frame, AV_FRAME_DATA_ICC_PROFILE);

    if (icc && (icc->size < 20 || memcmp(icc->data + 16, "RGB ", 4) != 0))
        av_frame_remove_side_data(frame, AV_FRAME_DATA_ICC_PROFILE);
    av_frame_remove_side_data(frame, AV_FRAME_DATA_MOTION_VECTORS);
    av_frame_remove_side_data(frame, AV_FRAME_DATA_VIDEO_ENC_PARAMS);
    av_frame_remove_side_data(frame, AV_FRAME_DATA_DOVI_METADATA);
    ac_compat_clear_key(frame);
    frame->quality = 0;
    frame->decode_error_flags = 0;
    frame->flags &= ~(AV_FRAME_FLAG_CORRUPT | AV_FRAME_FLAG_DISCARD);
}

/* Luma that stays as it is lies in the source's memory. */
static ac_status make_planes(const ac_writer *w, const AVFrame *source, AVFrame *frame)
{
    if (av_frame_get_buffer(frame, 0) < 0)
        return AC_ERR_MEMORY;
    if (w->luma_table) {
        ac_convert_luma(w, source, frame);
        return AC_OK;
    }
    /* All planes lie in one buffer (in some versions of FFmpeg each has its own). That of the luma
     * is never touched, so no memory is spent on it. */
    if (frame->buf[1])
        av_buffer_unref(&frame->buf[0]);
    else
        frame->buf[1] = frame->buf[0];
    frame->buf[0] = av_buffer_ref(source->buf[0]);
    frame->data[0] = source->data[0];
    frame->linesize[0] = source->linesize[0];
    return frame->buf[0] ? AC_OK : AC_ERR_MEMORY;
}

ac_status ac_writer_new_frame(const ac_writer *w, const ac_frame *source, ac_frame **frame)
{
    AVFrame *made = av_frame_alloc();

    *frame = NULL;
    if (!made || av_frame_copy_props(made, source->av) < 0)
        goto fail;
    drop_stale(made);
    made->format = w->planar;
    made->width = w->format.width;
    made->height = w->format.height;
    made->color_range = w->tags.range;
    made->colorspace = w->tags.space;
    made->color_primaries = w->tags.primaries;
    made->color_trc = w->tags.transfer;
    made->chroma_location = w->tags.location;
    made->sample_aspect_ratio = ac_writer_aspect(w);
    if (make_planes(w, source->av, made))
        goto fail;
    *frame = ac_frame_wrap(&made, source->seconds);
    if (*frame) {
        (*frame)->index = source->index;
        return AC_OK;
    }
fail:
    av_frame_free(&made);
    return ac_media_no_memory(w->log, w->path);
}

static ac_status pack(const ac_writer *w, ac_frame *frame)
{
    AVFrame *packed = av_frame_alloc();

    if (!packed || av_frame_copy_props(packed, frame->av) < 0)
        goto fail;
    packed->format = w->coded;
    packed->width = w->format.width;
    packed->height = w->format.height;
    if (av_frame_get_buffer(packed, 0) < 0 || ac_convert_pack(&w->format, frame->av, packed))
        goto fail;
    av_frame_free(&frame->av);
    frame->av = packed;
    return AC_OK;
fail:
    av_frame_free(&packed);
    return ac_media_no_memory(w->log, w->path);
}

/* ---- time ---- */

/* Encoders forget how long a frame lasts; it is kept here until its packet comes. */
static ac_status remember_duration(ac_writer *w, int64_t pts, int64_t duration)
{
    if (w->duration_count == w->duration_size) {
        size_t size = w->duration_size ? 2 * w->duration_size : 64;
        ac_pending_duration *grown = realloc(w->durations, size * sizeof(*grown));

        if (!grown)
            return ac_media_no_memory(w->log, w->path);
        w->durations = grown;
        w->duration_size = size;
    }
    w->durations[w->duration_count++] = (ac_pending_duration){pts, duration};
    return AC_OK;
}

static int64_t recall_duration(ac_writer *w, int64_t pts)
{
    for (size_t i = 0; i < w->duration_count; i++) {
        int64_t duration = w->durations[i].duration;

        if (w->durations[i].pts != pts)
            continue;
        memmove(w->durations + i, w->durations + i + 1,
                (w->duration_count - i - 1) * sizeof(*w->durations));
        w->duration_count--;
        return duration;
    }
    return 0;
}

static ac_status set_times(ac_writer *w, const ac_frame *frame)
{
    AVRational from = w->input->kept[w->input->stream]->time_base, to = w->encoder->time_base;
    AVFrame *av = frame->av;
    int64_t duration = av_rescale_q(ac_compat_duration(av), from, to);

    /* A frame of a sequence has its place as its time, by which its packet is known again. */
    av->pts = w->files ? frame->index : w->still ? 0 : av_rescale_q(av->pts, from, to);
    if (w->last_pts != AV_NOPTS_VALUE && av->pts <= w->last_pts) {
        av->pts = w->last_pts + 1;
        if (!w->repaired_shown)
            ac_log_print(w->log, AC_LOG_WARNING,
                         "%s: from %s frames come faster than the %d/%d s that this encoder or "
                         "container counts in; they are moved (.mkv and libx264 keep their times)",
                         w->path, ac_time_show(frame->seconds).text, to.num, to.den);
        w->repaired_shown = true;
    }
    w->last_pts = av->pts;
    if (duration < 1)
        duration = 1;
    ac_compat_set_duration(av, duration);
    return remember_duration(w, av->pts, duration);
}

/* ---- packets ---- */

/* Takes what is in the packet. */
static ac_status mux(ac_writer *w, AVPacket *packet)
{
    int error;

    ac_av_forget();
    error = av_interleaved_write_frame(w->mux, packet);
    av_packet_unref(packet);
    /* A full disk may show only here: packets are buffered. */
    if (error >= 0 && w->mux->pb->error < 0)
        error = w->mux->pb->error;
    return error < 0 ? ac_writer_io_failed(w, error) : AC_OK;
}

ac_status ac_writer_mux_film(ac_writer *w, AVPacket *packet)
{
    packet->stream_index = w->video->index;
    av_packet_rescale_ts(packet, w->encoder->time_base, w->video->time_base);
    return mux(w, packet);
}

static ac_status put_into_segment(ac_writer *w, AVPacket *packet)
{
    if (ac_wrapped_is(w->encoder) && ac_wrapped_flatten(w->encoder, packet) < 0)
        return ac_media_no_memory(w->log, w->path);
    return ac_segment_writer_put(w->segment, packet);
}

static ac_status take_packets(ac_writer *w)
{
    AVPacket *packet = w->packet;

    for (;;) {
        ac_status status;
        int error;

        ac_av_forget();
        error = avcodec_receive_packet(w->encoder, packet);
        if (error == AVERROR(EAGAIN) || error == AVERROR_EOF)
            return AC_OK;
        if (error < 0)
            return ac_fail(w->log, ac_av_status(error), "%s: the encoder %s failed: %s", w->path,
                           w->encoder->codec->name, ac_av_why(error).text);
        w->packets++;
        if (w->still) {
            status = w->files          ? ac_writer_write_frame(w, packet)
                     : w->packets == 1 ? ac_writer_fill(w, packet)
                                       : AC_OK;
            av_packet_unref(packet);
        } else {
            packet->duration = recall_duration(w, packet->pts);
            status = w->segment ? put_into_segment(w, packet) : ac_writer_mux_film(w, packet);
            av_packet_unref(packet);
        }
        if (status)
            return status;
    }
}

ac_status ac_writer_put_frame(ac_writer *w, ac_frame **frame)
{
    ac_status status;
    int error;

    TRY(set_times(w, *frame));
    if (w->coded != w->planar)
        TRY(pack(w, *frame));
    ac_av_forget();
    error = avcodec_send_frame(w->encoder, (*frame)->av);
    if (error < 0) {
        status = ac_fail(w->log, ac_av_status(error), "%s: the encoder %s failed at %s: %s",
                         w->path, w->encoder->codec->name, ac_time_show((*frame)->seconds).text,
                         ac_av_why(error).text);
        goto fail;
    }
    ac_frame_free(frame);
    return take_packets(w);
fail:
    ac_frame_free(frame);
    return status;
}

/* Muxers refuse packets whose decoding times go backwards, as they do in damaged films. */
static void mend_order(ac_writer *w, AVPacket *packet, const AVStream *from)
{
    int64_t *last = &w->last_dts[packet->stream_index],
            least = *last + !(w->mux->oformat->flags & AVFMT_TS_NONSTRICT);

    if (packet->pts == AV_NOPTS_VALUE)
        packet->pts = packet->dts;
    if (packet->dts == AV_NOPTS_VALUE)
        return;
    if (*last != AV_NOPTS_VALUE && packet->dts < least) {
        if (!w->moved_shown[packet->stream_index])
            ac_log_print(w->log, AC_LOG_WARNING,
                         "%s: timestamps of stream %d (%s, %s) go backwards; its packets are moved "
                         "there",
                         w->input->path, from->index,
                         av_get_media_type_string(from->codecpar->codec_type),
                         avcodec_get_name(from->codecpar->codec_id));
        w->moved_shown[packet->stream_index] = true;
        packet->dts = least;
        packet->pts = FFMAX(packet->pts, least);
    }
    *last = packet->dts;
}

ac_status ac_writer_put_packet(ac_writer *w, ac_packet **packet)
{
    AVPacket *av = (*packet)->av;
    const AVStream *from = w->input->kept[av->stream_index];
    int index = w->mux ? w->map[av->stream_index] : -1;
    ac_status status = AC_OK;

    if (index >= 0) {
        const AVStream *to = w->mux->streams[index];
        int64_t shift = ac_compat_copy_shift(w->mux->oformat, to);

        av_packet_rescale_ts(av, from->time_base, to->time_base);
        if (av->pts != AV_NOPTS_VALUE)
            av->pts += shift;
        if (av->dts != AV_NOPTS_VALUE)
            av->dts += shift;
        av->stream_index = index;
        av->pos = -1;
        mend_order(w, av, from);
        status = mux(w, av);
    }
    ac_packet_free(packet);
    return status;
}

/* ---- the end ---- */

static ac_status end_film(ac_writer *w)
{
    int error, closed;

    ac_av_forget();
    error = av_write_trailer(w->mux);
    if (error >= 0)
        error = w->mux->pb->error;
    closed = w->pipe ? 0 : avio_closep(&w->mux->pb);
    if (error >= 0)
        error = closed;
    return error < 0 ? ac_writer_io_failed(w, error) : AC_OK;
}

ac_status ac_writer_flush(ac_writer *w)
{
    ac_status status;

    if (avcodec_send_frame(w->encoder, NULL) < 0)
        return ac_fail(w->log, AC_ERR_IO, "%s: the encoder %s cannot be brought to its end",
                       w->path, w->encoder->codec->name);
    TRY(take_packets(w));
    if (!w->packets && !w->files)
        return ac_fail(w->log, AC_ERR_IO, "%s: the encoder %s made nothing", w->path,
                       w->encoder->codec->name);
fail:
    return status;
}

ac_status ac_writer_end_file(ac_writer *w)
{
    ac_status status;

    if (!w->still)
        TRY(end_film(w));
    if (w->pipe)
        return AC_OK;
    TRY(ac_writer_sync(w));
    TRY(ac_writer_rename(w));
    ac_file_sync_folder(w->final);
    return AC_OK;
fail:
    return status;
}

ac_status ac_writer_finish(ac_writer *w)
{
    ac_status status = ac_writer_flush(w);

    if (!status && w->files)
        ac_writer_finish_files(w);
    else if (!status)
        status = ac_writer_end_file(w);
    return status;
}
