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

struct ac_rgb_reader {
    const ac_log *log;
    ac_reader *reader;
    ac_rgb_reader_info info;
    struct SwsContext *to_rgb; /* for frames as the last one */
    int width, height, format; /* of that */
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
    sws_freeContext(r->to_rgb);
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

static ac_status prepare(ac_rgb_reader *r, const AVFrame *frame)
{
    const ac_picture_format *f = &r->reader->info.format;
    const int *coefficients = sws_getCoefficients(f->matrix);
    struct SwsContext *sws;

    if (r->to_rgb && r->width == frame->width && r->height == frame->height &&
        r->format == frame->format)
        return AC_OK;
    if (!sws_isSupportedInput(frame->format))
        return ac_fail(r->log, AC_ERR_UNSUPPORTED, "%s: pixels of the format %s cannot be used",
                       r->reader->path, av_get_pix_fmt_name(frame->format));
    sws_freeContext(r->to_rgb);
    r->to_rgb = sws = sws_alloc_context();
    if (!sws)
        return ac_media_no_memory(r->log, r->reader->path);
    r->width = frame->width;
    r->height = frame->height;
    r->format = frame->format;
    av_opt_set_int(sws, "srcw", frame->width, 0);
    av_opt_set_int(sws, "srch", frame->height, 0);
    av_opt_set_int(sws, "src_format", without_range(frame->format), 0);
    av_opt_set_int(sws, "dstw", frame->width, 0);
    av_opt_set_int(sws, "dsth", frame->height, 0);
    av_opt_set_int(sws, "dst_format", AV_PIX_FMT_RGB24, 0);
    av_opt_set_int(sws, "sws_flags", FLAGS, 0);
    av_opt_set_int(sws, "sws_dither", 0, 0); /* none */
    set_chroma_place(sws, r->reader, frame);
    sws_setColorspaceDetails(sws, coefficients, f->full_range, coefficients, 1, 0, 1 << 16,
                             1 << 16);
    ac_av_forget();
    if (sws_init_context(sws, NULL, NULL) < 0) {
        sws_freeContext(sws);
        r->to_rgb = NULL;
        return ac_fail(r->log, AC_ERR_UNSUPPORTED, "%s: pixels of the format %s cannot be used: %s",
                       r->reader->path, av_get_pix_fmt_name(frame->format),
                       ac_av_why(AVERROR(ENOSYS)).text);
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
        sws_scale(r->to_rgb, (const uint8_t *const *)from->data, from->linesize, 0, from->height,
                  made->data, made->linesize) < 0 ||
        ac_turn_apply(r->reader->turn, &made))
        av_frame_free(&made);
    return made;
}

ac_status ac_rgb_reader_next(ac_rgb_reader *r, ac_rgb *picture, double *time)
{
    AVFrame *rgb = NULL;
    ac_item item = {0};
    ac_status status;

    *picture = (ac_rgb){0};
    TRY(ac_reader_next(r->reader, &item));
    TRY(prepare(r, item.frame->av));
    rgb = convert(r, item.frame->av);
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
    *time = ac_frame_time(item.frame);
fail:
    av_frame_free(&rgb);
    ac_frame_free(&item.frame);
    return status;
}
