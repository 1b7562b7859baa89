/* Colour pictures: read as packed RGB. */
#include "media/rgb.h"

#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <stdlib.h>

#include "media/internal.h"

/* Chroma is interpolated linearly, as decoders of JPEG and players do; the same on any processor.
 */
#define FLAGS                                                                                      \
    (SWS_BILINEAR | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP | SWS_ACCURATE_RND | SWS_BITEXACT)
#define SHRINK_FLAGS (SWS_AREA | SWS_ACCURATE_RND | SWS_BITEXACT)

/* For frames as the last one. */
typedef struct conversion {
    struct SwsContext *sws;
    int width, height, format; /* of that frame */
} conversion;

struct ac_rgb_reader {
    const ac_log *log;
    ac_reader *reader;
    ac_rgb_reader_info info;
    conversion to_rgb, to_luma;
};

void ac_rgb_free(ac_rgb *picture)
{
    free(picture->data);
    *picture = (ac_rgb){0};
}

ac_status ac_rgb_reader_open(const char *path, int threads, const ac_log *log,
                             ac_rgb_reader **reader)
{
    ac_rgb_reader *r = calloc(1, sizeof(*r));
    ac_status status;

    *reader = NULL;
    if (!r)
        return ac_media_no_memory(log, path);
    r->log = log;
    TRY(ac_reader_open_whole(path, threads, log, &r->reader));
    r->info = (ac_rgb_reader_info){
        .width = r->reader->info.format.width,
        .height = r->reader->info.format.height,
        .still = r->reader->info.still,
        .fps = r->reader->info.fps,
        .seconds = r->reader->info.seconds,
        .gray = r->reader->info.gray,
    };
    *reader = r;
    return AC_OK;
fail:
    ac_rgb_reader_close(&r);
    return status;
}

const ac_rgb_reader_info *ac_rgb_reader_get_info(const ac_rgb_reader *r)
{
    return &r->info;
}

int64_t ac_rgb_reader_damage(const ac_rgb_reader *r)
{
    return ac_reader_damage(r->reader);
}

void ac_rgb_reader_close(ac_rgb_reader **reader)
{
    ac_rgb_reader *r = reader ? *reader : NULL;

    if (!r)
        return;
    ac_reader_close(&r->reader);
    sws_freeContext(r->to_rgb.sws);
    sws_freeContext(r->to_luma.sws);
    free(r);
    *reader = NULL;
}

/* Where chroma lies, in 1/256 luma samples from the first one (0: on it, 128: behind it, in the
 * middle of two). JPEG's is in the middle; of films that do not say it is at the left. */
static void set_chroma_place(struct SwsContext *sws, const ac_reader *r, const AVFrame *frame)
{
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(frame->format);
    enum AVChromaLocation place = r->tags.location;

    if (desc->flags & AV_PIX_FMT_FLAG_RGB || desc->nb_components < 3)
        return;
    if (place == AVCHROMA_LOC_UNSPECIFIED)
        place = r->picture ? AVCHROMA_LOC_CENTER : AVCHROMA_LOC_LEFT;
    if (desc->log2_chroma_w == 1)
        av_opt_set_int(sws, "src_h_chr_pos", place == AVCHROMA_LOC_CENTER ? 128 : 0, 0);
    if (desc->log2_chroma_h == 1)
        av_opt_set_int(sws, "src_v_chr_pos", place == AVCHROMA_LOC_TOPLEFT ? 0 : 128, 0);
}

/* libswscale complains of each picture in a format that says its range in its name, which the
 * reader has told it already. */
static enum AVPixelFormat without_range(enum AVPixelFormat format)
{
    static const enum AVPixelFormat others[][2] = {
        {AV_PIX_FMT_YUVJ411P, AV_PIX_FMT_YUV411P}, {AV_PIX_FMT_YUVJ420P, AV_PIX_FMT_YUV420P},
        {AV_PIX_FMT_YUVJ422P, AV_PIX_FMT_YUV422P}, {AV_PIX_FMT_YUVJ440P, AV_PIX_FMT_YUV440P},
        {AV_PIX_FMT_YUVJ444P, AV_PIX_FMT_YUV444P},
    };

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (others[i][0] == format)
            return others[i][1];
    return format;
}

static ac_status fail_format(const ac_rgb_reader *r, const AVFrame *frame, const char *why)
{
    return ac_fail(r->log, AC_ERR_UNSUPPORTED, "%s: pixels of the format %s cannot be used%s%s",
                   r->reader->path, av_get_pix_fmt_name(frame->format), *why ? ": " : "", why);
}

/* Made for frames as this one, where it is not yet. */
static ac_status prepare(const ac_rgb_reader *r, const AVFrame *frame, int width, int height,
                         enum AVPixelFormat format, int flags, conversion *c)
{
    const ac_picture_format *f = &r->reader->info.format;
    const int *coefficients = sws_getCoefficients(f->matrix);
    struct SwsContext *sws;

