/* Opening an input: finding the film in it, the place to begin, and the first frame. */
#include <errno.h>
#include <fcntl.h>
#include <libavutil/avstring.h>
#include <libavutil/parseutils.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "media/internal.h"

/* Seconds before the start at which decoding begins, tried in turn until a sound frame comes at or
 * before the start: some files have no index, and in some a key frame is not where it begins. */
static const int seek_back[] = {0, 3, 15, 60, -1 /* the beginning */};
#define SEEK_TRIES (int)(sizeof(seek_back) / sizeof(seek_back[0]))

/* ---- the file ---- */

static bool has_ftyp(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char head[8];
    bool found = fd >= 0 && read(fd, head, 8) == 8 && !memcmp(head + 4, "ftyp", 4);

    if (fd >= 0)
        close(fd);
    return found;
}

static ac_status check_file(const ac_reader *r)
{
    struct stat info;

    if (stat(r->path, &info))
        return ac_fail(r->log, AC_ERR_IO, "%s: cannot be opened: %s", r->path, strerror(errno));
    if (S_ISDIR(info.st_mode))
        return ac_fail(r->log, AC_ERR_IO, "%s: is a directory; name a film or a picture in it",
                       r->path);
    if (!S_ISREG(info.st_mode))
        return ac_fail(r->log, AC_ERR_IO, "%s: is not a regular file", r->path);
    if (!info.st_size)
        return ac_fail(r->log, AC_ERR_FORMAT, "%s: is empty", r->path);
    if (access(r->path, R_OK))
        return ac_fail(r->log, AC_ERR_IO, "%s: cannot be read: %s", r->path, strerror(errno));
    return AC_OK;
}

static ac_status open_demuxer(ac_reader *r)
{
    /* With "file:" a name such as "a:b.mp4" is no protocol, and without patterns "50%d.png" is no
     * sequence. */
    char *url = av_asprintf("file:%s", r->path);
    AVDictionary *options = NULL;
    int error;

    r->demux = avformat_alloc_context();
    if (!url || !r->demux || av_dict_set(&options, "pattern_type", "none", 0) < 0) {
        av_free(url);
        return ac_media_no_memory(r->log, r->path);
    }
    r->demux->opaque = &r->complaints;
    r->demux->pb = r->pipe ? ac_pipe_io(r->pipe) : NULL;
    ac_av_forget();
    error = avformat_open_input(&r->demux, url, NULL, &options);
    av_free(url);
    av_dict_free(&options);
    if (error == AVERROR(ENOMEM))
        return ac_media_no_memory(r->log, r->path);
    if (error == AVERROR_EXIT)
        return AC_ERR_CANCELLED;
    if (error < 0 && r->pipe && ac_pipe_is_empty(r->pipe) && ac_av_status(error) == AC_ERR_FORMAT)
        return ac_fail(r->log, AC_ERR_FORMAT, "%s: is empty", r->path);
    if (error == AVERROR_INVALIDDATA && r->pipe)
        return ac_fail(r->log, AC_ERR_FORMAT,
                       "%s: is not a film that FFmpeg can read without seeking in it; y4m, nut and "
                       "matroska are",
                       r->path);
    if (error < 0 && !r->pipe && has_ftyp(r->path))
        return ac_fail(r->log, AC_ERR_FORMAT,
                       "%s: is cut off: its index (moov) is missing; get the whole file", r->path);
    if (error == AVERROR_INVALIDDATA)
        return ac_fail(r->log, AC_ERR_FORMAT,
                       "%s: is not a film or a picture, or of a kind that FFmpeg cannot read",
                       r->path);
    if (error < 0 || !r->demux)
        return ac_fail(r->log, ac_av_status(error), "%s: cannot be read: %s", r->path,
                       ac_av_why(error).text);
    error = avformat_find_stream_info(r->demux, NULL);
    if (error == AVERROR_EXIT)
        return AC_ERR_CANCELLED;
    if (error < 0)
        return ac_fail(r->log, ac_av_status(error), "%s: cannot be read: %s", r->path,
                       ac_av_why(error).text);
    return AC_OK;
}

