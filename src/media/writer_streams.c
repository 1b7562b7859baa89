/* What the output holds beside the coloured film: the other streams, chapters, metadata. */
#include <libavutil/avstring.h>
#include <libavutil/timecode.h>
#include <stdlib.h>
#include <string.h>

#include "media/internal.h"

/* Containers suggested for what another cannot hold, best first. */
static const char *const homes[][2] = {
    {"matroska", ".mkv"}, {"mp4", ".mp4"}, {"mov", ".mov"}, {"mpegts", ".ts"}};

static const enum AVCodecID transport_codecs[] = {
    AV_CODEC_ID_MPEG1VIDEO,   AV_CODEC_ID_MPEG2VIDEO,   AV_CODEC_ID_MPEG4,
    AV_CODEC_ID_H264,         AV_CODEC_ID_HEVC,         AV_CODEC_ID_CAVS,
    AV_CODEC_ID_DIRAC,        AV_CODEC_ID_MP1,          AV_CODEC_ID_MP2,
    AV_CODEC_ID_MP3,          AV_CODEC_ID_AAC,          AV_CODEC_ID_AAC_LATM,
    AV_CODEC_ID_AC3,          AV_CODEC_ID_EAC3,         AV_CODEC_ID_DTS,
    AV_CODEC_ID_TRUEHD,       AV_CODEC_ID_OPUS,         AV_CODEC_ID_S302M,
    AV_CODEC_ID_DVB_SUBTITLE, AV_CODEC_ID_DVB_TELETEXT, AV_CODEC_ID_HDMV_PGS_SUBTITLE,
    AV_CODEC_ID_SMPTE_KLV,    AV_CODEC_ID_TIMED_ID3,    AV_CODEC_ID_SCTE_35,
    AV_CODEC_ID_NONE};

static const enum AVCodecID program_codecs[] = {
    AV_CODEC_ID_MPEG1VIDEO, AV_CODEC_ID_MPEG2VIDEO,   AV_CODEC_ID_MP1, AV_CODEC_ID_MP2,
    AV_CODEC_ID_MP3,        AV_CODEC_ID_AC3,          AV_CODEC_ID_DTS, AV_CODEC_ID_PCM_S16BE,
    AV_CODEC_ID_PCM_DVD,    AV_CODEC_ID_DVD_SUBTITLE, AV_CODEC_ID_NONE};

static bool is_matroska(const AVOutputFormat *of)
{
    return !strcmp(of->name, "matroska");
}

static bool is_mov(const AVOutputFormat *of)
{
    return av_match_name(of->name, "mov,mp4,ipod,ismv,f4v,3gp,3g2,psp");
}

static bool is_cover(const AVStream *st)
{
    return st->disposition & AV_DISPOSITION_ATTACHED_PIC;
}

static bool is_in(const enum AVCodecID *list, enum AVCodecID id)
{
    for (; *list != AV_CODEC_ID_NONE; list++)
        if (*list == id)
            return true;
    return false;
}

/* As far as the muxer's tables know. Muxers without tables say no only once they are tried. */
static bool may_hold(const AVOutputFormat *of, const AVStream *st)
{
    const AVCodecParameters *par = st->codecpar;

    if (par->codec_type == AVMEDIA_TYPE_ATTACHMENT)
        return is_matroska(of);
    if (par->codec_id == AV_CODEC_ID_NONE || par->codec_type == AVMEDIA_TYPE_UNKNOWN)
        return false;
    if (is_cover(st) && is_matroska(of)) /* as an attachment */
        return par->codec_id == AV_CODEC_ID_MJPEG || par->codec_id == AV_CODEC_ID_PNG;
    if (is_cover(st) && !is_mov(of))
        return false;
    /* These take everything, but what they do not know nobody can read again. */
    if (!strcmp(of->name, "mpegts"))
        return is_in(transport_codecs, par->codec_id);
    if (av_match_name(of->name, "mpeg,vob,dvd,svcd,vcd"))
        return is_in(program_codecs, par->codec_id);
    return avformat_query_codec(of, par->codec_id, FF_COMPLIANCE_NORMAL) != 0;
}

/* ---- one stream ---- */

