#include "cli/output.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/text.h"

static atomic_bool json_failed;

static void *json_allocate(size_t size)
{
    void *block = malloc(size);

    if (!block && size)
        atomic_store(&json_failed, true);
    return block;
}

void ac_output_watch_json(void)
{
    json_set_alloc_funcs(json_allocate, free);
}

char *ac_output_json_print(json_t *root, size_t flags)
{
    char *text = root ? json_dumps(root, flags | JSON_REAL_PRECISION(9)) : NULL;

    json_decref(root);
    /* Not everything that libjansson prints with tells that memory ran out. */
    if (atomic_exchange(&json_failed, false)) {
        free(text);
        text = NULL;
    }
    return text;
}

ac_status ac_output_json(json_t *root, const ac_log *log)
{
    char *text = ac_output_json_print(root, JSON_INDENT(2));

    if (!text)
        return ac_fail(log, AC_ERR_MEMORY, "out of memory");
    /* A failed write is found by main(), which looks at stdout for every command. */
    puts(text);
    free(text);
    return AC_OK;
}

json_t *ac_output_json_text(const char *text)
{
    size_t size = 3 * strlen(text) + 1;
    json_t *value = json_string(text);
    char *clean;

    if (value)
        return value;
    clean = malloc(size);
    if (!clean)
        return NULL;
    value = json_string(ac_text_clean(text, true, clean, size));
    free(clean);
    return value;
}

const char *ac_format_bytes(uint64_t bytes, char *text, size_t size)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
    double value = (double)bytes / 1024;
    size_t unit = 0;

    if (bytes < 1024) {
        snprintf(text, size, "%u bytes", (unsigned)bytes);
        return text;
    }
    for (; value >= 1023.95 && unit < 3; unit++)
        value /= 1024;
    snprintf(text, size, "%.1f %s", value, units[unit]);
    return text;
}

const char *ac_format_count(int64_t count, char text[32])
{
    char digits[24];
    size_t length, n = 0;

    snprintf(digits, sizeof(digits), "%lld", (long long)count);
    length = strlen(digits);
    for (size_t i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0 && digits[i - 1] != '-')
            text[n++] = ',';
        text[n++] = digits[i];
    }
    text[n] = '\0';
    return text;
}

const char *ac_format_large(int64_t count, char text[32])
{
    static const char *const units[] = {"k", "M", "G", "T", "P", "E"};
    double value = (double)count;
    size_t unit = 0;

    if (count < 100000)
        return ac_format_count(count, text);
    value /= 1000;
    for (; value >= 999.5 && unit < 5; unit++)
        value /= 1000;
    snprintf(text, 32, "%.*f %s", value < 10 ? 2 : value < 100 ? 1 : 0, value, units[unit]);
    return text;
}
