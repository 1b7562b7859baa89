#include "util/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/names.h"

typedef struct listing {
    char **names;
    size_t count, size;
} listing;

char *ac_path_join(const char *folder, const char *name)
{
    size_t length = strlen(folder);
    char *path = NULL;

    while (length > 1 && folder[length - 1] == '/')
        length--;
    if (asprintf(&path, "%.*s%s%s", (int)length, folder,
                 length && folder[length - 1] == '/' ? "" : "/", name) < 0)
        return NULL;
    return path;
}

/* ---- one folder ---- */

static int list(const char *folder, bool folders, int (*take)(void *opaque, const char *name),
                void *opaque)
{
    DIR *opened = opendir(*folder ? folder : ".");
    const struct dirent *entry;
    int error = 0;

    if (!opened)
        return errno;
    while (!error) {
        errno = 0;
        entry = readdir(opened);
        if (!entry) {
            error = errno;
            break;
        }
        if ((folders || entry->d_type != DT_DIR) && strcmp(entry->d_name, ".") != 0 &&
            strcmp(entry->d_name, "..") != 0)
            error = take(opaque, entry->d_name);
    }
    closedir(opened);
    return error;
}

int ac_folder_list(const char *folder, int (*take)(void *opaque, const char *name), void *opaque)
{
    return list(folder, false, take, opaque);
}

static int take_name(void *opaque, const char *name)
{
    listing *l = opaque;

    if (name[0] == '.')
        return 0;
    if (l->count == l->size) {
        size_t size = l->size ? 2 * l->size : 64;
        char **grown = realloc(l->names, size * sizeof(*grown));

        if (!grown)
            return ENOMEM;
        l->names = grown;
        l->size = size;
    }
    l->names[l->count] = strdup(name);
    if (!l->names[l->count])
        return ENOMEM;
    l->count++;
    return 0;
}

static int compare_pointers(const void *a, const void *b)
{
    return ac_name_compare(*(const char *const *)a, *(const char *const *)b);
}

/* ---- and those within ---- */

/* root: bytes of the path that are the folder where the walk began. */
static ac_status visit(const char *path, size_t root, bool within, const ac_folder_walk *walk);

static ac_status visit_entry(const char *path, size_t root, const ac_folder_walk *walk)
{
    struct stat info, link;

    if (lstat(path, &link) || stat(path, &info))
        return AC_OK; /* gone, or a link to nothing */
    if (S_ISREG(info.st_mode) && (ac_name_is_picture(path) || ac_name_is_film(path)))
        return walk->take(walk->opaque, path, path + root + strspn(path + root, "/"), &info);
    /* A linked folder may be one that this one lies in. */
    if (!S_ISDIR(info.st_mode) || S_ISLNK(link.st_mode) ||
        (walk->enter && !walk->enter(walk->opaque, &info)))
        return AC_OK;
    return visit(path, root, true, walk);
}

static ac_status visit(const char *path, size_t root, bool within, const ac_folder_walk *walk)
{
    listing l = {0};
    ac_status status = AC_OK;
    int error = list(path, true, take_name, &l);

    if (error == ENOMEM) {
        status = ac_fail(walk->log, AC_ERR_MEMORY, "%s: out of memory", path);
    } else if (error && within && walk->lenient) {
        ac_log_print(walk->log, AC_LOG_WARNING, "%s: cannot be read and is left out: %s", path,
                     strerror(error));
        l.count = 0;
    } else if (error) {
        status = ac_fail(walk->log, AC_ERR_IO, "%s: cannot be read: %s", path, strerror(error));
    }
    if (l.count)
        qsort(l.names, l.count, sizeof(*l.names), compare_pointers);
    for (size_t i = 0; i < l.count; i++) {
        char *entry = status ? NULL : ac_path_join(path, l.names[i]);

        if (entry)
            status = visit_entry(entry, root, walk);
        else if (!status)
            status = ac_fail(walk->log, AC_ERR_MEMORY, "%s: out of memory", path);
        free(entry);
        free(l.names[i]);
    }
    free(l.names);
    return status;
}

ac_status ac_folder_visit(const char *folder, bool within, const ac_folder_walk *walk)
{
    size_t root = strlen(folder);

    /* As ac_path_join() puts names after it. */
    while (root > 1 && folder[root - 1] == '/')
        root--;
    return visit(folder, root, within, walk);
}
