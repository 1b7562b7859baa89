#include <stdlib.h>
#include <string.h>

#include "ref/ref.h"
#include "ref_net.h"

/* Where a node's tensors are in the flat arrays; -1 where it has none of that kind. */
typedef struct places {
    int64_t weight, bias, mean, var;
} places;

/* A node with its inputs and its result, as both passes need them. */
typedef struct step {
    const ac_node *node;
    places at;
    ac_shape in[AC_NET_MAX_INPUTS];
    const double *x[AC_NET_MAX_INPUTS];
    ac_shape out;
    bool training; /* a batch norm that normalises with the batch */
} step;

static double *new_values(int64_t count)
{
    return calloc((size_t)count, sizeof(double));
}

static int64_t place_of(const ref_net *net, const ac_node *node, const char *suffix)
{
    const ac_tensor *tensor = ac_model_find(net->params.model, node->name, suffix);
    return tensor ? net->offsets[tensor - net->params.model->tensors] : -1;
}

/* Whether a batch norm's running statistics are left as they are. */
static bool frozen(const ref_net *net, const ac_node *node)
{
    const ac_model *model = net->params.model;
    const ac_tensor *mean = ac_model_find(model, node->name, "running_mean");
    const ac_tensor *var = ac_model_find(model, node->name, "running_var");
    const float *scale = net->params.lr_scale;
    return !net->params.training ||
           (mean && var && scale &&
            (scale[mean - model->tensors] == 0 || scale[var - model->tensors] == 0));
}

static step step_of(const ref_net *net, int i)
{
    const ac_node *node = &net->params.model->net->nodes[i];
    step s = {.node = node, .out = net->shapes[i + 1]};
    s.at = (places){-1, -1, -1, -1};
    if (*node->name)
        s.at = (places){place_of(net, node, "weight"), place_of(net, node, "bias"),
                        place_of(net, node, "running_mean"), place_of(net, node, "running_var")};
    for (int k = 0; k < node->input_count; k++) {
        s.in[k] = net->shapes[node->inputs[k]];
        s.x[k] = net->values[node->inputs[k]];
    }
    s.training = node->kind == AC_OP_BATCHNORM && !frozen(net, node);
    return s;
}

static double *or_null(double *flat, int64_t place)
{
    return place < 0 ? NULL : flat + place;
}

static ac_ref_conv conv_of(const ac_op_params *p)
{
    ac_ref_conv c = {.groups = p->groups};
    memcpy(c.kernel, p->kernel, sizeof(c.kernel));
    memcpy(c.stride, p->stride, sizeof(c.stride));
    memcpy(c.padding, p->padding, sizeof(c.padding));
    memcpy(c.dilation, p->dilation, sizeof(c.dilation));
    return c;
}

static ac_ref_pool pool_of(const ac_op_params *p)
{
    ac_ref_pool c = {.count_padding = p->count_padding};
    memcpy(c.kernel, p->kernel, sizeof(c.kernel));
    memcpy(c.stride, p->stride, sizeof(c.stride));
    memcpy(c.padding, p->padding, sizeof(c.padding));
    return c;
}

/* Operations that need their input's copy in y only. */
static void in_place(const ref_net *net, const step *s, double *y)
{
    const ac_op_params *p = &s->node->params;
    const double *t = net->tensors;
    switch (s->node->kind) {
    case AC_OP_BATCHNORM:
        if (s->training)
            ac_ref_batchnorm_train(s->out, t + s->at.weight, t + s->at.bias, (double)p->eps, y,
                                   net->after + s->at.mean, net->after + s->at.var);
        else
            ac_ref_batchnorm(s->out, t + s->at.weight, t + s->at.bias, t + s->at.mean,
                             t + s->at.var, (double)p->eps, y);
        break;
    case AC_OP_RELU:
        ac_ref_relu(s->out, y);
        break;
    case AC_OP_RELU6:
        ac_ref_relu6(s->out, y);
        break;
    case AC_OP_LEAKY_RELU:
        ac_ref_leaky_relu(s->out, (double)p->slope, y);
        break;
    case AC_OP_SIGMOID:
        ac_ref_sigmoid(s->out, y);
        break;
    default:
        ac_ref_tanh(s->out, y);
        break;
    }
}

