#include "train/checkpoint.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/safetensors.h"
#include "train/rare.h"
#include "train/settings.h"
#include "util/math.h"

#define RECORD_KEY "autochrome.checkpoint"
#define VERSION    1
#define MAX_STEPS  (1LL << 52) /* of all that is counted */

/* The flat tensors; weights have names of their own. '/' is in no layer's name. */
static const char *const state_names[AC_TRAIN_STATE_COUNT] = {
    [AC_TRAIN_MOMENT1] = "adam/moment1",
    [AC_TRAIN_MOMENT2] = "adam/moment2",
    [AC_TRAIN_AVERAGE] = "average",
};
#define RARE_NAME "rare_colours"

static ac_status fail_memory(const ac_log *log)
{
    return ac_fail(log, AC_ERR_MEMORY, "out of memory");
}

ac_status ac_checkpoint_create(const ac_model *model, bool average, bool rare, const ac_log *log,
                               ac_checkpoint **result)
{
    ac_checkpoint *c = calloc(1, sizeof(*c));
    bool failed = !c;

    *result = NULL;
    if (c) {
        c->count = ac_model_count(model);
        c->place.loss = c->place.validation = c->place.rgb = c->place.gray = c->place.gray_rgb =
            c->place.best = NAN;
    }
    for (int i = 0; c && i < AC_TRAIN_STATE_COUNT; i++) {
        if (i == AC_TRAIN_GRADIENT || (i == AC_TRAIN_AVERAGE && !average))
            continue;
        c->states[i] = calloc((size_t)c->count + 1, sizeof(float));
        failed |= !c->states[i];
    }
    if (c && rare)
        failed |= !(c->rare = calloc(AC_RARE_COUNT, sizeof(float)));
    if (failed) {
        ac_checkpoint_destroy(&c);
        return fail_memory(log);
    }
    *result = c;
    return AC_OK;
}

void ac_checkpoint_destroy(ac_checkpoint **checkpoint)
{
    ac_checkpoint *c = checkpoint ? *checkpoint : NULL;

    if (!c)
        return;
    for (int i = 0; i < AC_TRAIN_STATE_COUNT; i++)
        free(c->states[i]);
    free(c->rare);
    json_decref(c->settings);
    free(c);
    *checkpoint = NULL;
}

bool ac_checkpoint_is_finite(const ac_checkpoint *c, const ac_model *model, const char **name)
{
    for (int s = 0; s < AC_TRAIN_STATE_COUNT; s++) {
        const float *at = c->states[s];

        for (int t = 0; at && t < model->tensor_count; t++) {
            int64_t count = ac_tensor_count(&model->tensors[t]);

            *name = model->tensors[t].name;
            if (ac_values_find_bad(at, count, false) >= 0)
                return false;
            at += count;
        }
    }
    return true;
}

/* The record. */

static char *write_record(const ac_checkpoint *c)
{
    const ac_run_place *p = &c->place;
    char data[24], *text;
    json_t *record;

    snprintf(data, sizeof(data), "%016llx", (unsigned long long)c->data);
    record = json_pack(
        "{s:i, s:O, s:s, s:s, s:i, s:I, s:I, s:o, s:o, s:I, s:o, s:o, s:b, s:o, s:o, s:o, s:o, "
        "s:o, s:o,"
        " s:i}",
        "version", VERSION, "settings", c->settings, "data", data, "device", c->device, "epoch",
        p->epoch, "cursor", (json_int_t)p->cursor, "step", (json_int_t)p->step, "seconds",
        ac_json_real(p->seconds), "epoch_loss", ac_json_real(p->epoch_loss), "epoch_steps",
        (json_int_t)p->epoch_steps, "last_loss", ac_json_real(p->last_loss), "last_rate",
        ac_json_real(p->last_rate), "row_due", p->row_due, "loss", ac_json_real(p->loss),
        "validation", ac_json_real(p->validation), "rgb", ac_json_real(p->rgb), "gray",
        ac_json_real(p->gray), "gray_rgb", ac_json_real(p->gray_rgb), "best", ac_json_real(p->best),
        "best_epoch", p->best_epoch);
    text = record ? json_dumps(record, JSON_REAL_PRECISION(17)) : NULL;
    json_decref(record);
    return text;
}

static ac_status fail_record(const ac_log *log, const char *path, const char *name)
{
    return ac_fail(log, AC_ERR_FORMAT,
                   "%s: '%s' of its record is missing or makes no sense; the checkpoint is damaged",
                   path, name);
}

typedef struct record_reader {
    const json_t *record;
    const char *path;
    const ac_log *log;
    ac_status status; /* the first failure stays */
} record_reader;

