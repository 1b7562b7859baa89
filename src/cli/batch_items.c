#include "cli/batch_items.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "media/media.h"
#include "media/sequence.h"
#include "util/file.h"
#include "util/file_set.h"
#include "util/folder.h"
#include "util/list_file.h"
#include "util/names.h"

#define FILM_EXTENSION    "mkv" /* of films that cannot be written as what they are */
#define PICTURE_EXTENSION "png"

typedef struct finding {
    const ac_batch_request *request;
    const ac_log *log;
    ac_batch_items *list;
    size_t size;
    char *extension; /* of request->format, NULL: none is asked for */
    bool picture;    /* it is one of pictures */
    ac_file_set inputs;
    bool has_folder;    /* the output's folder is there */
    struct stat folder; /* what it is then */
} finding;

static ac_status no_memory(const finding *f, const char *name)
{
    return ac_fail(f->log, AC_ERR_MEMORY, "%s: out of memory", name);
}

static bool is_standard(const char *name)
{
    return !strcmp(name, "-");
}

static bool is_folder(const char *path)
{
    struct stat info;

    return path[strlen(path) - 1] == '/' || (!stat(path, &info) && S_ISDIR(info.st_mode));
}

/* One input goes on as it always did, where its output is no folder or the frames of a film. */
bool ac_batch_is_wanted(const ac_batch_request *request)
{
    const char *name = request->name_count ? request->names[0] : NULL;
    char *extension = NULL;
    bool picture = false, sequence;

    if (request->list || request->recursive || request->name_count != 1)
        return true;
    if (is_standard(name) || is_standard(request->output) || !is_folder(request->output))
        return false;
    if (request->format && ac_media_read_format(request->format, NULL, &extension, &picture))
        return false;
    free(extension);
    sequence = ac_sequence_kind_of(name) != AC_SEQUENCE_NONE;
    return sequence ? request->format && !picture : !picture;
}

/* ---- items ---- */

/* Takes over output, which may be NULL, when memory ran out. */
static ac_status add(finding *f, const char *input, char *output, bool frames)
{
    ac_batch_items *l = f->list;
    char *copy = strdup(input);

    if (output && copy && l->count == f->size) {
        size_t size = f->size ? 2 * f->size : 64;
        ac_batch_item *grown = realloc(l->items, size * sizeof(*grown));

        if (!grown)
            goto fail;
        l->items = grown;
        f->size = size;
    }
    if (!output || !copy)
        goto fail;
    l->items[l->count++] = (ac_batch_item){copy, output, frames};
    return AC_OK;
fail:
    free(copy);
    free(output);
    return no_memory(f, input);
}

/* Where a file goes that has the name `below` in its tree: an extension stays what it is as long as
 * it can be written. */
static char *file_output(const finding *f, const char *below)
{
    const char *extension = ac_name_extension(below);
    bool picture = ac_name_is_picture(below);
    size_t stem = strlen(below) - strlen(extension) - (*extension ? 1 : 0);
    char *changed = NULL, *path;

    if (f->extension && f->picture == picture)
        extension = f->extension;
    else if (!ac_media_is_written(below))
        extension = picture ? PICTURE_EXTENSION : FILM_EXTENSION;
    if (asprintf(&changed, "%.*s.%s", (int)stem, below, extension) < 0)
        return NULL;
    path = ac_path_join(f->request->output, changed);
    free(changed);
    return path;
}

static ac_status take_file(void *opaque, const char *path, const char *below,
                           const struct stat *info)
{
    finding *f = opaque;
    bool added;

    if (ac_file_set_add(&f->inputs, info, &added))
        return no_memory(f, path);
    if (added)
        return add(f, path, file_output(f, below), false);
    ac_log_print(f->log, AC_LOG_VERBOSE, "%s: is a file that is in the list already", path);
    return AC_OK;
}

/* What was coloured before lies below the output's folder. */
static bool is_of_input(void *opaque, const struct stat *info)
{
    const finding *f = opaque;

    return !f->has_folder || info->st_dev != f->folder.st_dev || info->st_ino != f->folder.st_ino;
}

static ac_status add_tree(finding *f, const char *name)
{
    const ac_folder_walk walk = {
        .take = take_file, .enter = is_of_input, .opaque = f, .log = f->log};
    size_t before = f->list->count;
    ac_status status = ac_folder_visit(name, false, &walk);

    if (!status && f->list->count == before)
        ac_log_print(f->log, AC_LOG_WARNING,
                     "%s: there is no picture and no film in this folder that is not in the list "
                     "already",
                     name);
    return status;
}

/* A sequence is called as the folder that its frames lie in. */
static ac_status add_sequence(finding *f, const char *name, ac_sequence_kind kind)
{
    const char *last = ac_path_name(name);
    char *folder = kind == AC_SEQUENCE_FOLDER ? strdup(name)
                   : last == name             ? strdup(".")
                                              : strndup(name, (size_t)(last - name));
    char *real = folder ? realpath(folder, NULL) : NULL, *output = NULL, *joined;
    bool film = f->extension && !f->picture, added = true;
    struct stat info;
    ac_status status = AC_OK;

    free(folder);
    /* Where the folder is not there, the reader says so. */
    last = real ? ac_path_name(real) : last;
    if (kind == AC_SEQUENCE_FOLDER && !stat(name, &info) &&
        ac_file_set_add(&f->inputs, &info, &added)) {
        status = no_memory(f, name);
    } else if (added) {
        if (asprintf(&output, "%s%s%s", *last ? last : "frames", film ? "." : "/",
                     film ? f->extension : "") < 0)
            output = NULL;
        joined = output ? ac_path_join(f->request->output, output) : NULL;
        free(output);
        status = add(f, name, joined, !film);
    }
    free(real);
    return status;
}

