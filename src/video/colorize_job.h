/* What colouring a file consists of, for those who run it in another way than ac_colorize_file().
 */
#ifndef AC_VIDEO_COLORIZE_JOB_H
#define AC_VIDEO_COLORIZE_JOB_H

#include "media/media.h"
#include "util/queue.h"
#include "util/thread.h"
#include "video/colorize.h"
#include "video/painter.h"
#include "video/segments.h"

#define AC_COLORIZE_SLOTS       3 /* see ac_colorize_slots() */
#define AC_COLORIZE_LARGE_SLOTS 2

/* What the jobs that make one film together have in common. */
typedef struct ac_colorize_shared {
    ac_segments *segments; /* NULL: there is one job, which makes all in one go */
    atomic_bool stop;      /* one has failed */
    atomic_llong written;  /* frames */
} ac_colorize_shared;

typedef struct ac_colorize_job {
    const ac_colorize_params *params;
    const ac_log *log;
    ac_colorize_shared *shared; /* NULL: it has none */
    int worker;                 /* which of those it is */
    ac_reader *reader;
    ac_writer *writer;
    ac_painter *painter;
    ac_queue *decoded, *painted; /* of ac_item */
    ac_thread decoder, encoder;
    ac_frame *on_device[AC_COLORIZE_SLOTS];    /* what the frames were made from */
    int64_t begun, ended;                      /* frames the device has begun and ended */
    int64_t written;                           /* frames; the encoder's thread only */
    double wait_decode, wait_gpu, wait_encode; /* as ac_colorize_summary has them */
    int said;                                  /* by the validation layer before the job began */
    int64_t passed_over;                       /* frames that need not be coloured */
} ac_colorize_job;

/* Opens the input as a job reads it; the reader is the caller's. */
ac_status ac_colorize_open_input(const ac_colorize_params *params, const ac_log *log,
                                 ac_reader **reader);
/* Opens reader, writer and painter; params and log are set. What was opened is closed by
 * ac_colorize_close(), on failure too. */
ac_status ac_colorize_open(ac_colorize_job *job);
void ac_colorize_close(ac_colorize_job *job);
/* Makes all frames that are wanted of it. */
ac_status ac_colorize_run(ac_colorize_job *job);
/* Frames that a job has on the device at a time: fewer where they are large. */
static inline int ac_colorize_slots(const ac_colorize_job *job)
{
    return ac_picture_is_large(&ac_reader_get_info(job->reader)->format) ? AC_COLORIZE_LARGE_SLOTS
                                                                         : AC_COLORIZE_SLOTS;
}
/* Short side the network works at. */
int ac_colorize_size(const ac_colorize_params *params);
/* Fails when the validation layer has said something since ac_colorize_open(). */
ac_status ac_colorize_check_validation(const ac_colorize_job *job);

#endif
