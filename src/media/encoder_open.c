/* Setting up the encoder: quality, preset, options, time base. */
#include <libavutil/avstring.h>
#include <libavutil/cpu.h>
#include <libavutil/opt.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "media/internal.h"

/* Qualities that are hard to tell from the original, on each encoder's own scale, and settings
 * without which it is unbearably slow or keeps to a low default bit rate. */
static const struct {
    const char *encoder;
    double crf;
    const char *options;
} qualities[] = {
    {"libx264", 18, NULL},   {"libx264rgb", 18, NULL},
    {"libx265", 20, NULL},   {"libvpx-vp9", 24, "row-mt=1:cpu-used=2"},
    {"libvpx", 8, NULL},     {"libaom-av1", 22, "row-mt=1:cpu-used=5"},
    {"libsvtav1", 24, NULL}, {"mpeg1video", 2, NULL},
    {"mpeg2video", 2, NULL}, {"mpeg4", 2, NULL},
    {"libxvid", 2, NULL},    {"mjpeg", 2, NULL},
    {"libtheora", 9, NULL},  {"flv", 2, NULL},
    {"wmv2", 2, NULL},       {"msmpeg4", 2, NULL},
    {"h263p", 2, NULL},
};

/* Options with which a person says himself how many bits to spend. */
static const char *const rate_options[] = {
    "b", "ab", "crf", "qp", "cq", "q", "qscale", "global_quality", "lossless", "qmin"};

/* Encoders whose quality is ffmpeg's -qscale. */
static bool takes_qscale(const AVCodec *codec)
{
    switch (codec->id) {
    case AV_CODEC_ID_MPEG1VIDEO:
    case AV_CODEC_ID_MPEG2VIDEO:
    case AV_CODEC_ID_MPEG4:
    case AV_CODEC_ID_MJPEG:
    case AV_CODEC_ID_H261:
    case AV_CODEC_ID_H263:
    case AV_CODEC_ID_H263P:
    case AV_CODEC_ID_FLV1:
    case AV_CODEC_ID_MSMPEG4V2:
    case AV_CODEC_ID_MSMPEG4V3:
    case AV_CODEC_ID_WMV1:
    case AV_CODEC_ID_WMV2:
    case AV_CODEC_ID_THEORA:
    case AV_CODEC_ID_SNOW:
        return true;
    default:
        return false;
    }
}

/* Codecs whose streams say how many ticks lie between frames with few bits, or that know certain
 * frame rates only. */
static bool needs_frame_rate(enum AVCodecID id)
{
    switch (id) {
    case AV_CODEC_ID_MPEG1VIDEO:
    case AV_CODEC_ID_MPEG2VIDEO:
    case AV_CODEC_ID_H261:
    case AV_CODEC_ID_H263:
    case AV_CODEC_ID_H263P:
    case AV_CODEC_ID_FLV1:
    case AV_CODEC_ID_MSMPEG4V2:
    case AV_CODEC_ID_MSMPEG4V3:
    case AV_CODEC_ID_WMV1:
    case AV_CODEC_ID_WMV2:
    case AV_CODEC_ID_THEORA:
    case AV_CODEC_ID_DVVIDEO:
    case AV_CODEC_ID_DNXHD:
    case AV_CODEC_ID_RV10:
    case AV_CODEC_ID_RV20:
        return true;
    default:
        return false;
    }
}

/* Containers that know one rate and no timestamps. */
static bool has_one_rate(const AVOutputFormat *of)
{
    return of->flags & AVFMT_NOTIMESTAMPS ||
           av_match_name(of->name, "avi,dv,gxf,mxf,mxf_d10,mxf_opatom,ogg,ogv,swf,avm2,rm,roq,amv,"
                                   "yuv4mpegpipe,rawvideo,film_cpk,smjpeg");
}