/* Side data that is still true of a film that was coloured and encoded anew. */
static bool is_true_of_film(enum AVPacketSideDataType type)
{
    return type == AV_PKT_DATA_DISPLAYMATRIX || type == AV_PKT_DATA_STEREO3D ||
           type == AV_PKT_DATA_SPHERICAL || type == AV_PKT_DATA_MASTERING_DISPLAY_METADATA ||
           type == AV_PKT_DATA_CONTENT_LIGHT_LEVEL || type == AV_PKT_DATA_AFD;
}

/* Statistics that Matroska tools write; they would be wrong. */
static void drop_statistics(AVDictionary **metadata)
{
    static const char *const keys[] = {"BPS", "DURATION", "NUMBER_OF_FRAMES", "NUMBER_OF_BYTES",
                                       "_STATISTICS_"};

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const AVDictionaryEntry *entry;

        while ((entry = av_dict_get(*metadata, keys[i], NULL, AV_DICT_IGNORE_SUFFIX)))
            av_dict_set(metadata, entry->key, NULL, 0);
    }
}

/* Players of Apple look for these names. */
static uint32_t tag_of_film(const AVOutputFormat *of, enum AVCodecID id)
{
    return is_mov(of) && id == AV_CODEC_ID_HEVC ? MKTAG('h', 'v', 'c', '1') : 0;
}

/* What the pictures themselves say, for players that look at the container only. */
static int add_from_frame(const ac_reader *r, AVStream *out)
{
    static const struct {
        enum AVFrameSideDataType frame;
        enum AVPacketSideDataType stream;
    } kinds[] = {{AV_FRAME_DATA_MASTERING_DISPLAY_METADATA, AV_PKT_DATA_MASTERING_DISPLAY_METADATA},
                 {AV_FRAME_DATA_CONTENT_LIGHT_LEVEL, AV_PKT_DATA_CONTENT_LIGHT_LEVEL}};
    int error = 0;

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && error >= 0; i++) {
        const AVFrameSideData *data = av_frame_get_side_data(r->first_props, kinds[i].frame);

        if (data)
            error = ac_compat_add_side_data(out, kinds[i].stream, data->data, data->size);
    }
    return error;
}

static int fill_film(const ac_writer *w, const AVOutputFormat *of, AVStream *out)
{
    const AVStream *in = w->input->demux->streams[w->input->stream];
    int error = avcodec_parameters_from_context(out->codecpar, w->encoder);

    if (error < 0)
        return error;
    if (tag_of_film(of, w->encoder->codec_id))
        out->codecpar->codec_tag = tag_of_film(of, w->encoder->codec_id);
    out->time_base = w->encoder->time_base;
    out->avg_frame_rate = in->avg_frame_rate.num > 0 ? in->avg_frame_rate : w->input->frame_rate;
    out->r_frame_rate = w->input->frame_rate;
    out->sample_aspect_ratio = w->encoder->sample_aspect_ratio;
    out->disposition = in->disposition;
    error = av_dict_copy(&out->metadata, in->metadata, 0);
    drop_statistics(&out->metadata);
    av_dict_set(&out->metadata, "encoder", w->encoder->codec->name, 0);
    if (error >= 0 && !w->input->picture)
        error = ac_compat_copy_side_data(out, in, is_true_of_film);
    return error < 0 ? error : add_from_frame(w->input, out);
}

/* Matroska keeps pictures as attached files. */
static int make_attachment(AVStream *out, const AVStream *in)
{
    AVCodecParameters *par = out->codecpar;
    bool png = in->codecpar->codec_id == AV_CODEC_ID_PNG;
    size_t size = (size_t)in->attached_pic.size;
    int error = 0;

    par->codec_type = AVMEDIA_TYPE_ATTACHMENT;
    par->codec_id = in->codecpar->codec_id;
    av_freep(&par->extradata);
    par->extradata = av_mallocz(size + AV_INPUT_BUFFER_PADDING_SIZE);
    if (!par->extradata)
        return AVERROR(ENOMEM);
    memcpy(par->extradata, in->attached_pic.data, size);
    par->extradata_size = (int)size;
    out->disposition = 0;
    if (!av_dict_get(out->metadata, "filename", NULL, 0))
        error = av_dict_set(&out->metadata, "filename", png ? "cover.png" : "cover.jpg", 0);
    if (error >= 0 && !av_dict_get(out->metadata, "mimetype", NULL, 0))
        error = av_dict_set(&out->metadata, "mimetype", png ? "image/png" : "image/jpeg", 0);
    return error;
}

