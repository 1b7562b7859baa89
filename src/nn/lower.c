#include "nn/lower.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "util/half.h"

static ac_status parse_choice(const char *text, const ac_log *log, ac_conv_choice *choice)
{
    static const char *const names[] = {[AC_CONV_AUTO] = "",
                                        [AC_CONV_CPU] = "cpu",
                                        [AC_CONV_GPU] = "gpu",
                                        [AC_CONV_MATRIX] = "matrix",
                                        [AC_CONV_DIRECT] = "direct"};

    for (int i = 0; i < (int)(sizeof(names) / sizeof(names[0])); i++)
        if (strcmp(text, names[i]) == 0) {
            *choice = (ac_conv_choice)i;
            return AC_OK;
        }
    return ac_fail(log, AC_ERR_ARGUMENT,
                   "AUTOCHROME_CONV is '%s': it must be cpu, gpu, matrix or direct", text);
}

static ac_status parse_filtering(const char *text, const ac_log *log, int *filtering)
{
    char *end;
    long value = strtol(text, &end, 10);

    if (end == text || *end || value < 0 || value > INT_MAX)
        return ac_fail(log, AC_ERR_ARGUMENT,
                       "AUTOCHROME_WINOGRAD is '%s': it must be a number, 0 for none", text);
    *filtering = (int)value;
    return AC_OK;
}

ac_status ac_lower_stores_half(const ac_device *device, const ac_log *log, bool *half)
{
    const char *storage = getenv("AUTOCHROME_STORAGE");

    *half = storage ? strcmp(storage, "float16") == 0
                    : ac_device_get_info(device)->type != AC_DEVICE_CPU;
    if (!storage || *half || strcmp(storage, "float32") == 0)
        return AC_OK;
    return ac_fail(log, AC_ERR_ARGUMENT,
                   "AUTOCHROME_STORAGE is '%s': it must be float16 or float32", storage);
}

bool ac_lower_takes_addresses(const ac_lowering *l)
{
    return ac_device_get_info(l->device)->addresses && !l->plan->half;
}

ac_status ac_lower_read_environment(ac_lowering *l)
{
    const char *choice = getenv("AUTOCHROME_CONV"), *filtering = getenv("AUTOCHROME_WINOGRAD");
    ac_status status = AC_OK;

    l->filtering = -1;
    if (choice)
        TRY(parse_choice(choice, l->log, &l->choice));
    if (filtering)
        TRY(parse_filtering(filtering, l->log, &l->filtering));
fail:
    return status;
}

#define REGION_SHIFT 56

ac_binding ac_lower_region(ac_region region, uint64_t offset, uint64_t bytes)
{
    return (ac_binding){NULL, (uint64_t)region << REGION_SHIFT | offset, bytes};
}

uint64_t ac_lower_aligned(uint64_t bytes)
{
    return (bytes + AC_PLAN_ALIGNMENT - 1) & ~(uint64_t)(AC_PLAN_ALIGNMENT - 1);
}

ac_binding ac_lower_part(ac_binding all, uint64_t offset, uint64_t bytes)
{
    return (ac_binding){all.buffer, all.offset + offset, bytes};
}

ac_status ac_lower_words(ac_lowering *l, ac_region region, uint64_t words, ac_binding *binding,
                         void **words_at)
{
    ac_words *to = region == AC_REGION_PACKED ? &l->packed : &l->constants;
    uint64_t begin = ac_lower_aligned(4 * to->count) / 4;
    uint64_t size = (words + 3) & ~(uint64_t)3; /* whole vec4s */

    if (begin + size > to->room) {
        uint64_t room = begin + size > 2 * to->room ? begin + size : 2 * to->room;
        uint32_t *more = realloc(to->words, room * sizeof(*more));

        if (!more)
            return ac_fail(l->log, AC_ERR_MEMORY, "out of memory for the network's weights");
        to->words = more;
        to->room = room;
    }
    memset(to->words + to->count, 0, (begin + size - to->count) * sizeof(*to->words));
    to->count = begin + size;
    *binding = ac_lower_region(region, begin * 4, size * 4);
    *words_at = to->words + begin;
    return AC_OK;
}

ac_binding ac_lower_work(ac_lowering *l, uint64_t bytes)
{
    uint64_t offset = l->work_bytes;

    l->work_bytes += ac_lower_aligned(bytes);
    return ac_lower_region(AC_REGION_WORK, offset, bytes);
}

