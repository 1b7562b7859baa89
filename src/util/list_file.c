#include "util/list_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/file.h"
#include "util/folder.h"

typedef struct reading {
    const char *path; /* for messages */
    const ac_log *log;
    char *folder; /* names are relative to, NULL: the current one */
    ac_list_file *list;
    size_t size;
} reading;

static ac_status no_memory(const reading *r)
{
    return ac_fail(r->log, AC_ERR_MEMORY, "%s: out of memory", r->path);
}

static ac_status add(reading *r, const char *name, size_t number)
{
    ac_list_file *l = r->list;
    char *path;

    if (strlen(name) >= PATH_MAX)
        return ac_fail(r->log, AC_ERR_FORMAT,
                       "%s: name %zu has %zu bytes, which no file's has; is this a list of names?",
                       r->path, number, strlen(name));
    if (l->count == r->size) {
        size_t size = r->size ? 2 * r->size : 256;
        char **grown = realloc(l->names, size * sizeof(*grown));

        if (!grown)
            return no_memory(r);
        l->names = grown;
        r->size = size;
    }
    path = r->folder && name[0] != '/' ? ac_path_join(r->folder, name) : strdup(name);
    if (!path)
        return no_memory(r);
    l->names[l->count++] = path;
    return AC_OK;
}

/* text[size] is a NUL, so that the last name needs no end. */
static ac_status split(reading *r, char *text, size_t size)
{
    bool lines = !memchr(text, '\0', size);
    ac_status status = AC_OK;
    size_t number = 0;

    if (lines && size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
        text += 3;
        size -= 3;
    }
    for (char *name = text, *end; !status && name < text + size; name = end + 1) {
        end = lines ? memchr(name, '\n', (size_t)(text + size - name)) : name + strlen(name);
        if (!end)
            end = text + size;
        *end = '\0';
        for (char *c = end; lines && c > name && c[-1] == '\r'; c--)
            c[-1] = '\0';
        number++;
        if (*name && !(lines && *name == '#'))
            status = add(r, name, number);
    }
    if (!status && !r->list->count)
        status = ac_fail(r->log, AC_ERR_FORMAT, "%s: is a list that names nothing", r->path);
    return status;
}

ac_status ac_list_file_parse(const char *text, size_t size, const char *path, const ac_log *log,
                             ac_list_file *list)
{
    bool standard = !strcmp(path, "-");
    const char *name = ac_path_name(path);
    reading r = {.path = standard ? "standard input" : path, .log = log, .list = list};
    char *copy = malloc(size + 1);
    ac_status status;

    *list = (ac_list_file){0};
    if (!standard && name != path)
        r.folder = strndup(path, (size_t)(name - path));
    if (copy && (standard || name == path || r.folder)) {
        memcpy(copy, text, size);
        copy[size] = '\0';
        status = split(&r, copy, size);
    } else {
        status = no_memory(&r);
    }
    free(copy);
    free(r.folder);
    return status;
}

/* All that is in it; standard input and pipes may have to be waited for. */
static ac_status read_all(int fd, const char *path, const ac_log *log, char **text, size_t *size)
{
    size_t room = 0;

    for (;;) {
        ssize_t got;

        if (*size == room) {
            char *grown = realloc(*text, room ? 2 * room : 65536);

            if (!grown)
                return ac_fail(log, AC_ERR_MEMORY, "%s: out of memory", path);
            *text = grown;
            room = room ? 2 * room : 65536;
        }
        got = read(fd, *text + *size, room - *size);
        if (got < 0 && errno == EINTR)
            return AC_ERR_CANCELLED;
        if (got < 0)
            return ac_fail(log, AC_ERR_IO, "%s: cannot be read: %s", path, strerror(errno));
        if (!got)
            return AC_OK;
        *size += (size_t)got;
        if (*size > AC_LIST_FILE_MAX)
            return ac_fail(log, AC_ERR_FORMAT, "%s: has more than %d MiB; is this a list of names?",
                           path, AC_LIST_FILE_MAX >> 20);
    }
}

ac_status ac_list_file_read(const char *path, const ac_log *log, ac_list_file *list)
{
    bool standard = !strcmp(path, "-");
    const char *shown = standard ? "standard input" : path;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    char *text = NULL;
    size_t size = 0;
    ac_status status;

    *list = (ac_list_file){0};
    if (fd < 0)
        return ac_fail(log, AC_ERR_IO, "%s: cannot be opened: %s", path, strerror(errno));
    TRY(read_all(fd, shown, log, &text, &size));
    TRY(ac_list_file_parse(text, size, path, log, list));
fail:
    if (!standard)
        close(fd);
    free(text);
    return status;
}

void ac_list_file_uninit(ac_list_file *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->names[i]);
    free(list->names);
    *list = (ac_list_file){0};
}
