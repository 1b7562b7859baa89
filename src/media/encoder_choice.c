/* Which encoder, and which of its pixel formats. */
#include <stdio.h>
#include <string.h>

#include <libavutil/avstring.h>

#include "media/internal.h"

/* Penalties: luma that loses bits is worst; what is above ACCEPTABLE is taken only when no other
 * encoder does better. */
#define LOST_BIT     1000
#define LOST_CHROMA  200 /* per halving */
#define ACCEPTABLE   100
#define ADDED_CHROMA 20
#define ADDED_BIT    150 /* nothing is lost, but luma is not byte for byte the same */
#define OTHER_LAYOUT 5
#define OTHER_FAMILY 5000
#define IMPOSSIBLE   1000000

typedef struct target {
    const ac_reader *input;
    const AVOutputFormat *of;
    int depth, shift_x, shift_y;
    bool full_range, rgb;
} target;

/* Planar, little-endian, without transparency: what ac_picture_format can say. */
static enum AVPixelFormat planar_format(int depth, int shift_x, int shift_y)
{
    static const char *const names[3][3] = {
        {"444", "440", NULL}, {"422", "420", NULL}, {"411", NULL, "410"}};
    char name[24];

    if (shift_x > 2 || shift_y > 2 || !names[shift_x][shift_y])
        return AV_PIX_FMT_NONE;
    if (depth == 8)
        snprintf(name, sizeof(name), "yuv%sp", names[shift_x][shift_y]);
    else
        snprintf(name, sizeof(name), "yuv%sp%dle", names[shift_x][shift_y], depth);
    return av_get_pix_fmt(name);
}

static bool is_full_range_format(enum AVPixelFormat pix_fmt)
{
    return !strncmp(av_get_pix_fmt_name(pix_fmt), "yuvj", 4);
}

/* Colours can be written in it. */
static bool is_usable(const AVPixFmtDescriptor *desc)
{
    enum AVPixelFormat pix_fmt = av_pix_fmt_desc_get_id(desc);
    const AVComponentDescriptor *c = desc->comp;

    if (desc->nb_components < 3 || pix_fmt == AV_PIX_FMT_XYZ12LE || pix_fmt == AV_PIX_FMT_XYZ12BE ||
        desc->flags & (AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_HWACCEL | AV_PIX_FMT_FLAG_BITSTREAM |
                       AV_PIX_FMT_FLAG_BAYER))
        return false;
    if (desc->flags & AV_PIX_FMT_FLAG_FLOAT)
        return desc->flags & AV_PIX_FMT_FLAG_RGB && !(desc->flags & AV_PIX_FMT_FLAG_BE) &&
               c[0].depth == 32;
    if (desc->flags & AV_PIX_FMT_FLAG_RGB)
        return true;
    return c[0].depth >= 8 && c[0].depth == c[1].depth &&
           planar_format(c[0].depth, desc->log2_chroma_w, desc->log2_chroma_h) != AV_PIX_FMT_NONE;
}

/* H.264 and HEVC crop by whole chroma samples, so an odd size needs chroma of full resolution in
 * that direction. */
static bool takes_size(const target *want, const AVCodec *codec, const AVPixFmtDescriptor *desc)
{
    const ac_picture_format *f = &want->input->info.format;

    if ((codec->id != AV_CODEC_ID_H264 && codec->id != AV_CODEC_ID_HEVC) ||
        desc->flags & AV_PIX_FMT_FLAG_RGB)
        return true;
    return !(f->width & ((1 << desc->log2_chroma_w) - 1)) &&
           !(f->height & ((1 << desc->log2_chroma_h) - 1));
}

static int chroma_penalty(int has, int wanted)
{
    return has > wanted ? LOST_CHROMA * (has - wanted) : ADDED_CHROMA * (wanted - has);
}

static int penalty(const target *want, const AVCodec *codec, enum AVPixelFormat pix_fmt)
{
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(pix_fmt);
    int depth, result = 0;

    if (!desc || !is_usable(desc) || !takes_size(want, codec, desc))
        return IMPOSSIBLE;
    depth = desc->comp[0].depth;
    if (desc->flags & AV_PIX_FMT_FLAG_RGB) {
        for (int i = 1; i < 3; i++)
            if (desc->comp[i].depth < depth)
                depth = desc->comp[i].depth;
        result += want->rgb ? 0 : OTHER_FAMILY;
    } else {
        result += want->rgb ? OTHER_FAMILY : 0;
        result += chroma_penalty(desc->log2_chroma_w, want->shift_x);
        result += chroma_penalty(desc->log2_chroma_h, want->shift_y);
        if (desc->comp[1].plane == 0 || desc->comp[1].plane == desc->comp[2].plane ||
            desc->comp[0].shift)
            result += OTHER_LAYOUT;
        /* yuvj is a full range that newer FFmpeg says beside the format. */
        if (is_full_range_format(pix_fmt))
            result += want->full_range ? 1 : ACCEPTABLE;
    }
    result +=
        depth < want->depth ? LOST_BIT * (want->depth - depth) : ADDED_BIT * (depth - want->depth);
    if (desc->flags & AV_PIX_FMT_FLAG_BE)
        result += OTHER_LAYOUT;
    if (desc->flags & AV_PIX_FMT_FLAG_ALPHA)
        result += 4 * OTHER_LAYOUT;
    return result;
}

