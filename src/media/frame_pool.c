/* Decoded frames in memory of the caller's, where a device reads them without a copy. */
#include <stdlib.h>

#include <libavutil/imgutils.h>

#include "media/internal.h"

#define PLANE_ALIGNMENT 256 /* of a plane's beginning: devices ask for no more */
#define ROW_ALIGNMENT   64  /* bytes at least, of chroma, too: the longest vectors of decoders */
#define READ_BEHIND     128 /* bytes that decoders may read behind the last plane */

typedef struct block {
    ac_frame_pool *pool;
    void *taken;
    uint8_t *data;
    struct block *next;
} block;

struct ac_frame_pool {
    pthread_mutex_t lock; /* of frames and size; taken before libavutil's locks, the other after */
    ac_frame_memory memory;
    AVBufferPool *frames; /* of `size` bytes each; NULL: there were none so far */
    size_t size;
    bool refused;            /* there was no memory once: it is not asked for again */
    pthread_mutex_t listing; /* of what follows */
    block *blocks;           /* that are there */
    bool ended;              /* the pool is freed with the last block */
};

static void free_pool(ac_frame_pool *pool)
{
    pthread_mutex_destroy(&pool->lock);
    pthread_mutex_destroy(&pool->listing);
    free(pool);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): libavutil's signature */
static void give_block(void *opaque, uint8_t *data)
{
    block *b = opaque;
    ac_frame_pool *pool = b->pool;
    void (*give)(void *taken) = pool->memory.give;
    bool last;

    (void)data;
    pthread_mutex_lock(&pool->listing);
    for (block **at = &pool->blocks; *at; at = &(*at)->next)
        if (*at == b) {
            *at = b->next;
            break;
        }
    last = pool->ended && !pool->blocks;
    pthread_mutex_unlock(&pool->listing);
    if (last)
        free_pool(pool);
    give(b->taken); /* now: other memory may be where it was */
    free(b);
}

static AVBufferRef *take_block(void *opaque, size_t size)
{
    ac_frame_pool *pool = opaque;
    block *b = calloc(1, sizeof(*b));
    AVBufferRef *ref = NULL;

    if (!b)
        return NULL;
    b->pool = pool;
    b->taken = pool->memory.take(pool->memory.opaque, size, &b->data);
    if (b->taken && !(ref = av_buffer_create(b->data, size, give_block, b, 0)))
        pool->memory.give(b->taken);
    if (!ref) {
        free(b);
        return NULL;
    }
    pthread_mutex_lock(&pool->listing);
    b->next = pool->blocks;
    pool->blocks = b;
    pthread_mutex_unlock(&pool->listing);
    return ref;
}

/* Where the planes of a frame begin in its buffer. False: this pool has no layout for it. */
static bool lay_out(AVCodecContext *decoder, AVFrame *frame, size_t offsets[4], size_t *size)
{
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(frame->format);
    int width = frame->width, height = frame->height, align[AV_NUM_DATA_POINTERS];
    ptrdiff_t rows[4];
    size_t planes[4];

    if (!desc || desc->flags & (AV_PIX_FMT_FLAG_HWACCEL | AV_PIX_FMT_FLAG_PAL))
        return false;
    avcodec_align_dimensions2(decoder, &width, &height, align);
    width = FFALIGN(width, ROW_ALIGNMENT << desc->log2_chroma_w);
    if (av_image_fill_linesizes(frame->linesize, frame->format, width) < 0)
        return false;
    for (int i = 0; i < 4; i++) {
        if (frame->linesize[i] % (align[i] ? align[i] : 1))
            return false;
        rows[i] = frame->linesize[i];
    }
    if (av_image_fill_plane_sizes(planes, frame->format, height, rows) < 0)
        return false;
    *size = READ_BEHIND;
    for (int i = 0; i < 4; i++) {
        offsets[i] = *size - READ_BEHIND;
        *size += FFALIGN(planes[i], PLANE_ALIGNMENT);
    }
    return true;
}

static AVBufferRef *get_block(ac_frame_pool *pool, size_t size)
{
    AVBufferPool *old = NULL;
    AVBufferRef *ref;

    pthread_mutex_lock(&pool->lock);
    if (size != pool->size && !pool->refused) {
        old = pool->frames;
        pool->frames = av_buffer_pool_init2(size, pool, take_block, NULL);
        pool->size = pool->frames ? size : 0;
    }
    ref = pool->frames && !pool->refused ? av_buffer_pool_get(pool->frames) : NULL;
    pool->refused = !ref;
    pthread_mutex_unlock(&pool->lock);
    av_buffer_pool_uninit(&old); /* gone when its last frame is */
    return ref;
}

/* AVCodecContext.get_buffer2. */
static int get_buffer(AVCodecContext *decoder, AVFrame *frame, int flags)
{
    const ac_complaints *own = decoder->opaque;
    size_t offsets[4], size;
    AVBufferRef *ref = NULL;

    if (decoder->codec->capabilities & AV_CODEC_CAP_DR1 && lay_out(decoder, frame, offsets, &size))
        ref = get_block(own->pool, size);
    if (!ref)
        return avcodec_default_get_buffer2(decoder, frame, flags);
    frame->buf[0] = ref;
    for (int i = 0; i < 4; i++)
        frame->data[i] = frame->linesize[i] ? ref->data + offsets[i] : NULL;
    frame->extended_data = frame->data;
    return 0;
}

ac_frame_pool *ac_frame_pool_create(const ac_frame_memory *memory)
{
    ac_frame_pool *pool = calloc(1, sizeof(*pool));

    if (!pool)
        return NULL;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_mutex_init(&pool->listing, NULL);
    pool->memory = *memory;
    return pool;
}

void ac_frame_pool_destroy(ac_frame_pool **pointer)
{
    ac_frame_pool *pool = *pointer;
    bool empty;

    if (!pool)
        return;
    av_buffer_pool_uninit(&pool->frames); /* frees the blocks that no frame is in */
    pthread_mutex_lock(&pool->listing);
    pool->ended = true;
    empty = !pool->blocks;
    pthread_mutex_unlock(&pool->listing);
    if (empty)
        free_pool(pool);
    *pointer = NULL;
}

void ac_frame_pool_serve(AVCodecContext *decoder)
{
    decoder->get_buffer2 = get_buffer;
    ac_compat_call_from_threads(decoder);
}

void *ac_frame_pool_taken(ac_frame_pool *pool, const AVFrame *frame)
{
    void *taken = NULL;

    if (!pool || !frame->buf[0])
        return NULL;
    pthread_mutex_lock(&pool->listing);
    for (const block *b = pool->blocks; b && !taken; b = b->next)
        if (b->data == frame->buf[0]->data)
            taken = b->taken;
    pthread_mutex_unlock(&pool->listing);
    return taken;
}
