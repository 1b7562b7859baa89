#include "train/sources.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "util/file_set.h"
#include "util/folder.h"
#include "util/list_file.h"
#include "util/names.h"

#define LIST_DEPTH 8 /* lists that name lists; more is a list that names itself */

typedef struct listing {
    const ac_log *log;
    ac_source *list;
    size_t count, size;
    size_t found; /* files, those that were in the list already too */
    ac_file_set seen;
} listing;

static ac_status no_memory(const listing *l, const char *name)
{
    return ac_fail(l->log, AC_ERR_MEMORY, "%s: out of memory", name);
}

/* ---- names ---- */

static bool is_known(const char *path)
{
    return ac_name_is_film(path) || ac_name_is_picture(path);
}

static int compare_pointers(const void *a, const void *b)
{
    return ac_name_compare(*(const char *const *)a, *(const char *const *)b);
}

/* ---- the list ---- */

static ac_status add_file(listing *l, const char *path, const struct stat *info)
{
    bool added;

    if (ac_file_set_add(&l->seen, info, &added))
        return no_memory(l, path);
    l->found++;
    if (!added)
        return AC_OK;
    if (l->count == l->size) {
        size_t size = l->size ? 2 * l->size : 256;
        ac_source *grown = realloc(l->list, size * sizeof(*grown));

        if (!grown)
            return no_memory(l, path);
        l->list = grown;
        l->size = size;
    }
    l->list[l->count] = (ac_source){strdup(path), ac_name_is_film(path)};
    if (!l->list[l->count].path)
        return no_memory(l, path);
    l->count++;
    return AC_OK;
}

static ac_status take_file(void *opaque, const char *path, const char *below,
                           const struct stat *info)
{
    (void)below;
    return add_file(opaque, path, info);
}

static ac_status add_folder(listing *l, const char *path, bool within)
{
    return ac_folder_visit(
        path, within,
        &(ac_folder_walk){.take = take_file, .opaque = l, .lenient = true, .log = l->log});
}

/* ---- whatever a person names ---- */

static ac_status add_name(listing *l, const char *name, int depth);

static ac_status add_glob(listing *l, const char *pattern)
{
    glob_t found = {0};
    size_t before = l->found;
    ac_status status = AC_OK;
    int error = glob(pattern, GLOB_NOSORT, NULL, &found);

    if (error && error != GLOB_NOMATCH) {
        globfree(&found);
        return ac_fail(l->log, error == GLOB_NOSPACE ? AC_ERR_MEMORY : AC_ERR_IO,
                       "%s: the folders it looks into cannot be read", pattern);
    }
    if (found.gl_pathc)
        qsort(found.gl_pathv, found.gl_pathc, sizeof(*found.gl_pathv), compare_pointers);
    for (size_t i = 0; !status && i < found.gl_pathc; i++) {
        const char *path = found.gl_pathv[i];
        struct stat info;

        if (stat(path, &info))
            continue;
        if (S_ISDIR(info.st_mode))
            status = add_folder(l, path, true);
        else if (S_ISREG(info.st_mode) && is_known(path))
            status = add_file(l, path, &info);
    }
    globfree(&found);
    if (!status && l->found == before)
        return ac_fail(l->log, AC_ERR_IO, "%s: matches no picture, film or folder of them",
                       pattern);
    return status;
}

static ac_status add_list(listing *l, const char *path, int depth)
{
    ac_list_file list;
    ac_status status;

    if (depth == LIST_DEPTH)
        return ac_fail(l->log, AC_ERR_FORMAT,
                       "%s: is a list that names lists more than %d deep; does it name itself?",
                       path, LIST_DEPTH);
    status = ac_list_file_read(path, l->log, &list);
    for (size_t i = 0; !status && i < list.count; i++)
        status = add_name(l, list.names[i], depth + 1);
    ac_list_file_uninit(&list);
    return status;
}

static ac_status add_name(listing *l, const char *name, int depth)
{
    struct stat info;
    size_t before = l->found;
    ac_status status;

    if (!name[0])
        return ac_fail(l->log, AC_ERR_ARGUMENT, "a name of a picture, film or folder is empty");
    if (stat(name, &info)) {
        int error = errno;

        if (strpbrk(name, "*?["))
            return add_glob(l, name);
        return ac_fail(l->log, AC_ERR_IO, "%s: cannot be opened: %s", name, strerror(error));
    }
    if (S_ISDIR(info.st_mode)) {
        status = add_folder(l, name, false);
        if (!status && l->found == before)
            return ac_fail(l->log, AC_ERR_IO, "%s: there is no picture and no film in this folder",
                           name);
        return status;
    }
    if (!S_ISREG(info.st_mode))
        return ac_fail(l->log, AC_ERR_IO, "%s: is not a regular file", name);
    if (!strcasecmp(ac_name_extension(name), "txt"))
        return add_list(l, name, depth);
    if (!strcasecmp(ac_name_extension(name), "safetensors"))
        return ac_fail(l->log, AC_ERR_ARGUMENT,
                       "%s: is a model, where pictures and films are named: eval takes it after "
                       "-m, train after --init",
                       name);
    return add_file(l, name, &info);
}

ac_status ac_sources_list(const char *const *names, int name_count, const ac_log *log,
                          ac_source **list, int *count)
{
    listing l = {.log = log};
    ac_status status = AC_OK;

    *list = NULL;
    *count = 0;
    for (int i = 0; !status && i < name_count; i++)
        status = add_name(&l, names[i], 0);
    ac_file_set_uninit(&l.seen);
    if (status) {
        ac_sources_free(&l.list, (int)l.count);
        return status;
    }
    *list = l.list;
    *count = (int)l.count;
    return AC_OK;
}

void ac_sources_free(ac_source **list, int count)
{
    for (int i = 0; i < count; i++)
        free((*list)[i].path);
    free(*list);
    *list = NULL;
}
