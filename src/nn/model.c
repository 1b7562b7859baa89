#include "nn/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/safetensors.h"
#include "util/math.h"
#include "util/random.h"

#define SIZE_KEY     "autochrome.working_size"
#define TRAINING_KEY "autochrome.training"

/* A node's name, "_bn", ".", "running_mean" */
#define TENSOR_NAME_SIZE (AC_NET_MAX_NAME + 32)

static ac_status fail_memory(const ac_log *log, const char *where)
{
    ac_fail(log, AC_ERR_MEMORY, "%s: out of memory", where);
    return AC_ERR_MEMORY;
}

int64_t ac_tensor_count(const ac_tensor *tensor)
{
    int64_t count = 1;

    for (int i = 0; i < tensor->rank; i++)
        count *= tensor->dims[i];
    return count;
}

int64_t ac_model_count(const ac_model *model)
{
    int64_t count = 0;

    for (int i = 0; i < model->tensor_count; i++)
        count += ac_tensor_count(&model->tensors[i]);
    return count;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const ac_tensor *)a)->name, ((const ac_tensor *)b)->name);
}

bool ac_tensor_has_suffix(const ac_tensor *tensor, const char *suffix)
{
    return !strcmp(strrchr(tensor->name, '.') + 1, suffix);
}

bool ac_tensor_is_trained(const ac_tensor *tensor)
{
    return !ac_tensor_has_suffix(tensor, "running_mean") &&
           !ac_tensor_has_suffix(tensor, "running_var");
}

/* Names and dims of all tensors the model's network needs; no data yet. */
static ac_status list_tensors(ac_model *model, const ac_log *log)
{
    const ac_net *net = model->net;
    char name[TENSOR_NAME_SIZE];
    int64_t total = 0;

    model->tensors = calloc((size_t)net->node_count * 5, sizeof(*model->tensors));
    if (!model->tensors)
        return fail_memory(log, net->where);
    for (int i = 0; i < net->node_count; i++) {
        const ac_node *node = &net->nodes[i];
        ac_param_info infos[5];
        int count = ac_node_params(node, net->channels[node->inputs[0]], infos);

        for (int j = 0; j < count; j++) {
            ac_tensor *tensor = &model->tensors[model->tensor_count];

            snprintf(name, sizeof(name), "%s.%s", node->name, infos[j].suffix);
            tensor->name = strdup(name);
            if (!tensor->name)
                return fail_memory(log, net->where);
            model->tensor_count++;
            tensor->rank = infos[j].rank;
            memcpy(tensor->dims, infos[j].dims, sizeof(tensor->dims));
            total += ac_tensor_count(tensor);
            if (total > AC_MODEL_MAX_PARAMETERS)
                return ac_fail(log, AC_ERR_FORMAT,
                               "%s:%d: more than %lld parameters up to here; that is too many",
                               net->where, node->line, AC_MODEL_MAX_PARAMETERS);
        }
    }
    qsort(model->tensors, (size_t)model->tensor_count, sizeof(*model->tensors), compare_names);
    return AC_OK;
}

static ac_status create_model(const char *text, size_t size, const char *where, const ac_log *log,
                              ac_model **result)
{
    ac_status status = AC_OK;
    ac_model *model = calloc(1, sizeof(*model));

    *result = NULL;
    if (!model)
        return fail_memory(log, where);
    TRY(ac_net_parse(text, size, where, log, &model->net));
    TRY(list_tensors(model, log));
    *result = model;
    return AC_OK;
fail:
    ac_model_destroy(&model);
    return status;
}

static ac_status allocate(ac_tensor *tensor, const char *where, const ac_log *log)
{
    tensor->data = malloc((size_t)ac_tensor_count(tensor) * sizeof(float));
    return tensor->data ? AC_OK : fail_memory(log, where);
}

/* "[32, 1, 3, 3]" */
static const char *show_shape(const int64_t *dims, int rank, char text[160])
{
    size_t used = (size_t)snprintf(text, 160, "[");

    for (int i = 0; i < rank && used < 140; i++)
        used +=
            (size_t)snprintf(text + used, 160 - used, "%s%lld", i ? ", " : "", (long long)dims[i]);
    snprintf(text + used, 160 - used, "]");
    return text;
}

