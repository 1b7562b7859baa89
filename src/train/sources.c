#include "train/sources.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "util/names.h"

#define LIST_DEPTH 8 /* lists that name lists; more is a list that names itself */

/* A file under whatever name. */
typedef struct file_id {
    dev_t device;
    ino_t inode;
} file_id;

typedef struct listing {
    const ac_log *log;
    ac_source *list;
    size_t count, size;
    size_t found;  /* files, those that were in the list already too */
    file_id *seen; /* hash table of seen_size, a power of two, at most half full */
    bool *used;
    size_t seen_count, seen_size;
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

static char *join(const char *folder, const char *name)
{
    size_t length = strlen(folder);
    char *path = NULL;

    while (length > 1 && folder[length - 1] == '/')
        length--;
    if (asprintf(&path, "%.*s%s%s", (int)length, folder, folder[length - 1] == '/' ? "" : "/",
                 name) < 0)
        return NULL;
    return path;
}

/* ---- the list ---- */

static size_t place_of(const listing *l, file_id id)
{
    uint64_t hash = ((uint64_t)id.inode ^ (uint64_t)id.device << 32) * 0x9E3779B97F4A7C15u;
    size_t at = (size_t)(hash >> 32) & (l->seen_size - 1);

    while (l->used[at] && (l->seen[at].inode != id.inode || l->seen[at].device != id.device))
        at = (at + 1) & (l->seen_size - 1);
    return at;
}

static bool grow_seen(listing *l)
{
    listing grown = {.seen_size = l->seen_size ? 2 * l->seen_size : 1024};

    grown.seen = calloc(grown.seen_size, sizeof(*grown.seen));
    grown.used = calloc(grown.seen_size, sizeof(*grown.used));
    if (!grown.seen || !grown.used) {
        free(grown.seen);
        free(grown.used);
        return false;
    }
    for (size_t i = 0; i < l->seen_size; i++) {
        size_t at;

        if (!l->used[i])
            continue;
        at = place_of(&grown, l->seen[i]);
        grown.seen[at] = l->seen[i];
        grown.used[at] = true;
    }
    free(l->seen);
    free(l->used);
    l->seen = grown.seen;
    l->used = grown.used;
    l->seen_size = grown.seen_size;
    return true;
}

/* Takes over path. */
static ac_status add_file(listing *l, char *path, const struct stat *info)
{
    file_id id = {info->st_dev, info->st_ino};
    size_t at;

    if (2 * (l->seen_count + 1) > l->seen_size && !grow_seen(l))
        goto fail;
    l->found++;
    at = place_of(l, id);
    if (l->used[at]) {
        free(path);
        return AC_OK;
    }
    if (l->count == l->size) {
        size_t size = l->size ? 2 * l->size : 256;
        ac_source *grown = realloc(l->list, size * sizeof(*grown));

        if (!grown)
            goto fail;
        l->list = grown;
        l->size = size;
    }
    l->used[at] = true;
    l->seen[at] = id;
    l->seen_count++;
    l->list[l->count++] = (ac_source){path, ac_name_is_film(path)};
    return AC_OK;
fail:
    free(path);
    return no_memory(l, "list of pictures");
}

/* ---- folders ---- */

static void free_names(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
}

/* Names in a folder, sorted, without hidden ones. */
static ac_status read_folder(const listing *l, const char *path, bool inner, char ***names,
                             size_t *count)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    size_t size = 0;

    *names = NULL;
    *count = 0;
    if (!folder && inner) {
        ac_log_print(l->log, AC_LOG_WARNING, "%s: cannot be read and is left out: %s", path,
                     strerror(errno));
        return AC_OK;
    }
    if (!folder)
        return ac_fail(l->log, AC_ERR_IO, "%s: cannot be read: %s", path, strerror(errno));
    while ((entry = readdir(folder))) {
        if (entry->d_name[0] == '.')
            continue;
        if (*count == size) {
            char **grown = realloc(*names, (size ? 2 * size : 64) * sizeof(*grown));

            if (!grown)
                goto fail;
            *names = grown;
            size = size ? 2 * size : 64;
        }
        (*names)[*count] = strdup(entry->d_name);
        if (!(*names)[*count])
            goto fail;
        (*count)++;
    }
    closedir(folder);
    if (*count)
        qsort(*names, *count, sizeof(**names), compare_pointers);
    return AC_OK;
fail:
    closedir(folder);
    free_names(*names, *count);
    *names = NULL;
    *count = 0;
    return no_memory(l, path);
}

