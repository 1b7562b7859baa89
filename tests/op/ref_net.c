#include <stdlib.h>
#include <string.h>

#include "ref/ref.h"
#include "ref_net.h"

/* A network in the middle of its run. Value i has shapes[i] and values[i]. */
typedef struct run {
    const ac_model *model;
    ac_shape *shapes;
    double **values;
} run;

/* Tensors of a node, NULL where it has none. */
typedef struct weights {
    double *weight, *bias, *mean, *var;
} weights;

static double *new_values(int64_t count)
{
    return calloc((size_t)count, sizeof(double));
}

static ac_status widen(const run *r, const ac_node *node, const char *suffix, double **to)
{
    const ac_tensor *tensor = ac_model_find(r->model, node->name, suffix);
    *to = NULL;
    if (!tensor)
        return AC_OK;
    int64_t count = 1;
    for (int i = 0; i < tensor->rank; i++)
        count *= tensor->dims[i];
    *to = new_values(count);
    if (!*to)
        return AC_ERR_MEMORY;
    for (int64_t i = 0; i < count; i++)
        (*to)[i] = tensor->data[i];
    return AC_OK;
}

static ac_status conv(const run *r, const ac_node *node, const weights *w, ac_shape in,
                      const double *x, ac_shape out, double *y)
{
    const ac_op_params *p = &node->params;
    ac_ref_conv c = {.groups = p->groups};
    memcpy(c.kernel, p->kernel, sizeof(c.kernel));
    memcpy(c.stride, p->stride, sizeof(c.stride));
    memcpy(c.padding, p->padding, sizeof(c.padding));
    memcpy(c.dilation, p->dilation, sizeof(c.dilation));
    if (!w->weight || !w->bias != !p->bias)
        return ac_fail(NULL, AC_ERR_FORMAT, "%s: weights missing", r->model->net->text);
    if (node->kind == AC_OP_CONV2D)
        ac_ref_conv2d(&c, in, x, w->weight, w->bias, out, y);
    else
        ac_ref_conv_transpose2d(&c, in, x, w->weight, w->bias, out, y);
    return AC_OK;
}

static void pool(const ac_node *node, ac_shape in, const double *x, ac_shape out, double *y)
{
    const ac_op_params *p = &node->params;
    ac_ref_pool c = {.count_padding = p->count_padding};
    memcpy(c.kernel, p->kernel, sizeof(c.kernel));
    memcpy(c.stride, p->stride, sizeof(c.stride));
    memcpy(c.padding, p->padding, sizeof(c.padding));
    if (node->kind == AC_OP_MAXPOOL2D)
        ac_ref_maxpool2d(&c, in, x, out, y);
    else
        ac_ref_avgpool2d(&c, in, x, out, y);
}

/* Operations that need their input's copy in y only. */
static void in_place(const ac_node *node, const weights *w, ac_shape shape, double *y)
{
    switch (node->kind) {
    case AC_OP_BATCHNORM:
        ac_ref_batchnorm(shape, w->weight, w->bias, w->mean, w->var, (double)node->params.eps, y);
        break;
    case AC_OP_RELU:
        ac_ref_relu(shape, y);
        break;
    case AC_OP_RELU6:
        ac_ref_relu6(shape, y);
        break;
    case AC_OP_LEAKY_RELU:
        ac_ref_leaky_relu(shape, (double)node->params.slope, y);
        break;
    case AC_OP_SIGMOID:
        ac_ref_sigmoid(shape, y);
        break;
    default:
        ac_ref_tanh(shape, y);
        break;
    }
}

