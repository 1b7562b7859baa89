/* A bounded first-in first-out queue of pointers that joins two or more threads. A push waits while
 * the queue is full, a pop while it is empty. All functions but create and destroy may be called
 * from any thread. */
#ifndef AC_UTIL_QUEUE_H
#define AC_UTIL_QUEUE_H

#include "util/clock.h"
#include "util/log.h"

typedef struct ac_queue ac_queue;

typedef struct ac_queue_params {
    int capacity;                  /* items that fit, at least 1 */
    void (*free_item)(void *item); /* for items nobody will pop; NULL: nothing to free */
    ac_clock clock;                /* for the waiting times */
} ac_queue_params;

ac_status ac_queue_create(const ac_queue_params *params, const ac_log *log, ac_queue **queue);
/* Frees the items left. No thread may still be in a push or pop. */
void ac_queue_destroy(ac_queue **queue);

/* Takes ownership of item (not NULL), also on failure, when it is freed at once. AC_END after
 * ac_queue_close(), the status of the abort after ac_queue_abort(). */
ac_status ac_queue_push(ac_queue *queue, void *item);
/* The caller owns *item, which is NULL unless AC_OK is returned. AC_END when the queue is closed
 * and empty, the status of the abort after ac_queue_abort(). */
ac_status ac_queue_pop(ac_queue *queue, void **item);
/* No more items will come: what is in the queue can still be popped. */
void ac_queue_close(ac_queue *queue);
/* Gives up: wakes all who wait, frees the items left; from now on every push and pop returns
 * `status` (a failure, often AC_ERR_CANCELLED). Only the first abort counts. */
void ac_queue_abort(ac_queue *queue, ac_status status);

/* Seconds that threads have spent waiting so far, summed over the threads. */
typedef struct ac_queue_waits {
    double push; /* because the queue was full: the popping side is the slow one */
    double pop;  /* because it was empty: the pushing side is */
} ac_queue_waits;
ac_queue_waits ac_queue_get_waits(ac_queue *queue);

#endif
