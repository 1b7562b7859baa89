/* What a film's first frame says about all of it. */
#include <math.h>
#include <stdio.h>

#include "media/internal.h"

/* Decoders of pictures, whose gray is full range even where they do not say so. Untagged gray of
 * film codecs is taken as limited, as their standards say. */
static bool is_picture_codec(enum AVCodecID id)
{
    switch (id) {
    case AV_CODEC_ID_PNG:
    case AV_CODEC_ID_APNG:
    case AV_CODEC_ID_TIFF:
    case AV_CODEC_ID_BMP:
    case AV_CODEC_ID_GIF:
    case AV_CODEC_ID_PGM:
    case AV_CODEC_ID_PGMYUV:
    case AV_CODEC_ID_PAM:
    case AV_CODEC_ID_PBM:
    case AV_CODEC_ID_PFM:
    case AV_CODEC_ID_PCX:
    case AV_CODEC_ID_TARGA:
    case AV_CODEC_ID_SGI:
    case AV_CODEC_ID_SUNRAST:
    case AV_CODEC_ID_DPX:
    case AV_CODEC_ID_EXR:
    case AV_CODEC_ID_FITS:
    case AV_CODEC_ID_PSD:
    case AV_CODEC_ID_XBM:
    case AV_CODEC_ID_XWD:
    case AV_CODEC_ID_JPEG2000:
    case AV_CODEC_ID_JPEGLS:
    case AV_CODEC_ID_JPEGXL:
    case AV_CODEC_ID_MJPEG:
    case AV_CODEC_ID_LJPEG:
    case AV_CODEC_ID_QOI:
        return true;
    default:
        return false;
    }
}

/* The frame's tags, or the container's. */
static ac_tags find_tags(const ac_reader *r, const AVFrame *frame)
{
    const AVCodecParameters *par = r->demux->streams[r->stream]->codecpar;
    ac_tags t = {frame->color_range, frame->colorspace, frame->color_primaries, frame->color_trc,
                 frame->chroma_location};

    if (t.range == AVCOL_RANGE_UNSPECIFIED)
        t.range = par->color_range;
    if (t.space == AVCOL_SPC_UNSPECIFIED)
        t.space = par->color_space;
    if (t.primaries == AVCOL_PRI_UNSPECIFIED)
        t.primaries = par->color_primaries;
    if (t.transfer == AVCOL_TRC_UNSPECIFIED)
        t.transfer = par->color_trc;
    if (t.location == AVCHROMA_LOC_UNSPECIFIED)
        t.location = par->chroma_location;
    switch (frame->format) {
    case AV_PIX_FMT_YUVJ420P:
    case AV_PIX_FMT_YUVJ422P:
    case AV_PIX_FMT_YUVJ444P:
    case AV_PIX_FMT_YUVJ440P:
    case AV_PIX_FMT_YUVJ411P:
        t.range = AVCOL_RANGE_JPEG;
        break;
    default:
        break;
    }
    return t;
}

/* Matrices that chroma can be made for: Y'CbCr with constants of its own. */
static bool is_usable_matrix(enum AVColorSpace space)
{
    return space == AVCOL_SPC_BT709 || space == AVCOL_SPC_FCC || space == AVCOL_SPC_BT470BG ||
           space == AVCOL_SPC_SMPTE170M || space == AVCOL_SPC_SMPTE240M ||
           space == AVCOL_SPC_BT2020_NCL;
}

/* What players take for an untagged picture: by its size; WebP and JPEG are always BT.601. */
static enum AVColorSpace guess_matrix(const ac_reader *r, const AVFrame *frame)
{
    enum AVCodecID id = r->decoder->codec_id;

    if (id == AV_CODEC_ID_WEBP || id == AV_CODEC_ID_MJPEG)
        return AVCOL_SPC_BT470BG;
    if (frame->height >= 720)
        return AVCOL_SPC_BT709;
    return frame->height == 576 ? AVCOL_SPC_BT470BG : AVCOL_SPC_SMPTE170M;
}

