/* Reading: packets to the decoder, frames and the other streams' packets to the caller. */
#include <stdlib.h>
#include <string.h>

#include "media/internal.h"

#define READ_ERRORS_MAX 50   /* in a row: the rest of the file is given up */
#define SAME_DAMAGE     1.0  /* seconds */
#define EARLY_END_SLACK 0.75 /* seconds; headers are often wrong by less */

static const AVStream *film(const ac_reader *r)
{
    return r->demux->streams[r->stream];
}

int64_t ac_reader_origin(const ac_reader *r)
{
    return r->demux->start_time == AV_NOPTS_VALUE ? 0 : r->demux->start_time;
}

/* Seconds since the film's beginning, which is what players show and --start means. */
static double since_start(const ac_reader *r, int64_t pts, AVRational time_base)
{
    return (double)pts * av_q2d(time_base) - (double)ac_reader_origin(r) / AV_TIME_BASE;
}

void ac_reader_damaged(ac_reader *r, double seconds, const char *what)
{
    if (r->preroll)
        return;
    r->damage++;
    r->damage_time = seconds;
    if (r->damage <= AC_DAMAGE_SHOWN)
        ac_log_print(r->log, AC_LOG_WARNING, "%s: damaged at %s: %s", r->path,
                     ac_time_show(seconds).text, what);
    if (r->damage == AC_DAMAGE_SHOWN)
        ac_log_print(r->log, AC_LOG_WARNING, "%s: further damage is only counted", r->path);
}

/* A decoder that conceals damage without marking the frame, or a demuxer that skips some, still
 * logs it. As it may run ahead, what is damaged in another way about that time is taken for the
 * same. */
static void look_at_complaints(ac_reader *r, double now, bool last)
{
    ac_av_text latest;
    unsigned count = ac_complaints_get(&r->complaints, &latest);
    char what[300];

    if (count != r->complaints_seen && !r->pending &&
        (!r->damage || now - r->damage_time > SAME_DAMAGE)) {
        r->pending = true;
        r->pending_time = now;
        r->pending_damage = r->damage;
        r->pending_text = latest;
    }
    r->complaints_seen = count;
    if (!r->pending || (!last && now - r->pending_time < SAME_DAMAGE))
        return;
    r->pending = false;
    if (r->damage != r->pending_damage)
        return;
    snprintf(what, sizeof(what), "FFmpeg says: %s", r->pending_text.text);
    ac_reader_damaged(r, r->pending_time, what);
}

/* ---- frames ---- */

/* When the next frame would be. */
static double next_time(const ac_reader *r)
{
    if (r->last_pts == AV_NOPTS_VALUE)
        return 0;
    return since_start(r, r->last_pts + r->last_duration, film(r)->time_base);
}

/* Every frame gets a pts after that of the frame before, and a duration. */
static void mend_times(ac_reader *r, AVFrame *frame)
{
    int64_t pts = frame->best_effort_timestamp, duration = ac_compat_duration(frame);
    const char *wrong = NULL;

    if (duration <= 0)
        duration = r->frame_rate.num ? av_rescale_q(1, av_inv_q(r->frame_rate), film(r)->time_base)
                                     : r->last_duration;
    if (duration <= 0)
        duration = 1;
    if (pts == AV_NOPTS_VALUE && r->last_pts == AV_NOPTS_VALUE) {
        pts = film(r)->start_time == AV_NOPTS_VALUE ? 0 : film(r)->start_time;
    } else if (pts == AV_NOPTS_VALUE) {
        pts = r->last_pts + r->last_duration;
        wrong = "has no timestamp; it follows the frame before";
    } else if (r->last_pts != AV_NOPTS_VALUE && pts <= r->last_pts) {
        pts = r->last_pts + 1;
        wrong = "has the timestamp of a frame before; it was moved behind that";
    }
    if (wrong && !r->preroll && !r->repaired_shown) {
        r->repaired_shown = true;
        ac_log_print(r->log, AC_LOG_WARNING, "%s: the frame at %s %s (said once)", r->path,
                     ac_time_show(since_start(r, pts, film(r)->time_base)).text, wrong);
    }
    r->last_pts = frame->pts = pts;
    r->last_duration = duration;
    ac_compat_set_duration(frame, duration);
}

