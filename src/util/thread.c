#include "util/thread.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define STAND_BACK 10 /* on the scale of nice(1) */

static void *enter(void *opaque)
{
    ac_thread *thread = opaque;

    thread->status = thread->run(thread->opaque);
    return NULL;
}

ac_status ac_thread_start(ac_thread *thread, const char *name, ac_status (*run)(void *opaque),
                          void *opaque, const ac_log *log)
{
    char short_name[16];
    sigset_t all, before;
    int error;

    *thread = (ac_thread){.run = run, .opaque = opaque};
    /* A new thread inherits the mask: Ctrl-C is to interrupt the main thread's calls, not ours. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&thread->id, NULL, enter, thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error)
        return ac_fail(log, AC_ERR_MEMORY, "cannot start the %s thread: %s", name, strerror(error));
    thread->started = true;
    snprintf(short_name, sizeof(short_name), "%s", name);
    pthread_setname_np(thread->id, short_name);
    return AC_OK;
}

ac_status ac_thread_join(ac_thread *thread)
{
    if (thread->started) {
        pthread_join(thread->id, NULL);
        thread->started = false;
    }
    return thread->status;
}

void ac_thread_stand_back(void)
{
    int now = getpriority(PRIO_PROCESS, 0); /* on Linux, this thread's */

    (void)setpriority(PRIO_PROCESS, 0, now + STAND_BACK);
}

int ac_thread_processors(void)
{
    cpu_set_t set;
    long online;

    if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0)
        return CPU_COUNT(&set);
    /* More processors than a cpu_set_t holds. */
    online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (int)online : 1;
}
