/* The files of a sequence that is written: their names, what is there already, and each whole or
 * not at all. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "media/internal.h"
#include "util/file.h"
#include "util/folder.h"
#include "util/names.h"

struct ac_frame_files {
    const ac_sequence *from; /* the input's, NULL: a film */
    char *folder;            /* "" or with a slash at its end */
    bool made_folder;
    bool resume;
    bool numbered; /* by `pattern`; else named as the input's, with `extension` */
    ac_pattern pattern;
    const char *extension; /* NULL: as it is */
    int64_t first;         /* number of frame 0 where the input has none */

    /* While opening: names and whose they are, sorted by name. */
    struct named *names;
    /* Frames that are there, increasing. */
    int64_t *there;
    size_t there_count, there_size;
};

typedef struct named {
    char *name;
    size_t index;
} named;

/* The caller's; NULL: memory ran out. */
static char *print(const char *format, ...) __attribute__((format(printf, 1, 2)));
static char *print(const char *format, ...)
{
    char *text = NULL;
    va_list args;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    va_end(args);
    return text;
}

/* ---- what is meant ---- */

static bool is_folder(const char *path)
{
    struct stat info;
    size_t length = strlen(path);

    return (length && path[length - 1] == '/') || (!stat(path, &info) && S_ISDIR(info.st_mode));
}

/* Whether the path is of a folder for frames. One that is not there yet needs no slash where it can
 * be nothing else. */
static bool means_folder(const ac_reader *input, const char *path)
{
    struct stat info;

    return is_folder(path) || (input->sequence && !*ac_name_extension(path) &&
                               !ac_pattern_is(path) && lstat(path, &info));
}

bool ac_writer_means_sequence(const ac_reader *input, const ac_writer_params *params, char **name)
{
    const ac_sequence *from = input->sequence;
    bool folder = means_folder(input, params->path), pictures;
    struct stat info;

    if (params->format || ac_pipe_is(params->path))
        *name = ac_kind_name_of_format(params->format ? params->format : "matroska");
    else if (folder && from && ac_kind_is_picture_written(ac_name_extension(from->frames[0].path)))
        *name = strdup(from->frames[0].path);
    else
        *name = strdup(folder && from ? "frame.png" : params->path);
    pictures = *name && ac_kind_is_picture(*name);
    return pictures && !params->literal && !ac_pipe_is(params->path) &&
           (folder || (ac_pattern_is(params->path) && lstat(params->path, &info)));
}

/* ---- names ---- */

static char *frame_path(const ac_frame_files *f, int64_t index)
{
    const char *path = f->from ? f->from->frames[index].path : NULL, *name;
    size_t length;

    if (f->numbered)
        return ac_pattern_path(&f->pattern, f->from && f->from->numbered
                                                ? f->from->frames[index].number
                                                : f->first + index);
    name = ac_path_name(path);
    length = strlen(name) - strlen(ac_name_extension(name));
    if (!f->extension || length == strlen(name))
        return print("%s%s%s%s", f->folder, name, f->extension ? "." : "",
                     f->extension ? f->extension : "");
    return print("%s%.*s%s", f->folder, (int)length, name, f->extension);
}

static ac_status init_names(const ac_writer *w, ac_frame_files *f, const ac_writer_params *params)
{
    const char *name = ac_path_name(params->path), *kind = ac_name_extension(w->name);
    bool folder = means_folder(w->input, params->path), slash = folder && *name;
    char *pattern = NULL;
    ac_status status;

    f->from = w->input->sequence;
    f->first = params->has_start_number ? params->start_number : 1;
    f->numbered = !folder || !f->from;
    f->folder = folder ? print("%s%s", params->path, slash ? "/" : "")
                       : strndup(params->path, (size_t)(name - params->path));
    if (!f->folder)
        return ac_media_no_memory(w->log, w->path);
    if (!f->numbered) {
        f->extension = kind;
        if (!strcasecmp(kind, ac_name_extension(f->from->frames[0].path)))
            f->extension = NULL;
        return AC_OK;
    }
    pattern = folder ? print("%s%%06d.%s", f->folder, kind) : strdup(params->path);
    status = pattern ? ac_pattern_init(pattern, &f->pattern) : AC_ERR_MEMORY;
    free(pattern);
    return status ? ac_media_no_memory(w->log, w->path) : AC_OK;
}