/* Frames may not change their size, nor luma that would look different. */
static ac_status check_same(ac_reader *r, const AVFrame *frame)
{
    ac_time_text at = ac_time_show(since_start(r, frame->pts, film(r)->time_base));
    ac_luma luma;

    if (frame->width != r->width || frame->height != r->height)
        return ac_fail(r->log, AC_ERR_UNSUPPORTED,
                       "%s: at %s the picture changes from %dx%d to %dx%d; colour the parts one by "
                       "one with --start and --duration",
                       r->path, at.text, r->width, r->height, frame->width, frame->height);
    if (frame->format == r->luma.pix_fmt)
        return AC_OK;
    if (ac_luma_init(&luma, frame->format) || luma.depth != r->luma.depth ||
        (luma.kind == AC_LUMA_RGB) != (r->luma.kind == AC_LUMA_RGB))
        return ac_fail(r->log, AC_ERR_UNSUPPORTED,
                       "%s: at %s the pixel format changes from %s to %s; colour the parts one by "
                       "one with --start and --duration",
                       r->path, at.text, av_get_pix_fmt_name(r->luma.pix_fmt),
                       av_get_pix_fmt_name(frame->format));
    /* Only chroma, which is not looked at, or the way luma is stored differs. */
    ac_luma_uninit(&r->luma);
    r->luma = luma;
    return AC_OK;
}

/* The same of a sequence, where each file may be of another making. */
static ac_status check_same_file(ac_reader *r, const AVFrame *frame)
{
    const char *path = r->sequence->frames[r->at].path;
    const AVFrameSideData *matrix = av_frame_get_side_data(frame, AV_FRAME_DATA_DISPLAYMATRIX);
    ac_turn turn = ac_turn_from_matrix(matrix ? matrix->data : NULL);

    if (frame->width != r->width || frame->height != r->height)
        return ac_fail(r->log, AC_ERR_UNSUPPORTED,
                       "%s: is %dx%d, but the frames before are %dx%d; a sequence has one size",
                       path, frame->width, frame->height, r->width, r->height);
    if (frame->format != r->luma.pix_fmt)
        return ac_fail(r->log, AC_ERR_UNSUPPORTED,
                       "%s: its pixels are %s, but those of the frames before %s; a sequence has "
                       "one pixel format",
                       path, av_get_pix_fmt_name(frame->format),
                       av_get_pix_fmt_name(r->luma.pix_fmt));
    if (turn.mirror_x != r->turn.mirror_x || turn.mirror_y != r->turn.mirror_y ||
        turn.transpose != r->turn.transpose)
        return ac_fail(r->log, AC_ERR_UNSUPPORTED,
                       "%s: has another orientation than the frames before", path);
    return AC_OK;
}

/* What is handed out of the decoder's frame. */
static ac_status make_frame(ac_reader *r, AVFrame **made)
{
    if (r->whole) {
        *made = av_frame_clone(r->frame);
        return *made ? AC_OK : AC_ERR_MEMORY;
    }
    return ac_luma_extract(&r->luma, r->frame, made) || ac_turn_apply(r->turn, made) ? AC_ERR_MEMORY
                                                                                     : AC_OK;
}

static ac_status keep_frame(ac_reader *r, ac_item *item)
{
    AVFrame *frame = r->frame, *made = NULL;
    ac_status status;

    if (!r->got_first)
        TRY(ac_reader_describe(r, frame));
    if (!r->whole)
        TRY(r->sequence ? check_same_file(r, frame) : check_same(r, frame));
    if (make_frame(r, &made)) {
        status = ac_media_no_memory(r->log, r->path);
        goto fail;
    }
    if (!r->got_first) {
        r->got_first = true;
        r->first = frame->pts;
        if (r->cut_end)
            r->end = r->first + llrint(r->duration / av_q2d(film(r)->time_base));
    }
    made->pts = frame->pts;
    item->frame = ac_frame_wrap(&made, since_start(r, frame->pts, film(r)->time_base));
    if (!item->frame) {
        status = ac_media_no_memory(r->log, r->path);
        goto fail;
    }
    item->frame->taken = ac_frame_pool_taken(r->complaints.pool, item->frame->av);
    item->frame->index = r->sequence ? (int64_t)r->at : r->frames;
    r->frames++;
    return AC_OK;
fail:
    av_frame_free(&made);
    return status;
}

