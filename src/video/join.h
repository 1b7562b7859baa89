/* Finished segments become a film, or a part of one. */
#ifndef AC_VIDEO_JOIN_H
#define AC_VIDEO_JOIN_H

#include "video/colorize.h"
#include "video/record.h"

/* Of params: input, output, overwrite, cancel, progress and all that a reader and a writer need. */
typedef struct ac_join_params {
    const ac_colorize_params *job;
    const ac_segment_place *places; /* of all segments, from the film's first to its last */
    size_t count;
    int64_t frames;          /* in each but the last */
    const char *work_folder; /* as ac_writer_params has it */
    const json_t *settings;  /* of those who made the segments */
    const char *shown;       /* where the settings come from; NULL: `input` need not be looked at */
} ac_join_params;

/* Fails with a message when a segment is missing. */
ac_status ac_join_film(const ac_join_params *params, const ac_log *log);

/* Part files: a record and its segments. */
typedef struct ac_part {
    char *path;
    ac_record record;
    uint64_t begin; /* bytes before the first segment */
} ac_part;

/* Writes `path` whole or not at all. places: of all the record's segments. */
ac_status ac_part_write(const char *path, const ac_record *record, const ac_segment_place *places,
                        const ac_log *log);
ac_status ac_part_open(const char *path, const ac_log *log, ac_part *part);
void ac_part_close(ac_part *part);

/* Puts parts together, in whatever order they are. Of params: output, overwrite, cancel, progress,
 * and input, NULL: the one the parts name. */
ac_status ac_join_parts(const ac_colorize_params *params, char *const *paths, int count,
                        const ac_log *log, ac_colorize_summary *summary);

#endif