static void compute(const ref_net *net, const step *s, double *y)
{
    const ac_op_params *p = &s->node->params;
    const double *weight = or_null(net->tensors, s->at.weight);
    const double *bias = or_null(net->tensors, s->at.bias);
    ac_ref_conv conv = conv_of(p);
    ac_ref_pool pool = pool_of(p);
    switch (s->node->kind) {
    case AC_OP_CONV2D:
        ac_ref_conv2d(&conv, s->in[0], s->x[0], weight, bias, s->out, y);
        break;
    case AC_OP_CONV_TRANSPOSE2D:
        ac_ref_conv_transpose2d(&conv, s->in[0], s->x[0], weight, bias, s->out, y);
        break;
    case AC_OP_MAXPOOL2D:
        ac_ref_maxpool2d(&pool, s->in[0], s->x[0], s->out, y);
        break;
    case AC_OP_AVGPOOL2D:
        ac_ref_avgpool2d(&pool, s->in[0], s->x[0], s->out, y);
        break;
    case AC_OP_GLOBAL_AVGPOOL:
        ac_ref_global_avgpool(s->in[0], s->x[0], y);
        break;
    case AC_OP_UPSAMPLE:
        if (p->bilinear)
            ac_ref_upsample_bilinear(p->factor, s->in[0], s->x[0], y);
        else
            ac_ref_upsample_nearest(p->factor, s->in[0], s->x[0], y);
        break;
    case AC_OP_CONCAT:
        ac_ref_concat(s->node->input_count, s->in, s->x, y);
        break;
    case AC_OP_ADD:
        ac_ref_add(s->node->input_count, s->in, s->x, s->out, y);
        break;
    default:
        memcpy(y, s->x[0], (size_t)ac_shape_count(s->out) * sizeof(*y));
        in_place(net, s, y);
        break;
    }
}

ac_status ref_net_forward(ref_net *net, int first, const ac_log *log)
{
    const ac_net *description = net->params.model->net;
    memcpy(net->after, net->tensors,
           (size_t)net->offsets[net->params.model->tensor_count] * sizeof(double));
    for (int i = first; i < description->node_count; i++) {
        step s = step_of(net, i);
        if (net->params.training && !net->used[i + 1])
            continue;
        if (s.training && (int64_t)s.out.n * s.out.h * s.out.w < 2)
            return ac_fail(log, AC_ERR_ARGUMENT, "%s:%d: one value a channel", description->where,
                           s.node->line);
        compute(net, &s, net->values[i + 1]);
    }
    return AC_OK;
}

static void batchnorm_grad(const ref_net *net, const step *s, const double *dy, double *dx)
{
    const double *t = net->tensors;
    double eps = (double)s->node->params.eps;
    double *dweight = net->gradients + s->at.weight;
    double *dbias = net->gradients + s->at.bias;
    if (s->training)
        ac_ref_batchnorm_train_grad(s->out, s->x[0], t + s->at.weight, eps, dy, dx, dweight, dbias);
    else
        ac_ref_batchnorm_grad(s->out, s->x[0], t + s->at.weight, t + s->at.mean, t + s->at.var, eps,
                              dy, dx, dweight, dbias);
}

static void activation_grad(const step *s, const double *dy, double *dx)
{
    switch (s->node->kind) {
    case AC_OP_RELU:
        ac_ref_relu_grad(s->out, s->x[0], dy, dx);
        break;
    case AC_OP_RELU6:
        ac_ref_relu6_grad(s->out, s->x[0], dy, dx);
        break;
    case AC_OP_LEAKY_RELU:
        ac_ref_leaky_relu_grad(s->out, (double)s->node->params.slope, s->x[0], dy, dx);
        break;
    case AC_OP_SIGMOID:
        ac_ref_sigmoid_grad(s->out, s->x[0], dy, dx);
        break;
    default:
        ac_ref_tanh_grad(s->out, s->x[0], dy, dx);
        break;
    }
}