static void describe_colours(ac_reader *r, const AVFrame *frame)
{
    ac_picture_format *f = &r->info.format;
    ac_tags *t = &r->tags;

    *t = find_tags(r, frame);
    if (r->luma.kind == AC_LUMA_RGB || r->luma.kind == AC_LUMA_FLOAT ||
        r->luma.kind == AC_LUMA_BITS) {
        t->range = AVCOL_RANGE_JPEG;
        t->space = AVCOL_SPC_BT709;
    }
    if (r->luma.gray) {
        if (t->range == AVCOL_RANGE_UNSPECIFIED && is_picture_codec(r->decoder->codec_id))
            t->range = AVCOL_RANGE_JPEG;
        if (!is_usable_matrix(t->space))
            t->space = AVCOL_SPC_BT709;
        if (t->primaries == AVCOL_PRI_UNSPECIFIED)
            t->primaries = AVCOL_PRI_BT709;
        if (t->transfer == AVCOL_TRC_UNSPECIFIED)
            t->transfer = AVCOL_TRC_BT709;
    }
    if (t->space == AVCOL_SPC_RGB) /* of Y'CbCr that is no matrix but a mistake */
        t->space = AVCOL_SPC_UNSPECIFIED;
    if (t->space != AVCOL_SPC_UNSPECIFIED && t->space != AVCOL_SPC_RESERVED &&
        !is_usable_matrix(t->space)) {
        enum AVColorSpace instead =
            t->primaries == AVCOL_PRI_BT2020 ? AVCOL_SPC_BT2020_NCL : AVCOL_SPC_BT709;

        if (!r->whole)
            ac_log_print(r->log, AC_LOG_WARNING,
                         "%s: colours in the matrix %s cannot be made; the output is tagged %s",
                         r->path, av_color_space_name(t->space), av_color_space_name(instead));
        t->space = instead;
    }
    f->full_range = t->range == AVCOL_RANGE_JPEG;
    f->matrix = (int)(is_usable_matrix(t->space) ? t->space : guess_matrix(r, frame));
    f->primaries = (int)t->primaries;
    f->transfer = (int)t->transfer;
    f->chroma_location = (int)t->location;
}

static void describe_size(ac_reader *r, const AVFrame *frame)
{
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(frame->format);
    AVStream *st = r->demux->streams[r->stream];
    AVRational sar = av_guess_sample_aspect_ratio(r->demux, st, (AVFrame *)frame);
    const AVFrameSideData *matrix = av_frame_get_side_data(frame, AV_FRAME_DATA_DISPLAYMATRIX);
    ac_picture_format *f = &r->info.format;
    size_t size = 0;
    const uint8_t *data =
        matrix ? matrix->data : ac_compat_side_data(st, AV_PKT_DATA_DISPLAYMATRIX, &size);

    r->width = f->width = frame->width;
    r->height = f->height = frame->height;
    if (sar.num <= 0 || sar.den <= 0)
        sar = (AVRational){1, 1};
    /* A film's rotation is carried as such. Few files of a picture can hold one. */
    if ((r->picture || r->whole) && data) {
        r->turn = ac_turn_from_matrix(data);
        if (r->turn.transpose) {
            f->width = frame->height;
            f->height = frame->width;
            sar = av_inv_q(sar);
        }
    }
    r->info.sar_num = sar.num;
    r->info.sar_den = sar.den;
    f->depth = r->luma.depth;
    f->chroma_shift_x = f->chroma_shift_y = r->luma.gray;
    if (r->luma.kind != AC_LUMA_RGB && !r->luma.gray) {
        f->chroma_shift_x = desc->log2_chroma_w;
        f->chroma_shift_y = desc->log2_chroma_h;
        if (r->turn.transpose) {
            f->chroma_shift_x = desc->log2_chroma_h;
            f->chroma_shift_y = desc->log2_chroma_w;
        }
    }
}

/* No film has more: where frames come at uneven times, FFmpeg 7.1 writes the tick of its clock,
 * such as 1/1000 s, as a frame's duration. */