static bool is_picture_demuxer(const AVFormatContext *demux)
{
    const char *name = demux->iformat->name;
    size_t length = strlen(name);
    const AVDictionaryEntry *brand = av_dict_get(demux->metadata, "major_brand", NULL, 0);

    /* These may also be films; whether there is a second frame tells. */
    return !strcmp(name, "image2") || (length > 5 && !strcmp(name + length - 5, "_pipe")) ||
           av_match_name("gif", name) || av_match_name("apng", name) ||
           (brand && av_match_name(brand->value, "avif,avis,mif1,heic,heix"));
}

static ac_status find_film(ac_reader *r)
{
    unsigned covers = 0;

    if (!r->demux) /* cannot be; for the static analyzer */
        return AC_ERR_FORMAT;
    r->stream = -1;
    r->streams = r->demux->nb_streams;
    for (unsigned i = 0; i < r->streams && r->stream < 0; i++) {
        const AVStream *st = r->demux->streams[i];

        if (st->codecpar->codec_type != AVMEDIA_TYPE_VIDEO)
            continue;
        if (st->disposition & (AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS))
            covers++;
        else
            r->stream = (int)i;
    }
    if (r->stream < 0)
        return ac_fail(r->log, AC_ERR_FORMAT, "%s: has no video stream%s%s", r->path,
                       covers ? " but cover art" : "", r->whole ? "" : "; nothing to colour");
    r->picture = is_picture_demuxer(r->demux);
    r->reported = calloc(r->streams, sizeof(*r->reported));
    r->started = calloc(r->streams, sizeof(*r->started));
    r->kept = calloc(r->streams, sizeof(AVStream *));
    if (!r->reported || !r->started || !r->kept)
        return ac_media_no_memory(r->log, r->path);
    memcpy(r->kept, r->demux->streams, r->streams * sizeof(AVStream *));
    return AC_OK;
}

static ac_status open_decoder(ac_reader *r, int threads)
{
    const AVStream *st = r->demux->streams[r->stream];
    const AVCodec *codec = avcodec_find_decoder(st->codecpar->codec_id);
    int error;

    if (!codec)
        return ac_fail(r->log, AC_ERR_UNSUPPORTED, "%s: this FFmpeg has no decoder for %s", r->path,
                       avcodec_get_name(st->codecpar->codec_id));
    r->decoder = avcodec_alloc_context3(codec);
    r->packet = av_packet_alloc();
    r->frame = av_frame_alloc();
    if (!r->decoder || !r->packet || !r->frame ||
        avcodec_parameters_to_context(r->decoder, st->codecpar) < 0)
        return ac_media_no_memory(r->log, r->path);
    r->decoder->opaque = &r->complaints;
    if (r->complaints.pool)
        ac_frame_pool_serve(r->decoder);
    r->decoder->pkt_timebase = st->time_base;
    r->decoder->thread_count = threads;
    /* Damaged pictures are kept and counted, and cropping is exact at any alignment. */
    r->decoder->flags |= AV_CODEC_FLAG_OUTPUT_CORRUPT | AV_CODEC_FLAG_UNALIGNED;
    ac_av_forget();
    error = avcodec_open2(r->decoder, codec, NULL);
    if (error < 0)
        return ac_fail(r->log, ac_av_status(error), "%s: the %s decoder cannot begin: %s", r->path,
                       codec->name, ac_av_why(error).text);
    return AC_OK;
}

/* ---- the first frame ---- */

static ac_status keep_ahead(ac_reader *r, ac_item *item)
{
    if (!item->frame && !item->packet)
        return AC_OK;
    if (r->ahead_count == r->ahead_size) {
        unsigned size = r->ahead_size ? 2 * r->ahead_size : 64;
        ac_item *grown = realloc(r->ahead, size * sizeof(*grown));

        if (!grown) {
            ac_frame_free(&item->frame);
            ac_packet_free(&item->packet);
            return ac_media_no_memory(r->log, r->path);
        }
        r->ahead = grown;
        r->ahead_size = size;
    }
    r->ahead[r->ahead_count++] = *item;
    return AC_OK;
}

