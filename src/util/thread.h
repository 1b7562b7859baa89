/* Threads that return a status. */
#ifndef AC_UTIL_THREAD_H
#define AC_UTIL_THREAD_H

#include <pthread.h>
#include <stdbool.h>

#include "util/log.h"

/* All zero is a thread that was never started. */
typedef struct ac_thread {
    pthread_t id;
    ac_status (*run)(void *opaque);
    void *opaque;
    ac_status status;
    bool started;
} ac_thread;

/* `thread` must stay where it is until ac_thread_join(). name (at most 15 characters count) is what
 * debuggers and top show. Signals stay with the threads that took them before. On failure one
 * message has been logged and join may be called all the same. */
ac_status ac_thread_start(ac_thread *thread, const char *name, ac_status (*run)(void *opaque),
                          void *opaque, const ac_log *log);
/* Waits and returns what run returned; what it returned before when called again; AC_OK for a
 * thread that was never started. */
ac_status ac_thread_join(ac_thread *thread);

/* The calling thread, and those that it starts from now on, let all others go first where there
 * are not processors for all. What takes whatever the others leave loses nothing by it. */
void ac_thread_stand_back(void);

/* Processors this process may run on, at least 1. */
int ac_thread_processors(void);

#endif
