#include <stdlib.h>

#include "media/internal.h"

ac_frame *ac_frame_wrap(AVFrame **av, double seconds)
{
    ac_frame *frame = calloc(1, sizeof(*frame));

    if (!frame) {
        av_frame_free(av);
        return NULL;
    }
    frame->av = *av;
    frame->seconds = seconds;
    *av = NULL;
    return frame;
}

ac_packet *ac_packet_wrap(AVPacket **av)
{
    ac_packet *packet = calloc(1, sizeof(*packet));

    if (!packet) {
        av_packet_free(av);
        return NULL;
    }
    packet->av = *av;
    *av = NULL;
    return packet;
}

void ac_frame_free(ac_frame **frame)
{
    if (!frame || !*frame)
        return;
    av_frame_free(&(*frame)->av);
    free(*frame);
    *frame = NULL;
}

void ac_packet_free(ac_packet **packet)
{
    if (!packet || !*packet)
        return;
    av_packet_free(&(*packet)->av);
    free(*packet);
    *packet = NULL;
}

uint8_t *ac_frame_plane(const ac_frame *frame, int plane, ptrdiff_t *stride)
{
    *stride = frame->av->linesize[plane];
    return frame->av->data[plane];
}

void *ac_frame_taken(const ac_frame *frame)
{
    return frame->taken;
}

int64_t ac_frame_index(const ac_frame *frame)
{
    return frame->index;
}

double ac_frame_time(const ac_frame *frame)
{
    return frame->seconds;
}
