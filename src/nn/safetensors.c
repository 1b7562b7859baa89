#include "nn/safetensors.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/file.h"
#include "util/half.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tensors are read as they lie in memory");

#define CHUNK 65536 /* values converted at a time */

struct ac_safetensors {
    char *path;
    int fd;
    json_t *header; /* owns the strings */
    int count;
    ac_safetensor *tensors;
};

static const struct {
    const char *name;
    unsigned size;
} types[] = {
    {"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E4M3", 1}, {"F8_E5M2", 1},
    {"I16", 2},  {"U16", 2}, {"F16", 2}, {"BF16", 2},    {"I32", 4},
    {"U32", 4},  {"F32", 4}, {"I64", 8}, {"U64", 8},     {"F64", 8},
};

/* Bytes of a value, 0 for a type that is not known. */
static unsigned type_size(const char *dtype)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (!strcmp(types[i].name, dtype))
            return types[i].size;
    return 0;
}

static ac_status fail_tensor(const ac_safetensors *file, const ac_log *log, const char *name,
                             const char *what)
{
    return ac_fail(log, AC_ERR_FORMAT, "%s: tensor '%.80s': %s; the file is damaged", file->path,
                   name, what);
}

/* Reads the header's JSON; *end: where in the file it ends. */
static ac_status read_header(ac_safetensors *file, uint64_t file_size, const ac_log *log,
                             uint64_t *end)
{
    unsigned char start[8];
    char *text = NULL;
    ac_status status = AC_OK;
    uint64_t size = 0;
    json_error_t error;

    if (file_size < sizeof(start) + 2)
        return ac_fail(log, AC_ERR_FORMAT, "%s: is no .safetensors file: only %llu bytes",
                       file->path, (unsigned long long)file_size);
    TRY(ac_file_read(file->fd, 0, start, sizeof(start), file->path, log));
    for (int i = 7; i >= 0; i--)
        size = size << 8 | start[i];
    if (size > AC_SAFETENSORS_MAX_HEADER)
        return ac_fail(log, AC_ERR_FORMAT,
                       "%s: its header claims %llu bytes, %d are the most; it is damaged or no "
                       ".safetensors file",
                       file->path, (unsigned long long)size, AC_SAFETENSORS_MAX_HEADER);
    if (size > file_size - sizeof(start))
        return ac_fail(log, AC_ERR_FORMAT,
                       "%s: its header claims %llu bytes, but the file has %llu; it is truncated "
                       "or no .safetensors file",
                       file->path, (unsigned long long)size, (unsigned long long)file_size);
    *end = sizeof(start) + size;
    text = malloc((size_t)size + 1);
    if (!text)
        return ac_fail(log, AC_ERR_MEMORY, "%s: out of memory", file->path);
    TRY(ac_file_read(file->fd, sizeof(start), text, (size_t)size, file->path, log));
    file->header = json_loadb(text, (size_t)size, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(file->header))
        status = ac_fail(log, AC_ERR_FORMAT, "%s: its header is no JSON object: %s (byte %d)",
                         file->path, file->header ? "another value" : error.text,
                         file->header ? 0 : error.position);
fail:
    free(text);
    return status;
}

static ac_status check_metadata(const ac_safetensors *file, const ac_log *log)
{
    json_t *metadata = json_object_get(file->header, "__metadata__"), *value;
    const char *key;

    if (!metadata)
        return AC_OK;
    if (!json_is_object(metadata))
        return ac_fail(log, AC_ERR_FORMAT, "%s: __metadata__ is no JSON object", file->path);
    json_object_foreach(metadata, key, value) if (!json_is_string(value)) return ac_fail(
        log, AC_ERR_FORMAT, "%s: metadata '%.80s' is no text", file->path, key);
    return AC_OK;
}

