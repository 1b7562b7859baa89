/* Shows how far a long job is, and keeps log lines and progress from running into each other: all
 * that a program writes to one terminal goes through one ac_progress. Every function may be called
 * from any thread and with a NULL ac_progress, which does nothing. */
#ifndef AC_UTIL_PROGRESS_H
#define AC_UTIL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "util/clock.h"
#include "util/status.h"

typedef struct ac_progress ac_progress;

typedef struct ac_progress_params {
    FILE *stream;  /* stays the caller's */
    bool terminal; /* one line, rewritten in place four times a second; else a line every 10 s */
    ac_clock clock;
} ac_progress_params;

ac_status ac_progress_create(const ac_progress_params *params, ac_progress **progress);
/* Takes a line that is still shown off the terminal. */
void ac_progress_destroy(ac_progress **progress);

/* Tells programs what ac_progress_update() tells people: from now on `tell` is called, no more than
 * once a second and not in the first one, in the thread that updates. NULL: no longer. It must not
 * call any of these functions. */
void ac_progress_listen(ac_progress *progress,
                        void (*tell)(void *opaque, int64_t done, int64_t total, double seconds),
                        void *opaque);

/* A job of `total` frames (0: unknown) begins. Nothing is shown for the first two seconds. */
void ac_progress_begin(ac_progress *progress, int64_t total);
/* Call as often as is convenient; most calls show nothing. `total` may turn out to be too low. */
void ac_progress_update(ac_progress *progress, int64_t done);
/* As ac_progress_update(), for a job that says in its own words how far it is: the text is made
 * only when it is shown, and the time that is left, when it is known, is put after it. done and
 * total count what this job does, in any unit: "epoch 3/30, loss 0.01234" becomes "epoch 3/30, loss
 * 0.01234, 12 min left". */
void ac_progress_text(ac_progress *progress, int64_t done, int64_t total, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* What is done from here on, where nothing can count it: "reading the data". Shown with the time it
 * has taken, "reading the data, 12 s", by a thread of its own, once no other line was shown for two
 * seconds (a period, where there is no terminal) and until the next call of any of these functions
 * but ac_progress_message(). */
void ac_progress_stage(ac_progress *progress, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The job is over: the line goes. */
void ac_progress_end(ac_progress *progress);

/* Writes `line` and a newline to the stream, with the progress line out of its way. */
void ac_progress_message(ac_progress *progress, const char *line);

#endif
