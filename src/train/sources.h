/* Files that a person names: folders, pictures, films, globs, lists. */
#ifndef AC_TRAIN_SOURCES_H
#define AC_TRAIN_SOURCES_H

#include <stdbool.h>

#include "util/log.h"

typedef struct ac_source {
    char *path;
    bool film; /* by its extension; else a still picture */
} ac_source;

/* Folders (recursive; hidden files and folders left out, symbolic links to folders too) give the
 * files in them whose extension is a picture's or a film's; a glob ("*.jpg", for shells that left
 * it alone) the pictures, films and folders that it matches; a .txt list what it names, one a line,
 * relative to the list, empty lines and those beginning with # left out; anything else is taken as
 * it is. Natural order of names (2 before 10) within a folder and a glob, no file twice, under
 * whatever names or links. A name that is nothing or a model's, an empty folder, a glob that
 * matches nothing: an error that names it. A folder within another that cannot be read: a warning.
 * On success the caller owns *list. */
ac_status ac_sources_list(const char *const *names, int name_count, const ac_log *log,
                          ac_source **list, int *count);
void ac_sources_free(ac_source **list, int count);

#endif
