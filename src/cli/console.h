/* What the program says on standard error: messages and progress. */
#ifndef AC_CLI_CONSOLE_H
#define AC_CLI_CONSOLE_H

#include <stdbool.h>

#include "util/log.h"
#include "util/progress.h"

typedef struct ac_console {
    ac_log log; /* writes here; its level may be changed while one thread runs */
    ac_progress *progress;
    bool colours;
} ac_console;

/* Level INFO to begin with. `console` must stay where it is. */
ac_status ac_console_open(ac_console *console);
void ac_console_close(ac_console *console);

#endif
