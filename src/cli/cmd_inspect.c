/* autochrome inspect: what a model or a network is made of. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/draw_net.h"
#include "cli/layers.h"
#include "cli/output.h"
#include "nn/locate.h"
#include "nn/model.h"
#include "nn/op.h"
#include "util/file.h"
#include "util/text.h"

#define MAX_SIZE 32768

typedef struct options {
    ac_common_options common;
    int size[2];
    bool json;
    const char *svg;
} options;

static const ac_option table[] = {
    {"size", 0, AC_OPTION_SIZE, "N|HxW", offsetof(options, size), 1, MAX_SIZE,
     "Size of the network's input for shapes, multiply-adds and memory: NxN, or a height and a "
     "width. Default: what the model works best at, else 256."},
    {"json", 0, AC_OPTION_FLAG, NULL, offsetof(options, json), 0, 0,
     "Print JSON, with all that is known of each layer and the tensors that hold its weights."},
    {"svg", 0, AC_OPTION_TEXT, "FILE", offsetof(options, svg), 0, 0,
     "Draw the network as an SVG picture too. A file that is there is replaced."},
    {NULL},
};

/* What is inspected. */
typedef struct subject {
    char *path;
    ac_model *model; /* NULL: a description alone */
    ac_net *net;     /* the model's, or own */
    ac_plan *plan;
    ac_layers *layers;
} subject;

static ac_status open_subject(const options *o, const ac_log *log, subject *s)
{
    int height = o->size[0], width = o->size[1];
    ac_status status = AC_OK;

    TRY(ac_network_locate(o->common.operand, log, &s->path));
    if (ac_net_is_description(s->path)) {
        TRY(ac_net_load(s->path, log, &s->net));
    } else {
        TRY(ac_model_load(s->path, log, &s->model));
        s->net = s->model->net;
    }
    if (!height)
        height = width =
            s->model && s->model->working_size ? s->model->working_size : AC_MODEL_DEFAULT_SIZE;
    TRY(ac_plan_create(s->net, 1, height, width, AC_PLAN_MAX_ARENA, log, &s->plan));
    TRY(ac_layers_create(s->plan, log, &s->layers));
fail:
    return status;
}

static void close_subject(subject *s)
{
    ac_layers_destroy(&s->layers);
    ac_plan_destroy(&s->plan);
    if (!s->model)
        ac_net_destroy(&s->net);
    ac_model_destroy(&s->model);
    free(s->path);
}

/* The table. */

enum {
    COLUMN_NAME,
    COLUMN_OPERATION,
    COLUMN_OUTPUT,
    COLUMN_PARAMETERS,
    COLUMN_MACS,
    COLUMNS,
};

typedef char row[COLUMNS][192];

static void fill_row(const ac_layer *layer, row cells)
{
    char details[128];
    int used;

    snprintf(cells[COLUMN_NAME], sizeof(*cells), "%s", layer->name);
    ac_layer_details(layer, false, details, sizeof(details));
    used = snprintf(cells[COLUMN_OPERATION], sizeof(*cells), "%s%s%s", layer->operation,
                    *details ? " " : "", details);
    for (int i = 0; i < layer->fused_count && used < (int)sizeof(*cells); i++)
        used += snprintf(cells[COLUMN_OPERATION] + used, sizeof(*cells) - (size_t)used, ", %s",
                         ac_layer_fused_name(layer, i));
    snprintf(cells[COLUMN_OUTPUT], sizeof(*cells), "%dx%dx%d", layer->shape.c, layer->shape.h,
             layer->shape.w);
    cells[COLUMN_PARAMETERS][0] = cells[COLUMN_MACS][0] = '\0';
    if (layer->parameters)
        ac_format_count(layer->parameters, cells[COLUMN_PARAMETERS]);
    if (layer->macs)
        ac_format_large(layer->macs, cells[COLUMN_MACS]);
}

static void print_row(row cells, const int widths[COLUMNS])
{
    bool numbers = *cells[COLUMN_PARAMETERS] || *cells[COLUMN_MACS];

    printf("%-*s  %-*s  %*s", widths[0], cells[0], widths[1], cells[1], widths[2], cells[2]);
    if (numbers)
        printf("  %*s  %*s", widths[3], cells[3], widths[4], cells[4]);
    putchar('\n');
}

static void print_layers(const ac_layers *layers)
{
    row head = {"layer", "operation", "output", "parameters", "multiply-adds"}, cells;
    int widths[COLUMNS];

    for (int c = 0; c < COLUMNS; c++)
        widths[c] = (int)strlen(head[c]);
    for (int i = 0; i < layers->count; i++) {
        fill_row(&layers->items[i], cells);
        for (int c = 0; c < COLUMNS; c++)
            if ((int)strlen(cells[c]) > widths[c])
                widths[c] = (int)strlen(cells[c]);
    }
    print_row(head, widths);
    for (int i = 0; i < layers->count; i++) {
        fill_row(&layers->items[i], cells);
        print_row(cells, widths);
    }
}

