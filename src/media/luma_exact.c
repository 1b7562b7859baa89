/* Luma of floating point pictures, kept beside the 16 bits that are looked at: those stop at 1,
 * while OpenEXR has brighter pixels, and finer ones. Where a picture is written as floats again its
 * luma is what it was. */
#include <libavutil/bswap.h>
#include <math.h>
#include <string.h>

#include "media/internal.h"
#include "util/half.h"

float ac_read_float(const uint8_t *from, const AVPixFmtDescriptor *desc, int depth)
{
    uint32_t bits = 0;

    memcpy(&bits, from, (size_t)depth / 8);
    if (desc->flags & AV_PIX_FMT_FLAG_BE)
        bits = depth == 32 ? av_bswap32(bits) : av_bswap16((uint16_t)bits);
    return depth == 32 ? ac_float_from_bits(bits) : ac_half_to_float((uint16_t)bits);
}

static void exact_line(float *to, const AVFrame *frame, const AVPixFmtDescriptor *desc, int y)
{
    double weights[3];
    bool rgb = desc->flags & AV_PIX_FMT_FLAG_RGB;

    ac_luma_weights(AVCOL_SPC_BT709, &weights[0], &weights[2]);
    weights[1] = 1 - weights[0] - weights[2];
    for (int x = 0; x < frame->width; x++) {
        double sum = 0;

        for (int i = 0; i < (rgb ? 3 : 1); i++) {
            const AVComponentDescriptor *c = &desc->comp[i];
            const uint8_t *from = frame->data[c->plane] + (ptrdiff_t)y * frame->linesize[c->plane] +
                                  c->offset + (ptrdiff_t)x * c->step;

            sum += (rgb ? weights[i] : 1) * (double)ac_read_float(from, desc, c->depth);
        }
        to[x] = (float)sum;
    }
}

ac_status ac_luma_keep_exact(const AVFrame *frame, AVFrame *gray)
{
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(frame->format);
    size_t width = (size_t)frame->width;

    av_buffer_unref(&gray->opaque_ref);
    if (!(desc->flags & AV_PIX_FMT_FLAG_FLOAT))
        return AC_OK;
    gray->opaque_ref = av_buffer_alloc(width * (size_t)frame->height * sizeof(float));
    if (!gray->opaque_ref)
        return AC_ERR_MEMORY;
    for (int y = 0; y < frame->height; y++)
        exact_line((float *)(void *)gray->opaque_ref->data + (size_t)y * width, frame, desc, y);
    return AC_OK;
}

double ac_luma_exact(const AVFrame *frame, int x, int y, double instead)
{
    const AVBufferRef *buffer = frame->opaque_ref;
    float value;

    if (!buffer)
        return instead;
    memcpy(&value, buffer->data + sizeof(value) * ((size_t)y * (size_t)frame->width + (size_t)x),
           sizeof(value));
    return isfinite(value) ? (double)value : instead;
}
