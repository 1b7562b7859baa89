/* Encoders of the kind wrapped_avframe (Y4M) make packets that hold no bytes but an AVFrame, which
 * lives in memory only. */
#include <libavutil/imgutils.h>

#include "media/internal.h"

bool ac_wrapped_is(const AVCodecContext *encoder)
{
    return encoder->codec_id == AV_CODEC_ID_WRAPPED_AVFRAME;
}

int ac_wrapped_flatten(const AVCodecContext *e, AVPacket *packet)
{
    const AVFrame *frame = (const AVFrame *)packet->data;
    int size = av_image_get_buffer_size(e->pix_fmt, e->width, e->height, 1);
    AVPacket *flat = av_packet_alloc();
    int error = flat ? size : AVERROR(ENOMEM);

    if (error >= 0)
        error = av_new_packet(flat, size);
    if (error >= 0)
        error = av_packet_copy_props(flat, packet);
    if (error >= 0)
        error = av_image_copy_to_buffer(flat->data, size, (const uint8_t *const *)frame->data,
                                        frame->linesize, e->pix_fmt, e->width, e->height, 1);
    if (error >= 0) {
        av_packet_unref(packet);
        av_packet_move_ref(packet, flat);
    }
    av_packet_free(&flat);
    return error < 0 ? error : 0;
}

static void free_frame(void *opaque, uint8_t *data)
{
    AVFrame *frame = (AVFrame *)data;

    (void)opaque;
    av_frame_free(&frame);
}

int ac_wrapped_restore(const AVCodecContext *e, AVPacket *packet)
{
    AVFrame *frame;
    AVBufferRef *buffer;

    if (packet->size != av_image_get_buffer_size(e->pix_fmt, e->width, e->height, 1))
        return AVERROR_INVALIDDATA;
    frame = av_frame_alloc();
    if (!frame)
        return AVERROR(ENOMEM);
    frame->format = e->pix_fmt;
    frame->width = e->width;
    frame->height = e->height;
    av_image_fill_arrays(frame->data, frame->linesize, packet->data, e->pix_fmt, e->width,
                         e->height, 1);
    buffer = av_buffer_create((uint8_t *)frame, sizeof(*frame), free_frame, NULL,
                              AV_BUFFER_FLAG_READONLY);
    if (!buffer) {
        av_frame_free(&frame);
        return AVERROR(ENOMEM);
    }
    frame->buf[0] = packet->buf;
    packet->buf = buffer;
    packet->data = (uint8_t *)frame;
    packet->size = sizeof(*frame);
    return 0;
}
