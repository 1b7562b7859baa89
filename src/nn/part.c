#include "nn/part.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "nn/op.h"

/* Adds text with a separator before it, unless it is the first. What does not fit is cut off. */
static __attribute__((format(printf, 4, 5))) void append(char *text, size_t size,
                                                         const char *separator, const char *format,
                                                         ...)
{
    size_t used = strlen(text);
    va_list args;

    if (used > 0)
        used += (size_t)snprintf(text + used, size - used, "%s", separator);
    if (used >= size)
        return;
    va_start(args, format);
    vsnprintf(text + used, size - used, format, args);
    va_end(args);
}

/* Of the node that a step came from; a backward step may have its mirror instead. -1: none. */
static int node_index(const ac_plan *plan, const ac_step *step)
{
    const ac_node *nodes = plan->net->nodes;

    if (!step->node)
        return -1;
    if (step->node >= nodes && step->node < nodes + plan->net->node_count)
        return (int)(step->node - nodes);
    return (int)(step->node - plan->mirrors);
}

/* A value inside a chain has the name of its line. */
static const char *line_name(const ac_net *net, int value)
{
    while (value < net->node_count && !*net->names[value])
        value++;
    return net->names[value];
}

static const char *name_of(const ac_plan *plan, const ac_step *step)
{
    int node = node_index(plan, step);

    if (node >= 0)
        return line_name(plan->net, node + 1);
    if (step->input_count > 0 && step->inputs[0] <= plan->net->node_count)
        return line_name(plan->net, step->inputs[0]);
    return "";
}

static void describe_forward(const ac_step *step, char *text, size_t size)
{
    static const char *const activations[] = {
        [AC_ACTIVATION_NONE] = "",           [AC_ACTIVATION_RELU] = "relu",
        [AC_ACTIVATION_RELU6] = "relu6",     [AC_ACTIVATION_LEAKY_RELU] = "leaky_relu",
        [AC_ACTIVATION_SIGMOID] = "sigmoid", [AC_ACTIVATION_TANH] = "tanh"};
    const char *operation = step->node ? ac_ops[step->kind]->name : "relayout";
    const char *activation = activations[step->activation];

    snprintf(text, size, "%s", operation);
    if (step->norm && step->norm != step->node)
        append(text, size, " ", "batchnorm");
    if (*activation && strcmp(activation, operation) != 0)
        append(text, size, " ", "%s", activation);
    if (step->accumulate)
        append(text, size, " ", "add");
}

static void describe_operation(const ac_step *step, char *text, size_t size)
{
    static const char *const passes[] = {
        [AC_PASS_LOSS] = "loss",
        [AC_PASS_ZERO] = "zero",
        [AC_PASS_ACTIVATION] = "activation gradient",
        [AC_PASS_WEIGHT] = "weight gradient",
        [AC_PASS_BIAS] = "bias gradient",
        [AC_PASS_NORM] = "batchnorm gradient",
        [AC_PASS_INPUT] = "input gradient",
    };

    if (step->pass == AC_PASS_FORWARD)
        describe_forward(step, text, size);
    else
        snprintf(text, size, "%s", passes[step->pass]);
}

static uint64_t value_bytes(const ac_plan *plan, int value)
{
    return ac_plan_vec_bytes(plan) / 4 * (uint64_t)ac_shape_count(plan->values[value].shape);
}

static uint64_t tensor_bytes(const ac_net *net, const ac_node *node, const char *suffix)
{
    ac_param_info infos[5];
    int count = ac_node_params(node, net->channels[node->inputs[0]], infos);
    uint64_t bytes = 0;

    for (int i = 0; i < count; i++) {
        uint64_t size = 4;

        if (suffix && strcmp(infos[i].suffix, suffix) != 0)
            continue;
        for (int d = 0; d < infos[i].rank; d++)
            size *= (uint64_t)infos[i].dims[d];
        bytes += size;
    }
    return bytes;
}

