#include "train/begin.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/safetensors.h"
#include "util/math.h"

#define NAMED        4 /* tensors that a message names; of more it tells the number */
#define MAX_SCALE    1e6
#define ENDS_WITH_LR "--lr-scale takes PATTERN=FACTOR, as in 'stem*=0.3'"

static ac_status fail_memory(const ac_log *log)
{
    return ac_fail(log, AC_ERR_MEMORY, "out of memory");
}

/* The network a file describes, without its weights. */
static ac_status read_network(const char *path, const ac_log *log, ac_net **net)
{
    ac_safetensors *file = NULL;
    ac_status status = AC_OK;
    const char *text;

    *net = NULL;
    if (ac_net_is_description(path))
        return ac_net_load(path, log, net);
    TRY(ac_safetensors_open(path, log, &file));
    text = ac_safetensors_metadata(file, AC_MODEL_NET_KEY);
    if (text)
        TRY(ac_net_parse(text, strlen(text), path, log, net));
    else
        status = ac_fail(
            log, AC_ERR_FORMAT,
            "%s: has no network description (" AC_MODEL_NET_KEY "); name one with --net", path);
fail:
    ac_safetensors_close(&file);
    return status;
}

/* "up1.weight, up1.bias, ... (12 tensors)" */
typedef struct name_list {
    char text[512];
    size_t used;
    int count;
} name_list;

static void list_add(name_list *list, const char *name)
{
    if (list->count++ < NAMED)
        list->used += (size_t)snprintf(list->text + list->used, sizeof(list->text) - list->used,
                                       "%s%s", list->count > 1 ? ", " : "", name);
}

static const char *list_end(name_list *list)
{
    if (list->count > NAMED)
        snprintf(list->text + list->used, sizeof(list->text) - list->used, ", ... (%d tensors)",
                 list->count);
    return list->text;
}

static bool fits(const ac_tensor *tensor, const ac_safetensor *found)
{
    if (!found || found->rank != tensor->rank)
        return false;
    for (int i = 0; i < tensor->rank; i++)
        if (found->dims[i] != tensor->dims[i])
            return false;
    return true;
}

static ac_status check_values(const ac_tensor *tensor, const char *path, const ac_log *log)
{
    bool variance = ac_tensor_has_suffix(tensor, "running_var");
    int64_t bad = ac_values_find_bad(tensor->data, ac_tensor_count(tensor), variance);

    if (bad < 0)
        return AC_OK;
    return ac_fail(log, AC_ERR_FORMAT,
                   "%s: tensor '%s' has the value %g at place %lld; nothing can be learned from "
                   "there",
                   path, tensor->name, (double)tensor->data[bad], (long long)bad);
}

/* PyTorch counts batches there; no network needs it. */
static bool is_counter(const char *name)
{
    const char *dot = strrchr(name, '.');

    return dot && !strcmp(dot + 1, "num_batches_tracked");
}

/* Tensors of the file that the network has no use for. */
static int count_unused(const ac_safetensors *file, const ac_model *model)
{
    int unused = 0;

    for (int i = 0; i < ac_safetensors_count(file); i++) {
        const ac_safetensor *found = ac_safetensors_at(file, i);
        bool used = is_counter(found->name);

        for (int j = 0; j < model->tensor_count && !used; j++)
            used = !strcmp(model->tensors[j].name, found->name) && fits(&model->tensors[j], found);
        unused += !used;
    }
    return unused;
}

static ac_status take_tensors(const char *path, ac_model *model, const ac_log *log)
{
    ac_safetensors *file = NULL;
    name_list new = {.used = 0};
    ac_status status = AC_OK;
    int taken = 0, unused;

    TRY(ac_safetensors_open(path, log, &file));
    for (int i = 0; i < model->tensor_count; i++) {
        ac_tensor *tensor = &model->tensors[i];
        const ac_safetensor *found = ac_safetensors_find(file, tensor->name);

        if (!fits(tensor, found)) {
            list_add(&new, tensor->name);
            continue;
        }
        TRY(ac_safetensors_read(file, found, tensor->data, log));
        TRY(check_values(tensor, path, log));
        taken++;
    }
    if (!taken) {
        status = ac_fail(log, AC_ERR_ARGUMENT,
                         "%s: none of its tensors has name and shape of one of %s; it begins with "
                         "'%.60s', the network with '%s'",
                         path, model->net->where,
                         ac_safetensors_count(file) ? ac_safetensors_at(file, 0)->name : "nothing",
                         model->tensor_count ? model->tensors[0].name : "nothing");
        goto fail;
    }
    unused = count_unused(file, model);
    ac_log_print(log, AC_LOG_INFO, "%s: %d tensor%s taken", path, taken, taken == 1 ? "" : "s");
    if (new.count)
        ac_log_print(log, AC_LOG_INFO, "new: %s", list_end(&new));
    if (unused)
        ac_log_print(log, AC_LOG_INFO, "%s: %d tensor%s not used", path, unused,
                     unused == 1 ? " is" : "s are");
fail:
    ac_safetensors_close(&file);
    return status;
}

