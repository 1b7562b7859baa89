#include "cli/console.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/output.h"
#include "util/text.h"

static void write_message(void *opaque, ac_log_level level, const char *message)
{
    const ac_console *console = opaque;
    const char *label = "", *colour = "", *plain = console->colours ? "\033[0m" : "";
    char line[3400], clean[3200]; /* U+FFFD takes three bytes */

    if (level == AC_LOG_ERROR) {
        label = "autochrome: error: ";
        colour = "\033[1;31m";
    } else if (level == AC_LOG_WARNING) {
        label = "autochrome: warning: ";
        colour = "\033[1;33m";
    }
    if (!console->colours || !*label)
        colour = plain = "";
    /* Names of files and tensors come from anywhere: a terminal must not obey what is in them, and
     * a message is one line. */
    ac_text_clean(message, true, clean, sizeof(clean));
    for (char *c = clean; *c; c++)
        if (*c == '\n' || *c == '\t')
            *c = ' ';
    snprintf(line, sizeof(line), "%s%s%s%s", colour, label, plain, clean);
    ac_progress_message(console->progress, line);
}

ac_status ac_console_open(ac_console *console)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    /* A dumb terminal cannot take a line back. */
    bool terminal = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;

    *console = (ac_console){
        .log = {.write = write_message, .opaque = console, .level = AC_LOG_INFO},
        .colours = terminal && !(no_color && *no_color),
    };
    return ac_progress_create(&(ac_progress_params){.stream = stderr, .terminal = terminal},
                              &console->progress);
}

void ac_console_close(ac_console *console)
{
    ac_progress_destroy(&console->progress);
}
