#include "test.h"

#include <stdatomic.h>
#include <stdint.h>

#include "util/queue.h"
#include "util/thread.h"

static atomic_int freed;

static void count_free(void *item)
{
    (void)item;
    atomic_fetch_add(&freed, 1);
}

static ac_queue *make(int capacity)
{
    ac_queue_params params = {.capacity = capacity, .free_item = count_free};
    ac_queue *queue;

    CHECK_INT(ac_queue_create(&params, NULL, &queue), AC_OK);
    atomic_store(&freed, 0);
    return queue;
}

static void test_order_and_close(void)
{
    int items[3];
    void *item;
    ac_queue *queue = make(3);

    for (int turn = 0; turn < 5; turn++) { /* the ring goes round */
        CHECK_INT(ac_queue_push(queue, &items[0]), AC_OK);
        CHECK_INT(ac_queue_push(queue, &items[1]), AC_OK);
        CHECK_INT(ac_queue_pop(queue, &item), AC_OK);
        CHECK(item == &items[0]);
        CHECK_INT(ac_queue_pop(queue, &item), AC_OK);
        CHECK(item == &items[1]);
    }
    CHECK_INT(ac_queue_push(queue, &items[2]), AC_OK);
    ac_queue_close(queue);
    CHECK_INT(ac_queue_push(queue, &items[0]), AC_END);
    CHECK_INT(freed, 1);
    CHECK_INT(ac_queue_pop(queue, &item), AC_OK);
    CHECK(item == &items[2]);
    CHECK_INT(ac_queue_pop(queue, &item), AC_END);
    CHECK(item == NULL);
    ac_queue_destroy(&queue);
    CHECK(queue == NULL);
    ac_queue_destroy(&queue);
    CHECK_INT(freed, 1);
}

static void test_abort(void)
{
    int items[2];
    void *item;
    ac_queue *queue = make(2);

    CHECK_INT(ac_queue_push(queue, &items[0]), AC_OK);
    CHECK_INT(ac_queue_push(queue, &items[1]), AC_OK);
    ac_queue_abort(queue, AC_ERR_IO);
    ac_queue_abort(queue, AC_ERR_CANCELLED);
    CHECK_INT(freed, 2);
    CHECK_INT(ac_queue_pop(queue, &item), AC_ERR_IO);
    CHECK_INT(ac_queue_push(queue, &items[0]), AC_ERR_IO);
    CHECK_INT(freed, 3);
    ac_queue_destroy(&queue);

    queue = make(2);
    CHECK_INT(ac_queue_push(queue, &items[0]), AC_OK);
    ac_queue_destroy(&queue);
    CHECK_INT(freed, 1);
    CHECK_INT(ac_queue_create(&(ac_queue_params){.capacity = 0}, NULL, &queue), AC_ERR_ARGUMENT);
    CHECK(queue == NULL);
}

#define ITEMS 20000

typedef struct shared {
    ac_queue *queue;
    atomic_llong sum;
    atomic_int popped;
} shared;

static ac_status produce(void *opaque)
{
    shared *s = opaque;

    for (intptr_t i = 1; i <= ITEMS; i++) {
        ac_status status = ac_queue_push(s->queue, (void *)i);

        if (status)
            return status;
    }
    return AC_OK;
}

static ac_status consume(void *opaque)
{
    shared *s = opaque;
    ac_status status;
    void *item;

    while ((status = ac_queue_pop(s->queue, &item)) == AC_OK) {
        atomic_fetch_add(&s->sum, (intptr_t)item);
        atomic_fetch_add(&s->popped, 1);
    }
    return status;
}

static void test_threads(void)
{
    shared s = {.queue = make(3)};
    ac_thread producers[2], consumers[3];

    for (int i = 0; i < 3; i++)
        CHECK_INT(ac_thread_start(&consumers[i], "consumer", consume, &s, NULL), AC_OK);
    for (int i = 0; i < 2; i++)
        CHECK_INT(ac_thread_start(&producers[i], "producer", produce, &s, NULL), AC_OK);
    for (int i = 0; i < 2; i++)
        CHECK_INT(ac_thread_join(&producers[i]), AC_OK);
    ac_queue_close(s.queue);
    for (int i = 0; i < 3; i++)
        CHECK_INT(ac_thread_join(&consumers[i]), AC_END);
    CHECK_INT(s.popped, 2 * ITEMS);
    CHECK_INT(s.sum, (long long)ITEMS * (ITEMS + 1));
    ac_queue_destroy(&s.queue);
}

/* Whoever waits is woken by an abort, on both sides. */
static void test_abort_wakes(void)
{
    shared full = {.queue = make(1)}, empty = {.queue = make(1)};
    ac_thread producer, consumer;

    CHECK_INT(ac_thread_start(&producer, "producer", produce, &full, NULL), AC_OK);
    CHECK_INT(ac_thread_start(&consumer, "consumer", consume, &empty, NULL), AC_OK);
    ac_queue_abort(full.queue, AC_ERR_CANCELLED);
    ac_queue_abort(empty.queue, AC_ERR_CANCELLED);
    CHECK_INT(ac_thread_join(&producer), AC_ERR_CANCELLED);
    CHECK_INT(ac_thread_join(&producer), AC_ERR_CANCELLED); /* as often as one likes */
    CHECK_INT(ac_thread_join(&consumer), AC_ERR_CANCELLED);
    ac_queue_destroy(&full.queue);
    ac_queue_destroy(&empty.queue);
}

/* Every reading of this clock is a second later than the one before. */
static double ticking(void *opaque)
{
    return (double)atomic_fetch_add((atomic_int *)opaque, 1);
}

static void test_waits(void)
{
    atomic_int hand = 0;
    ac_queue_params params = {.capacity = 1, .clock = {ticking, &hand}};
    shared s = {0};
    ac_thread consumer;
    void *item;
    int one;

    CHECK_INT(ac_queue_create(&params, NULL, &s.queue), AC_OK);
    CHECK_INT(ac_queue_push(s.queue, &one), AC_OK);
    CHECK_INT(ac_queue_pop(s.queue, &item), AC_OK);
    CHECK(ac_queue_get_waits(s.queue).push == 0);
    CHECK(ac_queue_get_waits(s.queue).pop == 0);
    CHECK_INT(ac_thread_start(&consumer, "consumer", consume, &s, NULL), AC_OK);
    while (atomic_load(&hand) == 0) /* until it has found the queue empty */
        ;
    ac_queue_close(s.queue);
    CHECK_INT(ac_thread_join(&consumer), AC_END);
    CHECK(ac_queue_get_waits(s.queue).push == 0);
    CHECK(ac_queue_get_waits(s.queue).pop == 1);
    ac_queue_destroy(&s.queue);
}

int main(void)
{
    ac_thread never = {0};

    test_order_and_close();
    test_abort();
    test_threads();
    test_abort_wakes();
    test_waits();
    CHECK_INT(ac_thread_join(&never), AC_OK);
    CHECK(ac_thread_processors() >= 1);
    return test_end();
}
