/* Names with a number in them. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "media/sequence.h"
#include "util/file.h"

/* Where "%d" or "%06d" is in it and how long; NULL unless there is just one and nothing like it
 * beside "%%". */
static const char *find_number(const char *name, size_t *length, int *width)
{
    const char *found = NULL;

    for (const char *c = strchr(name, '%'); c; c = strchr(c, '%')) {
        size_t digits = strspn(c + 1, "0123456789");

        if (c[1] == '%') {
            c += 2;
            continue;
        }
        if (c[1 + digits] != 'd' || digits > 3 || found)
            return NULL;
        found = c;
        *length = digits + 2;
        *width = digits ? (int)strtol(c + 1, NULL, 10) : 1;
        if (*width > AC_PATTERN_DIGITS)
            return NULL;
        if (*width < 1)
            *width = 1;
        c += *length;
    }
    return found;
}

bool ac_pattern_is(const char *path)
{
    size_t length;
    int width;

    return find_number(ac_path_name(path), &length, &width);
}

/* A copy of the first `length` bytes, with "%%" after the first `plain` bytes made "%". */
static char *unescape(const char *text, size_t length, size_t plain)
{
    char *copy = malloc(length + 1);
    size_t n = 0;

    if (!copy)
        return NULL;
    for (size_t i = 0; i < length; i++) {
        copy[n++] = text[i];
        if (i >= plain && text[i] == '%' && i + 1 < length && text[i + 1] == '%')
            i++;
    }
    copy[n] = '\0';
    return copy;
}

ac_status ac_pattern_init(const char *path, ac_pattern *pattern)
{
    const char *name = ac_path_name(path);
    size_t length = 0;
    const char *number = find_number(name, &length, &pattern->width);

    pattern->before = pattern->after = NULL;
    if (!number) /* cannot be */
        return AC_ERR_ARGUMENT;
    pattern->before = unescape(path, (size_t)(number - path), (size_t)(name - path));
    pattern->after = unescape(number + length, strlen(number + length), 0);
    return pattern->before && pattern->after ? AC_OK : AC_ERR_MEMORY;
}

void ac_pattern_uninit(ac_pattern *pattern)
{
    free(pattern->before);
    free(pattern->after);
    *pattern = (ac_pattern){0};
}

int64_t ac_pattern_match(const ac_pattern *pattern, const char *name)
{
    const char *before = ac_path_name(pattern->before);
    size_t length = strlen(before), digits;

    if (strncmp(name, before, length) != 0)
        return -1;
    name += length;
    digits = strspn(name, "0123456789");
    if (!digits || digits > AC_PATTERN_DIGITS || strcmp(name + digits, pattern->after) != 0)
        return -1;
    /* As printf() writes it. */
    if (digits < (size_t)pattern->width || (digits > (size_t)pattern->width && *name == '0'))
        return -1;
    return (int64_t)strtoll(name, NULL, 10);
}

char *ac_pattern_path(const ac_pattern *pattern, int64_t number)
{
    size_t size = strlen(pattern->before) + strlen(pattern->after) + AC_PATTERN_DIGITS + 4;
    char *path = malloc(size);

    if (path)
        snprintf(path, size, "%s%0*lld%s", pattern->before, pattern->width, (long long)number,
                 pattern->after);
    return path;
}

ac_sequence_kind ac_sequence_kind_of(const char *path)
{
    struct stat info;

    if (!stat(path, &info))
        return S_ISDIR(info.st_mode) ? AC_SEQUENCE_FOLDER : AC_SEQUENCE_NONE;
    if (!lstat(path, &info)) /* a link to nothing */
        return AC_SEQUENCE_NONE;
    if (ac_pattern_is(path))
        return AC_SEQUENCE_PATTERN;
    return strpbrk(path, "*?[") ? AC_SEQUENCE_GLOB : AC_SEQUENCE_NONE;
}