static ac_status take_frame(ac_reader *r, ac_item *item)
{
    AVFrame *frame = r->frame;
    bool damaged = frame->flags & AV_FRAME_FLAG_CORRUPT || frame->decode_error_flags;
    ac_status status = AC_OK;

    mend_times(r, frame);
    if (r->cut_start && !damaged && frame->pts <= r->start)
        r->clean_before = true;
    if (r->cut_start && frame->pts < r->start)
        goto done;
    if (r->may_retry && !r->clean_before && !r->got_first) {
        r->try_earlier = true;
        status = AC_END;
        goto done;
    }
    if (r->preroll) { /* what was complained of before is not of the part that is read */
        ac_av_text latest;

        r->preroll = false;
        r->complaints_seen = ac_complaints_get(&r->complaints, &latest);
    }
    if (r->got_first && r->cut_end && frame->pts >= r->end) {
        r->film_over = true;
        goto done;
    }
    if (damaged)
        ac_reader_damaged(r, since_start(r, frame->pts, film(r)->time_base),
                          "a picture with errors, mended by the decoder");
    look_at_complaints(r, since_start(r, frame->pts, film(r)->time_base), false);
    status = keep_frame(r, item);
done:
    av_frame_unref(frame);
    return status;
}

/* ---- packets ---- */

static void note_end(ac_reader *r, const AVPacket *packet, const AVStream *stream)
{
    int64_t end = packet->pts == AV_NOPTS_VALUE ? packet->dts : packet->pts;

    if (end == AV_NOPTS_VALUE || __builtin_add_overflow(end, packet->duration, &end))
        return;
    end = av_rescale_q(end, stream->time_base, AV_TIME_BASE_Q);
    if (end > r->furthest)
        r->furthest = end;
}

/* Seconds from the film's beginning to where the packets read so far end; 0: there were none. */
static double read_so_far(const ac_reader *r)
{
    double seconds = ((double)r->furthest - (double)ac_reader_origin(r)) / AV_TIME_BASE;

    return r->furthest == INT64_MIN || seconds < 0 ? 0 : seconds;
}

/* Seconds of the film that its header promises and the file does not hold. */
static double missing_end(const ac_reader *r)
{
    const AVStream *st = film(r);
    int64_t duration = r->demux->duration;

    /* For this format libavformat estimates the duration anew from the file's size. */
    if (!strcmp(r->demux->iformat->name, "avi") && r->frame_rate.num && !r->cut_start)
        return (double)(st->nb_frames - r->film_packets) / av_q2d(r->frame_rate);
    if (duration == AV_NOPTS_VALUE ||
        r->demux->duration_estimation_method != AVFMT_DURATION_FROM_STREAM)
        return 0;
    return (double)duration / AV_TIME_BASE - read_so_far(r);
}

/* Of these, FFmpeg drops the last part of a frame, or hands it out as if it were whole: in y4m
 * there is more than was handed out, in NUT nothing more, where an index should be. */
static bool ends_in_frame(const ac_reader *r)
{
    const char *name = r->demux->iformat->name;
    int64_t end = r->demux->pb ? avio_tell(r->demux->pb) : 0;

    return (!strcmp(name, "yuv4mpegpipe") && end > r->packets_end) ||
           (!strcmp(name, "nut") && end == r->packets_end);
}

/* A file that was cut off is read to its end without an error; only its header tells. */
static void check_early_end(ac_reader *r)
{
    if (!r->picture && missing_end(r) > EARLY_END_SLACK)
        ac_reader_damaged(r, read_so_far(r), "the file ends here, before the end its header gives");
    else if (ends_in_frame(r))
        ac_reader_damaged(r, read_so_far(r), "the file ends here, in the middle of a frame");
}

