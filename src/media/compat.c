#include "media/compat.h"

#include <libavutil/version.h>
#include <string.h>

/* In 6.1 a stream's side data moved into its codec parameters. */
#define SIDE_DATA_IN_PARAMETERS (LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(60, 30, 100))
/* In 6.1 some fields of AVFrame became flags. */
#define FRAME_FLAGS      (LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 7, 100))
#define FRAME_DURATION   (LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(57, 30, 100))
#define SUPPORTED_CONFIG (LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(61, 13, 100))

bool ac_compat_is_interlaced(const AVFrame *frame)
{
#if FRAME_FLAGS
    return frame->flags & AV_FRAME_FLAG_INTERLACED;
#else
    return frame->interlaced_frame;
#endif
}

bool ac_compat_is_top_first(const AVFrame *frame)
{
#if FRAME_FLAGS
    return frame->flags & AV_FRAME_FLAG_TOP_FIELD_FIRST;
#else
    return frame->top_field_first;
#endif
}

void ac_compat_clear_key(AVFrame *frame)
{
    frame->pict_type = AV_PICTURE_TYPE_NONE;
#if FRAME_FLAGS
    frame->flags &= ~AV_FRAME_FLAG_KEY;
#else
    frame->key_frame = 0;
#endif
}

void ac_compat_call_from_threads(AVCodecContext *decoder)
{
#if LIBAVCODEC_VERSION_MAJOR < 60 /* from then on they do */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    decoder->thread_safe_callbacks = 1;
#pragma GCC diagnostic pop
#else
    (void)decoder;
#endif
}

int64_t ac_compat_duration(const AVFrame *frame)
{
#if FRAME_DURATION
    return frame->duration;
#else
    return frame->pkt_duration;
#endif
}

void ac_compat_set_duration(AVFrame *frame, int64_t duration)
{
#if FRAME_DURATION
    frame->duration = duration;
#else
    frame->pkt_duration = duration;
#endif
}

#if SIDE_DATA_IN_PARAMETERS

const uint8_t *ac_compat_side_data(const AVStream *stream, enum AVPacketSideDataType type,
                                   size_t *size)
{
    const AVPacketSideData *found = av_packet_side_data_get(
        stream->codecpar->coded_side_data, stream->codecpar->nb_coded_side_data, type);

    *size = found ? found->size : 0;
    return found ? found->data : NULL;
}

int ac_compat_add_side_data(AVStream *to, enum AVPacketSideDataType type, const uint8_t *data,
                            size_t size)
{
    AVCodecParameters *par = to->codecpar;
    AVPacketSideData *made;

    if (av_packet_side_data_get(par->coded_side_data, par->nb_coded_side_data, type))
        return 0;
    made = av_packet_side_data_new(&par->coded_side_data, &par->nb_coded_side_data, type, size, 0);
    if (!made)
        return AVERROR(ENOMEM);
    memcpy(made->data, data, size);
    return 0;
}

static const AVPacketSideData *list_side_data(const AVStream *stream, int *count)
{
    *count = stream->codecpar->nb_coded_side_data;
    return stream->codecpar->coded_side_data;
}

#else

const uint8_t *ac_compat_side_data(const AVStream *stream, enum AVPacketSideDataType type,
                                   size_t *size)
{
    *size = 0;
    return av_stream_get_side_data(stream, type, size);
}

int ac_compat_add_side_data(AVStream *to, enum AVPacketSideDataType type, const uint8_t *data,
                            size_t size)
{
    uint8_t *made;

    if (av_stream_get_side_data(to, type, NULL))
        return 0;
    made = av_stream_new_side_data(to, type, size);
    if (!made)
        return AVERROR(ENOMEM);
    memcpy(made, data, size);
    return 0;
}

static const AVPacketSideData *list_side_data(const AVStream *stream, int *count)
{
    *count = stream->nb_side_data;
    return stream->side_data;
}

#endif

int ac_compat_copy_side_data(AVStream *to, const AVStream *from,
                             bool (*wanted)(enum AVPacketSideDataType type))
{
    int count, error = 0;
    const AVPacketSideData *list = list_side_data(from, &count);

    for (int i = 0; i < count && error >= 0; i++)
        if (!wanted || wanted(list[i].type))
            error = ac_compat_add_side_data(to, list[i].type, list[i].data, list[i].size);
    return error;
}

const enum AVPixelFormat *ac_compat_pix_fmts(const AVCodec *codec)
{
#if SUPPORTED_CONFIG
    const void *list = NULL;

    if (avcodec_get_supported_config(NULL, codec, AV_CODEC_CONFIG_PIX_FORMAT, 0, &list, NULL) < 0)
        return NULL;
    return list;
#else
    return codec->pix_fmts;
#endif
}

int64_t ac_compat_copy_shift(const AVOutputFormat *of, const AVStream *to)
{
#if LIBAVFORMAT_VERSION_MAJOR < 60
    const AVCodecParameters *par = to->codecpar;

    if (par->codec_id == AV_CODEC_ID_OPUS && par->initial_padding > 0 &&
        (!strcmp(of->name, "matroska") || !strcmp(of->name, "webm")))
        return av_rescale_q(par->initial_padding, (AVRational){1, 48000}, to->time_base);
#else
    (void)of;
    (void)to;
#endif
    return 0;
}