/* ---- what is there ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const named *)a)->name, ((const named *)b)->name);
}

static int by_place(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void free_names(ac_frame_files *f)
{
    for (size_t i = 0; f->names && i < f->from->count; i++)
        free(f->names[i].name);
    free(f->names);
    f->names = NULL;
}

/* Of a sequence all names are known before. */
static ac_status list_names(const ac_writer *w, ac_frame_files *f)
{
    f->names = calloc(f->from->count, sizeof(*f->names));
    if (!f->names)
        return ac_media_no_memory(w->log, w->path);
    for (size_t i = 0; i < f->from->count; i++) {
        char *path = frame_path(f, (int64_t)i);

        f->names[i] = (named){path ? strdup(ac_path_name(path)) : NULL, i};
        free(path);
        if (!f->names[i].name)
            return ac_media_no_memory(w->log, w->path);
    }
    qsort(f->names, f->from->count, sizeof(*f->names), by_name);
    for (size_t i = 1; i < f->from->count; i++)
        if (!strcmp(f->names[i].name, f->names[i - 1].name))
            return ac_fail(w->log, AC_ERR_ARGUMENT,
                           "%s: two frames would be %s%s: %s and %s; name a pattern, such as "
                           "%%06d.png",
                           w->path, f->folder, f->names[i].name,
                           f->from->frames[f->names[i - 1].index].path,
                           f->from->frames[f->names[i].index].path);
    return AC_OK;
}

/* Which frame a name is of, negative: none. */
static int64_t find_frame(const ac_frame_files *f, const char *name)
{
    const named wanted = {(char *)name, 0}, *found;
    int64_t number;

    if (f->from) {
        found = bsearch(&wanted, f->names, f->from->count, sizeof(*f->names), by_name);
        return found ? (int64_t)found->index : -1;
    }
    number = ac_pattern_match(&f->pattern, name);
    return number < f->first ? -1 : number - f->first;
}

static int take_name(void *opaque, const char *name)
{
    ac_frame_files *f = opaque;
    int64_t index = find_frame(f, name);

    if (index < 0)
        return 0;
    if (f->there_count == f->there_size) {
        size_t size = f->there_size ? 2 * f->there_size : 256;
        int64_t *grown = realloc(f->there, size * sizeof(*grown));

        if (!grown)
            return ENOMEM;
        f->there = grown;
        f->there_size = size;
    }
    f->there[f->there_count++] = index;
    return 0;
}

/* Whether the folder is the one that the input's frames lie in. */
static bool is_folder_of_input(const ac_frame_files *f, size_t index)
{
    const char *path = f->from->frames[index].path;
    char *folder = strndup(path, (size_t)(ac_path_name(path) - path));
    struct stat in, out;
    bool same = folder && !stat(*folder ? folder : ".", &in) &&
                !stat(*f->folder ? f->folder : ".", &out) && in.st_dev == out.st_dev &&
                in.st_ino == out.st_ino;

    free(folder);
    return same;
}

static ac_status check_not_input(const ac_writer *w, const ac_frame_files *f)
{
    for (size_t i = 0; f->from && i < f->there_count; i++) {
        size_t index = (size_t)f->there[i];
        char *path;
        bool same;

        /* The folders of the first are those of all, unless a glob looks into several. */
        if (i && i + 1 < f->there_count && f->from->numbered)
            continue;
        path = frame_path(f, (int64_t)index);
        same = path && !strcmp(ac_path_name(path), ac_path_name(f->from->frames[index].path)) &&
               is_folder_of_input(f, index);
        free(path);
        if (same)
            return ac_fail(w->log, AC_ERR_ARGUMENT,
                           "%s: is where the input is; frames of the same names need another "
                           "folder",
                           w->path);
    }
    return AC_OK;
}