/* dx[k] is the derivative by input k. */
static void differentiate(const ref_net *net, const step *s, const double *dy, double *const *dx)
{
    const ac_op_params *p = &s->node->params;
    const double *weight = or_null(net->tensors, s->at.weight);
    double *dweight = or_null(net->gradients, s->at.weight);
    double *dbias = or_null(net->gradients, s->at.bias);
    ac_ref_conv conv = conv_of(p);
    ac_ref_pool pool = pool_of(p);
    switch (s->node->kind) {
    case AC_OP_CONV2D:
        ac_ref_conv2d_grad(&conv, s->in[0], s->x[0], weight, s->out, dy, dx[0], dweight, dbias);
        break;
    case AC_OP_CONV_TRANSPOSE2D:
        ac_ref_conv_transpose2d_grad(&conv, s->in[0], s->x[0], weight, s->out, dy, dx[0], dweight,
                                     dbias);
        break;
    case AC_OP_BATCHNORM:
        batchnorm_grad(net, s, dy, dx[0]);
        break;
    case AC_OP_MAXPOOL2D:
        ac_ref_maxpool2d_grad(&pool, s->in[0], s->x[0], s->out, dy, dx[0]);
        break;
    case AC_OP_AVGPOOL2D:
        ac_ref_avgpool2d_grad(&pool, s->in[0], s->out, dy, dx[0]);
        break;
    case AC_OP_GLOBAL_AVGPOOL:
        ac_ref_global_avgpool_grad(s->in[0], dy, dx[0]);
        break;
    case AC_OP_UPSAMPLE:
        if (p->bilinear)
            ac_ref_upsample_bilinear_grad(p->factor, s->in[0], dy, dx[0]);
        else
            ac_ref_upsample_nearest_grad(p->factor, s->in[0], dy, dx[0]);
        break;
    case AC_OP_CONCAT:
        ac_ref_concat_grad(s->node->input_count, s->in, dy, dx);
        break;
    case AC_OP_ADD:
        ac_ref_add_grad(s->node->input_count, s->in, s->out, dy, dx);
        break;
    default:
        activation_grad(s, dy, dx[0]);
        break;
    }
}

/* Zeros for the derivatives by all values. */
static ac_status clear_by_values(ref_net *net)
{
    int count = net->params.model->net->node_count + 1;
    if (!net->by_values)
        net->by_values = calloc((size_t)count, sizeof(*net->by_values));
    for (int i = 0; net->by_values && i < count; i++) {
        free(net->by_values[i]);
        net->by_values[i] = new_values(ac_shape_count(net->shapes[i]));
        if (!net->by_values[i])
            return AC_ERR_MEMORY;
    }
    return net->by_values ? AC_OK : AC_ERR_MEMORY;
}

ac_status ref_net_backward(ref_net *net, const float *output_gradient, const ac_log *log)
{
    const ac_net *description = net->params.model->net;
    int64_t count = net->offsets[net->params.model->tensor_count];
    if (clear_by_values(net) != AC_OK)
        return ac_fail(log, AC_ERR_MEMORY, "%s: out of memory", description->where);
    memset(net->gradients, 0, (size_t)count * sizeof(*net->gradients));
    for (int64_t i = 0; i < ac_shape_count(ref_net_output_shape(net)); i++)
        net->by_values[description->node_count][i] = (double)output_gradient[i];
    for (int i = description->node_count - 1; i >= 0; i--) {
        step s = step_of(net, i);
        double *dx[AC_NET_MAX_INPUTS];
        for (int k = 0; k < s.node->input_count; k++)
            dx[k] = net->by_values[s.node->inputs[k]];
        differentiate(net, &s, net->by_values[i + 1], dx);
    }
    return AC_OK;
}

ac_shape ref_net_output_shape(const ref_net *net)
{
    return net->shapes[net->params.model->net->node_count];
}

/* The network's input: scaled, then padded (scaling does not change what reflection does). */
static void make_input(const ref_net *net, double *x, double *padded)
{
    const ref_net_params *p = &net->params;
    ac_shape in = {p->n, 1, p->h, p->w};
    double scale = (double)p->model->net->input_scale;
    double offset = (double)p->model->net->input_offset;
    for (int64_t i = 0; i < ac_shape_count(in); i++)
        x[i] = (double)p->lightness[i] * scale + offset;
    ac_ref_reflect(in, x, net->shapes[0], padded);
}