static int fill_copy(const ac_writer *w, const AVOutputFormat *of, AVStream *out, int index)
{
    const AVStream *in = w->input->demux->streams[index];
    AVCodecParameters *par = out->codecpar;
    int error = avcodec_parameters_copy(par, in->codecpar);
    unsigned tag;

    if (error < 0)
        return error;
    /* A tag is a container's own name of a codec; others have others. */
    if (!of->codec_tag || (av_codec_get_id(of->codec_tag, par->codec_tag) != par->codec_id &&
                           av_codec_get_tag2(of->codec_tag, par->codec_id, &tag)))
        par->codec_tag = 0;
    out->time_base = in->time_base;
    out->avg_frame_rate = in->avg_frame_rate;
    out->r_frame_rate = in->r_frame_rate;
    out->sample_aspect_ratio = in->sample_aspect_ratio;
    out->disposition = in->disposition;
    out->id = is_mov(of) ? 0 : in->id;
    error = av_dict_copy(&out->metadata, in->metadata, 0);
    if (w->input->cut_start || w->input->cut_end)
        drop_statistics(&out->metadata);
    if (error >= 0)
        error = ac_compat_copy_side_data(out, in, NULL);
    if (error >= 0 && is_cover(in) && is_matroska(of))
        error = make_attachment(out, in);
    return error;
}

/* Whether the muxer begins a file with the film and this stream (-1: the film alone). */
static int try_stream(const ac_writer *w, const AVOutputFormat *of, int index)
{
    AVFormatContext *mux = NULL;
    AVStream *film = NULL, *other = NULL;
    uint8_t *bytes = NULL;
    int error = avformat_alloc_output_context2(&mux, (AVOutputFormat *)of, NULL, NULL);

    if (error < 0)
        return error;
    mux->strict_std_compliance = FF_COMPLIANCE_EXPERIMENTAL;
    film = avformat_new_stream(mux, NULL);
    error = film ? fill_film(w, of, film) : AVERROR(ENOMEM);
    if (error >= 0 && index >= 0) {
        other = avformat_new_stream(mux, NULL);
        error = other ? fill_copy(w, of, other, index) : AVERROR(ENOMEM);
    }
    if (error >= 0)
        error = avio_open_dyn_buf(&mux->pb);
    if (error >= 0)
        error = avformat_write_header(mux, NULL);
    if (mux->pb) {
        avio_close_dyn_buf(mux->pb, &bytes);
        av_free(bytes);
        mux->pb = NULL;
    }
    avformat_free_context(mux);
    return error;
}

/* ---- what cannot be carried ---- */

static const char *find_home(const AVOutputFormat *not_this, const AVStream *st)
{
    for (size_t i = 0; i < sizeof(homes) / sizeof(homes[0]); i++) {
        const AVOutputFormat *of = av_guess_format(homes[i][0], NULL, NULL);

        if (of && of != not_this && may_hold(of, st) &&
            (is_cover(st) || st->codecpar->codec_type == AVMEDIA_TYPE_ATTACHMENT ||
             !strcmp(of->name, "mpegts") ||
             avformat_query_codec(of, st->codecpar->codec_id, FF_COMPLIANCE_NORMAL) == 1))
            return homes[i][1];
    }
    return NULL;
}

static ac_status refuse_stream(const ac_writer *w, int index)
{
    const AVStream *st = w->input->demux->streams[index];
    const AVDictionaryEntry *language = av_dict_get(st->metadata, "language", NULL, 0);
    const char *type = av_get_media_type_string(st->codecpar->codec_type),
               *home = find_home(w->mux->oformat, st);
    char advice[80] = "";

    if (home)
        snprintf(advice, sizeof(advice), "; %s can", home);
    ac_log_print(w->log, w->strict ? AC_LOG_ERROR : AC_LOG_WARNING,
                 "%s: %s cannot hold stream %d (%s, %s%s%s)%s%s", w->path,
                 w->mux->oformat->long_name, index,
                 is_cover(st) ? "cover art"
                 : type       ? type
                              : "?",
                 avcodec_get_name(st->codecpar->codec_id), language ? ", " : "",
                 language ? language->value : "", w->strict ? "" : "; it is left out", advice);
    return w->strict ? AC_ERR_UNSUPPORTED : AC_OK;
}

