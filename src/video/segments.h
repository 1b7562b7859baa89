/* Which segments of a film are made by whom: several jobs, each with a device, go through one film
 * and take what is free when they come to it. All functions but create and destroy may be called by
 * several threads, those of one worker by two at a time: one asks, one puts. */
#ifndef AC_VIDEO_SEGMENTS_H
#define AC_VIDEO_SEGMENTS_H

#include "video/journal.h"

typedef struct ac_segments ac_segments;

typedef struct ac_segments_params {
    ac_journal *journal; /* where they are kept; must outlive the object */
    int64_t frames;      /* in each but the last */
    int64_t begin, end;  /* segments that are wanted: from begin to before end */
    int workers;         /* at most; they are numbered from 0 */
} ac_segments_params;

ac_status ac_segments_create(const ac_segments_params *params, const ac_log *log,
                             ac_segments **segments);
void ac_segments_destroy(ac_segments **segments);

/* Whether this worker need not make the frame. Asking for the first of a segment that nobody has
 * takes the segment. */
bool ac_segments_has(ac_segments *segments, int worker, int64_t frame);
/* No frame from this one on is wanted; INT64_MAX: all are. */
int64_t ac_segments_end(const ac_segments *segments);

/* Encodes a frame that ac_segments_has() was false for, into its segment; takes it over, also on
 * failure. The segment before is finished when one of the next comes ... */
ac_status ac_segments_put(ac_segments *segments, int worker, ac_writer *writer, ac_frame **frame);
/* ... and the last one by this. */
ac_status ac_segments_finish(ac_segments *segments, int worker, ac_writer *writer);
/* The worker has failed: what it has taken and not finished is free again. */
void ac_segments_release(ac_segments *segments, int worker);

#endif
