/* Batches, in the order drawn, from pictures that several threads decode ahead.
 *
 * Threads take places of the order one after the other. What each made of its place waits in a ring
 * until all before it are done; then it goes into the batch that is being filled, or is passed
 * over. So the batches are the same however many threads there are, and so is the order of the
 * warnings. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "train/dataset_items.h"
#include "train/overhear.h"
#include "train/thumbnail.h"
#include "train/view.h"
#include "util/random.h"
#include "util/thread.h"

#define THREADS_MAX     256
#define THREADS_USUAL   4 /* at most, where the caller leaves it open */
#define PLACES_A_THREAD 4 /* in the ring: a large picture must not stop the other threads */

/* What a thread made of a place of the order. */
typedef struct made {
    bool done;
    ac_status status; /* AC_ERR_MEMORY: the loader fails */
    ac_item_state state;
    bool enlarged;
    int width, height; /* of the picture in its file */
    float *values;     /* lightness, colours; NULL: it cannot be used */
    char *why;         /* broken: the message; NULL: said before */
} made;

struct ac_loader {
    ac_loader_params params;
    const ac_log *log;
    ac_dataset *dataset;
    size_t lightness_count, colour_count; /* values of a picture */
    int *order, order_count;

    pthread_mutex_t mutex;
    pthread_cond_t work, ready;
    made *ring; /* place p at p % ring_size */
    int ring_size;
    int64_t taken, passed;  /* places that a thread took; that went into batches or were left out */
    ac_batch *filling;      /* NULL: none yet */
    ac_batch **batches;     /* ready, a ring of params.queue */
    int first, batch_count; /* of that */
    int64_t handed;         /* batches that became ready */
    int64_t usable;         /* pictures that were, since the loader began */
    bool over, stop;
    ac_status failed;

    ac_thread *threads;
    int thread_count;
};

void ac_batch_free(ac_batch **batch)
{
    if (!batch || !*batch)
        return;
    free((*batch)->lightness);
    free((*batch)->colours);
    free((*batch)->items);
    free(*batch);
    *batch = NULL;
}

static ac_status no_memory(const ac_loader *l)
{
    return ac_fail(l->log, AC_ERR_MEMORY, "out of memory for pictures to learn from");
}

/* ---- one picture, on any thread ---- */

/* *why: what to say; NULL when there is no memory for it. */
static ac_status read_picture(const char *path, ac_rgb *picture, char **why)
{
    ac_rgb_reader *reader = NULL;
    ac_overheard heard;
    ac_status status;
    double time;

    *picture = (ac_rgb){0};
    *why = NULL;
    ac_overhear(&heard, NULL);
    TRY(ac_rgb_reader_open(path, 1, &heard.log, &reader));
    TRY(ac_rgb_reader_next(reader, picture, &time));
    if (ac_rgb_reader_damage(reader))
        status = AC_ERR_FORMAT;
fail:
    ac_rgb_reader_close(&reader);
    if (status) {
        ac_rgb_free(picture);
        *why = strdup(heard.text);
    }
    return status == AC_OK || status == AC_ERR_MEMORY ? status : AC_ERR_FORMAT;
}

static uint64_t chances(const ac_loader *l, int item)
{
    char name[60];

    snprintf(name, sizeof(name), "item %d epoch %d", item, l->params.epoch);
    return ac_random_stream(l->params.seed, name);
}

/* The picture of an item, unless it is known that it cannot be used, or turns out so. */
static void make(const ac_loader *l, int item, made *m)
{
    const ac_dataset_item *from = &l->dataset->sides[l->params.side].items[item];
    ac_thumbnail thumbnail;
    ac_rgb picture = {0};

    *m = (made){.state = (ac_item_state)atomic_load(&from->state)};
    if (m->state == AC_ITEM_GRAY || m->state == AC_ITEM_BROKEN)
        return;
    m->status = read_picture(from->path, &picture, &m->why);
    if (m->status == AC_ERR_FORMAT) {
        m->status = AC_OK;
        m->state = AC_ITEM_BROKEN;
        return;
    }
    if (!m->status && m->state == AC_ITEM_UNKNOWN) {
        ac_thumbnail_make(&picture, &thumbnail);
        m->state = ac_thumbnail_is_gray(&thumbnail) ? AC_ITEM_GRAY : AC_ITEM_GOOD;
    }
    if (!m->status && m->state == AC_ITEM_GOOD) {
        m->width = picture.width;
        m->height = picture.height;
        m->values = malloc((l->lightness_count + l->colour_count) * sizeof(float));
        m->status = m->values
                        ? ac_view_make(&l->params.view, &picture, chances(l, item), NULL, m->values,
                                       m->values + l->lightness_count, &m->enlarged)
                        : AC_ERR_MEMORY;
    }
    ac_rgb_free(&picture);
}

static void forget(made *m)
{
    free(m->values);
    free(m->why);
    *m = (made){0};
}

/* ---- into batches; all of these are called with the mutex held ---- */

