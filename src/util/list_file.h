/* Lists of files' names: what people write by hand, one name a line, or what `find -print0` makes.
 *
 * Where there is a NUL in the list, names end at NULs and are taken as they are. Else names end at
 * line ends (CR LF too); empty lines and those that begin with # are left out (a name that does is
 * written ./#name), and so is a byte order mark. Blanks belong to names, and bytes that are not
 * UTF-8 stay what they are. Names that do not begin with a slash are relative to the list's folder;
 * those of standard input, to the current one. */
#ifndef AC_UTIL_LIST_FILE_H
#define AC_UTIL_LIST_FILE_H

#include <stddef.h>

#include "util/log.h"

#define AC_LIST_FILE_MAX (64 << 20) /* bytes of a list */

typedef struct ac_list_file {
    char **names; /* with the list's folder in front */
    size_t count;
} ac_list_file;

/* path "-": standard input. A list that names nothing is an error (AC_ERR_FORMAT), and so is one
 * that is too large or has a name that no file can have. AC_ERR_CANCELLED without a message: a
 * signal came while it had to wait. ac_list_file_uninit() in any case. */
ac_status ac_list_file_read(const char *path, const ac_log *log, ac_list_file *list);
/* The same of the bytes of a list; path says where they are from. */
ac_status ac_list_file_parse(const char *text, size_t size, const char *path, const ac_log *log,
                             ac_list_file *list);
void ac_list_file_uninit(ac_list_file *list);

#endif