static int best_format(const target *want, const AVCodec *codec, enum AVPixelFormat *best)
{
    const enum AVPixelFormat *list = ac_compat_pix_fmts(codec);
    int least = IMPOSSIBLE;

    *best = AV_PIX_FMT_NONE;
    if (!list) { /* such as rawvideo: anything goes */
        *best = planar_format(want->depth, want->shift_x, want->shift_y);
        return *best == AV_PIX_FMT_NONE ? IMPOSSIBLE : penalty(want, codec, *best);
    }
    for (; *list != AV_PIX_FMT_NONE; list++) {
        int one = penalty(want, codec, *list);

        if (one < least) {
            least = one;
            *best = *list;
        }
    }
    return least;
}

/* ---- encoders ---- */

/* Containers in which films of today are expected to be H.264 or one of its successors. In others
 * it is what FFmpeg takes there. */
static bool is_modern(const AVOutputFormat *of)
{
    return av_match_name(of->name,
                         "matroska,webm,mp4,mov,ipod,mpegts,flv,nut,ismv,f4v,3gp,3g2,psp");
}

static bool holds(const AVOutputFormat *of, enum AVCodecID id)
{
    /* The muxer of transport streams has no table to ask. */
    if (!strcmp(of->name, "mpegts"))
        return id == AV_CODEC_ID_H264 || id == AV_CODEC_ID_HEVC || id == of->video_codec;
    return id == of->video_codec || avformat_query_codec(of, id, FF_COMPLIANCE_NORMAL) == 1;
}

typedef struct choice {
    const AVCodec *codec;
    enum AVPixelFormat pix_fmt;
    int penalty;
} choice;

static void consider(const target *want, const AVCodec *codec, choice *best)
{
    choice one = {codec, AV_PIX_FMT_NONE, IMPOSSIBLE};

    if (!codec || !holds(want->of, codec->id) || best->penalty <= ACCEPTABLE)
        return;
    one.penalty = best_format(want, codec, &one.pix_fmt);
    if (one.penalty < best->penalty)
        *best = one;
}

static choice choose_encoder(const target *want)
{
    static const char *const names[] = {"libx264",    "libx265",   "ffv1",       "libopenh264",
                                        "libvpx-vp9", "libsvtav1", "libaom-av1", "mpeg4"};
    bool exotic = want->depth != 8 && want->depth != 10 && want->depth != 12;
    choice best = {NULL, AV_PIX_FMT_NONE, IMPOSSIBLE};

    if (!is_modern(want->of))
        consider(want, avcodec_find_encoder(want->of->video_codec), &best);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (exotic || strcmp(names[i], "ffv1") != 0 || !is_modern(want->of))
            consider(want, avcodec_find_encoder_by_name(names[i]), &best);
    if (!best.codec)
        consider(want, avcodec_find_encoder(want->of->video_codec), &best);
    return best;
}

static ac_status find_named(const ac_writer *w, const char *name, const target *want,
                            const AVCodec **codec)
{
    const AVCodecDescriptor *kind = avcodec_descriptor_get_by_name(name);

    *codec = avcodec_find_encoder_by_name(name);
    if (!*codec && kind)
        *codec = avcodec_find_encoder(kind->id);
    if (!*codec)
        return ac_fail(w->log, AC_ERR_ARGUMENT,
                       "FFmpeg has no encoder '%s' here; 'ffmpeg -encoders' lists those it has",
                       name);
    if ((*codec)->type != AVMEDIA_TYPE_VIDEO)
        return ac_fail(w->log, AC_ERR_ARGUMENT, "the encoder '%s' is not for pictures but for %s",
                       name, av_get_media_type_string((*codec)->type));
    if (!w->still && avformat_query_codec(want->of, (*codec)->id, FF_COMPLIANCE_EXPERIMENTAL) == 0)
        return ac_fail(w->log, AC_ERR_UNSUPPORTED,
                       "%s: %s cannot hold %s; choose another --codec or another container, such "
                       "as .mkv",
                       w->path, want->of->long_name, avcodec_get_name((*codec)->id));
    return AC_OK;
}

