/* Preloaded by tools/check_memory.py: writes the most bytes that the program held on its heap, seen
 * every few milliseconds, to the file that HEAP_PEAK names. What malloc keeps for later is not in
 * it: that depends on which thread frees what another took, and differs from run to run. */
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static pthread_t watcher;
static atomic_bool over;
static size_t peak;

static void *watch(void *opaque)
{
    (void)opaque;
    while (!atomic_load(&over)) {
        struct mallinfo2 info = mallinfo2();

        if (info.uordblks + info.hblkhd > peak)
            peak = info.uordblks + info.hblkhd;
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    return NULL;
}

__attribute__((constructor)) static void begin(void)
{
    if (getenv("HEAP_PEAK") && pthread_create(&watcher, NULL, watch, NULL))
        abort();
}

__attribute__((destructor)) static void end(void)
{
    const char *path = getenv("HEAP_PEAK");
    FILE *file;

    if (!path)
        return;
    atomic_store(&over, true);
    pthread_join(watcher, NULL);
    file = fopen(path, "w");
    if (!file || fprintf(file, "%zu\n", peak) < 0 || fclose(file))
        abort();
}