static ac_status refuse(const ac_writer *w, const char *what, const char *home)
{
    ac_log_print(w->log, w->strict ? AC_LOG_ERROR : AC_LOG_WARNING,
                 "%s: %s cannot hold the film's %s%s; %s can", w->path, w->mux->oformat->long_name,
                 what, w->strict ? "" : ", which are left out", home);
    return w->strict ? AC_ERR_UNSUPPORTED : AC_OK;
}

/* Streams that are another form of what is carried in another way: the muxer of mov makes its own
 * tracks of timecode and of chapter names. */
static bool is_made_anew(const ac_writer *w, const AVStream *st)
{
    if (st->codecpar->codec_type != AVMEDIA_TYPE_DATA)
        return false;
    return st->codecpar->codec_tag == MKTAG('t', 'm', 'c', 'd') ||
           (st->discard == AVDISCARD_ALL && w->input->demux->nb_chapters);
}

static bool has_chapters(const AVOutputFormat *of)
{
    return is_mov(of) || av_match_name(of->name, "matroska,webm,nut,ogg,ogv,asf,ffmetadata");
}

/* Matroska learnt to write rotation in FFmpeg 7. */
static bool has_rotation(const AVOutputFormat *of)
{
    return is_mov(of) || (is_matroska(of) && LIBAVFORMAT_VERSION_MAJOR >= 61);
}

static ac_status check_rest(const ac_writer *w)
{
    const AVOutputFormat *of = w->mux->oformat;
    const AVStream *film = w->input->demux->streams[w->input->stream];
    size_t size = 0;
    ac_status status;

    if (w->input->demux->nb_chapters && !has_chapters(of))
        TRY(refuse(w, "chapters", ".mkv"));
    if (!w->input->picture && ac_compat_side_data(film, AV_PKT_DATA_DISPLAYMATRIX, &size) &&
        !has_rotation(of))
        TRY(refuse(w, "rotation or mirroring", ".mp4"));
    return AC_OK;
fail:
    return status;
}

/* ---- chapters, metadata, timecode ---- */

static int64_t cut_at(const ac_reader *r, int64_t time, AVRational tb)
{
    AVRational film = r->demux->streams[r->stream]->time_base;
    int64_t first = av_rescale_q(r->first, film, tb);

    if (r->cut_end)
        time = FFMIN(time, av_rescale_q(r->end, film, tb));
    return r->cut_start ? FFMAX(time - first, 0) : time;
}

static int copy_chapters(const ac_writer *w)
{
    const AVFormatContext *in = w->input->demux;
    AVFormatContext *mux = w->mux;

    if (!in->nb_chapters)
        return 0;
    mux->chapters = av_calloc(in->nb_chapters, sizeof(AVChapter *));
    if (!mux->chapters)
        return AVERROR(ENOMEM);
    for (unsigned i = 0; i < in->nb_chapters; i++) {
        const AVChapter *from = in->chapters[i];
        int64_t start = cut_at(w->input, from->start, from->time_base),
                end = cut_at(w->input, from->end, from->time_base);
        AVChapter *to;

        if (start >= end && from->start < from->end) /* outside of the part */
            continue;
        to = av_mallocz(sizeof(*to));
        if (!to)
            return AVERROR(ENOMEM);
        mux->chapters[mux->nb_chapters++] = to;
        to->id = from->id;
        to->time_base = from->time_base;
        to->start = start;
        to->end = end;
        if (av_dict_copy(&to->metadata, from->metadata, 0) < 0)
            return AVERROR(ENOMEM);
    }
    return 0;
}