/* The record as lines of "  key: value", or as the text it is. */
static void print_training(const char *training)
{
    json_t *record = json_loads(training, 0, NULL), *value;
    const char *key;
    char *clean;

    printf("training record\n");
    json_object_foreach(record, key, value)
    {
        char *text = json_is_string(value)
                         ? strdup(json_string_value(value))
                         : json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(9));
        char shown[1024], shown_key[128];

        printf("  %s: %s\n", ac_text_clean(key, false, shown_key, sizeof(shown_key)),
               ac_text_clean(text ? text : "", false, shown, sizeof(shown)));
        free(text);
    }
    if (!json_is_object(record)) {
        clean = malloc(3 * strlen(training) + 1);
        if (clean) {
            ac_text_clean(training, true, clean, 3 * strlen(training) + 1);
            printf("  ");
            ac_options_print_wrapped(clean, 2, 2, stdout);
        }
        free(clean);
    }
    json_decref(record);
}

static void print_totals(const subject *s)
{
    const ac_plan *plan = s->plan;
    char total[32], values[32], weights[32], io[32], count[32];
    int y, x;

    ac_net_multiple(s->net, &y, &x);
    printf("parameters     %s\n", ac_format_count(ac_net_parameters(s->net), count));
    printf("multiply-adds  %s for an input of %dx%d\n", ac_format_large(plan->macs, count),
           plan->height, plan->width);
    printf("memory         %s on the device: values %s, weights %s, pictures %s\n",
           ac_format_bytes(ac_plan_bytes(plan), total, sizeof(total)),
           ac_format_bytes(plan->activation_bytes, values, sizeof(values)),
           ac_format_bytes(plan->weight_bytes, weights, sizeof(weights)),
           ac_format_bytes(plan->io_bytes, io, sizeof(io)));
    if (y == 1 && x == 1)
        printf("sizes          any\n");
    else if (y == x)
        printf("sizes          multiples of %d; others are padded by reflection\n", y);
    else
        printf("sizes          multiples of %dx%d; others are padded by reflection\n", y, x);
    printf("output         %dx%dx%d%s\n", plan->values[plan->output].shape.c, plan->out_height,
           plan->out_width,
           s->net->has_output ? "" : ": no output line, so it cannot colour by itself");
    if (!s->model)
        printf("weights        none: a description only\n");
    else if (s->model->working_size)
        printf("working size   %d\n", s->model->working_size);
    else
        printf("working size   not said in the file; %d is taken\n", AC_MODEL_DEFAULT_SIZE);
    if (s->model && s->model->training)
        print_training(s->model->training);
}

/* JSON. */

static json_t *pair_json(const int pair[2])
{
    return json_pack("[i,i]", pair[0], pair[1]);
}

/* 0.1 as the description has it, not 0.100000001 as a float holds it. */
static json_t *float_json(float value)
{
    char text[32];

    snprintf(text, sizeof(text), "%.7g", (double)value);
    return json_real(strtod(text, NULL));
}

static json_t *shape_json(int c, int h, int w)
{
    return json_pack("{s:i, s:i, s:i}", "channels", c, "height", h, "width", w);
}

/* The arguments that the operation takes, under the names they have in a description. Where memory
 * runs out, jansson's functions accept NULL and the value that is printed is NULL too. */
static void add_arguments(const ac_node *node, json_t *layer)
{
    const ac_op_params *p = &node->params;
    const struct {
        unsigned argument;
        const char *name;
        json_t *value;
    } arguments[] = {
        {AC_ARG_KERNEL, "kernel", pair_json(p->kernel)},
        {AC_ARG_STRIDE, "stride", pair_json(p->stride)},
        {AC_ARG_PADDING, "padding",
         json_pack("[i,i,i,i]", p->padding[0], p->padding[1], p->padding[2], p->padding[3])},
        {AC_ARG_OUTPUT_PADDING, "output_padding", pair_json(p->output_padding)},
        {AC_ARG_DILATION, "dilation", pair_json(p->dilation)},
        {AC_ARG_GROUPS, "groups", json_integer(p->groups)},
        {AC_ARG_BIAS, "bias", json_boolean(p->bias)},
        {AC_ARG_EPS, "eps", float_json(p->eps)},
        {AC_ARG_SLOPE, "slope", float_json(p->slope)},
        {AC_ARG_FACTOR, "factor", json_integer(p->factor)},
        {AC_ARG_MODE, "mode", json_string(p->bilinear ? "bilinear" : "nearest")},
        {AC_ARG_COUNT_PADDING, "count_padding", json_boolean(p->count_padding)},
    };

    for (size_t i = 0; i < sizeof(arguments) / sizeof(*arguments); i++) {
        if (ac_ops[node->kind]->arguments & arguments[i].argument)
            json_object_set(layer, arguments[i].name, arguments[i].value);
        json_decref(arguments[i].value);
    }
}

