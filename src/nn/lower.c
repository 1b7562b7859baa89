#include "nn/lower.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

ac_status ac_conv_choice_parse(const char *text, const ac_log *log, ac_conv_choice *choice)
{
    static const char *const names[] = {[AC_CONV_AUTO] = "",
                                        [AC_CONV_CPU] = "cpu",
                                        [AC_CONV_GPU] = "gpu",
                                        [AC_CONV_DIRECT] = "direct"};

    *choice = AC_CONV_AUTO;
    for (int i = 0; text && i < (int)(sizeof(names) / sizeof(names[0])); i++)
        if (strcmp(text, names[i]) == 0) {
            *choice = (ac_conv_choice)i;
            return AC_OK;
        }
    if (!text)
        return AC_OK;
    return ac_fail(log, AC_ERR_ARGUMENT, "AUTOCHROME_CONV is '%s': it must be cpu, gpu or direct",
                   text);
}

ac_status ac_lower_weights(ac_lowering *l, uint64_t words, ac_binding *binding, void **words_at)
{
    uint64_t align = AC_PLAN_ALIGNMENT / 4;
    uint64_t begin = (l->weight_words + align - 1) / align * align;
    uint64_t size = (words + 3) & ~(uint64_t)3; /* whole vec4s */

    if (begin + size > l->weight_room) {
        uint64_t room = begin + size > 2 * l->weight_room ? begin + size : 2 * l->weight_room;
        uint32_t *more = realloc(l->weights, room * sizeof(*more));

        if (!more)
            return ac_fail(l->log, AC_ERR_MEMORY, "out of memory for the network's weights");
        l->weights = more;
        l->weight_room = room;
    }
    memset(l->weights + l->weight_words, 0, (begin + size - l->weight_words) * sizeof(*l->weights));
    l->weight_words = begin + size;
    *binding = (ac_binding){NULL, begin * 4, size * 4};
    *words_at = l->weights + begin;
    return AC_OK;
}

ac_call *ac_lower_call(ac_lowering *l)
{
    if (l->call_count == l->call_room) {
        int room = l->call_room ? 2 * l->call_room : 64;
        ac_call *more = realloc(l->calls, (size_t)room * sizeof(*more));

        if (!more) {
            ac_fail(l->log, AC_ERR_MEMORY, "out of memory");
            return NULL;
        }
        l->calls = more;
        l->call_room = room;
    }
    memset(&l->calls[l->call_count], 0, sizeof(*l->calls));
    return &l->calls[l->call_count++];
}

ac_status ac_lower_dispatch(ac_lowering *l, const ac_kernel *kernel, const ac_binding *bindings,
                            const void *push, uint64_t groups_xy, uint64_t groups_z)
{
    ac_call *call = ac_lower_call(l);
    const ac_kernel_params *params = ac_kernel_get_params(kernel);

    if (!call)
        return AC_ERR_MEMORY;
    call->kind = AC_CALL_DISPATCH;
    call->kernel = kernel;
    memcpy(call->bindings, bindings, (size_t)params->binding_count * sizeof(*bindings));
    memcpy(call->push, push, (size_t)params->push_size);
    ac_groups_fold(groups_xy, call->groups);
    call->groups[2] = (uint32_t)groups_z;
    return AC_OK;
}

ac_status ac_lower_barrier(ac_lowering *l)
{
    ac_call *call = ac_lower_call(l);

    if (!call)
        return AC_ERR_MEMORY;
    call->kind = AC_CALL_BARRIER;
    return AC_OK;
}

ac_binding ac_lower_value(const ac_lowering *l, int index, int *base, int *batch)
{
    const ac_value *value = &l->plan->values[index];
    const ac_value *root = &l->plan->values[value->root];
    int plane = value->shape.h * value->shape.w;

    *base = value->root_quad * plane;
    *batch = root->quads * plane;
    return (ac_binding){l->arenas[root->arena], root->offset,
                        16 * (uint64_t)root->shape.n * (uint64_t)root->quads * (uint64_t)plane +
                            l->plan->guard};
}

bool ac_lower_texels_fit(const ac_lowering *l, uint64_t bytes)
{
    return bytes / 16 <= ac_device_get_info(l->device)->max_texel_elements;
}

const float *ac_lower_tensor(const ac_lowering *l, const ac_node *node, const char *suffix)
{
    const ac_tensor *tensor = ac_model_find(l->model, node->name, suffix);

    return tensor ? tensor->data : NULL;
}

void ac_lower_norm(const ac_lowering *l, const ac_node *norm, int channel, double *scale,
                   double *shift)
{
    const float *weight, *bias, *mean, *var;

    *scale = 1;
    *shift = 0;
    if (!norm)
        return;
    weight = ac_lower_tensor(l, norm, "weight");
    bias = ac_lower_tensor(l, norm, "bias");
    mean = ac_lower_tensor(l, norm, "running_mean");
    var = ac_lower_tensor(l, norm, "running_var");
    *scale = weight[channel] / sqrt((double)var[channel] + norm->params.eps);
    *shift = bias[channel] - mean[channel] * *scale;
}
