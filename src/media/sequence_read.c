/* Decoding the files of a sequence: several at a time, as few decoders of pictures have threads of
 * their own and a file may come from afar; handed out in order. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "media/internal.h"
#include "util/file.h"
#include "util/thread.h"

#define THREADS_MAX      8
#define SLOTS_PER_THREAD 2

typedef struct slot {
    bool done;
    ac_status status;
    char message[512]; /* of a failure, told when it is this frame's turn */
    AVFrame *frame;
} slot;

typedef struct worker {
    ac_frame_source *source;
    ac_thread thread;
    AVCodecContext *decoder;
    AVPacket *packet;
    ac_complaints complaints;
} worker;

struct ac_frame_source {
    const ac_log *log;
    const ac_sequence *sequence;
    AVCodecParameters *codec;
    int thread_count;
    bool running;
    worker workers[THREADS_MAX];
    slot slots[THREADS_MAX * SLOTS_PER_THREAD]; /* of frame i: i % the number in use */

    pthread_mutex_t lock;
    pthread_cond_t taken, decoded;
    size_t next_out, next_in; /* frames handed out and begun */
    bool stop;
};

static size_t slot_count(const ac_frame_source *s)
{
    return (size_t)s->thread_count * SLOTS_PER_THREAD;
}

/* ---- one frame ---- */

static void keep_message(void *opaque, ac_log_level level, const char *message)
{
    slot *to = opaque;

    (void)level;
    snprintf(to->message, sizeof(to->message), "%s", message);
}

static ac_status read_file(const char *path, const ac_log *log, AVPacket *packet)
{
    ac_status status;
    uint64_t size;
    int fd;

    TRY(ac_file_open(path, log, &fd, &size));
    if (size > INT_MAX - AV_INPUT_BUFFER_PADDING_SIZE)
        status = ac_fail(log, AC_ERR_UNSUPPORTED, "%s: is too large for a picture", path);
    else if (av_new_packet(packet, (int)size) < 0)
        status = ac_media_no_memory(log, path);
    else
        status = ac_file_read(fd, 0, packet->data, (size_t)size, path, log);
    close(fd);
fail:
    return status;
}

static ac_status undecoded(const char *path, int error, const ac_log *log)
{
    if (error == AVERROR(ENOMEM))
        return ac_media_no_memory(log, path);
    return ac_fail(log, AC_ERR_FORMAT, "%s: cannot be decoded: %s; mend it or take it out", path,
                   ac_av_why(error).text);
}

static ac_status decode(worker *w, const char *path, const ac_log *log, AVFrame *frame)
{
    ac_av_text latest;
    unsigned complaints = ac_complaints_get(&w->complaints, &latest);
    int error;

    if (!ac_still_is_whole(w->decoder->codec_id, w->packet->data, (size_t)w->packet->size))
        return ac_fail(log, AC_ERR_FORMAT,
                       "%s: is cut off, or no %s; mend it or take it out of the sequence", path,
                       avcodec_get_name(w->decoder->codec_id));
    /* Without the flag, FFmpeg's PNG decoder adds the picture to the one before. */
    w->packet->flags |= AV_PKT_FLAG_KEY;
    ac_av_forget();
    error = avcodec_send_packet(w->decoder, w->packet);
    if (error >= 0)
        error = avcodec_receive_frame(w->decoder, frame);
    if (error == AVERROR(EAGAIN)) { /* it waits for more */
        avcodec_send_packet(w->decoder, NULL);
        error = avcodec_receive_frame(w->decoder, frame);
    }
    avcodec_flush_buffers(w->decoder);
    if (error < 0)
        return undecoded(path, error, log);
    if (ac_complaints_get(&w->complaints, &latest) != complaints ||
        frame->flags & AV_FRAME_FLAG_CORRUPT || frame->decode_error_flags)
        return ac_fail(log, AC_ERR_FORMAT, "%s: is damaged: %s; mend it or take it out", path,
                       latest.text[0] ? latest.text : "the decoder had to guess");
    return AC_OK;
}

static void make(worker *w, size_t index, slot *to)
{
    const ac_sequence *sequence = w->source->sequence;
    const char *path = sequence->frames[index].path;
    const ac_log log = {.write = keep_message, .opaque = to, .level = AC_LOG_ERROR};
    int64_t time = sequence->frames[index].number - sequence->frames[0].number;
    AVFrame *frame = av_frame_alloc();

    if (!frame) {
        to->status = ac_media_no_memory(&log, path);
        return;
    }
    to->status = read_file(path, &log, w->packet);
    if (!to->status)
        to->status = decode(w, path, &log, frame);
    av_packet_unref(w->packet);
    if (to->status) {
        av_frame_free(&frame);
        return;
    }
    frame->pts = frame->best_effort_timestamp = time;
    ac_compat_set_duration(frame, 1);
    to->frame = frame;
}

/* ---- threads ---- */

