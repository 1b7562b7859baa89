#include "nn/plan.h"
#include "util/math.h"

#include <stdlib.h>
#include <string.h>

static ac_activation activation_of(ac_op_kind kind)
{
    switch (kind) {
    case AC_OP_RELU:
        return AC_ACTIVATION_RELU;
    case AC_OP_RELU6:
        return AC_ACTIVATION_RELU6;
    case AC_OP_LEAKY_RELU:
        return AC_ACTIVATION_LEAKY_RELU;
    case AC_OP_SIGMOID:
        return AC_ACTIVATION_SIGMOID;
    case AC_OP_TANH:
        return AC_ACTIVATION_TANH;
    default:
        return AC_ACTIVATION_NONE;
    }
}

/* The only node that uses value v, or -1. */
static int only_user(const ac_plan *plan, const int *uses, const int *user, int v)
{
    return uses[v] == 1 && v != plan->net->node_count ? user[v] : -1;
}

/* No node from `first` on but `except` uses value v. */
static bool is_done_with(const ac_net *net, int v, int first, int except)
{
    for (int i = first; i < net->node_count; i++)
        for (int k = 0; k < net->nodes[i].input_count; k++)
            if (i != except && net->nodes[i].inputs[k] == v)
                return false;
    return true;
}

/* A convolution whose result is wanted only in a sum with another's, which nobody wants any more,
 * adds to that one in its place. What follows the sum would be taken by the sum, so there must be
 * nothing of the kind. */
static void fuse_sum(ac_plan *plan, const int *uses, const int *user, bool *taken, ac_step *step)
{
    const ac_net *net = plan->net;
    int sum = only_user(plan, uses, user, step->output), other, next;
    const ac_node *node;

    if (sum < 0 || net->nodes[sum].kind != AC_OP_ADD || net->nodes[sum].input_count != 2)
        return;
    node = &net->nodes[sum];
    other = node->inputs[node->inputs[0] == step->output];
    next = only_user(plan, uses, user, sum + 1);
    if (next >= 0 && (net->nodes[next].kind == AC_OP_BATCHNORM ||
                      activation_of(net->nodes[next].kind) != AC_ACTIVATION_NONE))
        return;
    if (ac_shape_count(plan->values[other].shape) !=
            ac_shape_count(plan->values[step->output].shape) ||
        !is_done_with(net, other, (int)(step->node - net->nodes), sum))
        return;
    for (int s = 0; s < plan->step_count; s++)
        if (plan->steps[s].output == other && ac_op_is_convolution(plan->steps[s].kind)) {
            plan->values[other].root = step->output = sum + 1;
            step->accumulate = true;
            taken[sum] = true;
            return;
        }
}

/* Takes the batch norm and the activation that follow `step` and nothing else sees into it, and the
 * sum that comes after them. */
static void fuse(ac_plan *plan, const int *uses, const int *user, bool *taken, ac_step *step)
{
    const ac_net *net = plan->net;
    bool makes_sums = ac_op_is_convolution(step->kind) || step->kind == AC_OP_ADD;
    bool takes_norm = makes_sums && !plan->training;
    bool takes_activation = makes_sums || step->kind == AC_OP_BATCHNORM;
    int next = only_user(plan, uses, user, step->output);

    if (takes_norm && next >= 0 && net->nodes[next].kind == AC_OP_BATCHNORM) {
        step->norm = &net->nodes[next];
        step->output = next + 1;
        taken[next] = true;
        next = only_user(plan, uses, user, step->output);
    }
    if (takes_activation && step->activation == AC_ACTIVATION_NONE && next >= 0 &&
        activation_of(net->nodes[next].kind) != AC_ACTIVATION_NONE) {
        step->activation = activation_of(net->nodes[next].kind);
        step->slope = net->nodes[next].params.slope;
        step->output = next + 1;
        taken[next] = true;
    }
    if (ac_op_is_convolution(step->kind) && !plan->training)
        fuse_sum(plan, uses, user, taken, step);
}

static ac_status build_steps(ac_plan *plan, const ac_log *log)
{
    const ac_net *net = plan->net;
    int values = net->node_count + 1;
    int *uses = calloc((size_t)values, sizeof(*uses));
    int *user = calloc((size_t)values, sizeof(*user));
    bool *taken = calloc((size_t)values, sizeof(*taken));
    bool *used = calloc((size_t)values, sizeof(*used));
    ac_status status = AC_OK;

    if (!uses || !user || !taken || !used) {
        status = ac_fail(log, AC_ERR_MEMORY, "out of memory");
        goto fail;
    }
    if (plan->training) {
        ac_net_find_used(net, used);
        for (int i = 0; i < net->node_count; i++)
            taken[i] = !used[i + 1];
    }
    for (int i = 0; i < net->node_count; i++)
        for (int k = 0; k < net->nodes[i].input_count && !taken[i]; k++) {
            uses[net->nodes[i].inputs[k]]++;
            user[net->nodes[i].inputs[k]] = i;
        }
    for (int i = 0; i < net->node_count; i++) {
        const ac_node *node = &net->nodes[i];
        ac_step *step = &plan->steps[plan->step_count];

        if (taken[i])
            continue;
        plan->step_count++;
        step->kind = node->kind;
        step->node = node;
        step->output = i + 1;
        step->input_count = node->input_count;
        memcpy(step->inputs, node->inputs, sizeof(step->inputs));
        if (node->kind == AC_OP_BATCHNORM)
            step->norm = node;
        step->activation = activation_of(node->kind);
        if (step->activation != AC_ACTIVATION_NONE) {
            step->kind = AC_OP_BATCHNORM;
            step->slope = node->params.slope;
        }
        fuse(plan, uses, user, taken, step);
    }
fail:
    free(uses);
    free(user);
    free(taken);
    free(used);
    return status;
}

