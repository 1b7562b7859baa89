/* The table of cases, tests/op/cases.txt. */
#ifndef AC_TEST_CASES_H
#define AC_TEST_CASES_H

#include <stddef.h>

#include "nn/model.h"

/* Prints errors and warnings; everything where AC_TEST_VERBOSE is in the environment. */
ac_log test_log(void);

typedef struct test_case {
    const char *name;
    const char *text; /* its network description, text_size bytes */
    size_t text_size;
    int n, h, w; /* of its input */
} test_case;

typedef struct test_cases {
    char *file;
    int count;
    test_case *cases;
} test_cases;

/* False, having said why. */
bool cases_load(const char *path, test_cases *to);
void cases_free(test_cases *cases);

/* Runs check() on each case, or on those whose name one of the shell's patterns in `names` fits; it
 * returns the case's error, which has to be below the tolerance. A pattern that fits none fails
 * too. Prints what fails and "N passed, N failed"; returns main()'s status. The model is filled
 * (fill.h), lightness is its picture. */
typedef double case_check(void *opaque, const test_case *c, const ac_model *model,
                          const float *lightness, const ac_log *log);
int cases_run(const char *path, int name_count, char *const *names, double tolerance,
              case_check *check, void *opaque, const ac_log *log);

#endif
