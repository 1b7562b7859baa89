/* Colour pictures: scaled, and written as PNG and JPEG files. */
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <stdlib.h>
#include <string.h>

#include "media/internal.h"
#include "media/rgb.h"
#include "util/file.h"

static AVFrame *alloc_frame(enum AVPixelFormat format, int width, int height)
{
    AVFrame *frame = av_frame_alloc();

    if (!frame)
        return NULL;
    frame->format = format;
    frame->width = width;
    frame->height = height;
    if (av_frame_get_buffer(frame, 0) < 0)
        av_frame_free(&frame);
    return frame;
}

/* libswscale would go through Y'CbCr, and be off by one or two values, for anything that it knows
 * to be RGB. Of Y'CbCr in 4:4:4 it scales each plane by itself: R, G, B are taken for that. */
static AVFrame *take_apart(const ac_rgb *from, int x, int y, int width, int height)
{
    AVFrame *planes = alloc_frame(AV_PIX_FMT_YUV444P, width, height);

    for (int j = 0; planes && j < height; j++) {
        const uint8_t *line = from->data + 3 * ((size_t)(y + j) * (size_t)from->width + (size_t)x);
        uint8_t *r = planes->data[0] + (ptrdiff_t)j * planes->linesize[0],
                *g = planes->data[1] + (ptrdiff_t)j * planes->linesize[1],
                *b = planes->data[2] + (ptrdiff_t)j * planes->linesize[2];

        for (int i = 0; i < width; i++, line += 3) {
            r[i] = line[0];
            g[i] = line[1];
            b[i] = line[2];
        }
    }
    return planes;
}

static void put_together(const AVFrame *planes, ac_rgb *to)
{
    uint8_t *line = to->data;

    for (int j = 0; j < to->height; j++) {
        const uint8_t *r = planes->data[0] + (ptrdiff_t)j * planes->linesize[0],
                      *g = planes->data[1] + (ptrdiff_t)j * planes->linesize[1],
                      *b = planes->data[2] + (ptrdiff_t)j * planes->linesize[2];

        for (int i = 0; i < to->width; i++, line += 3) {
            line[0] = r[i];
            line[1] = g[i];
            line[2] = b[i];
        }
    }
}

static ac_status scale(const ac_rgb *from, int x, int y, int part_width, int part_height,
                       ac_rgb *to)
{
    bool smaller = to->width <= part_width && to->height <= part_height;
    AVFrame *in = take_apart(from, x, y, part_width, part_height),
            *out = alloc_frame(AV_PIX_FMT_YUV444P, to->width, to->height);
    struct SwsContext *sws = sws_getContext(
        part_width, part_height, AV_PIX_FMT_YUV444P, to->width, to->height, AV_PIX_FMT_YUV444P,
        (smaller ? SWS_AREA : SWS_BICUBIC) | SWS_ACCURATE_RND | SWS_BITEXACT, NULL, NULL, NULL);
    ac_status status = AC_ERR_MEMORY;

    if (in && out && sws &&
        sws_scale(sws, (const uint8_t *const *)in->data, in->linesize, 0, part_height, out->data,
                  out->linesize) >= 0) {
        put_together(out, to);
        status = AC_OK;
    }
    sws_freeContext(sws);
    av_frame_free(&in);
    av_frame_free(&out);
    return status;
}

ac_status ac_rgb_scale(const ac_rgb *from, int x, int y, int part_width, int part_height, int width,
                       int height, const ac_log *log, ac_rgb *to)
{
    ac_status status = AC_OK;

    *to = (ac_rgb){0};
    if (x < 0 || y < 0 || part_width < 1 || part_height < 1 || part_width > from->width - x ||
        part_height > from->height - y || width < 1 || height < 1)
        return ac_fail(log, AC_ERR_ARGUMENT,
                       "a part of %dx%d at %d,%d of a picture of %dx%d cannot be made %dx%d",
                       part_width, part_height, x, y, from->width, from->height, width, height);
    to->data = malloc(3 * (size_t)width * (size_t)height);
    to->width = width;
    to->height = height;
    if (!to->data) {
        status = AC_ERR_MEMORY;
    } else if (width == part_width && height == part_height) {
        size_t line = 3 * (size_t)width;

        for (int j = 0; j < height; j++)
            memcpy(to->data + (size_t)j * line,
                   from->data + 3 * ((size_t)(y + j) * (size_t)from->width + (size_t)x), line);
    } else {
        status = scale(from, x, y, part_width, part_height, to);
    }
    if (status) {
        ac_rgb_free(to);
        return ac_fail(log, status, "out of memory for scaling a picture from %dx%d to %dx%d",
                       part_width, part_height, width, height);
    }
    return AC_OK;
}

/* ---- PNG, JPEG ---- */