static ac_status set_layout(ac_value *value, const ac_value *like, const ac_log *log)
{
    value->map = malloc((size_t)(value->shape.c > 0 ? value->shape.c : 1) * sizeof(*value->map));
    if (!value->map)
        return ac_fail(log, AC_ERR_MEMORY, "out of memory");
    for (int c = 0; c < value->shape.c; c++)
        value->map[c] = like ? like->map[c] : c;
    value->quads = like ? like->quads : (value->shape.c + 3) / 4;
    return AC_OK;
}

/* Joins the inputs one after the other, each beginning a quad. Inputs that are not part of another
 * value yet become part of this one: their producers write where they are wanted. */
static ac_status lay_out_concat(ac_plan *plan, ac_step *step, const ac_log *log)
{
    ac_value *out = &plan->values[step->output];
    ac_status status = set_layout(out, NULL, log);
    int c = 0;

    if (status != AC_OK)
        return status;
    out->quads = 0;
    for (int i = 0; i < step->input_count; i++) {
        ac_value *in = &plan->values[step->inputs[i]];

        for (int k = 0; k < in->shape.c; k++)
            out->map[c++] = 4 * out->quads + in->map[k];
        if (in->root < 0) {
            in->root = step->output;
            in->root_quad = out->quads;
        } else {
            step->copies |= 1u << i;
        }
        out->quads += in->quads;
    }
    return AC_OK;
}

bool ac_value_is_plain(const ac_value *value)
{
    for (int c = 0; c < value->shape.c; c++)
        if (value->map[c] != c)
            return false;
    return true;
}

static bool same_layout(const ac_plan *plan, const ac_step *step)
{
    const ac_value *first = &plan->values[step->inputs[0]];

    for (int i = 1; i < step->input_count; i++) {
        const ac_value *v = &plan->values[step->inputs[i]];

        if (v->quads != first->quads ||
            memcmp(v->map, first->map, (size_t)v->shape.c * sizeof(*v->map)) != 0)
            return false;
    }
    return true;
}

/* Puts steps before step s that bring the inputs of an add into plain order. */
static ac_status insert_relayouts(ac_plan *plan, int *s, const ac_log *log)
{
    for (int i = 0; i < plan->steps[*s].input_count; i++) {
        int from = plan->steps[*s].inputs[i], to = plan->value_count;
        ac_status status;

        if (ac_value_is_plain(&plan->values[from]))
            continue;
        plan->values[to] = (ac_value){.shape = plan->values[from].shape, .root = -1};
        plan->value_count++;
        status = set_layout(&plan->values[to], NULL, log);
        if (status != AC_OK)
            return status;
        memmove(&plan->steps[*s + 1], &plan->steps[*s],
                (size_t)(plan->step_count - *s) * sizeof(*plan->steps));
        plan->step_count++;
        plan->steps[*s] = (ac_step){
            .kind = AC_OP_ADD, .input_count = 1, .inputs = {from}, .output = to, .relayout = true};
        plan->steps[++*s].inputs[i] = to;
    }
    return AC_OK;
}

static ac_status lay_out(ac_plan *plan, const ac_log *log)
{
    ac_status status = AC_OK;

    TRY(set_layout(&plan->values[0], NULL, log));
    for (int s = 0; s < plan->step_count; s++) {
        ac_step *step = &plan->steps[s];

        switch (step->kind) {
        case AC_OP_CONCAT:
            TRY(lay_out_concat(plan, step, log));
            break;
        case AC_OP_CONV2D:
        case AC_OP_CONV_TRANSPOSE2D:
            TRY(set_layout(&plan->values[step->output], NULL, log));
            break;
        case AC_OP_ADD:
            if (!same_layout(plan, step))
                TRY(insert_relayouts(plan, &s, log));
            step = &plan->steps[s];
            TRY(set_layout(&plan->values[step->output], &plan->values[step->inputs[0]], log));
            break;
        default:
            TRY(set_layout(&plan->values[step->output], &plan->values[step->inputs[0]], log));
        }
    }
    /* A value's part of its root, through concats of concats. */
    for (int v = plan->value_count - 1; v >= 0; v--) {
        ac_value *value = &plan->values[v];

        if (value->root < 0) {
            value->root = v;
            continue;
        }
        while (plan->values[value->root].root >= 0 &&
               plan->values[value->root].root != value->root) {
            value->root_quad += plan->values[value->root].root_quad;
            value->root = plan->values[value->root].root;
        }
    }
fail:
    return status;
}

