/* What commands print on standard output. */
#ifndef AC_CLI_OUTPUT_H
#define AC_CLI_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/log.h"

/* A JSON string of any bytes: what is not UTF-8 becomes U+FFFD. NULL when memory runs out. */
json_t *ac_output_json_text(const char *text);

/* JSON is put together in many places, which do not ask libjansson whether memory ran out. From
 * here on that is noted, so that a value from which something was left out is not printed. */
void ac_output_watch_json(void);
/* The text of a JSON value, the caller's (free()); NULL where memory ran out since the last one.
 * Takes over `root`, which may be NULL. */
char *ac_output_json_print(json_t *root, size_t flags);
/* Prints a JSON value and a newline. Takes over `root`; what is not whole is an error. */
ac_status ac_output_json(json_t *root, const ac_log *log);

/* 1536 -> "1.5 KiB". Returns text. */
const char *ac_format_bytes(uint64_t bytes, char *text, size_t size);
/* 2988514 -> "2,988,514". Returns text, which has room for 32. */
const char *ac_format_count(int64_t count, char text[32]);
/* 6291456 -> "6.29 M"; below 100,000 as it is. Returns text. */
const char *ac_format_large(int64_t count, char text[32]);

#endif