static ac_batch *new_batch(const ac_loader *l)
{
    size_t size = (size_t)l->params.batch;
    ac_batch *batch = calloc(1, sizeof(*batch));

    if (!batch)
        return NULL;
    batch->lightness = malloc(size * l->lightness_count * sizeof(float));
    batch->colours = malloc(size * l->colour_count * sizeof(float));
    batch->items = malloc(size * sizeof(int));
    if (!batch->lightness || !batch->colours || !batch->items)
        ac_batch_free(&batch);
    return batch;
}

static void push(ac_loader *l)
{
    l->batches[(l->first + l->batch_count++) % l->params.queue] = l->filling;
    l->filling = NULL;
    l->handed++;
}

static void say(ac_loader *l, const made *m, int item)
{
    const ac_view_params *v = &l->params.view;

    if (ac_dataset_mark(l->dataset, l->params.side, item, m->state) && m->state == AC_ITEM_BROKEN)
        ac_log_print(l->log, AC_LOG_WARNING, "%s; the picture is left out",
                     m->why && m->why[0] ? m->why
                                         : ac_dataset_name(l->dataset, l->params.side, item));
    if (m->enlarged && !atomic_exchange(&l->dataset->enlarged_shown, true))
        ac_log_print(l->log, AC_LOG_WARNING,
                     "%s: is %dx%d and has to be enlarged for pictures of %dx%d (said once, there "
                     "may be others)",
                     ac_dataset_name(l->dataset, l->params.side, item), m->width, m->height,
                     v->width, v->height);
}

static ac_status add_picture(ac_loader *l, const made *m, int item)
{
    ac_batch *batch = l->filling;
    size_t at;

    if (!batch)
        batch = l->filling = new_batch(l);
    if (!batch)
        return no_memory(l);
    at = (size_t)batch->count;
    memcpy(batch->lightness + at * l->lightness_count, m->values,
           l->lightness_count * sizeof(float));
    memcpy(batch->colours + at * l->colour_count, m->values + l->lightness_count,
           l->colour_count * sizeof(float));
    batch->items[at] = item;
    batch->count++;
    l->usable++;
    return AC_OK;
}

/* All that can be done: places that are done go on in their order while there is room. */
static void advance(ac_loader *l)
{
    while (!l->over && !l->failed && l->batch_count < l->params.queue) {
        made *m = &l->ring[l->passed % l->ring_size];
        int item;

        if (l->passed == l->order_count) {
            if (l->filling && l->params.partial)
                push(l);
            ac_batch_free(&l->filling);
            l->over = true;
            break;
        }
        if (!m->done)
            break;
        item = l->order[l->passed];
        if (m->status)
            l->failed = no_memory(l);
        else
            say(l, m, item);
        if (!l->failed && m->values)
            l->failed = add_picture(l, m, item);
        forget(m);
        l->passed++;
        if (!l->failed && l->filling)
            l->filling->cursor = l->passed;
        if (!l->failed && l->filling && l->filling->count == l->params.batch)
            push(l);
    }
    pthread_cond_broadcast(&l->work);
    pthread_cond_broadcast(&l->ready);
}

/* ---- threads ---- */

static ac_status work(void *opaque)
{
    ac_loader *l = opaque;

    pthread_mutex_lock(&l->mutex);
    for (;;) {
        int64_t place;
        made m;

        while (!l->stop && !l->failed && l->taken < l->order_count &&
               l->taken - l->passed >= l->ring_size)
            pthread_cond_wait(&l->work, &l->mutex);
        if (l->stop || l->failed || l->taken >= l->order_count)
            break;
        place = l->taken++;
        pthread_mutex_unlock(&l->mutex);
        make(l, l->order[place], &m);
        m.done = true;
        pthread_mutex_lock(&l->mutex);
        l->ring[place % l->ring_size] = m;
        if (l->params.cancel && atomic_load(l->params.cancel) && !l->failed)
            l->failed = AC_ERR_CANCELLED;
        advance(l);
    }
    pthread_mutex_unlock(&l->mutex);
    return AC_OK;
}

/* ---- handing out ---- */

/* The pass is over; was there anything in it? */
static ac_status end(const ac_loader *l)
{
    bool training = l->params.side == AC_DATASET_TRAINING;
    const char *of = training ? "" : " for validation";
    int count = l->order_count, gray = 0, broken = 0;

    if (l->handed || l->params.cursor)
        return AC_END;
    for (int i = 0; i < count; i++) {
        int state = atomic_load(&l->dataset->sides[l->params.side].items[i].state);

        gray += state == AC_ITEM_GRAY;
        broken += state == AC_ITEM_BROKEN;
    }
    if (gray == count)
        return ac_fail(l->log, AC_ERR_FORMAT,
                       "every picture%s is gray (%d of %d): there are no colours to %s", of, gray,
                       count, training ? "learn from" : "measure; name others with --val");
    if (!l->usable)
        return ac_fail(l->log, AC_ERR_FORMAT,
                       "no picture%s can be used: of %d, %d are gray and %d are broken", of, count,
                       gray, broken);
    return ac_fail(l->log, AC_ERR_ARGUMENT,
                   "only %lld of %d pictures can be used, and a batch has %d; make it smaller or "
                   "name more pictures",
                   (long long)l->usable, count, l->params.batch);
}