static void forget_ahead(ac_reader *r)
{
    for (unsigned i = 0; i < r->ahead_count; i++) {
        ac_frame_free(&r->ahead[i].frame);
        ac_packet_free(&r->ahead[i].packet);
    }
    r->ahead_count = r->ahead_next = 0;
}

static void forget_reading(ac_reader *r)
{
    ac_av_text latest;

    forget_ahead(r);
    r->complaints_seen = ac_complaints_get(&r->complaints, &latest);
    r->pending = false;
    avcodec_flush_buffers(r->decoder);
    r->end_of_file = r->film_over = r->got_first = r->clean_before = false;
    r->preroll = r->cut_start;
    r->last_pts = AV_NOPTS_VALUE;
    r->last_duration = 0;
    r->furthest = INT64_MIN;
    r->damage = r->frames = r->film_packets = 0;
    r->read_errors = 0;
}

/* Packets that are over before the start need not be kept until the first frame is found. */
static bool is_before_start(const ac_reader *r, const ac_packet *packet)
{
    AVRational tb = r->demux->streams[packet->av->stream_index]->time_base;

    return r->cut_start && packet->av->pts != AV_NOPTS_VALUE &&
           av_compare_ts(packet->av->pts + packet->av->duration, tb, r->start,
                         r->demux->streams[r->stream]->time_base) < 0;
}

static ac_status read_to_first(ac_reader *r)
{
    ac_status status = AC_OK;
    ac_item item;

    while (!r->got_first && !status) {
        status = ac_reader_step(r, &item);
        if (!status && item.packet && is_before_start(r, item.packet))
            ac_packet_free(&item.packet);
        else if (!status)
            status = keep_ahead(r, &item);
    }
    return status;
}

/* The last frame that is not after the start. */
static int seek_sequence(const ac_reader *r)
{
    const ac_sequence *s = r->sequence;
    size_t at = 0;

    while (at + 1 < s->count && s->frames[at + 1].number - s->frames[0].number <= r->start)
        at++;
    ac_frame_source_seek(r->source, at);
    return 0;
}

/* Puts the demuxer `back` seconds before the start, negative: at the beginning. */
static int seek(const ac_reader *r, int back)
{
    const AVStream *st = r->demux->streams[r->stream];
    int64_t first = st->start_time == AV_NOPTS_VALUE ? 0 : st->start_time,
            to = back < 0 ? first : r->start - llrint(back / av_q2d(st->time_base));

    if (r->sequence)
        return seek_sequence(r);
    if (r->pipe && !ac_pipe_io(r->pipe)->seekable)
        return AVERROR(ESPIPE);
    /* Where timestamps have to be searched for, the very first packet is not found by its own. */
    if (to <= first && r->demux->iformat->flags & AVFMT_TS_DISCONT)
        return av_seek_frame(r->demux, -1, 0, AVSEEK_FLAG_BYTE);
    to = FFMAX(to, first);
    return avformat_seek_file(r->demux, r->stream, INT64_MIN, to, to, 0);
}

static ac_status seek_first(ac_reader *r)
{
    ac_status status = AC_OK;

    for (int i = 0; i < SEEK_TRIES; i++) {
        int error = seek(r, seek_back[i]);

        /* What cannot be sought in is read from its beginning, once. */
        if (error < 0 && i > 0)
            continue;
        forget_reading(r);
        r->may_retry = i < SEEK_TRIES - 1 && error >= 0;
        r->try_earlier = false;
        status = read_to_first(r);
        r->may_retry = false;
        if (!r->try_earlier)
            break;
    }
    return status;
}

static ac_status find_first(ac_reader *r, double start)
{
    ac_status status;

    ac_av_forget();
    forget_reading(r);
    status = r->cut_start ? seek_first(r) : read_to_first(r);
    if (status != AC_END)
        return status;
    if (r->cut_start && r->last_pts != AV_NOPTS_VALUE)
        return ac_fail(r->log, AC_ERR_ARGUMENT, "%s: the start %s is after the film's last frame",
                       r->path, ac_time_show(start).text);
    return ac_fail(r->log, AC_ERR_FORMAT, "%s: no picture in it can be decoded (%s)", r->path,
                   avcodec_get_name(r->decoder->codec_id));
}

