/* Frame sequences: films whose frames lie each in a file of its own. What a person names is a
 * pattern ("shot/%06d.png": %d or %0Nd once in the last part, %% for a percent sign), a glob
 * ("shot/x*.dpx") or a folder; a name under which there is a file is that file. */
#ifndef AC_MEDIA_SEQUENCE_H
#define AC_MEDIA_SEQUENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/log.h"

typedef enum ac_sequence_kind {
    AC_SEQUENCE_NONE, /* a file, or nothing that is there */
    AC_SEQUENCE_PATTERN,
    AC_SEQUENCE_GLOB,
    AC_SEQUENCE_FOLDER,
} ac_sequence_kind;
ac_sequence_kind ac_sequence_kind_of(const char *path);

/* ---- patterns ---- */

#define AC_PATTERN_DIGITS 18 /* of a number, so that it fits 64 bits */

/* Paths "before", number of at least `width` digits, "after". */
typedef struct ac_pattern {
    char *before, *after;
    int width;
} ac_pattern;

/* Whether it is one; looks at the text only. */
bool ac_pattern_is(const char *path);
/* AC_ERR_MEMORY without a message; path is one. ac_pattern_uninit() in any case. */
ac_status ac_pattern_init(const char *path, ac_pattern *pattern);
void ac_pattern_uninit(ac_pattern *pattern);
/* The number of a file's name (without its folder), negative: it does not fit the pattern. */
int64_t ac_pattern_match(const ac_pattern *pattern, const char *name);
/* The caller's (free()); NULL when memory ran out. */
char *ac_pattern_path(const ac_pattern *pattern, int64_t number);

/* ---- the frames ---- */

typedef struct ac_sequence_frame {
    char *path;
    int64_t number; /* of its name; where names are not numbered, its place from 0 */
} ac_sequence_frame;

/* In the order of the film; numbers increase. */
typedef struct ac_sequence {
    ac_sequence_frame *frames;
    size_t count;
    bool numbered;
} ac_sequence;

typedef struct ac_sequence_params {
    const char *path;
    int64_t start_number; /* first frame, negative: the lowest number there is */
    bool allow_gaps;
} ac_sequence_params;

/* Finds frames with no more than a listing of their folder: no file is looked at. Names without a
 * number are put in natural order. AC_ERR_IO: nothing there, frames missing; AC_ERR_ARGUMENT: not
 * clear what is meant. On success the caller owns *sequence. */
ac_status ac_sequence_find(const ac_sequence_params *params, const ac_log *log,
                           ac_sequence **sequence);
void ac_sequence_destroy(ac_sequence **sequence);

#endif
