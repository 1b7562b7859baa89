/* Finding the frames of a sequence and their order. */
#include "media/sequence.h"

#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "media/media.h"
#include "util/file.h"
#include "util/folder.h"
#include "util/names.h"

#define GAPS_NAMED 8 /* ranges of missing frames that a message names */

typedef struct finding {
    const ac_sequence_params *params;
    const ac_log *log;
    ac_sequence *sequence;
    size_t size;
    const char *folder;        /* that is listed, "" or with a slash at its end */
    const ac_pattern *pattern; /* that names have to fit; NULL: pictures by their extension */
} finding;

static ac_status no_memory(const finding *f)
{
    return ac_fail(f->log, AC_ERR_MEMORY, "%s: out of memory", f->params->path);
}

/* Takes over path, also on failure; it may be NULL, when memory ran out. 0 or an errno. */
static int add(finding *f, char *path, int64_t number)
{
    ac_sequence *s = f->sequence;

    if (path && s->count == f->size) {
        size_t size = f->size ? 2 * f->size : 256;
        ac_sequence_frame *grown = realloc(s->frames, size * sizeof(*grown));

        if (!grown)
            goto fail;
        s->frames = grown;
        f->size = size;
    }
    if (!path)
        return ENOMEM;
    s->frames[s->count++] = (ac_sequence_frame){path, number};
    return 0;
fail:
    free(path);
    return ENOMEM;
}

/* ---- where they may lie ---- */

static int take_name(void *opaque, const char *name)
{
    finding *f = opaque;
    int64_t number = f->pattern ? ac_pattern_match(f->pattern, name) : 0;
    char *path = NULL;

    if (f->pattern ? number < 0 : name[0] == '.' || !ac_name_is_picture(name))
        return 0;
    if (asprintf(&path, "%s%s", f->folder, name) < 0)
        path = NULL;
    return add(f, path, number);
}

static ac_status list(finding *f, const char *folder)
{
    int error;

    f->folder = folder;
    error = ac_folder_list(folder, take_name, f);
    if (error == ENOMEM)
        return no_memory(f);
    if (error)
        return ac_fail(f->log, AC_ERR_IO, "%s: the folder %s cannot be read: %s", f->params->path,
                       *folder ? folder : ".", strerror(error));
    return AC_OK;
}

static ac_status find_pattern(finding *f)
{
    const char *path = f->params->path;
    ac_pattern pattern = {0};
    char *folder = strndup(path, (size_t)(ac_path_name(path) - path));
    ac_status status = folder ? ac_pattern_init(path, &pattern) : AC_ERR_MEMORY;

    f->pattern = &pattern;
    if (status)
        status = no_memory(f);
    else
        status = list(f, folder);
    f->pattern = NULL;
    if (!status && !f->sequence->count)
        status = ac_fail(f->log, AC_ERR_IO, "%s: there is no frame of such a name", path);
    f->sequence->numbered = true;
    ac_pattern_uninit(&pattern);
    free(folder);
    return status;
}

static ac_status find_in_folder(finding *f)
{
    const char *path = f->params->path;
    char *folder = NULL;
    ac_status status;

    if (asprintf(&folder, "%s%s", path, path[strlen(path) - 1] == '/' ? "" : "/") < 0)
        return no_memory(f);
    status = list(f, folder);
    free(folder);
    if (!status && !f->sequence->count)
        status = ac_fail(f->log, AC_ERR_IO, "%s: there is no picture in this folder", path);
    return status;
}

static ac_status find_glob(finding *f)
{
    glob_t found = {0};
    int error = glob(f->params->path, GLOB_NOSORT, NULL, &found);
    bool pictures = false;

    if (error && error != GLOB_NOMATCH) {
        globfree(&found);
        return error == GLOB_NOSPACE
                   ? no_memory(f)
                   : ac_fail(f->log, AC_ERR_IO, "%s: the folders it looks into cannot be read",
                             f->params->path);
    }
    for (size_t i = 0; i < found.gl_pathc && !pictures; i++)
        pictures = ac_name_is_picture(found.gl_pathv[i]);
    error = 0;
    for (size_t i = 0; i < found.gl_pathc && !error; i++) {
        const char *path = found.gl_pathv[i];

        /* Not what lies beside pictures; but what nobody knows by its name may be one too. */
        if (!pictures || ac_name_is_picture(path))
            error = add(f, strdup(path), 0);
    }
    globfree(&found);
    if (error)
        return no_memory(f);
    return f->sequence->count ? AC_OK
                              : ac_fail(f->log, AC_ERR_IO,
                                        "%s: cannot be opened: no file of that name, and none "
                                        "that it matches as a pattern",
                                        f->params->path);
}

/* ---- order and numbers ---- */

