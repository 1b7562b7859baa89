/* The luma of whatever a decoder hands out, as a gray frame.
 *
 * Y'CbCr and gray: the decoder's own values. Where they lie in a plane of their own, as
 * ac_picture_format wants them, that plane is used as it is; packed (yuyv422), shifted (p010) and
 * big-endian samples are moved, never changed.
 * RGB: with components scaled to 16 bits, R16 = round(R * 65535 / (2^depth - 1)),
 *     Y' = (13933 R16 + 46871 G16 + 4732 B16 + 32768) >> 16
 * which is BT.709's 0.2126, 0.7152, 0.0722 at full range; a gray R = G = B gives exactly itself.
 * Transparency is dropped: the colours beneath are what is seen. */
#include <libavutil/imgutils.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "media/internal.h"

#define RGB_DEPTH 16

enum AVPixelFormat ac_luma_pix_fmt(int depth)
{
    switch (depth) {
    case 8:
        return AV_PIX_FMT_GRAY8;
    case 9:
        return AV_PIX_FMT_GRAY9LE;
    case 10:
        return AV_PIX_FMT_GRAY10LE;
    case 12:
        return AV_PIX_FMT_GRAY12LE;
    case 14:
        return AV_PIX_FMT_GRAY14LE;
    case 16:
        return AV_PIX_FMT_GRAY16LE;
    default:
        return AV_PIX_FMT_NONE;
    }
}

/* Luma is plane 0, one little-endian sample after the other in the low bits. */
static bool is_plain(const AVPixFmtDescriptor *desc)
{
    const AVComponentDescriptor *y = &desc->comp[0];

    if (desc->flags & AV_PIX_FMT_FLAG_BITSTREAM || y->plane != 0 || y->offset || y->shift)
        return false;
    return y->depth == 8 ? y->step == 1 : y->step == 2 && !(desc->flags & AV_PIX_FMT_FLAG_BE);
}

static bool needs_swscale(enum AVPixelFormat pix_fmt)
{
    return pix_fmt == AV_PIX_FMT_XYZ12LE || pix_fmt == AV_PIX_FMT_XYZ12BE ||
           av_pix_fmt_desc_get(pix_fmt)->flags & AV_PIX_FMT_FLAG_BAYER;
}

ac_status ac_luma_init(ac_luma *luma, enum AVPixelFormat pix_fmt)
{
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(pix_fmt);
    uint64_t flags = desc ? desc->flags : 0;
    int depth = desc ? desc->comp[0].depth : 0;

    *luma = (ac_luma){.pix_fmt = pix_fmt, .input_depth = depth, .depth = depth};
    if (!desc || flags & AV_PIX_FMT_FLAG_HWACCEL || !desc->nb_components)
        return AC_ERR_UNSUPPORTED;
    luma->alpha = flags & AV_PIX_FMT_FLAG_ALPHA && pix_fmt != AV_PIX_FMT_PAL8;
    if (pix_fmt == AV_PIX_FMT_PAL8 || flags & AV_PIX_FMT_FLAG_RGB || needs_swscale(pix_fmt)) {
        luma->kind = AC_LUMA_RGB;
        luma->depth = RGB_DEPTH;
        for (int i = 0; i < 3 && pix_fmt != AV_PIX_FMT_PAL8; i++)
            if (desc->comp[i].depth > luma->input_depth)
                luma->input_depth = desc->comp[i].depth;
        return AC_OK;
    }
    luma->gray = desc->nb_components < 3;
    if (flags & AV_PIX_FMT_FLAG_FLOAT) {
        luma->kind = AC_LUMA_FLOAT;
        luma->depth = RGB_DEPTH;
    } else if (depth == 1) {
        luma->kind = AC_LUMA_BITS;
        luma->depth = 8;
    } else {
        luma->kind = is_plain(desc) ? AC_LUMA_PLANE : AC_LUMA_SAMPLES;
    }
    return ac_luma_pix_fmt(luma->depth) == AV_PIX_FMT_NONE ? AC_ERR_UNSUPPORTED : AC_OK;
}

void ac_luma_uninit(ac_luma *luma)
{
    sws_freeContext(luma->to_rgb);
    luma->to_rgb = NULL;
    av_frame_free(&luma->rgb);
}