static ac_status add_folder(listing *l, const char *path, bool inner);

/* Takes over path, a name in a folder. */
static ac_status add_entry(listing *l, char *path)
{
    struct stat info, link;
    ac_status status = AC_OK;

    if (lstat(path, &link) || stat(path, &info))
        info.st_mode = 0; /* gone, or a link to nothing */
    if (S_ISREG(info.st_mode) && is_known(path))
        return add_file(l, path, &info);
    /* A linked folder may be one that this one lies in. */
    if (S_ISDIR(info.st_mode) && !S_ISLNK(link.st_mode))
        status = add_folder(l, path, true);
    free(path);
    return status;
}

static ac_status add_folder(listing *l, const char *path, bool inner)
{
    char **names;
    size_t count;
    ac_status status = read_folder(l, path, inner, &names, &count);

    for (size_t i = 0; !status && i < count; i++) {
        char *entry = join(path, names[i]);

        status = entry ? add_entry(l, entry) : no_memory(l, path);
    }
    free_names(names, count);
    return status;
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
        if (S_ISDIR(info.st_mode)) {
            status = add_folder(l, path, true);
        } else if (S_ISREG(info.st_mode) && is_known(path)) {
            char *copy = strdup(path);

            status = copy ? add_file(l, copy, &info) : no_memory(l, path);
        }
    }
    globfree(&found);
    if (!status && l->found == before)
        return ac_fail(l->log, AC_ERR_IO, "%s: matches no picture, film or folder of them",
                       pattern);
    return status;
}

static ac_status add_line(listing *l, const char *list, const char *line, int depth)
{
    const char *slash = strrchr(list, '/');
    char *folder, *path = NULL;
    ac_status status;

    if (line[0] == '/' || !slash)
        return add_name(l, line, depth);
    folder = strndup(list, slash == list ? 1 : (size_t)(slash - list));
    path = folder ? join(folder, line) : NULL;
    status = path ? add_name(l, path, depth) : no_memory(l, list);
    free(path);
    free(folder);
    return status;
}

static ac_status add_list(listing *l, const char *path, int depth)
{
    FILE *file;
    char *line = NULL;
    size_t size = 0;
    bool any = false;
    ssize_t length;
    ac_status status = AC_OK;

    if (depth == LIST_DEPTH)
        return ac_fail(l->log, AC_ERR_FORMAT,
                       "%s: is a list that names lists more than %d deep; does it name itself?",
                       path, LIST_DEPTH);
    file = fopen(path, "re");
    if (!file)
        return ac_fail(l->log, AC_ERR_IO, "%s: cannot be opened: %s", path, strerror(errno));
    while (!status && (length = getline(&line, &size, file)) >= 0) {
        while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r'))
            line[--length] = '\0';
        if (!line[0] || line[0] == '#')
            continue;
        any = true;
        status = add_line(l, path, line, depth + 1);
    }
    if (!status && ferror(file))
        status = ac_fail(l->log, AC_ERR_IO, "%s: cannot be read: %s", path, strerror(errno));
    else if (!status && !any)
        status = ac_fail(l->log, AC_ERR_FORMAT, "%s: is a list that names nothing", path);
    free(line);
    fclose(file);
    return status;
}

static ac_status add_name(listing *l, const char *name, int depth)
{
    struct stat info;
    size_t before = l->found;
    ac_status status;
    char *copy;

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
    copy = strdup(name);
    return copy ? add_file(l, copy, &info) : no_memory(l, name);
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
    free(l.seen);
    free(l.used);
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
