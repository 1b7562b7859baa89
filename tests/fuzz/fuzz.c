#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void fuzz_check(bool ok, const char *file, int line, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    abort();
}

static void write_message(void *opaque, ac_log_level level, const char *message)
{
    fuzz_messages *messages = opaque;

    FUZZ_CHECK(*message);
    FUZZ_CHECK(strlen(message) < 1023); /* what ac_log cuts off at */
    if (level == AC_LOG_ERROR && ++messages->errors > 1)
        fprintf(stderr, "one message too many: %s\n", message);
}

ac_log fuzz_log(fuzz_messages *messages)
{
    return (ac_log){.write = write_message, .opaque = messages, .level = AC_LOG_VERBOSE};
}

void fuzz_check_status(const fuzz_messages *messages, ac_status status)
{
    FUZZ_CHECK(messages->errors == (status != AC_OK));
}

fuzz_file fuzz_file_create(const uint8_t *data, size_t size)
{
    fuzz_file file = {.fd = memfd_create("fuzz", MFD_CLOEXEC)};

    FUZZ_CHECK(file.fd >= 0);
    FUZZ_CHECK(!size || write(file.fd, data, size) == (ssize_t)size);
    snprintf(file.path, sizeof(file.path), "/proc/self/fd/%d", file.fd);
    return file;
}

void fuzz_file_close(const fuzz_file *file)
{
    close(file->fd);
}