/* A second frame makes a film of what may be a picture. */
static ac_status look_for_second(ac_reader *r)
{
    ac_status status = AC_OK;
    ac_item item;

    while (!status && r->picture && r->frames < 2) {
        status = ac_reader_step(r, &item);
        if (!status)
            status = keep_ahead(r, &item);
    }
    return status == AC_END ? AC_OK : status;
}

/* Cover art is not read from the file but known from its header. */
static ac_status add_covers(ac_reader *r)
{
    for (unsigned i = 0; i < r->streams; i++) {
        const AVStream *st = r->demux->streams[i];
        ac_item item = {0};
        AVPacket *packet;

        if (!(st->disposition & AV_DISPOSITION_ATTACHED_PIC) || !st->attached_pic.size)
            continue;
        packet = av_packet_clone(&st->attached_pic);
        if (!packet)
            return ac_media_no_memory(r->log, r->path);
        packet->stream_index = (int)i;
        if (packet->pts == AV_NOPTS_VALUE || r->cut_start)
            packet->pts = packet->dts = 0;
        item.packet = ac_packet_wrap(&packet);
        if (!item.packet)
            return ac_media_no_memory(r->log, r->path);
        if (keep_ahead(r, &item))
            return AC_ERR_MEMORY;
    }
    return AC_OK;
}

/* ---- sequences ---- */

/* Lists the frames; what is opened is the first one's file. */
static ac_status find_sequence(ac_reader *r, const ac_reader_params *params)
{
    ac_status status;

    TRY(ac_sequence_find(
        &(ac_sequence_params){.path = params->path,
                              .start_number = params->has_start_number ? params->start_number : -1,
                              .allow_gaps = params->allow_gaps},
        r->log, &r->sequence));
    free(r->path);
    r->path = strdup(r->sequence->frames[0].path);
    return r->path ? AC_OK : ac_media_no_memory(r->log, params->path);
fail:
    return status;
}

/* The film that the frames make. */
static ac_status open_sequence(ac_reader *r, const ac_reader_params *params)
{
    const ac_sequence *s = r->sequence;
    AVStream *st = r->demux->streams[r->stream];
    AVRational rate = {25, 1};
    char *path;

    if (!r->picture || st->codecpar->codec_id == AV_CODEC_ID_GIF ||
        st->codecpar->codec_id == AV_CODEC_ID_APNG || av_match_name("mov", r->demux->iformat->name))
        return ac_fail(r->log, AC_ERR_UNSUPPORTED,
                       "%s: may be a film (%s); a sequence has one picture a file", r->path,
                       r->demux->iformat->long_name);
    if (params->framerate &&
        (av_parse_video_rate(&rate, params->framerate) < 0 || rate.num <= 0 || rate.den <= 0))
        return ac_fail(r->log, AC_ERR_ARGUMENT,
                       "--framerate: '%s' is no rate; 24, 23.976, 24000/1001 and ntsc are some",
                       params->framerate);
    st->time_base = av_inv_q(rate);
    st->avg_frame_rate = st->r_frame_rate = rate;
    st->start_time = 0;
    st->nb_frames = (int64_t)s->count;
    st->duration = s->frames[s->count - 1].number - s->frames[0].number + 1;
    r->decoder->pkt_timebase = st->time_base;
    r->demux->start_time = 0;
    r->info.sequence = true;
    /* From here on what is said is said of all of them. */
    path = strdup(params->path);
    if (!path)
        return ac_media_no_memory(r->log, params->path);
    free(r->path);
    r->path = path;
    return ac_frame_source_create(s, st->codecpar, params->threads, r->log, &r->source);
}

static ac_status open_pipe(ac_reader *r, const ac_reader_params *params)
{
    ac_status status;

    TRY(ac_pipe_open_input(params->cancel, r->log, &r->pipe));
    free(r->path);
    r->path = strdup("standard input");
    return r->path ? AC_OK : ac_media_no_memory(r->log, params->path);
fail:
    return status;
}

static ac_status check_no_sequence(const ac_reader *r, const ac_reader_params *params)
{
    const char *option = params->framerate    ? "--framerate"
                         : params->allow_gaps ? "--allow-gaps"
                                              : NULL;

    if (!option)
        return AC_OK;
    return ac_fail(r->log, AC_ERR_ARGUMENT,
                   "%s: %s is for sequences: a pattern such as shot/%%06d.png, a glob or a folder",
                   r->path, option);
}