/* ---- pixel formats asked for ---- */

static ac_status check_format(const ac_writer *w, const target *want, const AVCodec *codec,
                              const char *name, enum AVPixelFormat *pix_fmt)
{
    const enum AVPixelFormat *list = ac_compat_pix_fmts(codec);
    const AVPixFmtDescriptor *desc;
    char names[700] = "";
    bool found = !list;

    *pix_fmt = av_get_pix_fmt(name);
    desc = av_pix_fmt_desc_get(*pix_fmt);
    if (!desc)
        return ac_fail(w->log, AC_ERR_ARGUMENT,
                       "'%s' is no pixel format of FFmpeg; 'ffmpeg -pix_fmts' lists them", name);
    for (; list && *list != AV_PIX_FMT_NONE; list++) {
        found |= *list == *pix_fmt;
        if (is_usable(av_pix_fmt_desc_get(*list)))
            av_strlcatf(names, sizeof(names), " %s", av_get_pix_fmt_name(*list));
    }
    if (found && desc->nb_components < 3)
        return ac_fail(w->log, AC_ERR_ARGUMENT, "the pixel format %s holds no colours", name);
    if (!found || !is_usable(desc))
        return ac_fail(w->log, AC_ERR_ARGUMENT,
                       "the encoder %s cannot be used with the pixel format %s%s%s", codec->name,
                       name, list ? "; it takes" : "", names);
    if (!takes_size(want, codec, desc))
        return ac_fail(w->log, AC_ERR_UNSUPPORTED,
                       "%s cannot code %s of the odd size %dx%d; choose yuv444p or its like, or "
                       "another --codec",
                       codec->name, name, w->input->info.format.width,
                       w->input->info.format.height);
    return AC_OK;
}

/* ---- together ---- */

static target make_target(const ac_writer *w, const AVOutputFormat *of)
{
    const ac_reader_info *info = &w->input->info;
    target want = {.input = w->input,
                   .of = of,
                   .depth = info->format.depth,
                   .shift_x = info->format.chroma_shift_x,
                   .shift_y = info->format.chroma_shift_y,
                   .full_range = info->format.full_range};

    if (w->input->luma.kind == AC_LUMA_RGB || w->input->luma.kind == AC_LUMA_FLOAT) {
        want.depth = w->input->luma.input_depth > 8 ? 10 : 8;
        want.full_range = false;
        want.shift_x = want.shift_y = 1;
    }
    return want;
}

/* Pictures: what viewers expect in such a file. */
static void want_still(const ac_writer *w, const AVCodec *codec, target *want)
{
    want->depth = w->input->luma.input_depth > 8 ? 16 : 8;
    want->rgb = true;
    if (codec->id == AV_CODEC_ID_MJPEG || codec->id == AV_CODEC_ID_WEBP) {
        want->rgb = false;
        if (w->input->luma.gray || w->input->luma.kind == AC_LUMA_RGB)
            want->shift_x = want->shift_y = 0;
    }
}

/* Depth, range, matrix and tags of what is written. */
static void set_format(ac_writer *w, const target *want, enum AVCodecID id)
{
    const ac_reader_info *info = &w->input->info;
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(w->coded);
    ac_picture_format *f = &w->format;

    *f = info->format;
    w->tags = w->input->tags;
    if (desc->flags & AV_PIX_FMT_FLAG_RGB) {
        f->depth = w->still ? 16 : info->format.depth;
        f->chroma_shift_x = f->chroma_shift_y = 0;
        w->planar = planar_format(f->depth, 0, 0);
        w->tags.range = AVCOL_RANGE_JPEG;
        w->tags.space = AVCOL_SPC_RGB;
        w->tags.location = AVCHROMA_LOC_UNSPECIFIED;
        return;
    }
    f->depth = desc->comp[0].depth;
    f->chroma_shift_x = desc->log2_chroma_w;
    f->chroma_shift_y = desc->log2_chroma_h;
    w->planar = planar_format(f->depth, f->chroma_shift_x, f->chroma_shift_y);
    f->full_range = want->full_range;
    if (is_full_range_format(w->coded)) {
        f->full_range = true;
        w->planar = w->coded; /* laid out alike */
    }
    if (id == AV_CODEC_ID_MJPEG) { /* JFIF knows nothing else */
        f->full_range = true;
        f->matrix = AVCOL_SPC_BT470BG;
        w->tags.space = AVCOL_SPC_BT470BG;
        if (f->chroma_shift_x && f->chroma_shift_y)
            w->tags.location = AVCHROMA_LOC_CENTER;
    }
    if (f->full_range != info->format.full_range || f->full_range)
        w->tags.range = f->full_range ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
    if (!f->chroma_shift_x && !f->chroma_shift_y)
        w->tags.location = AVCHROMA_LOC_UNSPECIFIED;
    f->chroma_location = (int)w->tags.location;
}