static ac_status add_name(finding *f, const char *name)
{
    ac_sequence_kind kind = ac_sequence_kind_of(name);
    struct stat info;

    if (kind == AC_SEQUENCE_FOLDER && f->request->recursive)
        return add_tree(f, name);
    if (kind != AC_SEQUENCE_NONE)
        return add_sequence(f, name, kind);
    if (!stat(name, &info))
        return take_file(f, name, ac_path_name(name), &info);
    return add(f, name, file_output(f, ac_path_name(name)), false);
}

static ac_status add_names(finding *f)
{
    const ac_batch_request *r = f->request;
    ac_list_file list = {0};
    ac_status status = AC_OK;

    for (int i = 0; i < r->name_count; i++)
        TRY(add_name(f, r->names[i]));
    if (r->list)
        TRY(ac_list_file_read(r->list, f->log, &list));
    for (size_t i = 0; i < list.count; i++)
        /* In a list that is a file's name. */
        TRY(add_name(f, is_standard(list.names[i]) ? "./-" : list.names[i]));
fail:
    ac_list_file_uninit(&list);
    return status;
}

/* ---- what cannot be ---- */

static ac_status check_request(finding *f)
{
    const ac_batch_request *r = f->request;
    const char *output = r->output;

    for (int i = 0; i < r->name_count; i++)
        if (is_standard(r->names[i]))
            return ac_fail(f->log, AC_ERR_ARGUMENT,
                           "standard input has no name to be written under: colour it by itself");
    f->has_folder = !stat(output, &f->folder);
    if (is_standard(output) || (f->has_folder ? !S_ISDIR(f->folder.st_mode)
                                              : !is_folder(output) && (ac_name_is_film(output) ||
                                                                       ac_name_is_picture(output))))
        return ac_fail(f->log, AC_ERR_ARGUMENT,
                       "%s: is no folder, which more than one input needs (-o DIR)",
                       is_standard(output) ? "standard output" : output);
    return r->format ? ac_media_read_format(r->format, f->log, &f->extension, &f->picture) : AC_OK;
}

static int by_output(const void *a, const void *b)
{
    return strcmp((*(const ac_batch_item *const *)a)->output,
                  (*(const ac_batch_item *const *)b)->output);
}

static ac_status check_outputs(const finding *f)
{
    const ac_batch_items *l = f->list;
    const ac_batch_item **sorted = calloc(l->count ? l->count : 1, sizeof(ac_batch_item *));
    ac_status status = AC_OK;

    if (!sorted)
        return no_memory(f, f->request->output);
    for (size_t i = 0; i < l->count; i++) {
        struct stat info;

        sorted[i] = &l->items[i];
        if (!stat(l->items[i].output, &info) && ac_file_set_has(&f->inputs, &info)) {
            status = ac_fail(f->log, AC_ERR_ARGUMENT,
                             "%s: is an input too, and would be written for %s: name another "
                             "folder",
                             l->items[i].output, l->items[i].input);
            goto fail;
        }
    }
    qsort(sorted, l->count, sizeof(*sorted), by_output);
    for (size_t i = 1; i < l->count; i++)
        if (!by_output(&sorted[i - 1], &sorted[i])) {
            status = ac_fail(f->log, AC_ERR_ARGUMENT,
                             "%s: would be written twice, for %s and for %s: colour one of them "
                             "into another folder",
                             sorted[i]->output, sorted[i - 1]->input, sorted[i]->input);
            goto fail;
        }
fail:
    free(sorted);
    return status;
}

/* ---- together ---- */

ac_status ac_batch_items_find(const ac_batch_request *request, const ac_log *log,
                              ac_batch_items *items)
{
    finding f = {.request = request, .log = log, .list = items};
    ac_status status = AC_OK;

    *items = (ac_batch_items){0};
    if (!ac_batch_is_wanted(request)) {
        bool frames = is_folder(request->output) ||
                      (ac_pattern_is(request->output) && ac_name_is_picture(request->output));

        return add(&f, request->names[0], strdup(request->output), frames);
    }
    items->folder = strlen(request->output);
    while (items->folder > 1 && request->output[items->folder - 1] == '/')
        items->folder--;
    TRY(check_request(&f));
    TRY(add_names(&f));
    TRY(check_outputs(&f));
fail:
    ac_file_set_uninit(&f.inputs);
    free(f.extension);
    return status;
}

void ac_batch_items_uninit(ac_batch_items *items)
{
    for (size_t i = 0; i < items->count; i++) {
        free(items->items[i].input);
        free(items->items[i].output);
    }
    free(items->items);
    *items = (ac_batch_items){0};
}
