#include "cli/layers.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "nn/op.h"

/* A value inside a chain has no name of its own: it gets that of its line. */
static const char *name_of_value(const ac_net *net, int value)
{
    while (value < net->node_count && !*net->names[value])
        value++;
    return net->names[value];
}

static void add_node(const ac_plan *plan, const ac_node *node, ac_layer *layer)
{
    const ac_net *net = plan->net;
    int output = (int)(node - net->nodes) + 1;
    ac_param_info infos[5];
    int count = ac_node_params(node, net->channels[node->inputs[0]], infos);
    int64_t macs =
        ac_node_macs(node, plan->values[node->inputs[0]].shape, plan->values[output].shape);

    for (int i = 0; i < count; i++) {
        int64_t product = 1;

        for (int k = 0; k < infos[i].rank; k++)
            product *= infos[i].dims[k];
        if (ac_param_is_trained(&infos[i]))
            layer->parameters += product;
    }
    if (__builtin_add_overflow(layer->macs, macs, &layer->macs))
        layer->macs = INT64_MAX;
}

static void add_step(const ac_plan *plan, const ac_step *step, const int *layer_of, ac_layer *layer)
{
    const ac_net *net = plan->net;
    const ac_node *last = &net->nodes[step->output - 1];

    layer->node = step->node;
    layer->name = name_of_value(net, step->output);
    layer->operation = ac_ops[step->node->kind]->name;
    layer->shape = plan->values[step->output].shape;
    layer->input_count = step->input_count;
    for (int i = 0; i < step->input_count; i++)
        layer->inputs[i] = layer_of[step->inputs[i]];
    add_node(plan, step->node, layer);
    if (step->norm && step->norm != step->node) {
        layer->fused[layer->fused_count++] = step->norm;
        add_node(plan, step->norm, layer);
    }
    if (step->activation != AC_ACTIVATION_NONE && last != step->node)
        layer->fused[layer->fused_count++] = last;
}

ac_status ac_layers_create(const ac_plan *plan, const ac_log *log, ac_layers **result)
{
    ac_layers *layers = calloc(1, sizeof(*layers));
    int *layer_of = calloc((size_t)plan->value_count, sizeof(*layer_of));

    *result = NULL;
    if (layers)
        layers->items = calloc((size_t)plan->step_count + 1, sizeof(*layers->items));
    if (!layers || !layers->items || !layer_of) {
        free(layer_of);
        ac_layers_destroy(&layers);
        return ac_fail(log, AC_ERR_MEMORY, "out of memory");
    }
    layers->plan = plan;
    layers->items[layers->count++] = (ac_layer){
        .name = plan->net->names[0], .operation = "input", .shape = plan->values[0].shape};
    for (int i = 0; i < plan->step_count; i++) {
        const ac_step *step = &plan->steps[i];

        if (!step->node) { /* moves channels about, and is no layer to anybody */
            layer_of[step->output] = layer_of[step->inputs[0]];
            continue;
        }
        layer_of[step->output] = layers->count;
        add_step(plan, step, layer_of, &layers->items[layers->count++]);
    }
    free(layer_of);
    *result = layers;
    return AC_OK;
}

void ac_layers_destroy(ac_layers **pointer)
{
    ac_layers *layers = *pointer;

    if (!layers)
        return;
    free(layers->items);
    free(layers);
    *pointer = NULL;
}

const char *ac_layer_fused_name(const ac_layer *layer, int i)
{
    return ac_ops[layer->fused[i]->kind]->name;
}

typedef struct writer {
    char *text;
    size_t size, used;
} writer;

/* Adds a word, with a space before it. What does not fit is cut off. */
static __attribute__((format(printf, 2, 3))) void add(writer *w, const char *format, ...)
{
    va_list args;
    int length;

    if (w->used + 2 >= w->size)
        return;
    if (w->used)
        w->text[w->used++] = ' ';
    va_start(args, format);
    length = vsnprintf(w->text + w->used, w->size - w->used, format, args);
    va_end(args);
    w->used += length > 0 ? (size_t)length : 0;
    if (w->used >= w->size)
        w->used = w->size - 1;
}

static void add_pair(writer *w, const char *name, const int pair[2])
{
    if (pair[0] == pair[1])
        add(w, "%s %d", name, pair[0]);
    else
        add(w, "%s %dx%d", name, pair[0], pair[1]);
}

static bool is_pair(const int pair[2], int value)
{
    return pair[0] == value && pair[1] == value;
}

static void add_window(writer *w, const ac_layer *layer, unsigned has, bool brief)
{
    const ac_op_params *p = &layer->node->params;
    const int *d = p->padding;

    add(w, "%dx%d", p->kernel[0], p->kernel[1]);
    if (!is_pair(p->stride, 1))
        add_pair(w, "stride", p->stride);
    if ((has & AC_ARG_DILATION) && !is_pair(p->dilation, 1))
        add_pair(w, "dilation", p->dilation);
    if (brief)
        return;
    if (d[0] != d[1] || d[1] != d[2] || d[2] != d[3])
        add(w, "padding %d:%d:%d:%d", d[0], d[1], d[2], d[3]);
    else if (d[0])
        add(w, "padding %d", d[0]);
    if ((has & AC_ARG_OUTPUT_PADDING) && !is_pair(p->output_padding, 0))
        add_pair(w, "output_padding", p->output_padding);
    if ((has & AC_ARG_GROUPS) && p->groups != 1)
        add(w, "groups %d", p->groups);
    if ((has & AC_ARG_BIAS) && !p->bias)
        add(w, "no bias");
    if ((has & AC_ARG_COUNT_PADDING) && !p->count_padding)
        add(w, "padding not counted");
}

const char *ac_layer_details(const ac_layer *layer, bool brief, char *text, size_t size)
{
    writer w = {.text = text, .size = size};
    unsigned has = layer->node ? ac_ops[layer->node->kind]->arguments : 0;

    text[0] = '\0';
    if (has & AC_ARG_KERNEL)
        add_window(&w, layer, has, brief);
    if (has & AC_ARG_FACTOR)
        add(&w, "%dx %s", layer->node->params.factor,
            layer->node->params.bilinear ? "bilinear" : "nearest");
    if ((has & AC_ARG_SLOPE) && !brief)
        add(&w, "slope %g", (double)layer->node->params.slope);
    if ((has & AC_ARG_EPS) && !brief)
        add(&w, "eps %g", (double)layer->node->params.eps);
    return text;
}
