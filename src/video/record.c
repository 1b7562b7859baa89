#include "video/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/text.h"

#define VERSION 1

void ac_record_uninit(ac_record *record)
{
    json_decref(record->settings);
    free(record->input);
    free(record->segments);
    *record = (ac_record){0};
}

/* Where the segment of an index is, or would have to be. */
static size_t find_place(const ac_record *record, int64_t index)
{
    size_t low = 0, high = record->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (record->segments[middle].index < index)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const ac_segment *ac_record_find(const ac_record *record, int64_t index)
{
    size_t place = find_place(record, index);

    return place < record->count && record->segments[place].index == index
               ? &record->segments[place]
               : NULL;
}

ac_status ac_record_add(ac_record *record, const ac_segment *segment)
{
    size_t place = find_place(record, segment->index);

    if (ac_record_find(record, segment->index)) {
        record->segments[place] = *segment;
        return AC_OK;
    }
    if (record->count == record->size) {
        size_t size = record->size ? 2 * record->size : 64;
        ac_segment *grown = realloc(record->segments, size * sizeof(*grown));

        if (!grown)
            return AC_ERR_MEMORY;
        record->segments = grown;
        record->size = size;
    }
    memmove(record->segments + place + 1, record->segments + place,
            (record->count - place) * sizeof(*record->segments));
    record->segments[place] = *segment;
    record->count++;
    return AC_OK;
}

int64_t ac_record_frames(const ac_record *record)
{
    int64_t frames = 0;

    for (size_t i = 0; i < record->count; i++)
        frames += record->segments[i].frames;
    return frames;
}

/* ---- text ---- */

json_t *ac_record_print_text(const char *text)
{
    json_t *value = json_string(text ? text : "");
    size_t size = text ? 3 * strlen(text) + 1 : 1;
    char *clean = value ? NULL : malloc(size);

    if (text && clean)
        value = json_string(ac_text_clean(text, true, clean, size));
    free(clean);
    return value;
}

/* JSON's numbers have a sign. */
json_t *ac_record_print_hash(uint64_t hash)
{
    char text[17];

    snprintf(text, sizeof(text), "%016" PRIx64, hash);
    return json_string(text);
}

static json_t *print_segments(const ac_record *record)
{
    json_t *list = json_array();

    for (size_t i = 0; list && i < record->count; i++) {
        const ac_segment *s = &record->segments[i];
        json_t *one =
            json_pack("{sI sI sI so so}", "index", (json_int_t)s->index, "frames",
                      (json_int_t)s->frames, "size", (json_int_t)s->size, "hash",
                      ac_record_print_hash(s->hash), "headers", ac_record_print_hash(s->headers));

        if (json_array_append_new(list, one)) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

ac_status ac_record_print(const ac_record *record, char **text)
{
    json_t *root = json_pack("{si so sI sb sb sI sO so}", "autochrome job", VERSION, "input",
                             ac_record_print_text(record->input), "frames",
                             (json_int_t)record->estimate, "overwrite", record->overwrite,
                             "complete", record->complete, "damaged", (json_int_t)record->damaged,
                             "settings", record->settings, "segments", print_segments(record));

    *text = root ? json_dumps(root, JSON_INDENT(1) | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(root);
    return *text ? AC_OK : AC_ERR_MEMORY;
}

static bool parse_hash(const char *text, uint64_t *hash)
{
    char *end;

    *hash = strtoull(text, &end, 16);
    return strlen(text) == 16 && !*end;
}

static ac_status parse_segments(const json_t *list, ac_record *record)
{
    json_t *one;
    size_t i;

    json_array_foreach(list, i, one)
    {
        json_int_t index, frames, size;
        const char *hash, *headers;
        ac_segment segment = {0};

        if (json_unpack(one, "{sI sI sI ss ss}", "index", &index, "frames", &frames, "size", &size,
                        "hash", &hash, "headers", &headers) ||
            index < 0 || frames < 1 || frames > INT32_MAX || size < 1 ||
            !parse_hash(hash, &segment.hash) || !parse_hash(headers, &segment.headers) ||
            ac_record_find(record, index))
            return AC_ERR_FORMAT;
        segment.index = index;
        segment.frames = frames;
        segment.size = (uint64_t)size;
        if (ac_record_add(record, &segment))
            return AC_ERR_MEMORY;
    }
    return AC_OK;
}

static bool are_settings(const json_t *settings)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)settings, key, value)
    {
        if (!json_is_number(value) && !json_is_string(value))
            return false;
    }
    return true;
}

ac_status ac_record_parse(const char *text, size_t size, ac_record *record)
{
    json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL), *settings, *segments;
    json_int_t version, estimate, damaged;
    int overwrite, complete;
    const char *input;
    ac_status status = AC_ERR_FORMAT;

    *record = (ac_record){0};
    if (!root ||
        json_unpack(root, "{sI ss sI sb sb sI so so}", "autochrome job", &version, "input", &input,
                    "frames", &estimate, "overwrite", &overwrite, "complete", &complete, "damaged",
                    &damaged, "settings", &settings, "segments", &segments) ||
        version != VERSION || estimate < 0 || damaged < 0 || !json_is_object(settings) ||
        !json_is_array(segments) || !are_settings(settings))
        goto fail;
    record->input = strdup(input);
    if (!record->input) {
        status = AC_ERR_MEMORY;
        goto fail;
    }
    record->settings = json_incref(settings);
    record->estimate = estimate;
    record->damaged = damaged;
    record->overwrite = overwrite;
    record->complete = complete;
    TRY(parse_segments(segments, record));
fail:
    json_decref(root);
    if (status)
        ac_record_uninit(record);
    return status;
}

/* ---- differences ---- */

static void show(const json_t *value, char *text, size_t size)
{
    if (!value)
        snprintf(text, size, "not known");
    else if (json_is_integer(value))
        snprintf(text, size, "%lld", (long long)json_integer_value(value));
    else if (json_is_number(value))
        snprintf(text, size, "%.9g", json_number_value(value));
    else if (json_string_length(value))
        snprintf(text, size, "%.120s", json_string_value(value));
    else
        snprintf(text, size, "not given");
}

static bool is_ignored(const char *key, const char *const *ignored)
{
    for (; ignored && *ignored; ignored++)
        if (!strcmp(*ignored, key))
            return true;
    return false;
}

static bool differs(const char *key, const json_t *before, const json_t *now, char *text,
                    size_t size)
{
    char was[128], is[128];

    if (before && now && json_equal(before, now))
        return false;
    show(before, was, sizeof(was));
    show(now, is, sizeof(is));
    snprintf(text, size, "%.60s was %s, is %s", key, was, is);
    return true;
}

bool ac_record_difference(const json_t *before, const json_t *now, const char *const *ignored,
                          char *text, size_t size)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)now, key, value)
    {
        if (!is_ignored(key, ignored) &&
            differs(key, json_object_get(before, key), value, text, size))
            return true;
    }
    json_object_foreach((json_t *)before, key, value)
    {
        if (!is_ignored(key, ignored) && !json_object_get(now, key))
            return differs(key, value, NULL, text, size);
    }
    return false;
}