ac_binding ac_lower_scratch(ac_lowering *l, uint64_t bytes)
{
    if (ac_lower_aligned(bytes) > l->scratch_bytes)
        l->scratch_bytes = ac_lower_aligned(bytes);
    return ac_lower_region(AC_REGION_SCRATCH, 0, bytes);
}

void ac_lower_free(ac_lowering *l)
{
    free(l->calls.items);
    free(l->once_calls.items);
    free(l->constants.words);
    free(l->packed.words);
    free(l->norms);
}

/* Makes floats of as many halves that lie at their beginning. */
static void widen(float *values, size_t count)
{
    uint16_t half;

    while (count-- > 0) {
        memcpy(&half, (const char *)values + count * sizeof(half), sizeof(half));
        values[count] = ac_half_to_float(half);
    }
}

ac_status ac_lower_read_value(const ac_plan *plan, ac_buffer *const *arenas, int value, float *to,
                              const ac_log *log)
{
    const ac_value *v = &plan->values[value], *root = &plan->values[v->root];
    size_t pixels = (size_t)v->shape.h * (size_t)v->shape.w;
    size_t quad = 4 * pixels, picture = (size_t)root->quads * quad;
    size_t count = (size_t)v->shape.n * picture;
    float *all;
    ac_status status;

    if (!v->quads)
        return ac_fail(log, AC_ERR_ARGUMENT, "value %d of the network does not exist by itself",
                       value);
    all = malloc(count * sizeof(*all));
    if (!all)
        return ac_fail(log, AC_ERR_MEMORY, "out of memory");
    status =
        ac_buffer_read(arenas[root->arena], root->offset, all, count / 4 * ac_plan_vec_bytes(plan));
    if (!status && plan->half)
        widen(all, count);
    for (int n = 0; !status && n < v->shape.n; n++)
        for (int c = 0; c < v->shape.c; c++) {
            size_t at = (size_t)n * picture + (size_t)(v->root_quad + v->map[c] / 4) * quad;
            const float *from = all + at + v->map[c] % 4;

            for (size_t i = 0; i < pixels; i++)
                *to++ = from[4 * i];
        }
    free(all);
    return status;
}

bool ac_lower_guards_hold(const ac_plan *plan, ac_buffer *const *arenas)
{
    unsigned char bytes[AC_PLAN_ALIGNMENT];
    bool hold = true;

    for (int v = 0; v < plan->value_count; v++) {
        const ac_value *value = &plan->values[v];

        if (value->root != v || value->quads == 0)
            continue;
        if (ac_buffer_read(arenas[value->arena], value->offset + value->size - plan->guard, bytes,
                           sizeof(bytes)) != AC_OK)
            return false;
        for (size_t i = 0; i < sizeof(bytes); i++)
            hold = hold && bytes[i] == 0xff;
    }
    return hold;
}

ac_status ac_calls_record(const ac_call *calls, int count, ac_buffer *const regions[],
                          ac_commands *commands)
{
    ac_status status = AC_OK;

    for (const ac_call *call = calls; call < calls + count; call++) {
        ac_binding bindings[AC_KERNEL_MAX_BINDINGS];

        switch (call->kind) {
        case AC_CALL_BARRIER:
            ac_commands_barrier(commands);
            break;
        case AC_CALL_COPY:
            ac_commands_copy(commands, call->copy.from, call->copy.from_offset, call->copy.to,
                             call->copy.to_offset, call->copy.size);
            break;
        case AC_CALL_ZERO:
            ac_commands_zero(commands, call->copy.to, call->copy.to_offset, call->copy.size);
            break;
        case AC_CALL_DISPATCH:
            for (int i = 0; i < ac_kernel_get_params(call->kernel)->binding_count; i++) {
                bindings[i] = call->bindings[i];
                if (bindings[i].buffer)
                    continue;
                bindings[i].buffer = regions[bindings[i].offset >> REGION_SHIFT];
                bindings[i].offset &= ((uint64_t)1 << REGION_SHIFT) - 1;
            }
            TRY(ac_commands_dispatch(commands, call->kernel, bindings, call->push, call->groups[0],
                                     call->groups[1], call->groups[2]));
        }
    }
fail:
    return status;
}

