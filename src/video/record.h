/* What is written down of a job, so that it can be gone on with later or elsewhere: all that
 * decides its result, and the segments that are finished. A JSON text in a journal or a part. */
#ifndef AC_VIDEO_RECORD_H
#define AC_VIDEO_RECORD_H

#include <jansson.h>

#include "media/segment.h"

#define AC_RECORD_MAX_BYTES (256 << 20) /* of the text: segments of years */

typedef struct ac_record {
    json_t *settings; /* an object of numbers and texts: video/settings.h */
    char *input;      /* full path, for people and as a default */
    int64_t estimate; /* of frames in the film, 0: unknown */
    bool overwrite;   /* the output may be replaced at the end */
    bool complete;    /* no segment is missing */
    int64_t damaged;  /* places of the input, once complete */
    size_t count, size;
    ac_segment *segments; /* by index, each once */
} ac_record;

void ac_record_uninit(ac_record *record);
/* Keeps them in order; one of the same index is replaced. AC_ERR_MEMORY without a message. */
ac_status ac_record_add(ac_record *record, const ac_segment *segment);
int64_t ac_record_frames(const ac_record *record); /* in the segments */
const ac_segment *ac_record_find(const ac_record *record, int64_t index);

/* The text is the caller's (free()). AC_ERR_MEMORY without a message. */
ac_status ac_record_print(const ac_record *record, char **text);
/* Text from outside: what is not a record is AC_ERR_FORMAT without a message, *record empty. */
ac_status ac_record_parse(const char *text, size_t size, ac_record *record);

/* A text of any bytes (NULL: ""), what is not UTF-8 replaced, and a hash. NULL: memory ran out. */
json_t *ac_record_print_text(const char *text);
json_t *ac_record_print_hash(uint64_t hash);

/* The first setting in which two differ: "steady was 5, is 3". False: none. `ignored`: settings
 * that may differ, ended by NULL; NULL: none. */
bool ac_record_difference(const json_t *before, const json_t *now, const char *const *ignored,
                          char *text, size_t size);

#endif