ac_status ac_loader_next(ac_loader *l, ac_batch **batch)
{
    ac_status status = AC_OK;

    *batch = NULL;
    pthread_mutex_lock(&l->mutex);
    while (!l->batch_count && !l->over && !l->failed)
        pthread_cond_wait(&l->ready, &l->mutex);
    if (l->batch_count) {
        *batch = l->batches[l->first];
        l->first = (l->first + 1) % l->params.queue;
        l->batch_count--;
        advance(l);
    } else {
        status = l->failed ? l->failed : end(l);
    }
    pthread_mutex_unlock(&l->mutex);
    return status;
}

/* ---- from creation to destruction ---- */

static ac_status check_params(const ac_loader_params *p, int count, const ac_log *log)
{
    if (p->batch < 1 || p->queue < 1 || p->threads < 0 || p->epoch < 0 || p->cursor < 0 ||
        p->cursor > count)
        return ac_fail(log, AC_ERR_ARGUMENT,
                       "batches of %d from picture %lld of %d on, %d ready ahead, on %d threads, "
                       "cannot be drawn",
                       p->batch, (long long)p->cursor, count, p->queue, p->threads);
    if (!count)
        return ac_fail(log, AC_ERR_ARGUMENT, "there are no pictures %s",
                       p->side == AC_DATASET_TRAINING ? "to train on" : "to validate with");
    return ac_view_check(&p->view, log);
}

static int choose_threads(int wanted)
{
    int processors = ac_thread_processors();

    if (wanted)
        return wanted < THREADS_MAX ? wanted : THREADS_MAX;
    return processors < THREADS_USUAL ? processors : THREADS_USUAL;
}

static ac_status allocate(ac_loader *l)
{
    const ac_view_params *v = &l->params.view;
    char name[40];

    l->lightness_count = (size_t)v->height * (size_t)v->width;
    l->colour_count = 2 * (size_t)v->colour_height * (size_t)v->colour_width;
    l->thread_count = choose_threads(l->params.threads);
    l->ring_size = PLACES_A_THREAD * l->thread_count;
    l->order_count = ac_dataset_count(l->dataset, l->params.side);
    l->taken = l->passed = l->params.cursor;
    l->order = calloc((size_t)l->order_count, sizeof(*l->order));
    l->ring = calloc((size_t)l->ring_size, sizeof(*l->ring));
    l->batches = calloc((size_t)l->params.queue, sizeof(ac_batch *));
    l->threads = calloc((size_t)l->thread_count, sizeof(*l->threads));
    if (!l->order || !l->ring || !l->batches || !l->threads)
        return no_memory(l);
    for (int i = 0; i < l->order_count; i++)
        l->order[i] = i;
    snprintf(name, sizeof(name), "order %d", l->params.epoch);
    if (l->params.shuffle)
        ac_dataset_shuffle(l->order, l->order_count, ac_random_stream(l->params.seed, name));
    return AC_OK;
}

ac_status ac_loader_create(const ac_loader_params *params, const ac_log *log, ac_loader **loader)
{
    ac_loader *l;
    ac_status status;

    *loader = NULL;
    status = check_params(params, ac_dataset_count(params->dataset, params->side), log);
    if (status)
        return status;
    l = calloc(1, sizeof(*l));
    if (!l)
        return ac_fail(log, AC_ERR_MEMORY, "out of memory for pictures to learn from");
    l->params = *params;
    l->log = log;
    l->dataset = params->dataset;
    pthread_mutex_init(&l->mutex, NULL);
    pthread_cond_init(&l->work, NULL);
    pthread_cond_init(&l->ready, NULL);
    TRY(allocate(l));
    pthread_mutex_lock(&l->mutex);
    advance(l); /* there may be nothing left to draw */
    pthread_mutex_unlock(&l->mutex);
    for (int i = 0; i < l->thread_count; i++)
        TRY(ac_thread_start(&l->threads[i], "pictures", work, l, log));
    *loader = l;
    return AC_OK;
fail:
    ac_loader_destroy(&l);
    return status;
}

void ac_loader_destroy(ac_loader **loader)
{
    ac_loader *l = loader ? *loader : NULL;

    if (!l)
        return;
    pthread_mutex_lock(&l->mutex);
    l->stop = true;
    pthread_cond_broadcast(&l->work);
    pthread_mutex_unlock(&l->mutex);
    for (int i = 0; l->threads && i < l->thread_count; i++)
        ac_thread_join(&l->threads[i]);
    for (int i = 0; l->ring && i < l->ring_size; i++)
        forget(&l->ring[i]);
    for (; l->batch_count; l->batch_count--) {
        ac_batch_free(&l->batches[l->first]);
        l->first = (l->first + 1) % l->params.queue;
    }
    ac_batch_free(&l->filling);
    pthread_cond_destroy(&l->work);
    pthread_cond_destroy(&l->ready);
    pthread_mutex_destroy(&l->mutex);
    free(l->threads);
    free(l->batches);
    free(l->ring);
    free(l->order);
    free(l);
    *loader = NULL;
}