/* The shape of a tensor and the product of it. */
static ac_status read_shape(const ac_safetensors *file, const json_t *shape, ac_safetensor *tensor,
                            const ac_log *log)
{
    size_t rank = json_array_size(shape);

    if (!json_is_array(shape) || rank > AC_SAFETENSORS_MAX_RANK)
        return fail_tensor(file, log, tensor->name, "its shape is no list of at most 8 numbers");
    tensor->rank = (int)rank;
    tensor->count = 1;
    for (size_t i = 0; i < rank; i++) {
        const json_t *dim = json_array_get(shape, i);

        tensor->dims[i] = json_integer_value(dim);
        if (!json_is_integer(dim) || tensor->dims[i] < 0)
            return fail_tensor(file, log, tensor->name, "its shape has something else than sizes");
        if (__builtin_mul_overflow(tensor->count, tensor->dims[i], &tensor->count))
            return fail_tensor(file, log, tensor->name, "its shape is absurdly large");
    }
    return AC_OK;
}

static ac_status read_entry(const ac_safetensors *file, const json_t *entry, uint64_t data,
                            uint64_t file_size, ac_safetensor *tensor, const ac_log *log)
{
    const json_t *offsets = json_object_get(entry, "data_offsets");
    const json_t *begin = json_array_get(offsets, 0), *end = json_array_get(offsets, 1);
    json_int_t from = json_integer_value(begin), to = json_integer_value(end);
    ac_status status = AC_OK;
    uint64_t size;

    tensor->dtype = json_string_value(json_object_get(entry, "dtype"));
    if (!tensor->dtype)
        return fail_tensor(file, log, tensor->name, "it has no dtype");
    TRY(read_shape(file, json_object_get(entry, "shape"), tensor, log));
    if (json_array_size(offsets) != 2 || !json_is_integer(begin) || !json_is_integer(end) ||
        from < 0 || to < from)
        return fail_tensor(file, log, tensor->name, "its data_offsets are not [begin, end]");
    if ((uint64_t)to > file_size - data)
        return fail_tensor(file, log, tensor->name, "it lies beyond the end of the file");
    tensor->offset = data + (uint64_t)from;
    tensor->size = (uint64_t)(to - from);
    size = type_size(tensor->dtype);
    if (size &&
        (__builtin_mul_overflow(size, (uint64_t)tensor->count, &size) || size != tensor->size))
        return fail_tensor(file, log, tensor->name, "its shape does not agree with its bytes");
fail:
    return status;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const ac_safetensor *)a)->name, ((const ac_safetensor *)b)->name);
}

static int compare_offsets(const void *a, const void *b)
{
    const ac_safetensor *x = a, *y = b;

    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    return x->size < y->size ? -1 : x->size > y->size; /* empty ones lie before their neighbour */
}

/* One tensor after the other, from the header to the end of the file. */
static ac_status check_layout(ac_safetensors *file, uint64_t data, uint64_t file_size,
                              const ac_log *log)
{
    uint64_t at = data;

    qsort(file->tensors, (size_t)file->count, sizeof(*file->tensors), compare_offsets);
    for (int i = 0; i < file->count; i++) {
        const ac_safetensor *tensor = &file->tensors[i];

        if (tensor->offset != at)
            return fail_tensor(file, log, tensor->name,
                               tensor->offset < at ? "it overlaps another"
                                                   : "there is a gap before it");
        at += tensor->size;
    }
    if (at != file_size)
        return ac_fail(log, AC_ERR_FORMAT, "%s: %llu bytes after the last tensor belong to none",
                       file->path, (unsigned long long)(file_size - at));
    qsort(file->tensors, (size_t)file->count, sizeof(*file->tensors), compare_names);
    return AC_OK;
}

static ac_status read_entries(ac_safetensors *file, uint64_t data, uint64_t file_size,
                              const ac_log *log)
{
    size_t size = json_object_size(file->header);
    ac_status status = AC_OK;
    const char *key;
    json_t *entry;

    if (size > AC_SAFETENSORS_MAX_TENSORS)
        return ac_fail(log, AC_ERR_FORMAT, "%s: %zu tensors, %d are the most", file->path, size,
                       AC_SAFETENSORS_MAX_TENSORS);
    file->tensors = calloc(size + 1, sizeof(*file->tensors));
    if (!file->tensors)
        return ac_fail(log, AC_ERR_MEMORY, "%s: out of memory", file->path);
    json_object_foreach(file->header, key, entry)
    {
        if (!strcmp(key, "__metadata__"))
            continue;
        file->tensors[file->count].name = key;
        TRY(read_entry(file, entry, data, file_size, &file->tensors[file->count], log));
        file->count++;
    }
    TRY(check_layout(file, data, file_size, log));
fail:
    return status;
}

