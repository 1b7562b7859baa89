/* What commands print on standard output. */
#ifndef AC_CLI_OUTPUT_H
#define AC_CLI_OUTPUT_H

#include <jansson.h>
#include <stdint.h>

#include "util/log.h"

/* Prints a JSON value and a newline. Takes over `root`; NULL (memory ran out making it) is an
 * error. */
ac_status ac_output_json(json_t *root, const ac_log *log);

/* 1536 -> "1.5 KiB". Returns text. */
const char *ac_format_bytes(uint64_t bytes, char *text, size_t size);
/* 2988514 -> "2,988,514". Returns text, which has room for 32. */
const char *ac_format_count(int64_t count, char text[32]);

#endif
