/* Colours one input or many with one device and one model, tells people and programs of it. */
#ifndef AC_CLI_BATCH_H
#define AC_CLI_BATCH_H

#include "cli/batch_items.h"
#include "cli/command.h"
#include "video/colorize.h"

typedef struct ac_batch_params {
    ac_batch_request request;
    /* What all jobs have in common; inputs, outputs, device and model are filled in. */
    ac_colorize_params job;
    ac_colorizer_params colorizer; /* opened with the first job that needs it */
    bool skip_existing;            /* outputs that are there count as done */
    bool fail_fast;                /* the first failure ends it */
    bool json;                     /* a line on standard output for each event */
} ac_batch_params;

/* A single job fails as ac_colorize_file() does. Of more, each failure is logged, and the rest goes
 * on; AC_ERR_IO when any failed, AC_ERR_CANCELLED when it was interrupted, which has been logged
 * too. A device that failed is closed, and opened again for the next job. */
ac_status ac_batch_run(const ac_batch_params *params, const ac_context *context);

#endif