/* Values of one component of a line, one a 16-bit word; of floats the 16-bit value. */
static void read_samples(uint16_t *to, const AVFrame *frame, const AVPixFmtDescriptor *desc,
                         int component, int line)
{
    const AVComponentDescriptor *c = &desc->comp[component];
    const uint8_t *from =
        frame->data[c->plane] + (ptrdiff_t)line * frame->linesize[c->plane] + c->offset;

    if (desc->flags & AV_PIX_FMT_FLAG_FLOAT) {
        for (int x = 0; x < frame->width; x++, from += c->step) {
            float value = ac_read_float(from, desc, c->depth);

            /* Not a number is black: fmaxf takes the other. */
            to[x] = (uint16_t)lrintf(fminf(fmaxf(value, 0), 1) * 65535);
        }
    } else if (c->depth == 8 && !c->shift && !(desc->flags & AV_PIX_FMT_FLAG_BITSTREAM)) {
        for (int x = 0; x < frame->width; x++, from += c->step)
            to[x] = *from;
    } else {
        const uint8_t *data[4] = {frame->data[0], frame->data[1], frame->data[2], frame->data[3]};

        av_read_image_line2(to, data, frame->linesize, desc, 0, line, component, frame->width, 0,
                            2);
    }
}

static void widen(uint16_t *samples, int count, const AVPixFmtDescriptor *desc, int depth)
{
    uint32_t max;

    if (desc->flags & AV_PIX_FMT_FLAG_FLOAT || depth >= 16)
        return;
    max = (1u << depth) - 1;
    for (int x = 0; x < count; x++)
        samples[x] = (uint16_t)((samples[x] * 65535u + max / 2) / max);
}

static uint16_t luma_of(uint32_t r, uint32_t g, uint32_t b)
{
    return (uint16_t)((13933 * r + 46871 * g + 4732 * b + 32768) >> 16);
}

static void palette_line(const AVFrame *frame, int line, uint16_t *to)
{
    const uint8_t *from = frame->data[0] + (ptrdiff_t)line * frame->linesize[0];

    for (int x = 0; x < frame->width; x++) {
        uint32_t argb;

        memcpy(&argb, frame->data[1] + 4 * (size_t)from[x], 4);
        to[x] = luma_of((argb >> 16 & 255) * 257, (argb >> 8 & 255) * 257, (argb & 255) * 257);
    }
}

static ac_status rgb_lines(const AVFrame *frame, AVFrame *gray)
{
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(frame->format);
    size_t width = (size_t)frame->width;
    uint16_t *rgb = calloc(3 * width, sizeof(*rgb));

    if (!rgb)
        return AC_ERR_MEMORY;
    for (int y = 0; y < frame->height; y++) {
        uint16_t *to = (uint16_t *)(void *)(gray->data[0] + (ptrdiff_t)y * gray->linesize[0]);

        if (frame->format == AV_PIX_FMT_PAL8) {
            palette_line(frame, y, to);
            continue;
        }
        for (int c = 0; c < 3; c++) {
            read_samples(rgb + (size_t)c * width, frame, desc, c, y);
            widen(rgb + (size_t)c * width, frame->width, desc, desc->comp[c].depth);
        }
        for (size_t x = 0; x < width; x++)
            to[x] = luma_of(rgb[x], rgb[width + x], rgb[2 * width + x]);
    }
    free(rgb);
    return AC_OK;
}

/* XYZ and Bayer patterns. */
static ac_status rgb_by_swscale(ac_luma *luma, const AVFrame *frame, AVFrame *gray)
{
    if (!luma->rgb) {
        luma->to_rgb = sws_getContext(
            frame->width, frame->height, luma->pix_fmt, frame->width, frame->height,
            AV_PIX_FMT_RGB48LE, SWS_POINT | SWS_ACCURATE_RND | SWS_BITEXACT, NULL, NULL, NULL);
        luma->rgb = av_frame_alloc();
        if (!luma->to_rgb || !luma->rgb)
            return AC_ERR_MEMORY;
        luma->rgb->format = AV_PIX_FMT_RGB48LE;
        luma->rgb->width = frame->width;
        luma->rgb->height = frame->height;
        if (av_frame_get_buffer(luma->rgb, 0) < 0)
            return AC_ERR_MEMORY;
    }
    if (sws_scale(luma->to_rgb, (const uint8_t *const *)frame->data, frame->linesize, 0,
                  frame->height, luma->rgb->data, luma->rgb->linesize) < 0)
        return AC_ERR_MEMORY;
    return rgb_lines(luma->rgb, gray);
}

static void sample_lines(const ac_luma *luma, const AVFrame *frame, AVFrame *gray, uint16_t *line)
{
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(frame->format);
    uint16_t white = frame->format == AV_PIX_FMT_MONOWHITE ? 0 : 1;

    for (int y = 0; y < frame->height; y++) {
        uint8_t *to = gray->data[0] + (ptrdiff_t)y * gray->linesize[0];

        read_samples(line, frame, desc, 0, y);
        if (luma->depth > 8)
            memcpy(to, line, 2 * (size_t)frame->width);
        else if (luma->kind == AC_LUMA_BITS)
            for (int x = 0; x < frame->width; x++)
                to[x] = line[x] == white ? 255 : 0;
        else
            for (int x = 0; x < frame->width; x++)
                to[x] = (uint8_t)line[x];
    }
}