/* ---- together ---- */

static void set_cut(ac_reader *r, const ac_reader_params *params)
{
    AVRational tb = r->demux->streams[r->stream]->time_base;

    r->cut_start = params->start > 0;
    r->cut_end = params->duration > 0;
    r->duration = params->duration;
    r->start = (int64_t)floor(
        (params->start + (double)ac_reader_origin(r) / AV_TIME_BASE) / av_q2d(tb) + 1e-6);
}

static ac_status open_reader(const ac_reader_params *params, bool whole, const ac_log *log,
                             ac_reader **reader)
{
    ac_reader *r = calloc(1, sizeof(*r));
    ac_status status;

    *reader = NULL;
    if (!r)
        return ac_media_no_memory(log, params->path);
    r->log = log;
    r->whole = whole;
    pthread_mutex_init(&r->complaints.lock, NULL);
    r->path = strdup(params->path);
    if (params->memory)
        r->complaints.pool = ac_frame_pool_create(params->memory);
    if (!r->path || (params->memory && !r->complaints.pool)) {
        status = ac_media_no_memory(log, params->path);
        goto fail;
    }
    if (!whole && ac_pipe_is(params->path))
        TRY(open_pipe(r, params));
    else if (!whole && ac_sequence_kind_of(params->path) != AC_SEQUENCE_NONE)
        TRY(find_sequence(r, params));
    if (!r->pipe)
        TRY(check_file(r));
    TRY(open_demuxer(r));
    TRY(find_film(r));
    TRY(open_decoder(r, r->sequence ? 1 : params->threads));
    if (r->sequence)
        TRY(open_sequence(r, params));
    else
        TRY(check_no_sequence(r, params));
    set_cut(r, params);
    TRY(find_first(r, params->start));
    if (!r->sequence)
        TRY(look_for_second(r));
    if (!whole)
        TRY(add_covers(r));
    if (r->picture && !r->sequence && r->frames == 1 && r->film_over) {
        r->info.still = true;
        r->info.fps = r->info.seconds = 0;
        r->info.frames = 1;
    }
    *reader = r;
    return AC_OK;
fail:
    ac_reader_close(&r);
    return status;
}

ac_status ac_reader_open(const ac_reader_params *params, const ac_log *log, ac_reader **reader)
{
    return open_reader(params, false, log, reader);
}

ac_status ac_reader_open_whole(const char *path, int threads, const ac_log *log, ac_reader **reader)
{
    return open_reader(&(ac_reader_params){.path = path, .threads = threads}, true, log, reader);
}

void ac_reader_skip(ac_reader *r, int64_t index)
{
    if (!r->sequence || index <= (int64_t)r->at || index >= (int64_t)r->sequence->count)
        return;
    forget_ahead(r);
    ac_frame_source_seek(r->source, (size_t)index);
}

void ac_reader_drop_film(ac_reader *r)
{
    r->stop_after = INT64_MAX;
    if (r->cut_end)
        r->stop_after =
            av_rescale_q(r->end, r->demux->streams[r->stream]->time_base, AV_TIME_BASE_Q) +
            AC_LOOK_BEHIND_END;
    r->film_over = true;
}

void ac_reader_close(ac_reader **reader)
{
    ac_reader *r = reader ? *reader : NULL;

    if (!r)
        return;
    forget_ahead(r);
    free(r->ahead);
    ac_frame_source_destroy(&r->source);
    ac_sequence_destroy(&r->sequence);
    ac_luma_uninit(&r->luma);
    avcodec_free_context(&r->decoder);
    avformat_close_input(&r->demux);
    ac_pipe_close(&r->pipe);
    av_packet_free(&r->packet);
    av_frame_free(&r->frame);
    av_frame_free(&r->first_props);
    free(r->reported);
    free(r->started);
    free(r->kept);
    free(r->path);
    ac_frame_pool_destroy(&r->complaints.pool);
    pthread_mutex_destroy(&r->complaints.lock);
    free(r);
    *reader = NULL;
}
