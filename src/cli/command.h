/* What main() gives every command, and the commands there are. */
#ifndef AC_CLI_COMMAND_H
#define AC_CLI_COMMAND_H

#include <stdatomic.h>
#include <stdbool.h>

#include "cli/console.h"
#include "cli/options.h"

typedef struct ac_context {
    const ac_command *command;
    const ac_log *log;
    ac_progress *progress;     /* NULL: none is wanted */
    const atomic_bool *cancel; /* becomes true when the person presses Ctrl-C */
} ac_context;

extern const ac_command ac_command_bench, ac_command_colorize, ac_command_devices, ac_command_eval,
    ac_command_inspect, ac_command_jobs, ac_command_join, ac_command_run, ac_command_train;

/* Wrong use that the options' table cannot tell: AC_ERR_ARGUMENT and "`what`; see ... --help". */
ac_status ac_context_wrong_use(const ac_context *context, const char *what);

/* Whether the validation layer is wanted: --validation, or AUTOCHROME_VALIDATION not empty or 0. */
bool ac_validation_wanted(bool option);

/* Fails when writing `output` would overwrite `input`; `what` is what the input is ("the model").
 */
ac_status ac_output_check(const char *output, const char *input, const char *what,
                          const ac_log *log);

#endif