/* Shapes of all values, the padded input and the part of the result that is kept. */
static ac_status set_shapes(ac_plan *plan, const ac_log *log)
{
    const ac_net *net = plan->net;
    ac_shape *shapes = calloc((size_t)net->node_count + 1, sizeof(*shapes));
    ac_status status = AC_OK;
    int my, mx;

    if (!shapes)
        return ac_fail(log, AC_ERR_MEMORY, "out of memory");
    ac_net_multiple(net, &my, &mx);
    plan->padded_height = ac_round_up(plan->height, my);
    plan->padded_width = ac_round_up(plan->width, mx);
    TRY(ac_net_shapes(net, plan->n, plan->padded_height, plan->padded_width, log, shapes));
    for (int v = 0; v <= net->node_count; v++) {
        plan->values[v].shape = shapes[v];
        plan->values[v].root = -1;
    }
    plan->output = net->node_count;
    plan->out_height =
        (int)(((int64_t)shapes[plan->output].h * plan->height + plan->padded_height - 1) /
              plan->padded_height);
    plan->out_width =
        (int)(((int64_t)shapes[plan->output].w * plan->width + plan->padded_width - 1) /
              plan->padded_width);
    plan->io_bytes = 4 * ((uint64_t)plan->n * (uint64_t)plan->height * (uint64_t)plan->width +
                          (uint64_t)plan->n * (uint64_t)shapes[plan->output].c *
                              (uint64_t)plan->out_height * (uint64_t)plan->out_width);
    for (int i = 0; i < net->node_count; i++) {
        const ac_node *node = &net->nodes[i];
        ac_param_info infos[5];
        int count = ac_node_params(node, net->channels[node->inputs[0]], infos);

        plan->macs += ac_node_macs(node, shapes[node->inputs[0]], shapes[i + 1]);
        for (int k = 0; k < count; k++) {
            uint64_t size = 4;

            for (int d = 0; d < infos[k].rank; d++)
                size *= (uint64_t)infos[k].dims[d];
            plan->weight_bytes += size;
        }
    }
fail:
    free(shapes);
    return status;
}

static ac_status create(const ac_net *net, int n, int height, int width, uint64_t max_arena,
                        const ac_node_training *training, const ac_log *log, ac_plan **result)
{
    ac_plan *plan = calloc(1, sizeof(*plan));
    ac_status status = AC_OK;
    size_t most_steps, most_values;

    *result = NULL;
    if (!plan)
        return ac_fail(log, AC_ERR_MEMORY, "out of memory");
    plan->net = net;
    plan->training = training;
    plan->n = n;
    plan->height = height;
    plan->width = width;
    most_steps = (size_t)net->node_count;
    for (int i = 0; i < net->node_count; i++)
        if (net->nodes[i].kind == AC_OP_ADD) /* a relayout for every input */
            most_steps += (size_t)net->nodes[i].input_count;
    most_values = most_steps + 1;
    if (training)
        ac_plan_backward_room(net, &most_steps, &most_values);
    plan->steps = calloc(most_steps + 1, sizeof(*plan->steps));
    plan->values = calloc(most_values, sizeof(*plan->values));
    if (!plan->steps || !plan->values) {
        status = ac_fail(log, AC_ERR_MEMORY, "out of memory");
        goto fail;
    }
    plan->value_count = net->node_count + 1;
    TRY(set_shapes(plan, log));
    TRY(build_steps(plan, log));
    TRY(lay_out(plan, log));
    if (training)
        TRY(ac_plan_add_backward(plan, log));
    TRY(ac_plan_place(plan, max_arena, log));
    *result = plan;
    return AC_OK;

fail:
    ac_plan_destroy(&plan);
    return status;
}

ac_status ac_plan_create(const ac_net *net, int n, int height, int width, uint64_t max_arena,
                         const ac_log *log, ac_plan **plan)
{
    return create(net, n, height, width, max_arena, NULL, log, plan);
}

ac_status ac_plan_create_training(const ac_net *net, int n, int height, int width,
                                  uint64_t max_arena, const ac_node_training *training,
                                  const ac_log *log, ac_plan **plan)
{
    return create(net, n, height, width, max_arena, training, log, plan);
}

void ac_plan_destroy(ac_plan **pointer)
{
    ac_plan *plan = *pointer;

    if (!plan)
        return;
    for (int v = 0; plan->values && v < plan->value_count; v++)
        free(plan->values[v].map);
    free(plan->values);
    free(plan->steps);
    free(plan->arena_sizes);
    free(plan->mirrors);
    free(plan);
    *pointer = NULL;
}

uint64_t ac_plan_bytes(const ac_plan *plan)
{
    return plan->activation_bytes + plan->weight_bytes + plan->io_bytes;
}
