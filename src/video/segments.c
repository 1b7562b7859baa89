#include "video/segments.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NONE (-1)

typedef struct worker_state {
    int64_t current; /* segment that is being encoded, NONE */
} worker_state;

struct ac_segments {
    ac_segments_params params;
    const ac_log *log;
    pthread_mutex_t mutex; /* of the owners and of the journal */
    int16_t *owners;       /* of the segments from `begin` on: worker + 1, 0: free */
    int64_t owner_count;
    worker_state *workers;
};

ac_status ac_segments_create(const ac_segments_params *params, const ac_log *log,
                             ac_segments **segments)
{
    ac_segments *s = calloc(1, sizeof(*s));

    *segments = NULL;
    if (s)
        s->workers = calloc((size_t)params->workers, sizeof(*s->workers));
    if (!s || !s->workers) {
        free(s);
        return ac_fail(log, AC_ERR_MEMORY, "out of memory");
    }
    s->params = *params;
    s->log = log;
    for (int i = 0; i < params->workers; i++)
        s->workers[i].current = NONE;
    pthread_mutex_init(&s->mutex, NULL);
    *segments = s;
    return AC_OK;
}

void ac_segments_destroy(ac_segments **segments)
{
    ac_segments *s = *segments;

    if (!s)
        return;
    pthread_mutex_destroy(&s->mutex);
    free(s->owners);
    free(s->workers);
    free(s);
    *segments = NULL;
}

int64_t ac_segments_end(const ac_segments *s)
{
    return s->params.end > INT64_MAX / s->params.frames ? INT64_MAX
                                                        : s->params.end * s->params.frames;
}

/* NULL: memory ran out, or there can be no such segment. */
static int16_t *owner_of(ac_segments *s, int64_t index)
{
    int64_t place = index - s->params.begin;

    if (place >= s->owner_count) {
        int64_t count = 2 * place + 64;
        int16_t *grown = realloc(s->owners, (size_t)count * sizeof(*grown));

        if (!grown)
            return NULL;
        memset(grown + s->owner_count, 0, (size_t)(count - s->owner_count) * sizeof(*grown));
        s->owners = grown;
        s->owner_count = count;
    }
    return &s->owners[place];
}

/* Whether this worker has the segment, or gets it, which it may at its first frame only: later it
 * would not be whole. */
static bool take(ac_segments *s, int worker, int64_t index, bool first)
{
    int16_t *owner = owner_of(s, index);

    if (owner && !*owner && first)
        *owner = (int16_t)(worker + 1);
    return owner && *owner == worker + 1;
}

bool ac_segments_has(ac_segments *s, int worker, int64_t frame)
{
    int64_t index = frame / s->params.frames;
    bool made;

    if (index < s->params.begin || index >= s->params.end)
        return true;
    pthread_mutex_lock(&s->mutex);
    made = ac_record_find(ac_journal_record(s->params.journal), index) ||
           !take(s, worker, index, frame % s->params.frames == 0);
    pthread_mutex_unlock(&s->mutex);
    return made;
}

static ac_status begin(ac_segments *s, int worker, ac_writer *writer, int64_t index)
{
    char *path = ac_journal_segment_path(s->params.journal, index);
    ac_status status = path ? ac_writer_begin_segment(writer, path)
                            : ac_fail(s->log, AC_ERR_MEMORY, "out of memory");

    free(path);
    if (!status)
        s->workers[worker].current = index;
    return status;
}

ac_status ac_segments_finish(ac_segments *s, int worker, ac_writer *writer)
{
    ac_segment segment = {.index = s->workers[worker].current};
    ac_status status;

    if (segment.index == NONE)
        return AC_OK;
    s->workers[worker].current = NONE;
    TRY(ac_writer_end_segment(writer, &segment));
    pthread_mutex_lock(&s->mutex);
    status = ac_journal_add(s->params.journal, &segment);
    pthread_mutex_unlock(&s->mutex);
fail:
    return status;
}

ac_status ac_segments_put(ac_segments *s, int worker, ac_writer *writer, ac_frame **frame)
{
    int64_t index = ac_frame_index(*frame) / s->params.frames;
    ac_status status = AC_OK;

    if (index != s->workers[worker].current) {
        TRY(ac_segments_finish(s, worker, writer));
        TRY(begin(s, worker, writer, index));
    }
    return ac_writer_put_frame(writer, frame);
fail:
    ac_frame_free(frame);
    return status;
}

void ac_segments_release(ac_segments *s, int worker)
{
    pthread_mutex_lock(&s->mutex);
    for (int64_t i = 0; i < s->owner_count; i++)
        if (s->owners[i] == worker + 1)
            s->owners[i] = 0;
    s->workers[worker].current = NONE;
    pthread_mutex_unlock(&s->mutex);
}
