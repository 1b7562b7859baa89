/* What differs between FFmpeg 5.1 and 7.1, and nothing else: each thing once, under one name. */
#ifndef AC_MEDIA_COMPAT_H
#define AC_MEDIA_COMPAT_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/frame.h>
#include <stdbool.h>
#include <stdint.h>

bool ac_compat_is_interlaced(const AVFrame *frame);
bool ac_compat_is_top_first(const AVFrame *frame);
/* A frame to be encoded is neither a key frame nor of a type: the encoder decides. */
void ac_compat_clear_key(AVFrame *frame);

/* The decoder's threads may call get_buffer2() themselves. */
void ac_compat_call_from_threads(AVCodecContext *decoder);

/* In the time base of the frame's stream, 0 when unknown. */
int64_t ac_compat_duration(const AVFrame *frame);
void ac_compat_set_duration(AVFrame *frame, int64_t duration);

/* Side data of a whole stream; NULL when there is none of the type. */
const uint8_t *ac_compat_side_data(const AVStream *stream, enum AVPacketSideDataType type,
                                   size_t *size);
/* Adds a copy of data, where there is none of that type yet. 0 or an AVERROR. */
int ac_compat_add_side_data(AVStream *to, enum AVPacketSideDataType type, const uint8_t *data,
                            size_t size);
/* Copies side data of the types wanted (NULL: all), where `to` has none of that type yet. 0 or an
 * AVERROR. */
int ac_compat_copy_side_data(AVStream *to, const AVStream *from,
                             bool (*wanted)(enum AVPacketSideDataType type));

/* Pixel formats that the encoder takes, ended by AV_PIX_FMT_NONE; NULL: it takes any. */
const enum AVPixelFormat *ac_compat_pix_fmts(const AVCodec *codec);

/* By how much a packet that is copied has to be moved, in the time base of `to`: FFmpeg 5.1 writes
 * an Opus stream's delay into Matroska files and takes it off again when it reads them, but does
 * not put it back on when it writes, so that with every copy the sound came earlier by it. */
int64_t ac_compat_copy_shift(const AVOutputFormat *of, const AVStream *to);

#endif
