/* What colouring a file consists of, for those who run it in another way than ac_colorize_file().
 */
#ifndef AC_VIDEO_COLORIZE_JOB_H
#define AC_VIDEO_COLORIZE_JOB_H

#include "media/media.h"
#include "util/queue.h"
#include "util/thread.h"
#include "video/colorize.h"
#include "video/painter.h"

#define AC_COLORIZE_SLOTS 3 /* frames on the device at a time */

typedef struct ac_colorize_job {
    const ac_colorize_params *params;
    const ac_log *log;
    ac_reader *reader;
    ac_writer *writer;
    ac_painter *painter;
    ac_queue *decoded, *painted; /* of ac_item */
    ac_thread decoder, encoder;
    ac_frame *on_device[AC_COLORIZE_SLOTS]; /* what the frames were made from */
    int64_t begun, ended;                   /* frames the device has begun and ended */
    int64_t written;                        /* frames; the encoder's thread only */
    int said;                               /* by the validation layer before the job began */
    int64_t passed_over;                    /* frames that need not be coloured */
} ac_colorize_job;

/* Opens reader, writer and painter; params and log are set. What was opened is closed by
 * ac_colorize_close(), on failure too. */
ac_status ac_colorize_open(ac_colorize_job *job);
void ac_colorize_close(ac_colorize_job *job);
/* Fails when the validation layer has said something since ac_colorize_open(). */
ac_status ac_colorize_check_validation(const ac_colorize_job *job);

#endif