static uint64_t weight_bytes(const ac_plan *plan, const ac_step *step)
{
    int index = node_index(plan, step);
    const ac_node *node = index >= 0 ? &plan->net->nodes[index] : NULL;
    uint64_t bytes = 0;

    if (!node)
        return 0;
    switch (step->pass) {
    case AC_PASS_FORWARD:
        bytes = tensor_bytes(plan->net, node, NULL);
        if (step->norm && step->norm != node)
            bytes += tensor_bytes(plan->net, step->norm, NULL);
        return bytes;
    case AC_PASS_INPUT:
    case AC_PASS_WEIGHT:
        return tensor_bytes(plan->net, node, "weight");
    case AC_PASS_BIAS:
        return tensor_bytes(plan->net, node, "bias");
    case AC_PASS_NORM: /* weights, and their gradients */
        return 2 * (tensor_bytes(plan->net, step->norm, "weight") +
                    tensor_bytes(plan->net, step->norm, "bias"));
    default:
        return 0;
    }
}

static uint64_t step_bytes(const ac_plan *plan, const ac_step *step)
{
    bool joins = step->pass == AC_PASS_FORWARD && step->kind == AC_OP_CONCAT && step->node;
    uint64_t bytes = weight_bytes(plan, step);

    for (int i = 0; i < step->input_count; i++)
        if (!joins)
            bytes += value_bytes(plan, step->inputs[i]);
        else if (step->copies >> i & 1) /* read and written, the others are in place */
            bytes += 2 * value_bytes(plan, step->inputs[i]);
    if (step->output >= 0 && !joins)
        bytes += value_bytes(plan, step->output) * (step->accumulate ? 2 : 1);
    return bytes;
}

static int64_t step_macs(const ac_plan *plan, const ac_step *step)
{
    int index = node_index(plan, step);
    const ac_node *node;

    if (index < 0 || (step->pass != AC_PASS_FORWARD && step->pass != AC_PASS_WEIGHT &&
                      step->pass != AC_PASS_INPUT))
        return 0;
    node = &plan->net->nodes[index];
    return ac_node_macs(node, plan->values[node->inputs[0]].shape, plan->values[index + 1].shape);
}

void ac_part_describe_step(const ac_plan *plan, const ac_step *step, ac_part *part)
{
    snprintf(part->name, sizeof(part->name), "%s", name_of(plan, step));
    describe_operation(step, part->operation, sizeof(part->operation));
    part->macs = step_macs(plan, step);
    part->bytes = step_bytes(plan, step);
}

/* What of a kernel's specialization constants says the tile it was chosen with. */
static const struct {
    const char *kernel;
    int count, constants[2];
} tiles[] = {
    {"conv_cpu", 2, {2, 3}},    /* vectors of pixels, channels */
    {"conv_gpu", 2, {1, 2}},    /* pixels, channels */
    {"conv_matrix", 2, {5, 6}}, /* pixels, channels */
    {"conv_few", 1, {2}},       /* pixels of a row */
    {"depthwise", 1, {1}},      /* pixels of a row */
    {"winograd_input", 1, {1}}, /* outputs along an axis */
    {"weight_cpu", 2, {1, 2}},  /* lanes, channels of a quad */
    {"weight_gpu", 2, {1, 2}},  /* rows, columns */
};

static void describe_kernel(const ac_kernel *kernel, char *text, size_t size)
{
    const ac_kernel_params *params = ac_kernel_get_params(kernel);

    snprintf(text, size, "%s", params->name);
    for (size_t i = 0; i < sizeof(tiles) / sizeof(*tiles); i++)
        for (int k = 0; k < tiles[i].count && strcmp(params->name, tiles[i].kernel) == 0; k++)
            append(text, size, k ? "x" : " ", "%d", (int)params->constants[tiles[i].constants[k]]);
    if (ac_kernel_takes_addresses(kernel))
        append(text, size, " ", "addresses");
    else if (params->texel_mask)
        append(text, size, " ", "texel");
}

void ac_part_describe_calls(const ac_call *calls, ac_part *part)
{
    const ac_kernel *last = NULL;
    char text[64];

    part->kernels[0] = '\0';
    part->dispatches = 0;
    for (int i = part->begin; i < part->end; i++) {
        if (calls[i].kind == AC_CALL_COPY || calls[i].kind == AC_CALL_ZERO)
            append(part->kernels, sizeof(part->kernels), " + ", "%s",
                   calls[i].kind == AC_CALL_COPY ? "copy" : "fill");
        if (calls[i].kind != AC_CALL_DISPATCH)
            continue;
        part->dispatches++;
        if (calls[i].kernel == last)
            continue;
        last = calls[i].kernel;
        describe_kernel(last, text, sizeof(text));
        append(part->kernels, sizeof(part->kernels), " + ", "%s", text);
    }
}
