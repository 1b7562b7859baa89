/* Files that were met before, under whatever names and links. */
#ifndef AC_UTIL_FILE_SET_H
#define AC_UTIL_FILE_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "util/status.h"

typedef struct ac_file_id {
    dev_t device;
    ino_t inode;
} ac_file_id;

/* All zero is an empty one. */
typedef struct ac_file_set {
    ac_file_id *ids; /* hash table of `size`, a power of two, at most half full */
    bool *used;
    size_t count, size;
} ac_file_set;

/* *added: false when it was there. AC_ERR_MEMORY without a message. */
ac_status ac_file_set_add(ac_file_set *set, const struct stat *info, bool *added);
bool ac_file_set_has(const ac_file_set *set, const struct stat *info);
void ac_file_set_uninit(ac_file_set *set);

#endif
