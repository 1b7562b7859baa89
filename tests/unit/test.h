/* Checks for unit tests. A test is one program: main() calls CHECK..., ends with `return
 * test_end();`, which prints the counts and gives the exit status. A failed check prints its place
 * and goes on. */
#ifndef AC_TEST_H
#define AC_TEST_H

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "util/log.h"

static struct {
    int passed, failed;
    int messages;       /* errors logged since test_log_clear() */
    char message[1024]; /* the last of them */
} test_state;

static inline bool test_check(bool ok, const char *file, int line, const char *what)
{
    if (ok) {
        test_state.passed++;
    } else {
        test_state.failed++;
        fprintf(stderr, "%s:%d: failed: %s\n", file, line, what);
    }
    return ok;
}

static inline bool test_check_int(long long a, long long b, const char *file, int line,
                                  const char *what)
{
    if (!test_check(a == b, file, line, what))
        fprintf(stderr, "    %lld is not %lld\n", a, b);
    return a == b;
}

static inline bool test_check_str(const char *a, const char *b, const char *file, int line,
                                  const char *what)
{
    bool ok = a && b && !strcmp(a, b);

    if (!test_check(ok, file, line, what))
        fprintf(stderr, "    \"%s\" is not \"%s\"\n", a ? a : "(null)", b ? b : "(null)");
    return ok;
}

static inline bool test_check_has(const char *text, const char *part, const char *file, int line,
                                  const char *what)
{
    bool ok = text && part && strstr(text, part);

    if (!test_check(ok, file, line, what))
        fprintf(stderr, "    \"%s\" is not in \"%s\"\n", part ? part : "(null)",
                text ? text : "(null)");
    return ok;
}

static inline bool test_check_near(double a, double b, double tolerance, const char *file, int line,
                                   const char *what)
{
    bool ok = fabs(a - b) <= tolerance; /* false for NaN */

    if (!test_check(ok, file, line, what))
        fprintf(stderr, "    %.9g is not %.9g within %g\n", a, b, tolerance);
    return ok;
}

#define CHECK(x)             test_check((x), __FILE__, __LINE__, #x)
#define CHECK_INT(a, b)      test_check_int((a), (b), __FILE__, __LINE__, #a " == " #b)
#define CHECK_STR(a, b)      test_check_str((a), (b), __FILE__, __LINE__, #a " is " #b)
#define CHECK_HAS(text, sub) test_check_has((text), (sub), __FILE__, __LINE__, #text " has " #sub)
#define CHECK_NEAR(a, b, tolerance)                                                                \
    test_check_near((a), (b), (tolerance), __FILE__, __LINE__, #a " near " #b)

static inline void test_log_write(void *opaque, ac_log_level level, const char *message)
{
    (void)opaque;
    if (level == AC_LOG_ERROR)
        test_state.messages++;
    snprintf(test_state.message, sizeof(test_state.message), "%s", message);
}

/* Keeps the last error or warning in test_state.message instead of printing it. */
static inline ac_log test_log(void)
{
    return (ac_log){.write = test_log_write, .level = AC_LOG_WARNING};
}

static inline void test_log_clear(void)
{
    test_state.messages = 0;
    test_state.message[0] = '\0';
}

static inline int test_end(void)
{
    printf("%d passed, %d failed\n", test_state.passed, test_state.failed);
    return test_state.failed ? 1 : 0;
}

#endif