/* Codecs that cannot say that luma is of full range. */
static bool is_limited_only(enum AVCodecID id)
{
    return id == AV_CODEC_ID_MPEG1VIDEO || id == AV_CODEC_ID_MPEG2VIDEO ||
           id == AV_CODEC_ID_MPEG4 || id == AV_CODEC_ID_VP8 || id == AV_CODEC_ID_THEORA ||
           id == AV_CODEC_ID_FLV1 || id == AV_CODEC_ID_H263 || id == AV_CODEC_ID_WMV2;
}

static void warn(const ac_writer *w, const AVCodec *codec)
{
    const ac_reader_info *info = &w->input->info;
    const ac_picture_format *in = &info->format, *out = &w->format;
    bool yuv = !(av_pix_fmt_desc_get(w->coded)->flags & AV_PIX_FMT_FLAG_RGB);

    if (yuv && in->depth != out->depth && w->input->luma.kind <= AC_LUMA_SAMPLES)
        ac_log_print(
            w->log, AC_LOG_WARNING,
            "%s: luma of %d bits is written with %d bits, as %s cannot do otherwise here%s",
            w->path, in->depth, out->depth, codec->name,
            out->depth < in->depth ? "; ffv1 in .mkv keeps all of them" : "");
    if (yuv && out->full_range && is_limited_only(codec->id))
        ac_log_print(w->log, AC_LOG_WARNING,
                     "%s: the film is of full range, which %s cannot say; players may show it with "
                     "too much contrast, unless the container tells them",
                     w->path, avcodec_get_name(codec->id));
    if (yuv && !w->still && !info->gray && !info->rgb &&
        (out->chroma_shift_x > in->chroma_shift_x || out->chroma_shift_y > in->chroma_shift_y))
        ac_log_print(w->log, AC_LOG_WARNING,
                     "%s: chroma gets a lower resolution than the input's: %s is written as %s",
                     w->path, av_get_pix_fmt_name(w->input->luma.pix_fmt),
                     av_get_pix_fmt_name(w->coded));
}

ac_status ac_writer_choose(ac_writer *w, const ac_encoder_wish *wish, const AVOutputFormat *of,
                           const AVCodec **codec)
{
    target want = make_target(w, of);
    ac_status status;

    *codec = NULL;
    if (wish->pix_fmt) {
        const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(av_get_pix_fmt(wish->pix_fmt));

        if (desc) { /* so that an encoder is chosen that takes it */
            want.depth = desc->comp[0].depth;
            want.shift_x = desc->log2_chroma_w;
            want.shift_y = desc->log2_chroma_h;
            want.rgb = desc->flags & AV_PIX_FMT_FLAG_RGB;
        }
    }
    if (wish->codec) {
        TRY(find_named(w, wish->codec, &want, codec));
    } else if (w->still) {
        enum AVCodecID id =
            av_guess_codec((AVOutputFormat *)of, NULL, w->name, NULL, AVMEDIA_TYPE_VIDEO);

        *codec = avcodec_find_encoder(id);
    } else {
        *codec = choose_encoder(&want).codec;
    }
    if (!*codec)
        return ac_fail(w->log, AC_ERR_UNSUPPORTED,
                       "%s: this FFmpeg has no encoder that can write colours to %s", w->path,
                       of->long_name);
    if (w->still && !wish->pix_fmt)
        want_still(w, *codec, &want);
    if ((*codec)->id == AV_CODEC_ID_MJPEG)
        want.full_range = true;
    /* What is computed from RGB may be as fine as the encoder allows. */
    if (!w->still && w->input->info.rgb && !wish->pix_fmt) {
        const AVCodecDescriptor *kind = avcodec_descriptor_get((*codec)->id);

        if (kind && !(kind->props & AV_CODEC_PROP_LOSSY))
            want.shift_x = want.shift_y = 0;
    }
    if (wish->pix_fmt) {
        TRY(check_format(w, &want, *codec, wish->pix_fmt, &w->coded));
    } else if (best_format(&want, *codec, &w->coded) >= IMPOSSIBLE) {
        return ac_fail(w->log, AC_ERR_UNSUPPORTED,
                       "the encoder %s takes no pixel format that holds these colours; choose "
                       "another --codec",
                       (*codec)->name);
    }
    set_format(w, &want, (*codec)->id);
    warn(w, *codec);
    return AC_OK;
fail:
    return status;
}