ac_status ac_safetensors_open(const char *path, const ac_log *log, ac_safetensors **result)
{
    ac_safetensors *file = calloc(1, sizeof(*file));
    uint64_t size, data = 0;
    ac_status status = AC_OK;

    *result = NULL;
    if (file) {
        file->fd = -1;
        file->path = strdup(path);
    }
    if (!file || !file->path) {
        status = ac_fail(log, AC_ERR_MEMORY, "%s: out of memory", path);
        goto fail;
    }
    TRY(ac_file_open(path, log, &file->fd, &size));
    TRY(read_header(file, size, log, &data));
    TRY(check_metadata(file, log));
    TRY(read_entries(file, data, size, log));
    *result = file;
    return AC_OK;
fail:
    ac_safetensors_close(&file);
    return status;
}

void ac_safetensors_close(ac_safetensors **result)
{
    ac_safetensors *file = result ? *result : NULL;

    if (!file)
        return;
    if (file->fd >= 0)
        close(file->fd);
    json_decref(file->header);
    free(file->tensors);
    free(file->path);
    free(file);
    *result = NULL;
}

int ac_safetensors_count(const ac_safetensors *file)
{
    return file->count;
}

const ac_safetensor *ac_safetensors_at(const ac_safetensors *file, int i)
{
    return &file->tensors[i];
}

const ac_safetensor *ac_safetensors_find(const ac_safetensors *file, const char *name)
{
    ac_safetensor key = {.name = name};

    return bsearch(&key, file->tensors, (size_t)file->count, sizeof(key), compare_names);
}

const char *ac_safetensors_metadata(const ac_safetensors *file, const char *key)
{
    return json_string_value(json_object_get(json_object_get(file->header, "__metadata__"), key));
}

/* Widens 16-bit values chunk by chunk. */
static ac_status read_narrow(const ac_safetensors *file, const ac_safetensor *tensor, bool bfloat,
                             float *data, const ac_log *log)
{
    uint16_t *words = malloc(CHUNK * sizeof(*words));
    ac_status status = AC_OK;

    if (!words)
        return ac_fail(log, AC_ERR_MEMORY, "%s: out of memory", file->path);
    for (int64_t at = 0; at < tensor->count; at += CHUNK) {
        int64_t left = tensor->count - at, n = left < CHUNK ? left : CHUNK;

        TRY(ac_file_read(file->fd, tensor->offset + 2 * (uint64_t)at, words, 2 * (size_t)n,
                         file->path, log));
        for (int64_t i = 0; i < n; i++)
            data[at + i] = bfloat ? ac_bfloat_to_float(words[i]) : ac_half_to_float(words[i]);
    }
fail:
    free(words);
    return status;
}

ac_status ac_safetensors_check_type(const ac_safetensors *file, const ac_safetensor *tensor,
                                    const ac_log *log)
{
    const char *type = tensor->dtype;

    if (!strcmp(type, "F32") || !strcmp(type, "F16") || !strcmp(type, "BF16"))
        return AC_OK;
    return ac_fail(log, AC_ERR_UNSUPPORTED,
                   "%s: tensor '%.80s' is of type %.20s; F32, F16 and BF16 can be used", file->path,
                   tensor->name, type);
}

ac_status ac_safetensors_read(const ac_safetensors *file, const ac_safetensor *tensor, float *data,
                              const ac_log *log)
{
    ac_status status = ac_safetensors_check_type(file, tensor, log);

    if (status)
        return status;
    if (!strcmp(tensor->dtype, "F32"))
        return ac_file_read(file->fd, tensor->offset, data, (size_t)tensor->size, file->path, log);
    return read_narrow(file, tensor, tensor->dtype[0] == 'B', data, log);
}