ac_status ac_begin_model(const ac_begin_params *params, const ac_log *log, ac_model **result)
{
    const char *path = params->net ? params->net : params->init;
    ac_model *model = NULL;
    ac_net *net = NULL;
    ac_status status = AC_OK;

    *result = NULL;
    TRY(read_network(path, log, &net));
    if (!params->net && !net->has_output) {
        status =
            ac_fail(log, AC_ERR_ARGUMENT,
                    "%s: is a part of a network that makes no colours; name the whole one with "
                    "--net",
                    path);
        goto fail;
    }
    TRY(ac_net_check_colours(net, log));
    TRY(ac_model_random(net->text, strlen(net->text), path, params->seed, log, &model));
    if (params->init)
        TRY(take_tensors(params->init, model, log));
    *result = model;
    model = NULL;
fail:
    ac_model_destroy(&model);
    ac_net_destroy(&net);
    return status;
}

/* "8", or "8x16" where height and width differ. Returns text. */
static const char *show_pair(int y, int x, char text[32])
{
    if (y == x)
        snprintf(text, 32, "%d", y);
    else
        snprintf(text, 32, "%dx%d", y, x);
    return text;
}

static ac_status fail_multiple(int height, int width, int y, int x, const ac_log *log)
{
    int h = height < y ? y : height / y * y, w = width < x ? x : width / x * x;
    int high = (height + y - 1) / y * y, wide = (width + x - 1) / x * x;
    char other[64] = "", multiple[32];

    if (h != high || w != wide)
        snprintf(other, sizeof(other), " and %dx%d", high, wide);
    return ac_fail(log, AC_ERR_ARGUMENT,
                   "the network cannot learn from %dx%d pictures: its strides need multiples of "
                   "%s; the nearest sizes are %dx%d%s",
                   height, width, show_pair(y, x, multiple), h, w, other);
}

ac_status ac_begin_check_multiple(const ac_net *net, int height, int width, const ac_log *log)
{
    int y, x;

    ac_net_multiple(net, &y, &x);
    return height % y || width % x ? fail_multiple(height, width, y, x, log) : AC_OK;
}

ac_status ac_begin_check_size(const ac_model *model, int height, int width, const ac_log *log,
                              ac_shape *out)
{
    const ac_net *net = model->net;
    ac_shape *shapes = calloc((size_t)net->node_count + 1, sizeof(*shapes));
    ac_status status = AC_OK;

    if (!shapes)
        return fail_memory(log);
    TRY(ac_begin_check_multiple(net, height, width, log));
    TRY(ac_net_shapes(net, 1, height, width, log, shapes));
    *out = shapes[net->node_count];
    if (out->h < 1 || height % out->h || width % out->w)
        status = ac_fail(log, AC_ERR_UNSUPPORTED,
                         "%s: makes %dx%d of %dx%d pictures; what can be learned is colours of the "
                         "same size or of a whole part of it",
                         net->where, out->h, out->w, height, width);
fail:
    free(shapes);
    return status;
}

/* Sets those that match; fails when none does. */
static ac_status apply(const ac_model *model, const char *option, const char *pattern, float factor,
                       const ac_log *log, float *scales)
{
    name_list names = {.used = 0};
    int matched = 0;

    for (int i = 0; i < model->tensor_count; i++) {
        list_add(&names, model->tensors[i].name);
        if (fnmatch(pattern, model->tensors[i].name, 0) != 0)
            continue;
        scales[i] = factor;
        matched++;
    }
    if (matched)
        return AC_OK;
    return ac_fail(log, AC_ERR_ARGUMENT,
                   "%s: '%.80s' is the name of no tensor of %s; there are: %s", option, pattern,
                   model->net->where, list_end(&names));
}

static ac_status apply_scale(const ac_model *model, const char *text, const ac_log *log,
                             float *scales)
{
    const char *equals = strrchr(text, '=');
    ac_status status = AC_OK;
    char *pattern, *end;
    double factor;

    if (!equals || equals == text)
        return ac_fail(log, AC_ERR_ARGUMENT, "'%.80s': " ENDS_WITH_LR, text);
    factor = strtod(equals + 1, &end);
    if (end == equals + 1 || *end || !(factor >= 0 && factor <= MAX_SCALE))
        return ac_fail(log, AC_ERR_ARGUMENT,
                       "'%.80s': the factor must be a number from 0 to %g; " ENDS_WITH_LR, text,
                       MAX_SCALE);
    pattern = strndup(text, (size_t)(equals - text));
    if (!pattern)
        return fail_memory(log);
    status = apply(model, "--lr-scale", pattern, (float)factor, log, scales);
    free(pattern);
    return status;
}

/* Whether anything learns. */
static bool any_learns(const ac_model *model, const float *scales)
{
    for (int i = 0; i < model->tensor_count; i++)
        if (scales[i] > 0 && ac_tensor_is_trained(&model->tensors[i]))
            return true;
    return false;
}

ac_status ac_begin_scales(const ac_model *model, const char *const *scale, int scale_count,
                          const char *const *freeze, int freeze_count, const ac_log *log,
                          float **result)
{
    float *scales = malloc(((size_t)model->tensor_count + 1) * sizeof(*scales));
    ac_status status = AC_OK;

    *result = NULL;
    if (!scales)
        return fail_memory(log);
    for (int i = 0; i < model->tensor_count; i++)
        scales[i] = 1;
    for (int i = 0; i < scale_count; i++)
        TRY(apply_scale(model, scale[i], log, scales));
    for (int i = 0; i < freeze_count; i++)
        TRY(apply(model, "--freeze", freeze[i], 0, log, scales));
    if (!any_learns(model, scales)) {
        status = ac_fail(log, AC_ERR_ARGUMENT,
                         "all of %s is frozen: nothing is left to train; freeze less",
                         model->net->where);
        goto fail;
    }
    *result = scales;
    return AC_OK;
fail:
    free(scales);
    return status;
}
