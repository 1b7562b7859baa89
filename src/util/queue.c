#include "util/queue.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct ac_queue {
    ac_queue_params params;
    pthread_mutex_t mutex;
    pthread_cond_t not_full, not_empty;
    void **items; /* ring of params.capacity */
    int first, count;
    bool closed;
    ac_status aborted; /* AC_OK: not */
    ac_queue_waits waits;
};

ac_status ac_queue_create(const ac_queue_params *params, const ac_log *log, ac_queue **queue)
{
    ac_queue *q;

    *queue = NULL;
    if (params->capacity < 1)
        return ac_fail(log, AC_ERR_ARGUMENT, "a queue of %d items", params->capacity);
    q = calloc(1, sizeof(*q));
    if (!q)
        return ac_fail(log, AC_ERR_MEMORY, "out of memory");
    q->items = calloc((size_t)params->capacity, sizeof(*q->items));
    if (!q->items) {
        free(q);
        return ac_fail(log, AC_ERR_MEMORY, "out of memory");
    }
    q->params = *params;
    /* On Linux these cannot fail with default attributes. */
    pthread_mutex_init(&q->mutex, NULL);
    pthread_cond_init(&q->not_full, NULL);
    pthread_cond_init(&q->not_empty, NULL);
    *queue = q;
    return AC_OK;
}

/* Only for one who holds the mutex, or knows that nobody else is there. */
static void *take_first(ac_queue *q)
{
    void *item = q->items[q->first];

    q->first = (q->first + 1) % q->params.capacity;
    q->count--;
    return item;
}

static void free_item(const ac_queue *q, void *item)
{
    if (q->params.free_item)
        q->params.free_item(item);
}

void ac_queue_destroy(ac_queue **queue)
{
    ac_queue *q = *queue;

    if (!q)
        return;
    while (q->count)
        free_item(q, take_first(q));
    pthread_cond_destroy(&q->not_empty);
    pthread_cond_destroy(&q->not_full);
    pthread_mutex_destroy(&q->mutex);
    free(q->items);
    free(q);
    *queue = NULL;
}

ac_status ac_queue_push(ac_queue *q, void *item)
{
    ac_status status = AC_OK;

    pthread_mutex_lock(&q->mutex);
    if (q->count == q->params.capacity && !q->closed && !q->aborted) {
        double since = ac_clock_now(q->params.clock);

        while (q->count == q->params.capacity && !q->closed && !q->aborted)
            pthread_cond_wait(&q->not_full, &q->mutex);
        q->waits.push += ac_clock_now(q->params.clock) - since;
    }
    if (q->aborted) {
        status = q->aborted;
    } else if (q->closed) {
        status = AC_END;
    } else {
        q->items[(q->first + q->count) % q->params.capacity] = item;
        q->count++;
        pthread_cond_signal(&q->not_empty);
    }
    pthread_mutex_unlock(&q->mutex);
    if (status)
        free_item(q, item);
    return status;
}

ac_status ac_queue_pop(ac_queue *q, void **item)
{
    ac_status status = AC_OK;

    *item = NULL;
    pthread_mutex_lock(&q->mutex);
    if (!q->count && !q->closed && !q->aborted) {
        double since = ac_clock_now(q->params.clock);

        while (!q->count && !q->closed && !q->aborted)
            pthread_cond_wait(&q->not_empty, &q->mutex);
        q->waits.pop += ac_clock_now(q->params.clock) - since;
    }
    if (q->aborted) {
        status = q->aborted;
    } else if (!q->count) {
        status = AC_END;
    } else {
        *item = take_first(q);
        pthread_cond_signal(&q->not_full);
    }
    pthread_mutex_unlock(&q->mutex);
    return status;
}

void ac_queue_close(ac_queue *q)
{
    pthread_mutex_lock(&q->mutex);
    q->closed = true;
    pthread_cond_broadcast(&q->not_empty);
    pthread_cond_broadcast(&q->not_full);
    pthread_mutex_unlock(&q->mutex);
}

void ac_queue_abort(ac_queue *q, ac_status status)
{
    pthread_mutex_lock(&q->mutex);
    if (!q->aborted)
        q->aborted = status ? status : AC_ERR_CANCELLED;
    while (q->count)
        free_item(q, take_first(q));
    pthread_cond_broadcast(&q->not_empty);
    pthread_cond_broadcast(&q->not_full);
    pthread_mutex_unlock(&q->mutex);
}

ac_queue_waits ac_queue_get_waits(ac_queue *q)
{
    ac_queue_waits waits;

    pthread_mutex_lock(&q->mutex);
    waits = q->waits;
    pthread_mutex_unlock(&q->mutex);
    return waits;
}
