#include "util/data_folder.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/data_paths.h"

/* The file that this code is in: a shared library or a program; the caller's. */
static char *find_self(void)
{
    Dl_info info;

    /* Any address in it will do. Of programs the loader knows no more than how they were called. */
    if (dladdr(AC_DATA_DIR, &info) && info.dli_fname && strstr(info.dli_fname, ".so"))
        return realpath(info.dli_fname, NULL);
    return realpath("/proc/self/exe", NULL);
}

/* Takes "/name" and then `folder`, a path below, from the end of path. */
static bool strip(char *path, const char *folder)
{
    char *slash = strrchr(path, '/');
    size_t length = strlen(folder), left = slash ? (size_t)(slash - path) : 0;

    if (left < length + 1 || path[left - length - 1] != '/' ||
        memcmp(path + left - length, folder, length) != 0)
        return false;
    path[left - length - 1] = '\0';
    return true;
}

static bool is_folder(const char *path)
{
    struct stat info;

    return !stat(path, &info) && S_ISDIR(info.st_mode);
}

/* The data that lies as far from a folder of programs or libraries as it was installed. */
static char *find_beside(void)
{
    char *self = find_self(), *folder = NULL;

    if (self && (strip(self, AC_BIN_FOLDER) || strip(self, AC_LIB_FOLDER)) &&
        asprintf(&folder, "%s/%s", self, AC_DATA_FOLDER) < 0)
        folder = NULL;
    free(self);
    if (folder && is_folder(folder))
        return folder;
    free(folder);
    return NULL;
}

char *ac_data_folder(void)
{
    char *folder = find_beside();

    if (folder)
        return folder;
    return strdup(is_folder(AC_SAMPLES_DIR) ? AC_SAMPLES_DIR : AC_DATA_DIR);
}