    if (c->sws && c->width == frame->width && c->height == frame->height &&
        c->format == frame->format)
        return AC_OK;
    if (!sws_isSupportedInput(frame->format))
        return fail_format(r, frame, "");
    sws_freeContext(c->sws);
    c->sws = sws = sws_alloc_context();
    if (!sws)
        return ac_media_no_memory(r->log, r->reader->path);
    c->width = frame->width;
    c->height = frame->height;
    c->format = frame->format;
    av_opt_set_int(sws, "srcw", frame->width, 0);
    av_opt_set_int(sws, "srch", frame->height, 0);
    av_opt_set_int(sws, "src_format", without_range(frame->format), 0);
    av_opt_set_int(sws, "dstw", width, 0);
    av_opt_set_int(sws, "dsth", height, 0);
    av_opt_set_int(sws, "dst_format", format, 0);
    av_opt_set_int(sws, "sws_flags", flags, 0);
    av_opt_set_int(sws, "sws_dither", 0, 0); /* none */
    set_chroma_place(sws, r->reader, frame);
    sws_setColorspaceDetails(sws, coefficients, f->full_range, coefficients, 1, 0, 1 << 16,
                             1 << 16);
    ac_av_forget();
    if (sws_init_context(sws, NULL, NULL) < 0) {
        sws_freeContext(sws);
        c->sws = NULL;
        return fail_format(r, frame, ac_av_why(AVERROR(ENOSYS)).text);
    }
    return AC_OK;
}

/* An upright frame of RGB24. libswscale needs room behind its lines, which an ac_rgb has not. */
static AVFrame *convert(const ac_rgb_reader *r, const AVFrame *from)
{
    AVFrame *made = av_frame_alloc();

    if (!made)
        return NULL;
    made->format = AV_PIX_FMT_RGB24;
    made->width = from->width;
    made->height = from->height;
    if (av_frame_get_buffer(made, 0) < 0 ||
        sws_scale(r->to_rgb.sws, (const uint8_t *const *)from->data, from->linesize, 0,
                  from->height, made->data, made->linesize) < 0 ||
        ac_turn_apply(r->reader->turn, &made))
        av_frame_free(&made);
    return made;
}

ac_status ac_rgb_reader_next_frame(ac_rgb_reader *r, ac_frame **frame)
{
    ac_item item = {0};
    ac_status status = ac_reader_next(r->reader, &item);

    *frame = item.frame;
    return status;
}

ac_status ac_rgb_reader_convert(ac_rgb_reader *r, const ac_frame *frame, ac_rgb *picture)
{
    const AVFrame *from = frame->av;
    AVFrame *rgb = NULL;
    ac_status status;

    *picture = (ac_rgb){0};
    TRY(prepare(r, from, from->width, from->height, AV_PIX_FMT_RGB24, FLAGS, &r->to_rgb));
    rgb = convert(r, from);
    if (rgb)
        picture->data = malloc(3 * (size_t)rgb->width * (size_t)rgb->height);
    if (!picture->data || !rgb) {
        status = ac_media_no_memory(r->log, r->reader->path);
        goto fail;
    }
    picture->width = rgb->width;
    picture->height = rgb->height;
    av_image_copy_plane(picture->data, 3 * rgb->width, rgb->data[0], rgb->linesize[0],
                        3 * rgb->width, rgb->height);
fail:
    av_frame_free(&rgb);
    return status;
}

ac_status ac_rgb_reader_shrink_luma(ac_rgb_reader *r, const ac_frame *frame, int side,
                                    uint8_t *luma)
{
    const AVFrame *from = frame->av;
    AVFrame *small = av_frame_alloc();
    ac_status status = AC_OK;

    if (!small)
        return ac_media_no_memory(r->log, r->reader->path);
    TRY(prepare(r, from, side, side, AV_PIX_FMT_GRAY8, SHRINK_FLAGS, &r->to_luma));
    small->format = AV_PIX_FMT_GRAY8;
    small->width = small->height = side;
    if (av_frame_get_buffer(small, 0) < 0 ||
        sws_scale(r->to_luma.sws, (const uint8_t *const *)from->data, from->linesize, 0,
                  from->height, small->data, small->linesize) < 0) {
        status = ac_media_no_memory(r->log, r->reader->path);
        goto fail;
    }
    av_image_copy_plane(luma, side, small->data[0], small->linesize[0], side, side);
fail:
    av_frame_free(&small);
    return status;
}

ac_status ac_rgb_reader_next(ac_rgb_reader *r, ac_rgb *picture, double *time)
{
    ac_frame *frame = NULL;
    ac_status status;

    *picture = (ac_rgb){0};
    TRY(ac_rgb_reader_next_frame(r, &frame));
    TRY(ac_rgb_reader_convert(r, frame, picture));
    *time = ac_frame_time(frame);
fail:
    ac_frame_free(&frame);
    return status;
}