static int64_t get_whole(record_reader *r, const char *name, int64_t most)
{
    const json_t *value = json_object_get(r->record, name);
    int64_t number = json_integer_value(value);

    if (!r->status && (!json_is_integer(value) || number < 0 || number > most))
        r->status = fail_record(r->log, r->path, name);
    return r->status ? 0 : number;
}

/* Not negative. */
static double get_real(record_reader *r, const char *name, bool may_be_null)
{
    const json_t *value = json_object_get(r->record, name);
    double number = json_number_value(value);

    if (may_be_null && json_is_null(value))
        return NAN;
    if (!r->status && (!json_is_number(value) || !isfinite(number) || number < 0))
        r->status = fail_record(r->log, r->path, name);
    return r->status ? 0 : number;
}

static const char *get_text(record_reader *r, const char *name, size_t most)
{
    const char *text = json_string_value(json_object_get(r->record, name));

    if (!r->status && (!text || strlen(text) > most))
        r->status = fail_record(r->log, r->path, name);
    return r->status ? "" : text;
}

static void get_settings(record_reader *r, ac_checkpoint *c)
{
    json_t *settings = json_object_get(r->record, "settings"), *value;
    bool right = json_is_object(settings);
    const char *name;

    json_object_foreach(settings, name, value)
    {
        right = right && json_is_string(value);
    }
    if (!right && !r->status)
        r->status = fail_record(r->log, r->path, "settings");
    c->settings = json_incref(settings);
}

static void get_place(record_reader *r, ac_run_place *p)
{
    p->epoch = (int)get_whole(r, "epoch", INT32_MAX);
    p->cursor = get_whole(r, "cursor", MAX_STEPS);
    p->step = get_whole(r, "step", MAX_STEPS);
    p->seconds = get_real(r, "seconds", false);
    p->epoch_loss = get_real(r, "epoch_loss", false);
    p->epoch_steps = get_whole(r, "epoch_steps", p->step);
    p->last_loss = get_real(r, "last_loss", true);
    p->last_rate = get_real(r, "last_rate", true);
    p->row_due = json_is_true(json_object_get(r->record, "row_due"));
    p->loss = get_real(r, "loss", true);
    p->validation = get_real(r, "validation", true);
    p->rgb = get_real(r, "rgb", true);
    p->gray = get_real(r, "gray", true);
    p->gray_rgb = get_real(r, "gray_rgb", true);
    p->best = get_real(r, "best", true);
    p->best_epoch = (int)get_whole(r, "best_epoch", INT32_MAX);
}

static ac_status read_record(const ac_safetensors *file, const char *path, const ac_log *log,
                             ac_checkpoint *c)
{
    const char *text = ac_safetensors_metadata(file, RECORD_KEY), *data;
    record_reader r = {.path = path, .log = log};
    json_t *record = json_loads(text, 0, NULL);
    char *end;

    r.record = record;
    if (get_whole(&r, "version", INT32_MAX) != VERSION && !r.status)
        r.status = ac_fail(log, AC_ERR_UNSUPPORTED,
                           "%s: was written by another version of this program; begin anew with "
                           "--overwrite or another --run",
                           path);
    get_settings(&r, c);
    data = get_text(&r, "data", 16);
    c->data = strtoull(data, &end, 16);
    if (!r.status && (*end || strlen(data) != 16))
        r.status = fail_record(log, path, "data");
    snprintf(c->device, sizeof(c->device), "%s", get_text(&r, "device", sizeof(c->device) - 1));
    get_place(&r, &c->place);
    json_decref(record);
    return r.status;
}

/* The tensors. */

static int compare_sources(const void *a, const void *b)
{
    return strcmp(((const ac_safetensors_source *)a)->name,
                  ((const ac_safetensors_source *)b)->name);
}