static void set_time(ac_writer *w, const AVOutputFormat *of)
{
    const AVStream *st = w->input->demux->streams[w->input->stream];
    AVRational rate = w->input->frame_rate;
    AVCodecContext *e = w->encoder;

    if (!rate.num || w->still)
        rate = (AVRational){25, 1};
    e->time_base = st->time_base;
    if (w->still || needs_frame_rate(e->codec_id) || has_one_rate(of))
        e->time_base = av_inv_q(rate);
    else if (e->codec_id == AV_CODEC_ID_MPEG4 && e->time_base.den > 65535) /* a 16-bit field */
        e->time_base = rate.num <= 65535 ? av_inv_q(rate) : (AVRational){1, 1000};
    e->framerate = rate;
}

/* Others are told of fields by the container only. H.264 codes fields in pairs of rows of
 * macroblocks' chroma, so their height has to divide. */
static bool codes_interlaced(const ac_writer *w)
{
    switch (w->encoder->codec_id) {
    case AV_CODEC_ID_H264:
        return w->format.height % (w->format.chroma_shift_y ? 4 : 2) == 0;
    case AV_CODEC_ID_MPEG2VIDEO:
    case AV_CODEC_ID_MPEG4:
    case AV_CODEC_ID_PRORES:
    case AV_CODEC_ID_DNXHD:
    case AV_CODEC_ID_DVVIDEO:
        return true;
    default:
        return false;
    }
}

AVRational ac_writer_aspect(const ac_writer *w)
{
    return (AVRational){w->input->info.sar_num, w->input->info.sar_den};
}

static void set_picture(ac_writer *w)
{
    AVCodecContext *e = w->encoder;

    e->width = w->format.width;
    e->height = w->format.height;
    e->pix_fmt = w->coded;
    e->sample_aspect_ratio = ac_writer_aspect(w);
    e->color_range = w->tags.range;
    e->colorspace = w->tags.space;
    e->color_primaries = w->tags.primaries;
    e->color_trc = w->tags.transfer;
    e->chroma_sample_location = w->tags.location;
    e->bits_per_raw_sample = av_pix_fmt_desc_get(w->coded)->comp[0].depth;
    e->field_order = AV_FIELD_PROGRESSIVE;
    if (w->input->info.interlaced) {
        if (codes_interlaced(w))
            e->flags |= AV_CODEC_FLAG_INTERLACED_DCT | AV_CODEC_FLAG_INTERLACED_ME;
        e->field_order = w->input->top_first ? AV_FIELD_TT : AV_FIELD_BB;
    }
}

/* An option of the encoder's own; not every encoder has any. */
static const AVOption *find_option(const AVCodecContext *e, const char *name)
{
    return e->codec->priv_class ? av_opt_find(e->priv_data, name, NULL, 0, 0) : NULL;
}

static void set_qscale(AVCodecContext *e, double crf)
{
    e->flags |= AV_CODEC_FLAG_QSCALE;
    e->global_quality = (int)lrint(FF_QP2LAMBDA * crf);
}

/* A quality that a person asked for must be possible; the default is set where it is. */
static ac_status set_quality(ac_writer *w, double crf, bool asked)
{
    static const char *const names[] = {"crf", "cq", "qp"};
    AVCodecContext *e = w->encoder;
    const AVOption *option = NULL;

    for (size_t i = 0; i < 3 && !option; i++)
        option = find_option(e, names[i]);
    if (takes_qscale(e->codec)) {
        set_qscale(e, crf);
    } else if (!option) {
        if (asked)
            return ac_fail(w->log, AC_ERR_ARGUMENT,
                           "the encoder %s has no constant quality (--crf); see 'ffmpeg -h "
                           "encoder=%s' for what --codec-options can ask of it",
                           e->codec->name, e->codec->name);
    } else if (av_opt_set_double(e->priv_data, option->name, crf, 0) < 0 && asked) {
        return ac_fail(w->log, AC_ERR_ARGUMENT,
                       "the encoder %s does not take a quality (--crf) of %g, but %g to %g",
                       e->codec->name, crf, option->min, option->max);
    }
    return AC_OK;
}

