/* The folder beside an output in which a job keeps what it has finished: ".NAME.autochrome", with
 * the segments and a journal, a record of them. Each is synced before it takes its name, so that
 * what the journal tells is there whatever happens. One process at a time may hold the folder. */
#ifndef AC_VIDEO_JOURNAL_H
#define AC_VIDEO_JOURNAL_H

#include "video/record.h"

#define AC_JOURNAL_SUFFIX ".autochrome"

typedef struct ac_journal ac_journal;

/* The folder of an output; the caller's (free()), NULL: memory ran out. */
char *ac_journal_folder(const char *output);
/* Whether the unfinished job of an output, if there is one, was told that it may replace it. */
bool ac_journal_may_overwrite(const char *output);

typedef struct ac_journal_params {
    const char *output; /* final path */
    const char *shown;  /* the same for messages */
    ac_record *record;  /* of the job that begins, without segments; taken over on success */
    bool segments;      /* are kept here; a job that has none is nothing to go on with. Else what
                         * it has made lies elsewhere */
    bool resume;        /* go on with what is there; else what has finished segments is an error */
    bool overwrite;     /* what is there goes */
} ac_journal_params;

/* Another process at work on the output is AC_ERR_IO, an unfinished job of other settings, or one
 * that is neither to be resumed nor replaced, AC_ERR_ARGUMENT: with a message each. Segments that
 * are not as they were written are dropped with a warning. */
ac_status ac_journal_open(const ac_journal_params *params, const ac_log *log, ac_journal **journal);
/* What is written down; changed by ac_journal_add() only. */
const ac_record *ac_journal_record(const ac_journal *journal);
const char *ac_journal_path(const ac_journal *journal); /* of the folder */
/* Where a segment lies or is to be written; the caller's (free()), NULL: memory ran out. */
char *ac_journal_segment_path(const ac_journal *journal, int64_t index);
/* A segment is finished and has its name: writes that down. */
ac_status ac_journal_add(ac_journal *journal, const ac_segment *segment);
/* All of them are. */
ac_status ac_journal_complete(ac_journal *journal, int64_t damaged);
/* The output is there: removes the folder. */
void ac_journal_remove(ac_journal **journal);
/* Leaves the folder for later if something was made: a segment, now or before, or elsewhere. */
void ac_journal_close(ac_journal **journal, bool elsewhere);

/* Of a folder that ac_journal_folder() may have named: its record, and whether a process is at work
 * there (busy may be NULL). AC_ERR_FORMAT without a message: there is no journal in it, or none
 * that can be read. */
ac_status ac_journal_look(const char *folder, ac_record *record, bool *busy);
/* Removes it unless a process is at work there (AC_ERR_IO with a message). */
ac_status ac_journal_discard(const char *folder, const ac_log *log);

#endif