ac_status ac_checkpoint_save(const ac_checkpoint *c, const ac_model *model, const char *path,
                             const ac_log *log)
{
    static const int rare_dims[1] = {AC_RARE_COUNT};
    const int dims[1] = {(int)c->count};
    size_t most = (size_t)model->tensor_count + AC_TRAIN_STATE_COUNT + 1;
    ac_safetensors_source *sources = calloc(most, sizeof(*sources));
    char *record = write_record(c);
    const char *metadata[] = {AC_MODEL_NET_KEY, model->net->text, RECORD_KEY, record, NULL};
    const float *at = c->states[AC_TRAIN_WEIGHTS];
    ac_status status = AC_OK;
    int count = 0;

    if (!sources || !record) {
        status = fail_memory(log);
        goto fail;
    }
    for (; count < model->tensor_count; count++) {
        const ac_tensor *t = &model->tensors[count];

        sources[count] = (ac_safetensors_source){t->name, t->rank, t->dims, at};
        at += ac_tensor_count(t);
    }
    for (int i = 0; i < AC_TRAIN_STATE_COUNT; i++)
        if (state_names[i] && c->states[i])
            sources[count++] = (ac_safetensors_source){state_names[i], 1, dims, c->states[i]};
    if (c->rare)
        sources[count++] = (ac_safetensors_source){RARE_NAME, 1, rare_dims, c->rare};
    qsort(sources, (size_t)count, sizeof(*sources), compare_sources);
    TRY(ac_safetensors_write(path, metadata, count, sources, false, log));
fail:
    free(sources);
    free(record);
    return status;
}

/* A tensor of that shape, not negative where `positive`. */
static ac_status read_tensor(const ac_safetensors *file, const char *path, const char *name,
                             int rank, const int *dims, bool positive, float *to, const ac_log *log)
{
    const ac_safetensor *found = ac_safetensors_find(file, name);
    bool right = found && found->rank == rank;
    ac_status status = AC_OK;
    int64_t bad;

    for (int i = 0; right && i < rank; i++)
        right = found->dims[i] == dims[i];
    if (!right)
        return ac_fail(log, AC_ERR_FORMAT,
                       "%s: tensor '%s' is missing or has another shape than the network needs; "
                       "the checkpoint is damaged",
                       path, name);
    TRY(ac_safetensors_read(file, found, to, log));
    bad = ac_values_find_bad(to, found->count, positive);
    if (bad >= 0)
        return ac_fail(log, AC_ERR_FORMAT,
                       "%s: tensor '%s' has the value %g at place %lld; the checkpoint is damaged",
                       path, name, (double)to[bad], (long long)bad);
fail:
    return status;
}

static ac_status read_tensors(const ac_safetensors *file, const char *path, const ac_model *model,
                              const ac_log *log, ac_checkpoint *c)
{
    const int rare_dims[1] = {AC_RARE_COUNT}, dims[1] = {(int)c->count};
    float *at = c->states[AC_TRAIN_WEIGHTS];
    ac_status status = AC_OK;

    for (int i = 0; i < model->tensor_count; i++) {
        const ac_tensor *t = &model->tensors[i];
        bool variance = ac_tensor_has_suffix(t, "running_var");

        TRY(read_tensor(file, path, t->name, t->rank, t->dims, variance, at, log));
        at += ac_tensor_count(t);
    }
    for (int i = 0; i < AC_TRAIN_STATE_COUNT; i++)
        if (state_names[i] && c->states[i])
            TRY(read_tensor(file, path, state_names[i], 1, dims, i == AC_TRAIN_MOMENT2,
                            c->states[i], log));
    if (c->rare)
        TRY(read_tensor(file, path, RARE_NAME, 1, rare_dims, true, c->rare, log));
fail:
    return status;
}

static ac_status check_network(const ac_safetensors *file, const char *path, const ac_model *model,
                               const ac_log *log)
{
    const char *net = ac_safetensors_metadata(file, AC_MODEL_NET_KEY);

    if (!net || !ac_safetensors_metadata(file, RECORD_KEY))
        return ac_fail(log, AC_ERR_FORMAT,
                       "%s: is no checkpoint of a training; begin anew with --overwrite or "
                       "another --run",
                       path);
    if (strcmp(net, model->net->text) != 0)
        return ac_fail(log, AC_ERR_ARGUMENT,
                       "%s: is of another network than %s; go on with the same --net, or begin "
                       "anew with --overwrite or another --run",
                       path, model->net->where);
    return AC_OK;
}

ac_status ac_checkpoint_load(const char *path, const ac_model *model, const ac_log *log,
                             ac_checkpoint **result)
{
    ac_safetensors *file = NULL;
    ac_checkpoint *c = NULL;
    ac_status status = AC_OK;

    *result = NULL;
    TRY(ac_safetensors_open(path, log, &file));
    TRY(check_network(file, path, model, log));
    TRY(ac_checkpoint_create(model, ac_safetensors_find(file, state_names[AC_TRAIN_AVERAGE]),
                             ac_safetensors_find(file, RARE_NAME), log, &c));
    TRY(read_record(file, path, log, c));
    TRY(read_tensors(file, path, model, log, c));
    *result = c;
    c = NULL;
fail:
    ac_checkpoint_destroy(&c);
    ac_safetensors_close(&file);
    return status;
}