/* How a picture becomes a file of a kind. */
typedef struct file_kind {
    const char *name;
    enum AVCodecID codec;
    enum AVPixelFormat format;
    int quality; /* of JPEG: 1 (best) to 31 */
} file_kind;

static const file_kind png = {"PNG", AV_CODEC_ID_PNG, AV_PIX_FMT_RGB24, 0};
/* Chroma at full size: letters and edges of colour stay sharp. */
static const file_kind jpeg = {"JPEG", AV_CODEC_ID_MJPEG, AV_PIX_FMT_YUV444P, 4};

static uint8_t to_byte(int value)
{
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* To the Y'CbCr of JFIF (BT.601, full range), in 16 bits behind the point. */
static void fill_ycbcr(const ac_rgb *picture, AVFrame *frame)
{
    const uint8_t *from = picture->data;

    for (int j = 0; j < picture->height; j++)
        for (int i = 0; i < picture->width; i++, from += 3) {
            int r = from[0], g = from[1], b = from[2], half = 1 << 15;

            frame->data[0][(ptrdiff_t)j * frame->linesize[0] + i] =
                to_byte((19595 * r + 38470 * g + 7471 * b + half) >> 16);
            frame->data[1][(ptrdiff_t)j * frame->linesize[1] + i] =
                to_byte(((-11059 * r - 21709 * g + 32768 * b + half) >> 16) + 128);
            frame->data[2][(ptrdiff_t)j * frame->linesize[2] + i] =
                to_byte(((32768 * r - 27439 * g - 5329 * b + half) >> 16) + 128);
        }
}

static int encode(AVCodecContext *encoder, const ac_rgb *picture, AVPacket *packet)
{
    AVFrame *frame = alloc_frame(encoder->pix_fmt, picture->width, picture->height);
    int error;

    if (!frame)
        return AVERROR(ENOMEM);
    if (encoder->pix_fmt == AV_PIX_FMT_RGB24)
        av_image_copy_plane(frame->data[0], frame->linesize[0], picture->data, 3 * picture->width,
                            3 * picture->width, picture->height);
    else
        fill_ycbcr(picture, frame);
    frame->color_range = encoder->color_range;
    frame->quality = encoder->global_quality;
    error = avcodec_send_frame(encoder, frame);
    if (error >= 0)
        error = avcodec_send_frame(encoder, NULL);
    if (error >= 0)
        error = avcodec_receive_packet(encoder, packet);
    av_frame_free(&frame);
    return error;
}

static int open_encoder(const ac_rgb *picture, const file_kind *kind, AVCodecContext **encoder)
{
    const AVCodec *codec = avcodec_find_encoder(kind->codec);
    AVCodecContext *e;

    if (!codec)
        return AVERROR_ENCODER_NOT_FOUND;
    *encoder = e = avcodec_alloc_context3(codec);
    if (!e)
        return AVERROR(ENOMEM);
    e->width = picture->width;
    e->height = picture->height;
    e->pix_fmt = kind->format;
    e->time_base = (AVRational){1, 25};
    e->thread_count = 1;
    if (kind->quality) {
        e->color_range = AVCOL_RANGE_JPEG;
        e->flags |= AV_CODEC_FLAG_QSCALE;
        e->global_quality = kind->quality * FF_QP2LAMBDA;
    } else {
        av_opt_set(e->priv_data, "pred", "mixed", 0); /* files are a third smaller */
    }
    return avcodec_open2(e, codec, NULL);
}

static ac_status write_picture(const ac_rgb *picture, const file_kind *kind, const char *path,
                               const ac_log *log)
{
    AVPacket *packet = av_packet_alloc();
    AVCodecContext *encoder = NULL;
    ac_file_writer *file = NULL;
    ac_status status;
    int error;

    ac_av_forget();
    error = packet ? open_encoder(picture, kind, &encoder) : AVERROR(ENOMEM);
    if (error >= 0)
        error = encode(encoder, picture, packet);
    if (error < 0) {
        status = ac_fail(log, error == AVERROR(ENOMEM) ? AC_ERR_MEMORY : AC_ERR_UNSUPPORTED,
                         "%s: cannot be made a %s: %s", path, kind->name, ac_av_why(error).text);
        goto fail;
    }
    TRY(ac_file_writer_create(path, log, &file));
    TRY(ac_file_writer_write(file, packet->data, (size_t)packet->size));
    TRY(ac_file_writer_commit(&file));
fail:
    ac_file_writer_destroy(&file);
    avcodec_free_context(&encoder);
    av_packet_free(&packet);
    return status;
}

ac_status ac_rgb_write_png(const ac_rgb *picture, const char *path, const ac_log *log)
{
    return write_picture(picture, &png, path, log);
}

ac_status ac_rgb_write_jpeg(const ac_rgb *picture, const char *path, const ac_log *log)
{
    return write_picture(picture, &jpeg, path, log);
}