static bool has_rate_option(const AVDictionary *options)
{
    for (size_t i = 0; i < sizeof(rate_options) / sizeof(rate_options[0]); i++)
        if (av_dict_get(options, rate_options[i], NULL, 0))
            return true;
    return false;
}

static ac_status parse(const ac_writer *w, const char *text, AVDictionary **options)
{
    if (!text || !*text || av_dict_parse_string(options, text, "=", ":", 0) >= 0)
        return AC_OK;
    return ac_fail(w->log, AC_ERR_ARGUMENT,
                   "the encoder's options '%s' are not of the form KEY=VALUE:KEY=VALUE", text);
}

static ac_status set_rate(ac_writer *w, const ac_encoder_wish *wish, const AVDictionary *options)
{
    AVCodecContext *e = w->encoder;
    ac_status status;

    if (wish->crf >= 0)
        return set_quality(w, wish->crf, true);
    if (has_rate_option(options))
        return AC_OK;
    for (size_t i = 0; i < sizeof(qualities) / sizeof(qualities[0]); i++) {
        AVDictionary *more = NULL;

        if (strcmp(qualities[i].encoder, e->codec->name) != 0)
            continue;
        TRY(set_quality(w, qualities[i].crf, false));
        TRY(parse(w, qualities[i].options, &more));
        if (more) /* what this version does not know is left out */
            av_opt_set_dict(e->priv_data, &more);
        av_dict_free(&more);
        return AC_OK;
    }
    /* An encoder with nothing but a bit rate gets a generous one. */
    if (!strcmp(e->codec->name, "libopenh264") || e->codec->id == AV_CODEC_ID_VP8)
        e->bit_rate = llrint(0.2 * e->width * e->height * av_q2d(e->framerate)) + 200000;
    return AC_OK;
fail:
    return status;
}

static ac_status set_preset(ac_writer *w, const char *preset)
{
    AVCodecContext *e = w->encoder;

    if (!preset)
        return AC_OK;
    if (!find_option(e, "preset"))
        return ac_fail(w->log, AC_ERR_ARGUMENT, "the encoder %s has no presets", e->codec->name);
    if (av_opt_set(e->priv_data, "preset", preset, 0) < 0)
        return ac_fail(w->log, AC_ERR_ARGUMENT, "the encoder %s has no preset '%s'", e->codec->name,
                       preset);
    return AC_OK;
}

/* Of large pictures x264 and x265 look ahead by fewer frames: 40 of 4K alone would take a GiB.
 *
 * x265 prints to standard error, past libav. Of the same frames x264 makes now this and now that
 * with its AVX-512 code for mbtree (seen in core 164, from the second encoder of a process on), so
 * it gets what it has for AVX2. What a person says comes after and counts. */
static int set_private(const ac_writer *w, const AVCodec *codec, AVDictionary **options)
{
    bool x265 = !strcmp(codec->name, "libx265"), x264 = !strncmp(codec->name, "libx264", 7);
    bool avx512 = av_get_cpu_flags() & AV_CPU_FLAG_AVX512;
    bool large = ac_picture_is_large(&w->format) && !av_dict_get(*options, "rc-lookahead", NULL, 0);
    const char *name = x265 ? "x265-params" : "x264-params";
    const char *own = x265 ? "log-level=error" : avx512 ? "asm=avx2" : "";
    const char *ahead = !large ? "" : x265 ? "rc-lookahead=5" : "rc-lookahead=5:sync-lookahead=0";
    const AVDictionaryEntry *entry = av_dict_get(*options, name, NULL, 0);
    char *value;

    if ((!x264 && !x265) || (!*own && !*ahead))
        return 0;
    value = av_asprintf("%s%s%s%s%s", own, *own && *ahead ? ":" : "", ahead, entry ? ":" : "",
                        entry ? entry->value : "");
    return value ? av_dict_set(options, name, value, AV_DICT_DONT_STRDUP_VAL) : AVERROR(ENOMEM);
}