ac_call *ac_lower_call(ac_lowering *l)
{
    ac_call_list *to = l->once ? &l->once_calls : &l->calls;

    if (to->count == to->room) {
        int room = to->room ? 2 * to->room : 64;
        ac_call *more = realloc(to->items, (size_t)room * sizeof(*more));

        if (!more) {
            ac_fail(l->log, AC_ERR_MEMORY, "out of memory");
            return NULL;
        }
        to->items = more;
        to->room = room;
    }
    memset(&to->items[to->count], 0, sizeof(*to->items));
    return &to->items[to->count++];
}

uint64_t ac_lower_groups(uint64_t items)
{
    return (items + AC_LOWER_LOCAL - 1) / AC_LOWER_LOCAL;
}

ac_status ac_lower_dispatch_grid(ac_lowering *l, const ac_kernel *kernel,
                                 const ac_binding *bindings, const void *push, uint64_t groups_x,
                                 uint64_t groups_y, uint64_t groups_z)
{
    ac_call *call = ac_lower_call(l);
    const ac_kernel_params *params = ac_kernel_get_params(kernel);

    if (!call)
        return AC_ERR_MEMORY;
    call->kind = AC_CALL_DISPATCH;
    call->kernel = kernel;
    memcpy(call->bindings, bindings, (size_t)params->binding_count * sizeof(*bindings));
    memcpy(call->push, push, (size_t)params->push_size);
    call->groups[0] = (uint32_t)groups_x;
    call->groups[1] = (uint32_t)groups_y;
    call->groups[2] = (uint32_t)groups_z;
    return AC_OK;
}

ac_status ac_lower_dispatch(ac_lowering *l, const ac_kernel *kernel, const ac_binding *bindings,
                            const void *push, uint64_t groups_xy, uint64_t groups_z)
{
    uint32_t folded[2];

    ac_groups_fold(groups_xy, folded);
    return ac_lower_dispatch_grid(l, kernel, bindings, push, folded[0], folded[1], groups_z);
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
                        ac_plan_vec_bytes(l->plan) * (uint64_t)root->shape.n *
                                (uint64_t)root->quads * (uint64_t)plane +
                            l->plan->guard};
}

bool ac_lower_texels_fit(const ac_lowering *l, uint64_t bytes)
{
    const ac_device_info *info = ac_device_get_info(l->device);

    return info->int64 && bytes / 16 <= info->max_texel_elements;
}

bool ac_lower_broadcasts(const ac_lowering *l)
{
    const ac_device_info *info = ac_device_get_info(l->device);

    return info->subgroup_broadcast && info->subgroup_size >= 4 && info->subgroup_size <= 32;
}

bool ac_lower_prefers_texels(const ac_lowering *l, uint64_t bytes)
{
    /* With kernels that follow the definition, the plain ones of all else are tested too. */
    bool cpu = l->choice != AC_CONV_DIRECT && ac_device_get_info(l->device)->type == AC_DEVICE_CPU;

    return cpu && !l->plan->half && ac_lower_broadcasts(l) && ac_lower_texels_fit(l, bytes);
}

bool ac_lower_value_in_texels(const ac_lowering *l, const ac_value *value)
{
    return ac_lower_prefers_texels(l, l->plan->values[value->root].size);
}

int ac_lower_local(const ac_lowering *l, bool texel)
{
    return texel ? (int)ac_device_get_info(l->device)->subgroup_size : AC_LOWER_LOCAL;
}

int ac_lower_subgroup(const ac_lowering *l, bool texel)
{
    return texel ? (int)ac_device_get_info(l->device)->subgroup_size : 0;
}

int ac_lower_runs(const ac_lowering *l, const ac_value *value)
{
    const ac_device_info *info = ac_device_get_info(l->device);
    uint64_t items = (uint64_t)value->shape.n * (uint64_t)value->shape.h * (uint64_t)value->shape.w;
    uint64_t run = info->type == AC_DEVICE_CPU ? 4096 : 4 * AC_LOWER_LOCAL;
    uint64_t runs = (items + run - 1) / run;

    return (int)(runs > info->max_groups[1] ? info->max_groups[1] : runs);
}