static ac_status make_tensors(ref_net *net)
{
    const ac_model *model = net->params.model;
    net->offsets = calloc((size_t)model->tensor_count + 1, sizeof(*net->offsets));
    if (!net->offsets)
        return AC_ERR_MEMORY;
    for (int i = 0; i < model->tensor_count; i++) {
        int64_t count = 1;
        for (int k = 0; k < model->tensors[i].rank; k++)
            count *= model->tensors[i].dims[k];
        net->offsets[i + 1] = net->offsets[i] + count;
    }
    int64_t count = net->offsets[model->tensor_count];
    net->tensors = new_values(count + 1);
    net->after = new_values(count + 1);
    net->gradients = new_values(count + 1);
    if (!net->tensors || !net->after || !net->gradients)
        return AC_ERR_MEMORY;
    for (int i = 0; i < model->tensor_count; i++)
        for (int64_t k = net->offsets[i]; k < net->offsets[i + 1]; k++)
            net->tensors[k] = (double)model->tensors[i].data[k - net->offsets[i]];
    return AC_OK;
}

static ac_status make_values(ref_net *net, const ac_log *log)
{
    const ref_net_params *p = &net->params;
    size_t count = (size_t)p->model->net->node_count + 1;
    int y = 1;
    int x = 1;
    net->shapes = calloc(count, sizeof(*net->shapes));
    net->values = calloc(count, sizeof(*net->values));
    net->used = calloc(count, sizeof(*net->used));
    if (!net->shapes || !net->values || !net->used)
        return AC_ERR_MEMORY;
    ac_net_find_used(p->model->net, net->used);
    ac_net_multiple(p->model->net, &y, &x);
    ac_status status = ac_net_shapes(p->model->net, p->n, (p->h + y - 1) / y * y,
                                     (p->w + x - 1) / x * x, log, net->shapes);
    for (size_t i = 0; status == AC_OK && i < count; i++) {
        net->values[i] = new_values(ac_shape_count(net->shapes[i]));
        if (!net->values[i])
            status = AC_ERR_MEMORY;
    }
    return status;
}

ac_status ref_net_create(const ref_net_params *params, const ac_log *log, ref_net **net)
{
    ac_status status = AC_OK;
    ref_net *made = calloc(1, sizeof(*made));
    double *unpadded = new_values((int64_t)params->n * params->h * params->w);
    *net = NULL;
    TRY(made && unpadded ? AC_OK : AC_ERR_MEMORY);
    made->params = *params;
    TRY(make_tensors(made));
    TRY(make_values(made, log));
    make_input(made, unpadded, made->values[0]);
    *net = made;
    made = NULL;
fail:
    free(unpadded);
    ref_net_destroy(&made);
    return status;
}

static void free_values(double **values, int count)
{
    for (int i = 0; values && i < count; i++)
        free(values[i]);
    free(values);
}

void ref_net_destroy(ref_net **net)
{
    if (!*net)
        return;
    int count = (*net)->params.model ? (*net)->params.model->net->node_count + 1 : 0;
    free_values((*net)->values, count);
    free_values((*net)->by_values, count);
    free((*net)->shapes);
    free((*net)->used);
    free((*net)->offsets);
    free((*net)->tensors);
    free((*net)->after);
    free((*net)->gradients);
    free(*net);
    *net = NULL;
}

ac_status ref_net_gradients(const ref_net_params *params, const float *output_gradient,
                            const ac_log *log, ref_net **net)
{
    ac_status status = AC_OK;
    TRY(ref_net_create(params, log, net));
    TRY(ref_net_forward(*net, 0, log));
    TRY(ref_net_backward(*net, output_gradient, log));
    return AC_OK;
fail:
    ref_net_destroy(net);
    return status;
}

static int kept(int size, int in, int padded)
{
    return (int)(((int64_t)size * in + padded - 1) / padded);
}

static double *crop(const ac_net *net, const double *x, ac_shape full, ac_shape shape)
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
    ac_status status = AC_OK;
    ref_net *net = NULL;
    ref_net_params params = {.model = model, .n = n, .h = h, .w = w, .lightness = lightness};
    *result = NULL;
    TRY(ref_net_create(&params, log, &net));
    TRY(ref_net_forward(net, 0, log));

    ac_shape full = ref_net_output_shape(net);
    ac_shape padded = net->shapes[0];
    *shape = (ac_shape){full.n, full.c, kept(full.h, h, padded.h), kept(full.w, w, padded.w)};
    *result = crop(model->net, net->values[model->net->node_count], full, *shape);
    TRY(*result ? AC_OK : AC_ERR_MEMORY);
fail:
    ref_net_destroy(&net);
    return status;
}