static int by_name(const void *a, const void *b)
{
    return ac_name_compare(((const ac_sequence_frame *)a)->path,
                           ((const ac_sequence_frame *)b)->path);
}

static int by_number(const void *a, const void *b)
{
    int64_t x = ((const ac_sequence_frame *)a)->number, y = ((const ac_sequence_frame *)b)->number;

    return (x > y) - (x < y);
}

static bool is_digit(char c)
{
    return isdigit((unsigned char)c);
}

/* Of a single name the number is the last one before its extension. */
static void last_number(const char *name, size_t *before, size_t *after)
{
    size_t length = strlen(name), end = length - strlen(ac_name_extension(name));

    while (end && !is_digit(name[end - 1]))
        end--;
    *after = length - end;
    while (end && is_digit(name[end - 1]))
        end--;
    *before = end;
}

/* Bytes at the beginning and at the end that are the same in all names, no digits next to what is
 * between them. False where frames lie in several folders. */
static bool common_parts(const ac_sequence *s, size_t *before, size_t *after)
{
    const char *first_path = s->frames[0].path, *first = ac_path_name(first_path);
    size_t folder = (size_t)(first - first_path), length = strlen(first);

    *before = *after = length;
    if (s->count == 1) {
        last_number(first, before, after);
        return true;
    }
    for (size_t i = 1; i < s->count; i++) {
        const char *path = s->frames[i].path, *name = ac_path_name(path);
        size_t here = strlen(name), n = 0;

        if ((size_t)(name - path) != folder || memcmp(path, first_path, folder) != 0)
            return false;
        while (n < *before && n < here && name[n] == first[n])
            n++;
        *before = n;
        for (n = 0; n < *after && n < here && name[here - 1 - n] == first[length - 1 - n];)
            n++;
        *after = n;
    }
    while (*before && is_digit(first[*before - 1]))
        --*before;
    while (*after && is_digit(first[length - *after]))
        --*after;
    return true;
}

/* Numbers are what names differ in, if they differ in nothing else. */
static void find_numbers(ac_sequence *s)
{
    size_t before, after;

    s->numbered = common_parts(s, &before, &after);
    for (size_t i = 0; s->numbered && i < s->count; i++) {
        const char *name = ac_path_name(s->frames[i].path), *number = name + before;
        size_t length = strlen(name), digits;

        s->numbered = length > before + after;
        digits = s->numbered ? length - before - after : 0;
        s->numbered =
            s->numbered && digits <= AC_PATTERN_DIGITS && strspn(number, "0123456789") == digits;
        if (s->numbered)
            s->frames[i].number = (int64_t)strtoll(number, NULL, 10);
    }
    for (size_t i = 0; !s->numbered && i < s->count; i++)
        s->frames[i].number = (int64_t)i;
}

/* ---- what cannot be ---- */

static ac_status check_kinds(const finding *f)
{
    const ac_sequence *s = f->sequence;
    const char *first = ac_name_extension(s->frames[0].path);

    for (size_t i = 1; i < s->count; i++) {
        const char *other = ac_name_extension(s->frames[i].path);

        if (strcasecmp(first, other) != 0)
            return ac_fail(
                f->log, AC_ERR_ARGUMENT,
                "%s: has pictures of several kinds (.%s, .%s); say which are meant, such "
                "as '%s%s*.%s'",
                f->params->path, first, other, f->params->path,
                f->params->path[strlen(f->params->path) - 1] == '/' ? "" : "/", first);
    }
    return AC_OK;
}

static ac_status check_twice(const finding *f)
{
    const ac_sequence *s = f->sequence;

    for (size_t i = 1; i < s->count; i++)
        if (s->frames[i].number == s->frames[i - 1].number)
            return ac_fail(f->log, AC_ERR_ARGUMENT, "%s: frame %lld is there twice: %s and %s",
                           f->params->path, (long long)s->frames[i].number, s->frames[i - 1].path,
                           s->frames[i].path);
    return AC_OK;
}

/* Drops the frames before --start-number. */
static ac_status cut_start(finding *f)
{
    ac_sequence *s = f->sequence;
    size_t skipped = 0;

    if (f->params->start_number < 0)
        return AC_OK;
    if (!s->numbered)
        return ac_fail(f->log, AC_ERR_ARGUMENT,
                       "%s: --start-number: the names of its pictures are not numbered",
                       f->params->path);
    while (skipped < s->count && s->frames[skipped].number < f->params->start_number)
        skipped++;
    if (skipped == s->count ||
        (s->frames[skipped].number != f->params->start_number && !f->params->allow_gaps))
        return ac_fail(f->log, AC_ERR_IO,
                       "%s: there is no frame %lld to begin with; there are frames %lld to %lld",
                       f->params->path, (long long)f->params->start_number,
                       (long long)s->frames[0].number, (long long)s->frames[s->count - 1].number);
    for (size_t i = 0; i < skipped; i++)
        free(s->frames[i].path);
    s->count -= skipped;
    memmove(s->frames, s->frames + skipped, s->count * sizeof(*s->frames));
    return AC_OK;
}

