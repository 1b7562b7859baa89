/* Files: reading at an offset, and writing so that a file appears whole or not at all. */
#ifndef AC_UTIL_FILE_H
#define AC_UTIL_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "util/file.h"
#include "util/log.h"

/* The last part of a path: what comes after its last slash. */
const char *ac_path_name(const char *path);

/* Opens a regular file that is not empty; messages tell a missing file, a directory, an empty file
 * apart. The caller closes *fd. */
ac_status ac_file_open(const char *path, const ac_log *log, int *fd, uint64_t *size);
/* All of size bytes from offset. path is for messages. */
ac_status ac_file_read(int fd, uint64_t offset, void *data, size_t size, const char *path,
                       const ac_log *log);

/* Brings to the disk what was done to names in the folder that `path` lies in. */
void ac_file_sync_folder(const char *path);

/* A file that is written under a temporary name beside its own. */
typedef struct ac_file_writer ac_file_writer;

/* Fails when there is something under the name that is no regular file, so that a device or a
 * folder is never replaced. */
ac_status ac_file_writer_create(const char *path, const ac_log *log, ac_file_writer **writer);
ac_status ac_file_writer_write(ac_file_writer *writer, const void *data, size_t size);
/* Brings what was written to the disk and gives it its name. The writer is gone afterwards, and on
 * failure so is what it wrote. */
ac_status ac_file_writer_commit(ac_file_writer **writer);
/* Removes what was written, unless committed; accepts NULL. */
void ac_file_writer_destroy(ac_file_writer **writer);

#endif