/* Zeros in all memory of a root. */
static ac_status lower_zero(ac_lowering *l, int value)
{
    int base, batch;
    ac_binding binding = ac_lower_value(l, value, &base, &batch);
    ac_call *call = ac_lower_call(l);

    if (!call)
        return AC_ERR_MEMORY;
    call->kind = AC_CALL_ZERO;
    call->copy.to = binding.buffer;
    call->copy.to_offset = binding.offset;
    call->copy.size = binding.size - l->plan->guard;
    return AC_OK;
}

ac_lower_source ac_lower_tensor(const ac_lowering *l, const ac_node *node, const char *suffix)
{
    const ac_tensor *tensor = ac_model_find(l->model, node->name, suffix);

    if (!tensor || !l->places)
        return (ac_lower_source){tensor ? tensor->data : NULL, -1};
    return (ac_lower_source){NULL, l->places[tensor - l->model->tensors]};
}

uint32_t ac_lower_packed_word(ac_lower_source source, size_t at, double scale)
{
    if (source.place >= 0)
        return (uint32_t)(source.place + (int64_t)at + 1);
    return source.values ? ac_float_bits((float)(source.values[at] * scale)) : 0;
}

int *ac_lower_lane_channels(const ac_lowering *l, const ac_value *value)
{
    int *channels = malloc((size_t)value->quads * 4 * sizeof(*channels));

    if (!channels) {
        ac_fail(l->log, AC_ERR_MEMORY, "out of memory");
        return NULL;
    }
    for (int i = 0; i < 4 * value->quads; i++)
        channels[i] = -1;
    for (int c = 0; c < value->shape.c; c++)
        channels[value->map[c]] = c;
    return channels;
}

ac_status ac_lower_channels(ac_lowering *l, const ac_value *value, ac_binding *binding)
{
    int *channels = ac_lower_lane_channels(l, value);
    ac_status status = channels ? AC_OK : AC_ERR_MEMORY;
    uint64_t lanes = 4 * (uint64_t)value->quads;
    void *to;

    if (status == AC_OK)
        status = ac_lower_words(l, AC_REGION_CONSTANTS, lanes, binding, &to);
    if (status == AC_OK)
        memcpy(to, channels, lanes * sizeof(int));
    free(channels);
    return status;
}

void ac_lower_norm(const ac_lowering *l, const ac_node *norm, int channel, double *scale,
                   double *shift)
{
    const float *weight, *bias, *mean, *var;

    *scale = 1;
    *shift = 0;
    if (!norm || l->places)
        return;
    weight = ac_lower_tensor(l, norm, "weight").values;
    bias = ac_lower_tensor(l, norm, "bias").values;
    mean = ac_lower_tensor(l, norm, "running_mean").values;
    var = ac_lower_tensor(l, norm, "running_var").values;
    if (!weight || !bias || !mean || !var) /* a model has all of them */
        return;
    *scale = weight[channel] / sqrt((double)var[channel] + norm->params.eps);
    *shift = bias[channel] - mean[channel] * *scale;
}

ac_status ac_lower_step(ac_lowering *l, const ac_step *step)
{
    switch (step->pass) {
    case AC_PASS_ZERO:
        return lower_zero(l, step->output);
    case AC_PASS_ACTIVATION:
        return ac_lower_activation_gradient(l, step);
    case AC_PASS_WEIGHT:
        return ac_lower_weight_gradient(l, step);
    case AC_PASS_BIAS:
        return ac_lower_bias_gradient(l, step);
    case AC_PASS_NORM:
        return ac_lower_norm_backward(l, step);
    case AC_PASS_INPUT:
        if (ac_op_is_convolution(step->kind))
            return ac_lower_conv(l, step);
        return ac_lower_input_gradient(l, step);
    default:
        break;
    }
    switch (step->kind) {
    case AC_OP_CONV2D:
    case AC_OP_CONV_TRANSPOSE2D:
        return ac_lower_conv(l, step);
    case AC_OP_MAXPOOL2D:
    case AC_OP_AVGPOOL2D:
        return ac_lower_pool(l, step);
    case AC_OP_GLOBAL_AVGPOOL:
        return ac_lower_global_avgpool(l, step);
    case AC_OP_UPSAMPLE:
        return ac_lower_upsample(l, step);
    case AC_OP_CONCAT:
        return ac_lower_concat(l, step);
    default:
        if (step->norm && l->places)
            return ac_lower_norm_forward(l, step);
        return ac_lower_eltwise(l, step);
    }
}