static ac_status fill(ac_luma *luma, const AVFrame *frame, AVFrame *gray)
{
    uint16_t *line;

    if (luma->kind == AC_LUMA_PLANE) {
        int bytes = ac_sample_bytes(luma->depth);

        av_image_copy_plane(gray->data[0], gray->linesize[0], frame->data[0], frame->linesize[0],
                            frame->width * bytes, frame->height);
        return AC_OK;
    }
    if (luma->kind == AC_LUMA_RGB)
        return needs_swscale(frame->format) ? rgb_by_swscale(luma, frame, gray)
                                            : rgb_lines(frame, gray);
    line = calloc((size_t)frame->width, sizeof(*line));
    if (!line)
        return AC_ERR_MEMORY;
    sample_lines(luma, frame, gray, line);
    free(line);
    return AC_OK;
}

ac_status ac_luma_extract(ac_luma *luma, const AVFrame *frame, AVFrame **gray)
{
    /* The buffer that the plane lies in; a decoder may have all planes in one. A plane stored from
     * the bottom up is copied. */
    AVBufferRef *buffer = luma->kind == AC_LUMA_PLANE && frame->linesize[0] > 0
                              ? av_frame_get_plane_buffer((AVFrame *)frame, 0)
                              : NULL;
    ac_status status = AC_ERR_MEMORY;
    AVFrame *made = av_frame_alloc();

    *gray = NULL;
    if (!made || av_frame_copy_props(made, frame) < 0)
        goto fail;
    made->format = ac_luma_pix_fmt(luma->depth);
    made->width = frame->width;
    made->height = frame->height;
    if (buffer) {
        made->buf[0] = av_buffer_ref(buffer);
        made->data[0] = frame->data[0];
        made->linesize[0] = frame->linesize[0];
        if (!made->buf[0])
            goto fail;
    } else {
        if (av_frame_get_buffer(made, 0) < 0)
            goto fail;
        TRY(fill(luma, frame, made));
    }
    TRY(ac_luma_keep_exact(frame, made));
    *gray = made;
    return AC_OK;
fail:
    av_frame_free(&made);
    return status;
}

ac_turn ac_turn_from_matrix(const uint8_t *matrix)
{
    int32_t m[9];

    if (!matrix)
        return (ac_turn){0};
    memcpy(m, matrix, sizeof(m));
    /* x' = m[0] x + m[3] y, y' = m[1] x + m[4] y (libavutil/display.h). */
    if (!m[1] && !m[3])
        return (ac_turn){.mirror_x = m[0] < 0, .mirror_y = m[4] < 0};
    if (!m[0] && !m[4])
        return (ac_turn){.mirror_x = m[1] < 0, .mirror_y = m[3] < 0, .transpose = true};
    return (ac_turn){0};
}

ac_status ac_turn_apply(ac_turn turn, AVFrame **frame)
{
    const AVFrame *from = *frame;
    size_t bytes = from->format == AV_PIX_FMT_GRAY8 ? 1 : from->format == AV_PIX_FMT_RGB24 ? 3 : 2;
    AVFrame *made;

    if (!turn.mirror_x && !turn.mirror_y && !turn.transpose)
        return AC_OK;
    made = av_frame_alloc();
    if (!made || av_frame_copy_props(made, from) < 0)
        goto fail;
    made->format = from->format;
    made->width = turn.transpose ? from->height : from->width;
    made->height = turn.transpose ? from->width : from->height;
    if (av_frame_get_buffer(made, 0) < 0)
        goto fail;
    for (int y = 0; y < made->height; y++) {
        uint8_t *to = made->data[0] + (ptrdiff_t)y * made->linesize[0];

        for (int x = 0; x < made->width; x++, to += bytes) {
            int p = turn.transpose ? y : x, q = turn.transpose ? x : y;

            p = turn.mirror_x ? from->width - 1 - p : p;
            q = turn.mirror_y ? from->height - 1 - q : q;
            memcpy(to, from->data[0] + (ptrdiff_t)q * from->linesize[0] + (size_t)p * bytes, bytes);
        }
    }
    if (turn.transpose && made->sample_aspect_ratio.num > 0)
        made->sample_aspect_ratio = av_inv_q(made->sample_aspect_ratio);
    av_frame_remove_side_data(made, AV_FRAME_DATA_DISPLAYMATRIX);
    av_buffer_unref(&made->opaque_ref); /* lies as the picture lay */
    av_frame_free(frame);
    *frame = made;
    return AC_OK;
fail:
    av_frame_free(&made);
    return AC_ERR_MEMORY;
}