static ac_status check_shape(const ac_tensor *tensor, const ac_safetensor *found, const char *path,
                             const ac_log *log)
{
    char has[160], needs[160];
    int64_t dims[4];
    bool same = found->rank == tensor->rank;

    for (int i = 0; i < tensor->rank; i++) {
        dims[i] = tensor->dims[i];
        same = same && found->dims[i] == dims[i];
    }
    if (same)
        return AC_OK;
    return ac_fail(log, AC_ERR_FORMAT, "%s: tensor '%s' has the shape %s, the description needs %s",
                   path, tensor->name, show_shape(found->dims, found->rank, has),
                   show_shape(dims, tensor->rank, needs));
}

static ac_status check_values(const ac_tensor *tensor, const char *path, const ac_log *log)
{
    bool variance = ac_tensor_has_suffix(tensor, "running_var");
    int64_t bad = ac_values_find_bad(tensor->data, ac_tensor_count(tensor), variance);

    if (bad < 0)
        return AC_OK;
    if (!isfinite(tensor->data[bad]))
        return ac_fail(log, AC_ERR_FORMAT,
                       "%s: tensor '%s' has the value %g at place %lld; such a model would make no "
                       "picture",
                       path, tensor->name, (double)tensor->data[bad], (long long)bad);
    return ac_fail(log, AC_ERR_FORMAT, "%s: tensor '%s' has a negative variance (%g)", path,
                   tensor->name, (double)tensor->data[bad]);
}

static ac_status read_tensors(ac_model *model, const ac_safetensors *file, const char *path,
                              const ac_log *log)
{
    ac_status status = AC_OK;

    /* All shapes first: they tell more than a truncated read, and no memory is taken for what the
     * file does not hold. */
    for (int i = 0; i < model->tensor_count; i++) {
        const ac_safetensor *found = ac_safetensors_find(file, model->tensors[i].name);

        if (!found)
            return ac_fail(log, AC_ERR_FORMAT,
                           "%s: tensor '%s' is missing, which the description in it needs", path,
                           model->tensors[i].name);
        TRY(check_shape(&model->tensors[i], found, path, log));
        TRY(ac_safetensors_check_type(file, found, log));
    }
    for (int i = 0; i < model->tensor_count; i++) {
        ac_tensor *tensor = &model->tensors[i];

        TRY(allocate(tensor, path, log));
        TRY(ac_safetensors_read(file, ac_safetensors_find(file, tensor->name), tensor->data, log));
        TRY(check_values(tensor, path, log));
    }
fail:
    return status;
}

static ac_status read_record(ac_model *model, const ac_safetensors *file, const char *path,
                             const ac_log *log)
{
    const char *size = ac_safetensors_metadata(file, SIZE_KEY);
    const char *training = ac_safetensors_metadata(file, TRAINING_KEY);
    long value = 0;

    if (size) {
        bool digits = *size && strlen(size) <= 5 && size[strspn(size, "0123456789")] == '\0';

        value = digits ? strtol(size, NULL, 10) : 0;
        if (value < 1 || value > AC_MODEL_MAX_SIZE)
            return ac_fail(log, AC_ERR_FORMAT,
                           "%s: its " SIZE_KEY " must be a number from 1 to %d, not '%.40s'", path,
                           AC_MODEL_MAX_SIZE, size);
    }
    model->working_size = (int)value;
    model->training = training ? strdup(training) : NULL;
    return training && !model->training ? fail_memory(log, path) : AC_OK;
}

ac_status ac_model_load(const char *path, const ac_log *log, ac_model **result)
{
    ac_safetensors *file = NULL;
    ac_model *model = NULL;
    ac_status status = AC_OK;
    const char *text;

    *result = NULL;
    TRY(ac_safetensors_open(path, log, &file));
    text = ac_safetensors_metadata(file, AC_MODEL_NET_KEY);
    if (!text) {
        status = ac_fail(log, AC_ERR_FORMAT,
                         "%s: has no network description (" AC_MODEL_NET_KEY
                         "); weights of PyTorch become "
                         "a model with tools/pt2safetensors.py",
                         path);
        goto fail;
    }
    TRY(create_model(text, strlen(text), path, log, &model));
    TRY(read_record(model, file, path, log));
    TRY(read_tensors(model, file, path, log));
    *result = model;
    model = NULL;
fail:
    ac_model_destroy(&model);
    ac_safetensors_close(&file);
    return status;
}