static ac_status end_of_file(ac_reader *r)
{
    r->end_of_file = true;
    if (!r->cut_end || !r->film_over)
        check_early_end(r);
    if (!r->film_over)
        avcodec_send_packet(r->decoder, NULL);
    return AC_OK;
}

static ac_status read_failed(ac_reader *r, int error)
{
    int io = r->demux->pb ? r->demux->pb->error : 0;

    if (error == AVERROR(ENOMEM))
        return ac_media_no_memory(r->log, r->path);
    if (error == AVERROR_EXIT)
        return AC_ERR_CANCELLED;
    if (error == AVERROR_EOF)
        return end_of_file(r);
    if (io < 0 && io != AVERROR_EOF)
        return ac_fail(r->log, AC_ERR_IO, "%s: cannot be read: %s", r->path, av_err2str(io));
    if (!r->read_errors && error != AVERROR(EAGAIN))
        ac_reader_damaged(r, read_so_far(r),
                          "a part of the file cannot be understood and is missing");
    return ++r->read_errors > READ_ERRORS_MAX ? end_of_file(r) : AC_OK;
}

static void decode(ac_reader *r, const AVPacket *packet)
{
    int error = avcodec_send_packet(r->decoder, packet);

    /* The decoder takes a packet whenever it has no frame to give, so EAGAIN cannot be. */
    if (error < 0 && error != AVERROR_EOF)
        ac_reader_damaged(r, next_time(r), "a picture cannot be decoded and is missing");
}

/* A stream that was not there at the start cannot be in the output, whose header is written. */
static void pass_over(ac_reader *r, const AVPacket *packet)
{
    const AVCodecParameters *par = r->demux->streams[packet->stream_index]->codecpar;

    if (r->late_stream_shown)
        return;
    r->late_stream_shown = true;
    ac_log_print(r->log, AC_LOG_WARNING,
                 "%s: stream %d (%s, %s) begins in the middle of the film and is left out; so are "
                 "others that do",
                 r->path, packet->stream_index, av_get_media_type_string(par->codec_type),
                 avcodec_get_name(par->codec_id));
}

static ac_status carry(ac_reader *r, ac_item *item)
{
    const AVStream *stream = r->demux->streams[r->packet->stream_index];
    AVPacket *packet = av_packet_alloc();

    if (!packet)
        return ac_media_no_memory(r->log, r->path);
    av_packet_move_ref(packet, r->packet);
    if (packet->flags & AV_PKT_FLAG_CORRUPT && !r->reported[packet->stream_index]) {
        char what[120];

        r->reported[packet->stream_index] = true;
        snprintf(what, sizeof(what), "stream %d (%s, %s) has errors there, which are carried along",
                 packet->stream_index, av_get_media_type_string(stream->codecpar->codec_type),
                 avcodec_get_name(stream->codecpar->codec_id));
        ac_reader_damaged(r,
                          packet->pts == AV_NOPTS_VALUE
                              ? next_time(r)
                              : since_start(r, packet->pts, stream->time_base),
                          what);
    }
    item->packet = ac_packet_wrap(&packet);
    return item->packet ? AC_OK : ac_media_no_memory(r->log, r->path);
}

static ac_status read_packet(ac_reader *r, ac_item *item)
{
    AVPacket *packet = r->packet;
    ac_status status = AC_OK;
    int error = av_read_frame(r->demux, packet), index = packet->stream_index;
    int64_t dts = packet->dts;
    const AVStream *stream;

    if (error < 0)
        return read_failed(r, error);
    r->read_errors = 0;
    stream = r->demux->streams[index];
    if ((unsigned)index >= r->streams) {
        if (!r->whole)
            pass_over(r, packet);
    } else if (!(stream->disposition & AV_DISPOSITION_ATTACHED_PIC)) {
        note_end(r, packet, stream);
        r->packets_end = FFMAX(r->packets_end, packet->pos + packet->size);
        if (index != r->stream)
            status = r->whole ? AC_OK : carry(r, item);
        else if (!r->film_over)
            decode(r, packet);
        r->film_packets += index == r->stream;
        if (r->film_over && dts != AV_NOPTS_VALUE &&
            av_compare_ts(dts, stream->time_base, r->stop_after, AV_TIME_BASE_Q) > 0)
            r->end_of_file = true;
    }
    av_packet_unref(packet);
    return status;
}

