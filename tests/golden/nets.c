#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fill.h"
#include "nets.h"

typedef struct row {
    char name[64];
    int h, w;
} row;

/* The model of samples/nets/NAME.net, filled. */
static ac_model *read_model(const char *name, const ac_log *log)
{
    static char text[1 << 16];
    char path[1024];
    snprintf(path, sizeof(path), "%s/samples/nets/%s.net", AC_SOURCE_DIR, name);
    FILE *file = fopen(path, "rb");
    if (!file) {
        fprintf(stderr, "%s: cannot be opened\n", path);
        return NULL;
    }
    size_t size = fread(text, 1, sizeof(text), file);
    (void)fclose(file);
    return fill_model(text, size, name, log);
}

static double check_row(const row *r, const golden *values, net_compute *compute, void *opaque,
                        const ac_log *log)
{
    char name[128];
    double error = HUGE_VAL;
    double *result = NULL;
    ac_shape shape;
    golden_tensor expected;
    ac_model *model = read_model(r->name, log);
    float *lightness = fill_lightness(r->name, (size_t)r->h * (size_t)r->w);
    snprintf(name, sizeof(name), "%s_%dx%d", r->name, r->h, r->w);
    if (model && lightness && golden_find(values, name, &expected) &&
        compute(opaque, model, r->h, r->w, lightness, log, &shape, &result) == AC_OK)
        error = golden_error(&expected, shape, result);
    free(result);
    free(lightness);
    ac_model_destroy(&model);
    return error;
}

/* NAME HEIGHT WIDTH; false for comments. */
static bool read_row(const char *line, row *r)
{
    size_t length = strcspn(line, " ");
    char *end = NULL;
    if (*line == '#' || *line == '\n' || length >= sizeof(r->name))
        return false;
    memcpy(r->name, line, length);
    r->name[length] = '\0';
    r->h = (int)strtol(line + length, &end, 10);
    r->w = (int)strtol(end, &end, 10);
    return true;
}

void nets_check(int max_pixels, double tolerance, net_compute *compute, void *opaque,
                const ac_log *log, int *passed, int *failed)
{
    char line[256];
    row r;
    golden *values = golden_open(AC_SOURCE_DIR "/tests/golden/nets.safetensors");
    FILE *rows = fopen(AC_SOURCE_DIR "/tests/golden/nets.txt", "r");
    if (!values || !rows)
        ++*failed;
    while (values && rows && fgets(line, sizeof(line), rows)) {
        if (!read_row(line, &r) || r.h > max_pixels / r.w)
            continue;
        double error = check_row(&r, values, compute, opaque, log);
        bool ok = error < tolerance; /* false for NaN */
        ++*(ok ? passed : failed);
        if (!ok)
            fprintf(stderr, "failed: %s %dx%d: error %.3g of the largest value\n", r.name, r.h, r.w,
                    error);
    }
    if (rows)
        (void)fclose(rows);
    golden_close(&values);
}

void model_check(double tolerance, net_compute *compute, void *opaque, const ac_log *log,
                 int *passed, int *failed)
{
    double error = HUGE_VAL;
    double *result = NULL;
    ac_model *model = NULL;
    ac_shape shape;
    golden_tensor picture;
    golden_tensor expected;
    golden *io = golden_open(AC_SOURCE_DIR "/tests/golden/default_io.safetensors");
    if (io && golden_find(io, "L", &picture) && golden_find(io, "ab", &expected) &&
        ac_model_load(AC_SOURCE_DIR "/samples/models/default.safetensors", log, &model) == AC_OK &&
        compute(opaque, model, picture.shape.h, picture.shape.w, picture.values, log, &shape,
                &result) == AC_OK)
        error = golden_error(&expected, shape, result);
    bool ok = error < tolerance; /* false for NaN */
    ++*(ok ? passed : failed);
    if (!ok)
        fprintf(stderr, "failed: default.safetensors: error %.3g of the largest value\n", error);
    free(result);
    ac_model_destroy(&model);
    golden_close(&io);
}