/* The part begins later than the film, and so does its timecode. */
static void move_timecode(const ac_writer *w, AVDictionary **metadata)
{
    const AVDictionaryEntry *entry = av_dict_get(*metadata, "timecode", NULL, 0);
    AVRational rate = w->input->frame_rate;
    char text[AV_TIMECODE_STR_SIZE];
    double seconds;
    AVTimecode code;

    if (!entry || !w->input->cut_start || !rate.num ||
        av_timecode_init_from_string(&code, rate, entry->value, NULL) < 0)
        return;
    seconds =
        (double)w->input->first * av_q2d(w->input->demux->streams[w->input->stream]->time_base) -
        (double)ac_reader_origin(w->input) / AV_TIME_BASE;
    av_dict_set(metadata, "timecode",
                av_timecode_make_string(&code, text, (int)(seconds * av_q2d(rate) + 0.5)), 0);
}

static int copy_metadata(const ac_writer *w)
{
    static const char *const stale[] = {"major_brand", "minor_version", "compatible_brands",
                                        "encoder"};
    const AVFormatContext *in = w->input->demux;
    AVDictionary **metadata = &w->mux->metadata;
    int error = av_dict_copy(metadata, in->metadata, 0);

    for (size_t i = 0; i < sizeof(stale) / sizeof(stale[0]); i++)
        av_dict_set(metadata, stale[i], NULL, 0);
    for (unsigned i = 0; i < w->input->streams; i++) {
        const AVStream *st = in->streams[i];
        const AVDictionaryEntry *entry = av_dict_get(st->metadata, "timecode", NULL, 0);

        if (st->codecpar->codec_tag == MKTAG('t', 'm', 'c', 'd') && entry)
            av_dict_set(&w->video->metadata, "timecode", entry->value, AV_DICT_DONT_OVERWRITE);
    }
    move_timecode(w, metadata);
    move_timecode(w, &w->video->metadata);
    return error;
}

/* ---- together ---- */

static ac_status add_stream(ac_writer *w, int index)
{
    const AVOutputFormat *of = w->mux->oformat;
    const AVStream *in = w->input->demux->streams[index];
    bool film = index == w->input->stream;
    AVStream *out;
    int error;

    if (!film && is_made_anew(w, in))
        return AC_OK;
    if (!film && (!may_hold(of, in) || try_stream(w, of, index) < 0))
        return refuse_stream(w, index);
    out = avformat_new_stream(w->mux, NULL);
    if (!out)
        return ac_media_no_memory(w->log, w->path);
    error = film ? fill_film(w, of, out) : fill_copy(w, of, out, index);
    if (error < 0)
        return ac_media_no_memory(w->log, w->path);
    w->map[index] = out->index;
    /* Attachments lie in the header. */
    if (!film && out->codecpar->codec_type == AVMEDIA_TYPE_ATTACHMENT)
        w->map[index] = -1;
    if (film)
        w->video = out;
    return AC_OK;
}

ac_status ac_writer_add_streams(ac_writer *w)
{
    ac_status status;
    int error;

    w->map = calloc(w->input->streams, sizeof(*w->map));
    w->last_dts = calloc(w->input->streams, sizeof(*w->last_dts));
    w->moved_shown = calloc(w->input->streams, sizeof(*w->moved_shown));
    if (!w->map || !w->last_dts || !w->moved_shown)
        return ac_media_no_memory(w->log, w->path);
    for (unsigned i = 0; i < w->input->streams; i++) {
        w->map[i] = -1;
        w->last_dts[i] = AV_NOPTS_VALUE;
    }
    ac_av_forget();
    error = try_stream(w, w->mux->oformat, -1);
    if (error < 0)
        return ac_fail(w->log, AC_ERR_UNSUPPORTED,
                       "%s: %s does not take what %s makes: %s; choose another --codec or "
                       "container, such as .mkv",
                       w->path, w->mux->oformat->long_name, w->encoder->codec->name,
                       ac_av_why(error).text);
    for (unsigned i = 0; i < w->input->streams; i++)
        TRY(add_stream(w, (int)i));
    TRY(check_rest(w));
    if (copy_metadata(w) < 0 || (has_chapters(w->mux->oformat) && copy_chapters(w) < 0))
        return ac_media_no_memory(w->log, w->path);
    return AC_OK;
fail:
    return status;
}