static int64_t source_count(const ac_safetensors_source *source)
{
    int64_t count = 1;

    for (int i = 0; i < source->rank; i++)
        count *= source->dims[i];
    return count;
}

/* The header's JSON, filled to a multiple of 8; the caller frees it. NULL: out of memory, or text
 * that is not UTF-8. */
static char *make_header(const char *const *metadata, int count,
                         const ac_safetensors_source *tensors, int value_size, size_t *size)
{
    json_t *header = json_object(), *texts = json_object();
    int64_t at = 0;
    bool failed = false;
    char *text, *filled = NULL;

    for (; *metadata; metadata += 2)
        failed |= json_object_set_new(texts, metadata[0], json_string(metadata[1])) != 0;
    failed |= json_object_set_new(header, "__metadata__", texts) != 0;
    for (int i = 0; i < count; i++) {
        int64_t end = at + source_count(&tensors[i]) * value_size;
        json_t *dims = json_array();

        for (int j = 0; j < tensors[i].rank; j++)
            failed |= json_array_append_new(dims, json_integer(tensors[i].dims[j])) != 0;
        failed |=
            json_object_set_new(header, tensors[i].name,
                                json_pack("{s:s, s:o, s:[I, I]}", "dtype",
                                          value_size == 2 ? "F16" : "F32", "shape", dims,
                                          "data_offsets", (json_int_t)at, (json_int_t)end)) != 0;
        at = end;
    }
    text = failed ? NULL : json_dumps(header, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(header);
    if (text) {
        size_t length = strlen(text);

        *size = (length + 7) / 8 * 8;
        filled = malloc(*size);
        if (filled) {
            memset(filled, ' ', *size);
            memcpy(filled, text, length);
        }
    }
    free(text);
    return filled;
}

static ac_status write_half(ac_file_writer *writer, const char *path,
                            const ac_safetensors_source *tensor, const ac_log *log)
{
    int64_t count = source_count(tensor);
    uint16_t *words = malloc(CHUNK * sizeof(*words));
    ac_status status = AC_OK;

    if (!words)
        return ac_fail(log, AC_ERR_MEMORY, "%s: out of memory", path);
    for (int64_t at = 0; at < count; at += CHUNK) {
        int64_t n = count - at < CHUNK ? count - at : CHUNK;

        for (int64_t i = 0; i < n; i++) {
            words[i] = ac_half_from_float(tensor->data[at + i]);
            if ((words[i] & 0x7c00) == 0x7c00) {
                status = ac_fail(log, AC_ERR_FORMAT,
                                 "%s: tensor '%.80s' has the value %g, which float16 cannot hold; "
                                 "write it as float32",
                                 path, tensor->name, (double)tensor->data[at + i]);
                goto fail;
            }
        }
        TRY(ac_file_writer_write(writer, words, (size_t)n * sizeof(*words)));
    }
fail:
    free(words);
    return status;
}

ac_status ac_safetensors_write(const char *path, const char *const *metadata, int count,
                               const ac_safetensors_source *tensors, bool half, const ac_log *log)
{
    ac_file_writer *writer = NULL;
    unsigned char start[8];
    size_t size = 0;
    ac_status status = AC_OK;
    char *header = make_header(metadata, count, tensors, half ? 2 : 4, &size);

    if (!header)
        return ac_fail(log, AC_ERR_MEMORY,
                       "%s: no header could be made (memory, or its texts are "
                       "not UTF-8)",
                       path);
    for (int i = 0; i < 8; i++)
        start[i] = (unsigned char)((uint64_t)size >> 8 * i);
    TRY(ac_file_writer_create(path, log, &writer));
    TRY(ac_file_writer_write(writer, start, sizeof(start)));
    TRY(ac_file_writer_write(writer, header, size));
    for (int i = 0; i < count; i++) {
        if (half)
            TRY(write_half(writer, path, &tensors[i], log));
        else
            TRY(ac_file_writer_write(writer, tensors[i].data,
                                     (size_t)source_count(&tensors[i]) * sizeof(float)));
    }
    TRY(ac_file_writer_commit(&writer));
fail:
    ac_file_writer_destroy(&writer);
    free(header);
    return status;
}
