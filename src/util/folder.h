/* Folders: what lies in them, and in the folders within. */
#ifndef AC_UTIL_FOLDER_H
#define AC_UTIL_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "util/log.h"

/* "folder/name", whether the folder has a slash at its end or not. The caller's (free()); NULL:
 * memory ran out. */
char *ac_path_join(const char *folder, const char *name);

/* Names in a folder ("" is the current one), without "." and ".."; files and links only as far as
 * the listing tells. Calls take() for each until it fails. 0 or an errno. */
int ac_folder_list(const char *folder, int (*take)(void *opaque, const char *name), void *opaque);

/* The pictures and films below a folder, by their extensions. Hidden files and folders are left
 * out, and symbolic links to folders, so that a walk always ends; links to files are these files.
 */
typedef struct ac_folder_walk {
    /* Called for each, in natural order of names within a folder. `below` is the part of path that
     * follows the folder. What is not AC_OK ends the walk. */
    ac_status (*take)(void *opaque, const char *path, const char *below, const struct stat *info);
    /* Whether a folder within is looked into; NULL: all are. */
    bool (*enter)(void *opaque, const struct stat *info);
    void *opaque;
    bool lenient; /* a folder within that cannot be read is a warning, else an error */
    const ac_log *log;
} ac_folder_walk;

/* within: the folder itself counts as one within another. */
ac_status ac_folder_visit(const char *folder, bool within, const ac_folder_walk *walk);

#endif