static json_t *layer_json(const ac_layer *layer, int number)
{
    json_t *inputs = json_array(), *fused = json_array(), *value;

    for (int i = 0; i < layer->input_count; i++)
        json_array_append_new(inputs, json_integer(layer->inputs[i]));
    for (int i = 0; i < layer->fused_count; i++)
        json_array_append_new(fused, json_string(ac_layer_fused_name(layer, i)));
    value = json_pack("{s:i, s:s, s:s, s:o, s:o, s:i, s:i, s:i, s:I, s:I}", "number", number,
                      "name", layer->name, "operation", layer->operation, "fused", fused, "inputs",
                      inputs, "channels", layer->shape.c, "height", layer->shape.h, "width",
                      layer->shape.w, "parameters", (json_int_t)layer->parameters, "multiply_adds",
                      (json_int_t)layer->macs);
    if (layer->node)
        add_arguments(layer->node, value);
    for (int i = 0; i < layer->fused_count; i++)
        add_arguments(layer->fused[i], value);
    return value;
}

/* In the description's order, under the names that a model's file has. */
static json_t *tensors_json(const ac_net *net)
{
    json_t *tensors = json_array();
    ac_param_info infos[5];
    char name[AC_NET_MAX_NAME + 32];

    for (int i = 0; i < net->node_count; i++) {
        const ac_node *node = &net->nodes[i];
        int count = ac_node_params(node, net->channels[node->inputs[0]], infos);

        for (int k = 0; k < count; k++) {
            json_t *shape = json_array();

            for (int d = 0; d < infos[k].rank; d++)
                json_array_append_new(shape, json_integer(infos[k].dims[d]));
            snprintf(name, sizeof(name), "%s.%s", node->name, infos[k].suffix);
            json_array_append_new(tensors,
                                  json_pack("{s:s, s:o, s:b}", "name", name, "shape", shape,
                                            "trained", ac_param_is_trained(&infos[k])));
        }
    }
    return tensors;
}

static json_t *training_json(const ac_model *model)
{
    json_t *record;

    if (!model || !model->training)
        return json_null();
    record = json_loads(model->training, 0, NULL);
    return record ? record : ac_output_json_text(model->training);
}

static json_t *subject_json(const subject *s)
{
    const ac_plan *plan = s->plan;
    json_t *layers = json_array();
    int working_size = s->model ? s->model->working_size : 0;

    for (int i = 0; i < s->layers->count; i++)
        json_array_append_new(layers, layer_json(&s->layers->items[i], i));
    return json_pack(
        "{s:o, s:b, s:I, s:I, s:o, s:o, s:o, s:{s:I, s:I, s:I, s:I}, s:o, s:o, s:o, s:o, s:o, s:o,"
        " s:b, s:o, s:o, s:o}",
        "file", ac_output_json_text(s->path), "has_weights", s->model != NULL, "parameters",
        (json_int_t)ac_net_parameters(s->net), "multiply_adds", (json_int_t)plan->macs, "input",
        shape_json(1, plan->height, plan->width), "padded_input",
        shape_json(1, plan->padded_height, plan->padded_width), "output",
        shape_json(plan->values[plan->output].shape.c, plan->out_height, plan->out_width), "memory",
        "total", (json_int_t)ac_plan_bytes(plan), "activations", (json_int_t)plan->activation_bytes,
        "weights", (json_int_t)plan->weight_bytes, "io", (json_int_t)plan->io_bytes,
        "size_multiple", pair_json(s->net->multiple), "working_size",
        working_size ? json_integer(working_size) : json_null(), "training",
        training_json(s->model), "input_scale", float_json(s->net->input_scale), "input_offset",
        float_json(s->net->input_offset), "output_scale", float_json(s->net->output_scale),
        "colours", s->net->has_output && plan->values[plan->output].shape.c == 2, "layers", layers,
        "tensors", tensors_json(s->net), "description", ac_output_json_text(s->net->text));
}

static ac_status run(const ac_context *context, const void *opaque)
{
    const options *o = opaque;
    const ac_log *log = context->log;
    subject s = {0};
    ac_status status = AC_OK;

    TRY(open_subject(o, log, &s));
    if (o->svg) {
        TRY(ac_output_check(o->svg, s.path, "the model", log));
        TRY(ac_draw_net(s.layers, ac_path_name(s.path), o->svg, log));
    }
    if (o->json) {
        TRY(ac_output_json(subject_json(&s), log));
    } else {
        char path[1024];

        printf("%s\n\n", ac_text_clean(s.path, false, path, sizeof(path)));
        print_layers(s.layers);
        putchar('\n');
        print_totals(&s);
    }
fail:
    close_subject(&s);
    return status;
}

const ac_command ac_command_inspect = {
    .name = "inspect",
    .usage = "MODEL",
    .operand = "MODEL",
    .summary = "show what a model or a network is made of",
    .description = "Shows the layers of MODEL with their shapes, parameters and multiply-adds, the "
                   "memory that it takes on a device, and how it was trained. MODEL is a "
                   ".safetensors file, a network's description (.net), or the name of a model or "
                   "network that comes with the program.",
    .options = table,
    .size = sizeof(options),
    .run = run,
};
