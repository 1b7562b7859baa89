#include "util/log.h"

#include <stdarg.h>
#include <stdio.h>

static void print(const ac_log *log, ac_log_level level, const char *format, va_list args)
{
    char line[1024];

    if (!log || !log->write || level > log->level)
        return;
    vsnprintf(line, sizeof(line), format, args);
    log->write(log->opaque, level, line);
}

void ac_log_print(const ac_log *log, ac_log_level level, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print(log, level, format, args);
    va_end(args);
}

/* In brackets: not the macro that stands for it in analysis. */
ac_status(ac_fail)(const ac_log *log, ac_status status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print(log, AC_LOG_ERROR, format, args);
    va_end(args);
    return status;
}
