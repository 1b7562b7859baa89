#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden.h"

struct golden {
    char *path;
    json_t *header;
    size_t size; /* of data, in bytes */
    float *data;
};

static uint64_t little_endian(const unsigned char bytes[8])
{
    uint64_t value = 0;
    for (int i = 7; i >= 0; i--)
        value = value << 8 | bytes[i];
    return value;
}

/* Reads the file into g; NULL or what is wrong with it. */
static const char *read_file(FILE *file, golden *g)
{
    unsigned char bytes[8];
    if (fseek(file, 0, SEEK_END) != 0)
        return "cannot be read";
    long end = ftell(file);
    rewind(file);
    if (end < 8 || fread(bytes, 8, 1, file) != 1)
        return "too short";
    uint64_t header = little_endian(bytes);
    if (header > (uint64_t)end - 8)
        return "header longer than the file";
    char *text = malloc((size_t)header + 1);
    g->size = (size_t)end - 8 - (size_t)header;
    g->data = malloc(g->size + 1);
    if (!text || !g->data) {
        free(text);
        return "no memory";
    }
    bool ok = fread(text, 1, (size_t)header, file) == header &&
              fread(g->data, 1, g->size, file) == g->size;
    if (ok)
        g->header = json_loadb(text, (size_t)header, 0, NULL);
    free(text);
    return g->header ? NULL : "bad header";
}

golden *golden_open(const char *path)
{
    const char *wrong = "cannot be opened";
    golden *g = calloc(1, sizeof(*g));
    if (g)
        g->path = strdup(path);
    FILE *file = fopen(path, "rb");
    if (g && g->path && file)
        wrong = read_file(file, g);
    if (file)
        (void)fclose(file);
    if (wrong) {
        fprintf(stderr, "%s: %s\n", path, wrong);
        golden_close(&g);
    }
    return g;
}

void golden_close(golden **g)
{
    if (!*g)
        return;
    json_decref((*g)->header);
    free((*g)->data);
    free((*g)->path);
    free(*g);
    *g = NULL;
}

static json_int_t number(const json_t *array, size_t i)
{
    return json_integer_value(json_array_get(array, i));
}

/* Shape as the tensor has it: its last four dimensions, 1 for those it lacks. */
static ac_shape own_shape(const json_t *dims)
{
    int s[4] = {1, 1, 1, 1};
    size_t rank = json_array_size(dims);
    for (size_t i = 0; i < rank && i < 4; i++)
        s[3 - i] = (int)number(dims, rank - 1 - i);
    return (ac_shape){s[0], s[1], s[2], s[3]};
}

static bool note_read(const char *note, golden_tensor *tensor)
{
    long v[5];
    char *end = NULL;
    for (int i = 0; i < 5; i++, note = end) {
        v[i] = strtol(note, &end, 10);
        if (end == note || v[i] < 1)
            return false;
    }
    tensor->shape = (ac_shape){(int)v[0], (int)v[1], (int)v[2], (int)v[3]};
    tensor->step = (int)v[4];
    return true;
}

bool golden_find(const golden *g, const char *name, golden_tensor *tensor)
{
    const json_t *entry = json_object_get(g->header, name);
    const char *type = json_string_value(json_object_get(entry, "dtype"));
    const json_t *offsets = json_object_get(entry, "data_offsets");
    const char *note =
        json_string_value(json_object_get(json_object_get(g->header, "__metadata__"), name));
    json_int_t first = number(offsets, 0);
    json_int_t end = number(offsets, 1);
    if (!type || strcmp(type, "F32") != 0) {
        fprintf(stderr, "%s: no float32 tensor %s\n", g->path, name);
        return false;
    }
    tensor->shape = own_shape(json_object_get(entry, "shape"));
    tensor->step = 1;
    bool ok = !note || note_read(note, tensor);
    tensor->count = (ac_shape_count(tensor->shape) + tensor->step - 1) / tensor->step;
    ok = ok && first >= 0 && first % 4 == 0 && end >= first && (size_t)end <= g->size &&
         end - first == tensor->count * 4;
    if (!ok)
        fprintf(stderr, "%s: tensor %s does not fit its shape\n", g->path, name);
    tensor->values = g->data + first / 4;
    return ok;
}

static bool same_shape(ac_shape a, ac_shape b)
{
    return a.n == b.n && a.c == b.c && a.h == b.h && a.w == b.w;
}

/* Largest difference and largest expected value so far. */
typedef struct difference {
    double error, largest;
} difference;

static void add_value(difference *d, double expected, double value)
{
    if (isfinite(value))
        d->error = fmax(d->error, fabs(value - expected));
    else
        d->error = HUGE_VAL;
    d->largest = fmax(d->largest, fabs(expected));
}

static double relative(difference d)
{
    return d.largest > 0 ? d.error / d.largest : d.error;
}

double golden_error(const golden_tensor *tensor, ac_shape shape, const double *values)
{
    difference d = {0, 0};
    if (!same_shape(shape, tensor->shape))
        return HUGE_VAL;
    for (int64_t i = 0; i < tensor->count; i++)
        add_value(&d, (double)tensor->values[i], values[i * tensor->step]);
    return relative(d);
}

double values_error(ac_shape expected_shape, const double *expected, ac_shape shape,
                    const double *values)
{
    difference d = {0, 0};
    if (!same_shape(shape, expected_shape))
        return HUGE_VAL;
    for (int64_t i = 0; i < ac_shape_count(shape); i++)
        add_value(&d, expected[i], values[i]);
    return relative(d);
}