static ac_status step_sequence(ac_reader *r, ac_item *item)
{
    ac_status status = r->film_over ? AC_END : ac_frame_source_next(r->source, r->frame, &r->at);

    r->film_over |= status == AC_END;
    return status ? status : take_frame(r, item);
}

ac_status ac_reader_step(ac_reader *r, ac_item *item)
{
    *item = (ac_item){0};
    if (r->sequence)
        return step_sequence(r, item);
    if (!r->film_over) {
        int error = avcodec_receive_frame(r->decoder, r->frame);

        if (!error) {
            ac_status status = take_frame(r, item);

            if (!status && r->film_over)
                r->stop_after =
                    av_rescale_q(r->end, film(r)->time_base, AV_TIME_BASE_Q) + AC_LOOK_BEHIND_END;
            return status;
        }
        if (error == AVERROR_EOF || (error == AVERROR(EAGAIN) && r->end_of_file))
            r->film_over = true;
        else if (error == AVERROR(ENOMEM))
            return ac_media_no_memory(r->log, r->path);
        else if (error != AVERROR(EAGAIN))
            ac_reader_damaged(r, next_time(r), "a picture cannot be decoded and is missing");
    }
    if (r->end_of_file && r->film_over) {
        look_at_complaints(r, next_time(r), true);
        return AC_END;
    }
    return r->end_of_file ? AC_OK : read_packet(r, item);
}

/* ---- handing out ---- */

/* Cuts a packet of another stream to the part that is read, and moves it as the film is moved.
 * False: nothing of it is in the part. */
static bool cut_packet(ac_reader *r, AVPacket *packet)
{
    const AVStream *stream = r->demux->streams[packet->stream_index];
    AVRational tb = stream->time_base;
    int64_t pts = packet->pts == AV_NOPTS_VALUE ? packet->dts : packet->pts;

    if (pts == AV_NOPTS_VALUE || stream->disposition & AV_DISPOSITION_ATTACHED_PIC)
        return true;
    if (r->cut_end && av_compare_ts(pts, tb, r->end, film(r)->time_base) >= 0)
        return false;
    if (r->cut_start) {
        int64_t first = av_rescale_q(r->first, film(r)->time_base, tb);

        if (pts < first) {
            /* A subtitle that is on the screen at the start stays there. */
            if (stream->codecpar->codec_type != AVMEDIA_TYPE_SUBTITLE ||
                pts + packet->duration <= first)
                return false;
            packet->duration -= first - pts;
            packet->pts = packet->dts = first;
        }
        /* Another film in the file cannot begin between key frames. */
        if (stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO &&
            !(packet->flags & AV_PKT_FLAG_KEY) && !r->started[packet->stream_index])
            return false;
        r->started[packet->stream_index] = true;
        if (packet->pts != AV_NOPTS_VALUE)
            packet->pts -= first;
        if (packet->dts != AV_NOPTS_VALUE)
            packet->dts -= first;
    }
    return true;
}

ac_status ac_reader_next(ac_reader *r, ac_item *item)
{
    for (;;) {
        if (r->ahead_next < r->ahead_count) {
            *item = r->ahead[r->ahead_next];
            r->ahead[r->ahead_next++] = (ac_item){0};
        } else {
            ac_status status = ac_reader_step(r, item);

            if (status)
                return status;
        }
        if (item->frame) {
            if (r->cut_start)
                item->frame->av->pts -= r->first;
            return AC_OK;
        }
        if (item->packet) {
            if (cut_packet(r, item->packet->av))
                return AC_OK;
            ac_packet_free(&item->packet);
        }
    }
}

const ac_reader_info *ac_reader_get_info(const ac_reader *r)
{
    return &r->info;
}

int64_t ac_reader_damage(const ac_reader *r)
{
    return r->damage;
}