/* The layer's own weight says how many values go into one of the result (PyTorch's fan in). */
static double uniform_bound(const ac_model *model, const ac_tensor *tensor)
{
    char layer[TENSOR_NAME_SIZE];
    const ac_tensor *weight;

    snprintf(layer, sizeof(layer), "%.*s", (int)(strrchr(tensor->name, '.') - tensor->name),
             tensor->name);
    weight = ac_model_find(model, layer, "weight");
    return weight->rank == 4 ? 1 / sqrt((double)weight->dims[1] * weight->dims[2] * weight->dims[3])
                             : 0;
}

static void fill_tensor(const ac_model *model, ac_tensor *tensor, uint64_t seed)
{
    uint64_t stream = ac_random_stream(seed, tensor->name);
    double bound = uniform_bound(model, tensor);
    int64_t count = ac_tensor_count(tensor);
    bool one =
        ac_tensor_has_suffix(tensor, "weight") || ac_tensor_has_suffix(tensor, "running_var");

    for (int64_t i = 0; i < count; i++)
        tensor->data[i] = bound > 0
                              ? (float)(bound * (2 * ac_random_uniform(stream, (uint64_t)i) - 1))
                              : (float)one;
}

ac_status ac_model_random(const char *text, size_t size, const char *where, uint64_t seed,
                          const ac_log *log, ac_model **result)
{
    ac_model *model = NULL;
    ac_status status = AC_OK;

    *result = NULL;
    TRY(create_model(text, size, where, log, &model));
    for (int i = 0; i < model->tensor_count; i++) {
        TRY(allocate(&model->tensors[i], where, log));
        fill_tensor(model, &model->tensors[i], seed);
    }
    *result = model;
    return AC_OK;
fail:
    ac_model_destroy(&model);
    return status;
}

ac_status ac_model_save(const ac_model *model, const char *path, bool half, const ac_log *log)
{
    ac_safetensors_source *sources = calloc((size_t)model->tensor_count + 1, sizeof(*sources));
    const char *metadata[7] = {AC_MODEL_NET_KEY, model->net->text};
    ac_status status = AC_OK;
    char size[16];
    int keys = 2;

    if (!sources)
        return fail_memory(log, path);
    for (int i = 0; i < model->tensor_count; i++) {
        const ac_tensor *tensor = &model->tensors[i];

        sources[i] =
            (ac_safetensors_source){tensor->name, tensor->rank, tensor->dims, tensor->data};
        TRY(check_values(tensor, path, log));
    }
    if (model->working_size > 0) {
        snprintf(size, sizeof(size), "%d", model->working_size);
        metadata[keys++] = SIZE_KEY;
        metadata[keys++] = size;
    }
    if (model->training) {
        metadata[keys++] = TRAINING_KEY;
        metadata[keys++] = model->training;
    }
    TRY(ac_safetensors_write(path, metadata, model->tensor_count, sources, half, log));
fail:
    free(sources);
    return status;
}

void ac_model_destroy(ac_model **result)
{
    ac_model *model = result ? *result : NULL;

    if (!model)
        return;
    for (int i = 0; i < model->tensor_count; i++) {
        free(model->tensors[i].name);
        free(model->tensors[i].data);
    }
    free(model->tensors);
    free(model->training);
    ac_net_destroy(&model->net);
    free(model);
    *result = NULL;
}

const ac_tensor *ac_model_find(const ac_model *model, const char *name, const char *suffix)
{
    char full[TENSOR_NAME_SIZE];
    ac_tensor key = {.name = full};

    if (snprintf(full, sizeof(full), "%s.%s", name, suffix) >= (int)sizeof(full))
        return NULL;
    return bsearch(&key, model->tensors, (size_t)model->tensor_count, sizeof(key), compare_names);
}
