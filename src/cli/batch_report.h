/* How jobs went: events for programs, a table for people. */
#ifndef AC_CLI_BATCH_REPORT_H
#define AC_CLI_BATCH_REPORT_H

#include <pthread.h>

#include "cli/batch_items.h"
#include "util/progress.h"
#include "video/colorize.h"

typedef enum ac_job_result {
    AC_JOB_NOT_BEGUN,
    AC_JOB_DONE,
    AC_JOB_SKIPPED,
    AC_JOB_FAILED,
} ac_job_result;

typedef struct ac_job_outcome {
    ac_job_result result;
    int64_t frames;
    double seconds; /* opening and closing files too */
} ac_job_outcome;

typedef struct ac_batch_report {
    const ac_batch_items *items;
    const ac_log *log;
    ac_progress *progress;
    bool json;
    ac_job_outcome *outcomes; /* of each item */
    double began;             /* clock */
    size_t current;
    double job_began;
    /* Passes messages on to `log` and keeps the first error of a job. */
    ac_log heard;
    pthread_mutex_t mutex;
    char error[1024];
} ac_batch_report;

/* log and progress (which may be NULL) as a command is given them; `report` stays where it is. */
ac_status ac_batch_report_init(ac_batch_report *report, const ac_batch_items *items,
                               const ac_log *log, ac_progress *progress, bool json);
void ac_batch_report_uninit(ac_batch_report *report);

void ac_batch_report_begin(ac_batch_report *report, size_t index);
/* A status other than AC_OK is a failure. */
void ac_batch_report_end(ac_batch_report *report, ac_job_result result, ac_status status,
                         const ac_colorize_summary *summary);
/* The last event and, of a batch, the table. status: what the program ends with. Returns how many
 * failed. */
size_t ac_batch_report_finish(ac_batch_report *report, ac_status status);

#endif