#define MOST_FPS 500

static void describe_time(ac_reader *r, AVFrame *frame)
{
    AVStream *st = r->demux->streams[r->stream];
    ac_reader_info *info = &r->info;
    double seconds = 0;

    r->frame_rate = av_guess_frame_rate(r->demux, st, frame);
    if (r->frame_rate.num <= 0 || r->frame_rate.den <= 0)
        r->frame_rate = (AVRational){0, 1};
    if (st->avg_frame_rate.num > 0 && st->avg_frame_rate.den > 0)
        info->fps = av_q2d(st->avg_frame_rate);
    else if (av_q2d(r->frame_rate) <= MOST_FPS)
        info->fps = av_q2d(r->frame_rate);
    if (st->duration != AV_NOPTS_VALUE && st->duration > 0)
        seconds = (double)st->duration * av_q2d(st->time_base);
    else if (r->demux->duration != AV_NOPTS_VALUE && r->demux->duration > 0)
        seconds = (double)r->demux->duration / AV_TIME_BASE;
    if (seconds > 0 && r->cut_start)
        seconds = fmax(seconds - ((double)r->start * av_q2d(st->time_base) -
                                  (double)ac_reader_origin(r) / AV_TIME_BASE),
                       0);
    if (r->cut_end && (seconds <= 0 || seconds > r->duration))
        seconds = r->duration;
    info->seconds = seconds;
    if (st->nb_frames > 0 && !r->cut_start && !r->cut_end)
        info->frames = st->nb_frames;
    else
        info->frames = llrint(seconds * info->fps);
}

static void write_description(ac_reader *r, const AVFrame *frame)
{
    const ac_picture_format *f = &r->info.format;
    ac_reader_info *info = &r->info;
    char fps[32] = "";

    if (info->fps > 0 && (!r->picture || r->sequence))
        snprintf(fps, sizeof(fps), " %.6g fps", info->fps);
    snprintf(info->description, sizeof(info->description), "%s %s %dx%d%s%s, %s%s, %s range",
             avcodec_get_name(r->decoder->codec_id), av_get_pix_fmt_name(frame->format), f->width,
             f->height, fps, info->interlaced ? " interlaced" : "",
             av_color_space_name((enum AVColorSpace)f->matrix),
             is_usable_matrix(r->tags.space) ? "" : " (guessed)",
             f->full_range ? "full" : "limited");
}

ac_status ac_reader_describe(ac_reader *r, const AVFrame *frame)
{
    const AVStream *st = r->demux->streams[r->stream];
    enum AVFieldOrder order = st->codecpar->field_order;
    ac_reader_info *info = &r->info;

    ac_luma_uninit(&r->luma);
    if (ac_luma_init(&r->luma, frame->format))
        return ac_fail(r->log, AC_ERR_UNSUPPORTED, "%s: pixels of the format %s cannot be %s",
                       r->path, av_get_pix_fmt_name(frame->format), r->whole ? "used" : "coloured");
    av_frame_free(&r->first_props);
    r->first_props = av_frame_alloc();
    if (!r->first_props || av_frame_copy_props(r->first_props, frame) < 0)
        return ac_media_no_memory(r->log, r->path);
    info->rgb = r->luma.kind == AC_LUMA_RGB;
    info->gray = r->luma.gray;
    info->interlaced = ac_compat_is_interlaced(frame) || order == AV_FIELD_TT ||
                       order == AV_FIELD_BB || order == AV_FIELD_TB || order == AV_FIELD_BT;
    r->top_first = ac_compat_is_interlaced(frame) ? ac_compat_is_top_first(frame)
                                                  : order == AV_FIELD_TT || order == AV_FIELD_BT;
    describe_size(r, frame);
    describe_colours(r, frame);
    describe_time(r, r->frame);
    write_description(r, frame);
    if (r->luma.alpha && !r->whole)
        ac_log_print(r->log, AC_LOG_WARNING, "%s: its transparency is left out", r->path);
    return AC_OK;
}
