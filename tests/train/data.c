/* What src/train makes of the files that a person names. For the tests in Python beside it.
 *
 * usage: data list NAME...     the files, one a line: "film PATH" or "still PATH"
 * Messages go to standard error. Exits with the negated ac_status. */
#include <stdio.h>
#include <string.h>

#include "train/sources.h"

static void write_message(void *opaque, ac_log_level level, const char *message)
{
    static const char *const names[] = {"error", "warning", "info", "verbose", "debug"};

    (void)opaque;
    fprintf(stderr, "%s: %s\n", names[level], message);
}

static const ac_log log_to_stderr = {.write = write_message, .level = AC_LOG_INFO};

static ac_status list(int argc, char **argv)
{
    ac_source *sources;
    int count;
    ac_status status =
        ac_sources_list((const char *const *)argv, argc, &log_to_stderr, &sources, &count);

    for (int i = 0; i < count; i++)
        printf("%s %s\n", sources[i].film ? "film" : "still", sources[i].path);
    ac_sources_free(&sources, count);
    return status;
}

int main(int argc, char **argv)
{
    if (argc >= 2 && !strcmp(argv[1], "list"))
        return -(int)list(argc - 2, argv + 2);
    return 100;
}