/* "libx264 (crf 18, preset medium), yuv420p, Matroska" */
static void describe(ac_writer *w, const ac_encoder_wish *wish, const AVOutputFormat *of)
{
    AVCodecContext *e = w->encoder;
    char details[160] = "";
    uint8_t *preset = NULL;
    double crf = -1;

    if (e->flags & AV_CODEC_FLAG_QSCALE)
        av_strlcatf(details, sizeof(details), ", quality %g",
                    (double)e->global_quality / FF_QP2LAMBDA);
    else if (find_option(e, "crf") && av_opt_get_double(e->priv_data, "crf", 0, &crf) >= 0 &&
             crf >= 0)
        av_strlcatf(details, sizeof(details), ", crf %g", crf);
    if (find_option(e, "preset") &&
        av_opt_get(e->priv_data, "preset", AV_OPT_ALLOW_NULL, &preset) >= 0 && preset && *preset &&
        *preset != '-')
        av_strlcatf(details, sizeof(details), ", preset %s", (const char *)preset);
    av_free(preset);
    if (wish->options && *wish->options)
        av_strlcatf(details, sizeof(details), ", %s", wish->options);
    snprintf(w->description, sizeof(w->description), "%s%s%s%s, %s, %s", e->codec->name,
             *details ? " (" : "", *details ? details + 2 : "", *details ? ")" : "",
             av_get_pix_fmt_name(w->coded),
             w->still ? avcodec_descriptor_get(e->codec_id)->long_name : of->long_name);
}

static ac_status open_encoder(ac_writer *w, AVDictionary **options)
{
    AVCodecContext *e = w->encoder;
    const AVCodec *codec = e->codec;
    const AVDictionaryEntry *left;
    int error;

    ac_av_forget();
    error = avcodec_open2(e, codec, options); /* forgets e->codec when it fails */
    left = av_dict_get(*options, "", NULL, AV_DICT_IGNORE_SUFFIX);
    if (error == AVERROR(ENOMEM))
        return ac_media_no_memory(w->log, w->path);
    if (error < 0)
        return ac_fail(w->log, AC_ERR_ARGUMENT,
                       "%s: the encoder %s does not take %dx%d %s with these settings: %s", w->path,
                       codec->name, w->format.width, w->format.height,
                       av_get_pix_fmt_name(w->coded), ac_av_why(error).text);
    if (left)
        return ac_fail(w->log, AC_ERR_ARGUMENT,
                       "the encoder %s has no option '%s'; 'ffmpeg -h encoder=%s' lists them",
                       codec->name, left->key, codec->name);
    return AC_OK;
}

ac_status ac_writer_open_encoder(ac_writer *w)
{
    const ac_encoder_wish *wish = &w->wish;
    const AVOutputFormat *of = w->container;
    const AVCodec *codec = w->codec;
    AVDictionary *options = NULL;
    ac_status status;

    w->encoder = avcodec_alloc_context3(codec);
    if (!w->encoder)
        return ac_media_no_memory(w->log, w->path);
    w->encoder->thread_count = wish->threads;
    /* FFmpeg counts some encoders as experimental; asked for by name, they may be used. */
    w->encoder->strict_std_compliance = FF_COMPLIANCE_EXPERIMENTAL;
    set_picture(w);
    set_time(w, of);
    if (of->flags & AVFMT_GLOBALHEADER)
        w->encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    if (codec->id == AV_CODEC_ID_FFV1) /* slices with checksums, threads */
        w->encoder->level = 3;
    if (!strcmp(of->name, "avi") && codec->id == AV_CODEC_ID_H264)
        w->encoder->max_b_frames = 0; /* AVI has no timestamps of its own */
    TRY(parse(w, wish->options, &options));
    TRY(set_preset(w, wish->preset));
    TRY(set_rate(w, wish, options));
    if (set_private(w, codec, &options) < 0) {
        status = ac_media_no_memory(w->log, w->path);
        goto fail;
    }
    TRY(open_encoder(w, &options));
    describe(w, wish, of);
    av_dict_free(&options);
    return AC_OK;
fail:
    av_dict_free(&options);
    return status;
}
