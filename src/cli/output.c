#include "cli/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/text.h"

ac_status ac_output_json(json_t *root, const ac_log *log)
{
    int failed;

    if (!root)
        return ac_fail(log, AC_ERR_MEMORY, "out of memory");
    failed = json_dumpf(root, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    json_decref(root);
    /* A failed write is found by main(), which looks at stdout for every command. */
    if (!failed)
        putchar('\n');
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