static ac_status check_there(ac_writer *w, const ac_writer_params *params)
{
    ac_frame_files *f = w->files;
    ac_status status;
    char *path, more[40] = "";
    int error;

    if (f->from)
        TRY(list_names(w, f));
    error = ac_folder_list(f->folder, take_name, f);
    free_names(f);
    if (error == ENOMEM)
        return ac_media_no_memory(w->log, w->path);
    if (error && error != ENOENT)
        return ac_fail(w->log, AC_ERR_IO, "%s: the folder %s cannot be read: %s", w->path,
                       *f->folder ? f->folder : ".", strerror(error));
    if (f->there_count)
        qsort(f->there, f->there_count, sizeof(*f->there), by_place);
    TRY(check_not_input(w, f));
    if (!f->there_count || params->overwrite || params->resume)
        return AC_OK;
    path = frame_path(f, f->there[0]);
    if (f->there_count > 1)
        snprintf(more, sizeof(more), ", and %zu more are", f->there_count - 1);
    status = ac_fail(w->log, AC_ERR_ARGUMENT,
                     "%s: is there already%s; --overwrite replaces, --resume keeps them",
                     path ? path : w->path, more);
    free(path);
fail:
    return status;
}

bool ac_writer_has(const ac_writer *w, int64_t index)
{
    const ac_frame_files *f = w->files;

    return f && f->resume && f->there_count &&
           bsearch(&index, f->there, f->there_count, sizeof(*f->there), by_place);
}

bool ac_writer_is_sequence(const ac_writer *w)
{
    return w->files;
}

int64_t ac_writer_kept(const ac_writer *w)
{
    return w->files && w->files->resume ? (int64_t)w->files->there_count : 0;
}

/* ---- files ---- */

static ac_status make_folder(ac_writer *w)
{
    ac_frame_files *f = w->files;
    ac_status status;

    if (*f->folder && !mkdir(f->folder, 0777))
        f->made_folder = true;
    else if (*f->folder && errno != EEXIST)
        return ac_fail(w->log, AC_ERR_IO, "%s: its folder cannot be made: %s", w->path,
                       strerror(errno));
    /* Whether files can be made in it. */
    w->final = print("%s%s", f->folder, "autochrome");
    if (!w->final)
        return ac_media_no_memory(w->log, w->path);
    TRY(ac_writer_make_temporary(w));
    unlink(w->temporary);
    free(w->temporary);
    w->temporary = NULL;
fail:
    return status;
}

ac_status ac_writer_open_files(ac_writer *w, const ac_writer_params *params)
{
    ac_status status;

    w->files = calloc(1, sizeof(*w->files));
    if (!w->files)
        return ac_media_no_memory(w->log, w->path);
    w->files->resume = params->resume;
    TRY(init_names(w, w->files, params));
    TRY(check_there(w, params));
    TRY(make_folder(w));
fail:
    return status;
}

ac_status ac_writer_write_frame(ac_writer *w, const AVPacket *packet)
{
    ac_status status = AC_OK;

    free(w->final);
    w->final = frame_path(w->files, packet->pts);
    if (!w->final)
        return ac_media_no_memory(w->log, w->path);
    w->shown = w->final;
    TRY(ac_writer_make_temporary(w));
    TRY(ac_writer_fill(w, packet));
    TRY(ac_writer_sync(w));
    TRY(ac_writer_rename(w));
    w->files->made_folder = false; /* to be kept */
fail:
    return status;
}

void ac_writer_finish_files(ac_writer *w)
{
    w->files->made_folder = false;
    ac_file_sync_folder(w->final);
}

void ac_writer_close_files(ac_writer *w)
{
    ac_frame_files *f = w->files;

    if (!f)
        return;
    if (f->made_folder)
        rmdir(f->folder);
    if (f->from)
        free_names(f);
    ac_pattern_uninit(&f->pattern);
    free(f->folder);
    free(f->there);
    free(f);
    w->files = NULL;
}