/* "5 to 7, 12", at most GAPS_NAMED of them; how many frames in all. */
static int64_t describe_gaps(const ac_sequence *s, char *text, size_t size)
{
    int64_t missing = 0;
    size_t used = 0;
    int named = 0;

    text[0] = '\0';
    for (size_t i = 1; i < s->count; i++) {
        int64_t from = s->frames[i - 1].number + 1, to = s->frames[i].number - 1;
        int written = 0;

        if (from > to)
            continue;
        missing += to - from + 1;
        if (++named > GAPS_NAMED)
            continue;
        if (from == to)
            written = snprintf(text + used, size - used, "%s%lld", used ? ", " : "", (long long)to);
        else
            written = snprintf(text + used, size - used, "%s%lld to %lld", used ? ", " : "",
                               (long long)from, (long long)to);
        used += (size_t)written;
    }
    if (named > GAPS_NAMED)
        snprintf(text + used, size - used, " and more");
    return missing;
}

static ac_status check_gaps(const finding *f)
{
    char text[GAPS_NAMED * 48 + 16];
    int64_t missing = describe_gaps(f->sequence, text, sizeof(text));

    if (!missing)
        return AC_OK;
    if (!f->params->allow_gaps)
        return ac_fail(f->log, AC_ERR_IO,
                       "%s: frame%s %s %s missing (%lld in all); --allow-gaps goes on without",
                       f->params->path, missing == 1 ? "" : "s", text, missing == 1 ? "is" : "are",
                       (long long)missing);
    ac_log_print(f->log, AC_LOG_WARNING, "%s: frame%s %s %s missing (%lld in all)", f->params->path,
                 missing == 1 ? "" : "s", text, missing == 1 ? "is" : "are", (long long)missing);
    return AC_OK;
}

/* ---- together ---- */

static ac_status find(finding *f, ac_sequence_kind kind)
{
    ac_sequence *s = f->sequence;
    ac_status status;

    if (kind == AC_SEQUENCE_PATTERN)
        TRY(find_pattern(f));
    else if (kind == AC_SEQUENCE_GLOB)
        TRY(find_glob(f));
    else
        TRY(find_in_folder(f));
    if (!s->count) /* cannot be; for the static analyzer */
        return AC_ERR_IO;
    if (kind == AC_SEQUENCE_PATTERN) {
        qsort(s->frames, s->count, sizeof(*s->frames), by_number);
    } else {
        qsort(s->frames, s->count, sizeof(*s->frames), by_name);
        find_numbers(s);
    }
fail:
    return status;
}

ac_status ac_sequence_find(const ac_sequence_params *params, const ac_log *log,
                           ac_sequence **sequence)
{
    ac_sequence_kind kind = ac_sequence_kind_of(params->path);
    finding f = {.params = params, .log = log, .sequence = calloc(1, sizeof(ac_sequence))};
    ac_status status;

    *sequence = NULL;
    if (!f.sequence)
        return no_memory(&f);
    TRY(find(&f, kind));
    if (kind == AC_SEQUENCE_FOLDER)
        TRY(check_kinds(&f));
    TRY(check_twice(&f));
    TRY(cut_start(&f));
    TRY(check_gaps(&f));
    *sequence = f.sequence;
    return AC_OK;
fail:
    ac_sequence_destroy(&f.sequence);
    return status;
}

void ac_sequence_destroy(ac_sequence **sequence)
{
    ac_sequence *s = sequence ? *sequence : NULL;

    if (!s)
        return;
    for (size_t i = 0; i < s->count; i++)
        free(s->frames[i].path);
    free(s->frames);
    free(s);
    *sequence = NULL;
}

bool ac_media_is_sequence(const char *path)
{
    const ac_sequence_params params = {.path = path, .start_number = -1};
    ac_sequence_kind kind = ac_sequence_kind_of(path);
    finding f = {.params = &params, .sequence = calloc(1, sizeof(ac_sequence))};
    const ac_sequence *s = f.sequence;
    bool is = kind == AC_SEQUENCE_PATTERN;

    if (kind != AC_SEQUENCE_NONE && !is && s && !find(&f, kind)) {
        if (kind == AC_SEQUENCE_GLOB)
            is = ac_name_is_picture(s->frames[0].path);
        else /* at least half of the numbers from first to last */
            is = s->numbered && s->count > 1 && !check_kinds(&f) &&
                 (s->frames[s->count - 1].number - s->frames[0].number) / 2 < (int64_t)s->count;
    }
    ac_sequence_destroy(&f.sequence);
    return is;
}
