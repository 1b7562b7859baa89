/* Names of files: their order, and what they say of what is in a file. */
#ifndef AC_UTIL_NAMES_H
#define AC_UTIL_NAMES_H

#include <stdbool.h>

/* What comes after the last dot of the last part of a path, "" where there is none; a dot at the
 * beginning is a hidden file's. */
const char *ac_name_extension(const char *path);
/* By the extension. */
bool ac_name_is_picture(const char *path);
bool ac_name_is_film(const char *path);

/* a before b where it is negative: numbers in names count as numbers (2 before 10). 0 only for
 * names that are the same. */
int ac_name_compare(const char *a, const char *b);

#endif