static ac_status work(void *opaque)
{
    worker *w = opaque;
    ac_frame_source *s = w->source;

    pthread_mutex_lock(&s->lock);
    for (;;) {
        size_t index;
        slot *to;

        while (!s->stop && s->next_in < s->sequence->count &&
               s->next_in - s->next_out >= slot_count(s))
            pthread_cond_wait(&s->taken, &s->lock);
        if (s->stop || s->next_in >= s->sequence->count)
            break;
        index = s->next_in++;
        to = &s->slots[index % slot_count(s)];
        pthread_mutex_unlock(&s->lock);
        make(w, index, to);
        pthread_mutex_lock(&s->lock);
        to->done = true;
        pthread_cond_broadcast(&s->decoded);
    }
    pthread_mutex_unlock(&s->lock);
    return AC_OK;
}

static ac_status start(ac_frame_source *s)
{
    ac_status status = AC_OK;

    s->running = true;
    for (int i = 0; i < s->thread_count && !status; i++)
        status =
            ac_thread_start(&s->workers[i].thread, "decode still", work, &s->workers[i], s->log);
    return status;
}

static void halt(ac_frame_source *s)
{
    pthread_mutex_lock(&s->lock);
    s->stop = true;
    pthread_cond_broadcast(&s->taken);
    pthread_mutex_unlock(&s->lock);
    for (int i = 0; i < s->thread_count; i++) {
        ac_thread_join(&s->workers[i].thread);
        s->workers[i].thread = (ac_thread){0};
    }
    for (size_t i = 0; i < sizeof(s->slots) / sizeof(s->slots[0]); i++) {
        av_frame_free(&s->slots[i].frame);
        s->slots[i] = (slot){0};
    }
    s->running = s->stop = false;
}

void ac_frame_source_seek(ac_frame_source *s, size_t index)
{
    halt(s);
    s->next_in = s->next_out = index;
}

ac_status ac_frame_source_next(ac_frame_source *s, AVFrame *frame, size_t *index)
{
    ac_status status;
    slot *from;

    *index = s->next_out;
    if (s->next_out == s->sequence->count)
        return AC_END;
    if (!s->running)
        TRY(start(s));
    from = &s->slots[s->next_out % slot_count(s)];
    pthread_mutex_lock(&s->lock);
    while (!from->done)
        pthread_cond_wait(&s->decoded, &s->lock);
    status = from->status;
    if (!status) {
        av_frame_move_ref(frame, from->frame);
        av_frame_free(&from->frame);
        from->done = false;
        s->next_out++;
        pthread_cond_signal(&s->taken);
    }
    pthread_mutex_unlock(&s->lock);
    if (status)
        ac_fail(s->log, status, "%s", from->message);
fail:
    return status;
}

/* ---- set-up ---- */

static int open_decoder(const ac_frame_source *s, worker *w)
{
    const AVCodec *codec = avcodec_find_decoder(s->codec->codec_id);

    w->packet = av_packet_alloc();
    w->decoder = codec ? avcodec_alloc_context3(codec) : NULL;
    if (!w->packet || !w->decoder || avcodec_parameters_to_context(w->decoder, s->codec) < 0)
        return AVERROR(ENOMEM);
    w->decoder->opaque = &w->complaints;
    w->decoder->thread_count = 1;
    w->decoder->flags |= AV_CODEC_FLAG_UNALIGNED;
    w->decoder->err_recognition |= AV_EF_CRCCHECK;
    return avcodec_open2(w->decoder, codec, NULL);
}

ac_status ac_frame_source_create(const ac_sequence *sequence, const AVCodecParameters *codec,
                                 int threads, const ac_log *log, ac_frame_source **source)
{
    ac_frame_source *s = calloc(1, sizeof(*s));
    int most = threads > 0 ? threads : ac_thread_processors(), error = 0;

    *source = NULL;
    if (!s)
        return ac_media_no_memory(log, sequence->frames[0].path);
    s->log = log;
    s->sequence = sequence;
    s->thread_count = FFMIN(most, THREADS_MAX);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->taken, NULL);
    pthread_cond_init(&s->decoded, NULL);
    for (int i = 0; i < s->thread_count; i++) {
        s->workers[i].source = s;
        pthread_mutex_init(&s->workers[i].complaints.lock, NULL);
    }
    s->codec = avcodec_parameters_alloc();
    if (!s->codec || avcodec_parameters_copy(s->codec, codec) < 0)
        error = AVERROR(ENOMEM);
    for (int i = 0; i < s->thread_count && error >= 0; i++)
        error = open_decoder(s, &s->workers[i]);
    if (error < 0) {
        ac_frame_source_destroy(&s);
        return ac_media_no_memory(log, sequence->frames[0].path);
    }
    *source = s;
    return AC_OK;
}

void ac_frame_source_destroy(ac_frame_source **source)
{
    ac_frame_source *s = source ? *source : NULL;

    if (!s)
        return;
    halt(s);
    for (int i = 0; i < s->thread_count; i++) {
        avcodec_free_context(&s->workers[i].decoder);
        av_packet_free(&s->workers[i].packet);
        pthread_mutex_destroy(&s->workers[i].complaints.lock);
    }
    avcodec_parameters_free(&s->codec);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->taken);
    pthread_cond_destroy(&s->decoded);
    free(s);
    *source = NULL;
}
