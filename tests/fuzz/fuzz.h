/* What fuzz targets share. A target is one file fuzz_NAME.c with LLVMFuzzerTestOneInput(): it reads
 * the bytes as the program would read such a file, and aborts when what must always hold does not.
 * Linked with libFuzzer it is a fuzzer, with replay.c a test of its corpus. */
#ifndef AC_FUZZ_H
#define AC_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Aborts, and says what did not hold. */
#define FUZZ_CHECK(x) fuzz_check((x), __FILE__, __LINE__, #x)
void fuzz_check(bool ok, const char *file, int line, const char *what);

/* Counts errors and looks at every message: it says something and is not cut off. */
typedef struct fuzz_messages {
    int errors;
} fuzz_messages;
ac_log fuzz_log(fuzz_messages *messages);
/* One error for a failure, none where there was none. */
void fuzz_check_status(const fuzz_messages *messages, ac_status status);

/* A file in memory that has these bytes, under a path that can be opened. */
typedef struct fuzz_file {
    int fd;
    char path[40];
} fuzz_file;
fuzz_file fuzz_file_create(const uint8_t *data, size_t size);
void fuzz_file_close(const fuzz_file *file);

#endif
