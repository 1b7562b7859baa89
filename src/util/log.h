/* Messages. A message is made once, where the fact is known; callers only pass the status on. */
#ifndef AC_UTIL_LOG_H
#define AC_UTIL_LOG_H

#include "util/status.h"

typedef enum ac_log_level {
    AC_LOG_ERROR,
    AC_LOG_WARNING,
    AC_LOG_INFO,    /* what a person wants to know of a normal run */
    AC_LOG_VERBOSE, /* choices made: device, encoder, kernels */
    AC_LOG_DEBUG,
} ac_log_level;

/* Where messages go. `write` gets one line without a newline; it may be called from any thread,
 * several at a time. Messages above `level` are dropped. A NULL ac_log drops everything. */
typedef struct ac_log {
    void (*write)(void *opaque, ac_log_level level, const char *message);
    void *opaque;
    ac_log_level level;
} ac_log;

void ac_log_print(const ac_log *log, ac_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Logs an error and returns `status`: `return ac_fail(log, AC_ERR_IO, "...")`. One line that says
 * what is wrong, where, and what to do. */
ac_status ac_fail(const ac_log *log, ac_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#ifdef __clang_analyzer__
/* It does not see into log.c and would think that a failure may come back as AC_OK. */
#define ac_fail(log, status, ...) (ac_fail(log, status, __VA_ARGS__), (status))
#endif

#endif