static ac_status compute(const run *r, int i, const weights *w)
{
    const ac_node *node = &r->model->net->nodes[i];
    ac_shape in[AC_NET_MAX_INPUTS] = {r->shapes[node->inputs[0]]};
    const double *x[AC_NET_MAX_INPUTS] = {r->values[node->inputs[0]]};
    ac_shape out = r->shapes[i + 1];
    double *y = r->values[i + 1];
    for (int k = 1; k < node->input_count; k++) {
        in[k] = r->shapes[node->inputs[k]];
        x[k] = r->values[node->inputs[k]];
    }
    switch (node->kind) {
    case AC_OP_CONV2D:
    case AC_OP_CONV_TRANSPOSE2D:
        return conv(r, node, w, in[0], x[0], out, y);
    case AC_OP_MAXPOOL2D:
    case AC_OP_AVGPOOL2D:
        pool(node, in[0], x[0], out, y);
        break;
    case AC_OP_GLOBAL_AVGPOOL:
        ac_ref_global_avgpool(in[0], x[0], y);
        break;
    case AC_OP_UPSAMPLE:
        if (node->params.bilinear)
            ac_ref_upsample_bilinear(node->params.factor, in[0], x[0], y);
        else
            ac_ref_upsample_nearest(node->params.factor, in[0], x[0], y);
        break;
    case AC_OP_CONCAT:
        ac_ref_concat(node->input_count, in, x, y);
        break;
    case AC_OP_ADD:
        ac_ref_add(node->input_count, in, x, out, y);
        break;
    default:
        memcpy(y, x[0], (size_t)ac_shape_count(out) * sizeof(*y));
        in_place(node, w, out, y);
        break;
    }
    return AC_OK;
}

static ac_status run_node(const run *r, int i)
{
    const ac_node *node = &r->model->net->nodes[i];
    ac_status status = AC_OK;
    weights w = {NULL, NULL, NULL, NULL};
    TRY(widen(r, node, "weight", &w.weight));
    TRY(widen(r, node, "bias", &w.bias));
    TRY(widen(r, node, "running_mean", &w.mean));
    TRY(widen(r, node, "running_var", &w.var));
    r->values[i + 1] = new_values(ac_shape_count(r->shapes[i + 1]));
    TRY(r->values[i + 1] ? AC_OK : AC_ERR_MEMORY);
    TRY(compute(r, i, &w));
fail:
    free(w.weight);
    free(w.bias);
    free(w.mean);
    free(w.var);
    return status;
}

/* The network's input: scaled, then padded (scaling does not change what reflection does). */
static double *input(const ac_net *net, ac_shape in, const float *lightness, ac_shape padded)
{
    double *x = new_values(ac_shape_count(in));
    double *y = new_values(ac_shape_count(padded));
    if (x && y) {
        for (int64_t i = 0; i < ac_shape_count(in); i++)
            x[i] = (double)lightness[i] * (double)net->input_scale + (double)net->input_offset;
        ac_ref_reflect(in, x, padded, y);
    }
    free(x);
    return y;
}

static int kept(int size, int in, int padded)
{
    return (int)(((int64_t)size * in + padded - 1) / padded);
}

static double *output(const ac_net *net, const double *x, ac_shape full, ac_shape shape)
{
    double *y = new_values(ac_shape_count(shape));
    if (!y)
        return NULL;
    int64_t to = 0;
    for (int plane = 0; plane < full.n * full.c; plane++)
        for (int i = 0; i < shape.h; i++)
            for (int j = 0; j < shape.w; j++)
                y[to++] = x[((int64_t)plane * full.h + i) * full.w + j] * (double)net->output_scale;
    return y;
}

ac_status ref_net_run(const ac_model *model, int n, int h, int w, const float *lightness,
                      const ac_log *log, ac_shape *shape, double **result)
{
    const ac_net *net = model->net;
    size_t count = (size_t)net->node_count + 1;
    ac_status status = AC_OK;
    run r = {model, calloc(count, sizeof(ac_shape)), calloc(count, sizeof(double *))};
    *result = NULL;
    TRY(r.shapes && r.values ? AC_OK : AC_ERR_MEMORY);

    int y = 1;
    int x = 1;
    ac_net_multiple(net, &y, &x);
    ac_shape padded = {n, 1, (h + y - 1) / y * y, (w + x - 1) / x * x};
    TRY(ac_net_shapes(net, n, padded.h, padded.w, log, r.shapes));
    r.values[0] = input(net, (ac_shape){n, 1, h, w}, lightness, padded);
    TRY(r.values[0] ? AC_OK : AC_ERR_MEMORY);
    for (int i = 0; i < net->node_count; i++)
        TRY(run_node(&r, i));

    ac_shape full = r.shapes[net->node_count];
    *shape = (ac_shape){full.n, full.c, kept(full.h, h, padded.h), kept(full.w, w, padded.w)};
    *result = output(net, r.values[net->node_count], full, *shape);
    TRY(*result ? AC_OK : AC_ERR_MEMORY);
fail:
    for (size_t i = 0; r.values && i < count; i++)
        free(r.values[i]);
    free(r.values);
    free(r.shapes);
    return status;
}
