/* The backward pass as steps of the plan. Gradients are values like others: that of a value which
 * lies inside a joined one lies inside the joined one's gradient, so that concat has no backward
 * pass of its own. The first step that makes a gradient writes it, those after it add. */
#include <stdlib.h>
#include <string.h>

#include "nn/plan.h"

typedef struct backward {
    ac_plan *plan;
    const ac_log *log;
    int forward_steps, forward_values;
    int *gradient;        /* of each value, -1: none */
    bool *needed;         /* depends on something that is learned */
    unsigned char **made; /* by root of a gradient: quads that are made already; NULL: none yet */
    bool *zeroed;         /* by root: is made of parts in no order, so it begins with zeros */
} backward;

void ac_plan_backward_room(const ac_net *net, size_t *steps, size_t *values)
{
    size_t inputs = 0, forward = *steps;

    for (int i = 0; i < net->node_count; i++)
        inputs += (size_t)net->nodes[i].input_count;
    *steps = 5 * forward + inputs + *values + 1;
    *values = 2 * *values + inputs;
}

static const ac_node_training *training_of(const backward *b, const ac_node *node)
{
    return &b->plan->training[node - b->plan->net->nodes];
}

static bool learns(const backward *b, const ac_step *step)
{
    const ac_node_training *t;

    if (!step->node)
        return false;
    t = training_of(b, step->node);
    return t->weight || t->bias;
}

static void find_needed(backward *b)
{
    const ac_plan *plan = b->plan;

    for (int s = 0; s < b->forward_steps; s++) {
        const ac_step *step = &plan->steps[s];

        b->needed[step->output] = learns(b, step);
        for (int i = 0; i < step->input_count; i++)
            b->needed[step->output] = b->needed[step->output] || b->needed[step->inputs[i]];
    }
}

static ac_status add_value(backward *b, int like, int *added)
{
    const ac_value *from = &b->plan->values[like];
    ac_value *value = &b->plan->values[b->plan->value_count];
    size_t size = (size_t)(from->shape.c > 0 ? from->shape.c : 1) * sizeof(int);

    *value = (ac_value){.shape = from->shape, .quads = from->quads};
    value->map = malloc(size);
    if (!value->map)
        return ac_fail(b->log, AC_ERR_MEMORY, "out of memory");
    memcpy(value->map, from->map, size);
    value->root = b->plan->value_count;
    *added = b->plan->value_count++;
    return AC_OK;
}

/* Gradients of all values that need one, and of the joined values they are part of. */
static ac_status add_gradients(backward *b)
{
    ac_plan *plan = b->plan;
    ac_status status = AC_OK;

    for (int v = 0; v < b->forward_values; v++)
        b->gradient[v] = -1;
    for (int v = 0; v < b->forward_values; v++) {
        int root = plan->values[v].root;

        if (plan->values[v].quads == 0 || !b->needed[v])
            continue;
        if (b->gradient[root] < 0)
            TRY(add_value(b, root, &b->gradient[root]));
        if (v == root)
            continue;
        TRY(add_value(b, v, &b->gradient[v]));
        plan->values[b->gradient[v]].root = b->gradient[root];
        plan->values[b->gradient[v]].root_quad = plan->values[v].root_quad;
    }
fail:
    return status;
}

static ac_step *add_step(backward *b, ac_pass pass, const ac_step *of)
{
    ac_step *step = &b->plan->steps[b->plan->step_count++];

    *step = *of;
    step->pass = pass;
    step->copies = 0;
    step->accumulate = false;
    step->input_count = 0;
    step->output = -1;
    return step;
}

static void add_input(ac_step *step, int value)
{
    step->inputs[step->input_count++] = value;
}

/* The step makes gradient g: the first to do so, or it adds. */
static ac_status make(backward *b, ac_step *step, int g)
{
    const ac_value *value = &b->plan->values[g];
    int root = value->root, done = 0;

    step->output = g;
    if (!b->made[root])
        b->made[root] = calloc((size_t)b->plan->values[root].quads, 1);
    if (!b->made[root])
        return ac_fail(b->log, AC_ERR_MEMORY, "out of memory");
    for (int q = value->root_quad; q < value->root_quad + value->quads; q++) {
        done += b->made[root][q];
        b->made[root][q] = 1;
    }
    step->accumulate = done > 0;
    if (done > 0 && done < value->quads)
        b->zeroed[root] = true;
    return AC_OK;
}

/* A convolution's bias before a batch norm of its own changes nothing: the mean is taken off again.
 * Its gradient is zero, which sums of rounded numbers are not. */
static bool bias_vanishes(const backward *b, int value)
{
    int users = 0;
    bool vanishes = false;

    for (int s = 0; s < b->forward_steps; s++)
        for (int i = 0; i < b->plan->steps[s].input_count; i++)
            if (b->plan->steps[s].inputs[i] == value) {
                const ac_step *user = &b->plan->steps[s];

                users++;
                vanishes = user->norm && !training_of(b, user->norm)->running;
            }
    return users == 1 && vanishes;
}

static ac_status conv_backward(backward *b, const ac_step *of, int dy)
{
    const ac_node_training *t = training_of(b, of->node);
    int in = of->inputs[0];
    ac_step *step;

    if (t->weight) {
        bool forward = of->kind == AC_OP_CONV2D;

        step = add_step(b, AC_PASS_WEIGHT, of);
        add_input(step, forward ? dy : in);
        add_input(step, forward ? in : dy);
    }
    if (t->bias && (of->activation != AC_ACTIVATION_NONE || !bias_vanishes(b, of->output)))
        add_input(add_step(b, AC_PASS_BIAS, of), dy);
    if (b->gradient[in] < 0)
        return AC_OK;
    step = add_step(b, AC_PASS_INPUT, of);
    step->node = &b->plan->mirrors[of->node - b->plan->net->nodes];
    step->kind = step->node->kind;
    step->activation = AC_ACTIVATION_NONE;
    add_input(step, dy);
    return make(b, step, b->gradient[in]);
}

static ac_status norm_backward(backward *b, const ac_step *of, int dy)
{
    int in = of->inputs[0];
    ac_step *step = add_step(b, AC_PASS_NORM, of);

    add_input(step, dy);
    add_input(step, of->output);
    add_input(step, in);
    return b->gradient[in] < 0 ? AC_OK : make(b, step, b->gradient[in]);
}

/* A part of gradient dy as a value: that of the input at `quad` of a joined value. */
static ac_status add_slice(backward *b, int dy, int input, int quad, int *slice)
{
    ac_status status = add_value(b, input, slice);

    if (status == AC_OK) {
        b->plan->values[*slice].root = b->plan->values[dy].root;
        b->plan->values[*slice].root_quad = b->plan->values[dy].root_quad + quad;
    }
    return status;
}

static ac_status concat_backward(backward *b, const ac_step *of, int dy)
{
    ac_status status = AC_OK;
    int quad = 0;

    for (int i = 0; i < of->input_count; i++) {
        int in = of->inputs[i], slice;

        if ((of->copies >> i & 1) && b->gradient[in] >= 0) {
            ac_step *step = add_step(b, AC_PASS_INPUT, of);

            step->kind = AC_OP_ADD;
            TRY(add_slice(b, dy, in, quad, &slice));
            add_input(step, slice);
            TRY(make(b, step, b->gradient[in]));
        }
        quad += b->plan->values[in].quads;
    }
fail:
    return status;
}

static ac_status inputs_backward(backward *b, const ac_step *of, int dy)
{
    ac_status status = AC_OK;

    for (int i = 0; i < of->input_count; i++) {
        ac_step *step;

        if (b->gradient[of->inputs[i]] < 0)
            continue;
        step = add_step(b, AC_PASS_INPUT, of);
        step->activation = AC_ACTIVATION_NONE;
        add_input(step, dy);
        if (of->kind == AC_OP_MAXPOOL2D)
            add_input(step, of->inputs[i]);
        TRY(make(b, step, b->gradient[of->inputs[i]]));
    }
fail:
    return status;
}

static ac_status step_backward(backward *b, const ac_step *of)
{
    int dy = b->gradient[of->output];

    if (of->kind == AC_OP_CONCAT)
        return dy < 0 ? AC_OK : concat_backward(b, of, dy);
    if (!b->needed[of->output])
        return AC_OK;
    if (of->norm)
        return norm_backward(b, of, dy);
    if (of->activation != AC_ACTIVATION_NONE) {
        ac_step *step = add_step(b, AC_PASS_ACTIVATION, of);

        add_input(step, dy);
        add_input(step, of->output);
        step->output = dy;
    }
    if (ac_op_is_convolution(of->kind))
        return conv_backward(b, of, dy);
    return inputs_backward(b, of, dy);
}

/* Zeros first where parts come in no order; then every part is added. */
static void zero_first(backward *b)
{
    ac_plan *plan = b->plan;
    int zeros = 0, at = b->forward_steps;

    for (int v = 0; v < plan->value_count; v++)
        zeros += b->zeroed[v];
    if (zeros == 0)
        return;
    for (int s = at; s < plan->step_count; s++) {
        ac_step *step = &plan->steps[s];

        if (step->pass != AC_PASS_ACTIVATION && step->output >= 0 &&
            b->zeroed[plan->values[step->output].root])
            step->accumulate = true;
    }
    memmove(&plan->steps[at + zeros], &plan->steps[at],
            (size_t)(plan->step_count - at) * sizeof(*plan->steps));
    for (int v = 0; v < plan->value_count; v++)
        if (b->zeroed[v])
            plan->steps[at++] = (ac_step){.pass = AC_PASS_ZERO, .output = v};
    plan->step_count += zeros;
}

static ac_status check(const backward *b)
{
    const ac_plan *plan = b->plan;

    if (!b->needed[plan->output])
        return ac_fail(b->log, AC_ERR_ARGUMENT,
                       "%s: every tensor that the result depends on is frozen: there is nothing to "
                       "train",
                       plan->net->where);
    for (int s = 0; s < b->forward_steps; s++) {
        const ac_step *step = &plan->steps[s];
        ac_shape shape = plan->values[step->output].shape;

        if (step->activation == AC_ACTIVATION_LEAKY_RELU && step->slope < 0)
            return ac_fail(b->log, AC_ERR_UNSUPPORTED,
                           "%s: a leaky_relu with a negative slope cannot be trained",
                           plan->net->where);
        if (step->norm && !training_of(b, step->norm)->running &&
            (int64_t)shape.n * shape.h * shape.w == 1)
            return ac_fail(b->log, AC_ERR_ARGUMENT,
                           "%s:%d: batch norm '%s' has one value a channel, which cannot be "
                           "normalised: use more pictures a batch or a larger size",
                           plan->net->where, step->norm->line, step->norm->name);
    }
    return AC_OK;
}

static ac_status make_mirrors(ac_plan *plan, const ac_log *log)
{
    const ac_net *net = plan->net;

    plan->mirrors = calloc((size_t)net->node_count + 1, sizeof(*plan->mirrors));
    if (!plan->mirrors)
        return ac_fail(log, AC_ERR_MEMORY, "out of memory");
    for (int i = 0; i < net->node_count; i++) {
        ac_node *mirror = &plan->mirrors[i];

        *mirror = net->nodes[i];
        mirror->kind = mirror->kind == AC_OP_CONV2D ? AC_OP_CONV_TRANSPOSE2D : AC_OP_CONV2D;
        mirror->params.channels = net->channels[mirror->inputs[0]];
        mirror->params.bias = false;
    }
    return AC_OK;
}

static ac_status add_steps(backward *b)
{
    ac_plan *plan = b->plan;
    ac_status status = AC_OK;
    ac_step *loss;

    TRY(make_mirrors(plan, b->log));
    find_needed(b);
    TRY(check(b));
    TRY(add_gradients(b));
    loss = add_step(b, AC_PASS_LOSS, &(ac_step){.output = -1});
    add_input(loss, plan->output);
    plan->output_gradient = b->gradient[plan->output];
    TRY(make(b, loss, plan->output_gradient));
    for (int s = b->forward_steps - 1; s >= 0; s--)
        TRY(step_backward(b, &plan->steps[s]));
    zero_first(b);
    plan->loss_step = b->forward_steps;
    while (plan->steps[plan->loss_step].pass != AC_PASS_LOSS)
        plan->loss_step++;
fail:
    return status;
}

ac_status ac_plan_add_backward(ac_plan *plan, const ac_log *log)
{
    size_t room = (size_t)plan->net->node_count + 1;
    backward b = {.plan = plan,
                  .log = log,
                  .forward_steps = plan->step_count,
                  .forward_values = plan->value_count};
    ac_status status = AC_OK;

    for (int i = 0; i < plan->net->node_count; i++)
        room += (size_t)plan->net->nodes[i].input_count;
    room += (size_t)plan->value_count;
    room *= 2;
    b.gradient = calloc(room, sizeof(*b.gradient));
    b.needed = calloc(room, sizeof(*b.needed));
    b.made = calloc(room, sizeof(*b.made));
    b.zeroed = calloc(room, sizeof(*b.zeroed));
    if (b.gradient && b.needed && b.made && b.zeroed)
        status = add_steps(&b);
    else
        status = ac_fail(log, AC_ERR_MEMORY, "out of memory");
    for (size_t v = 0; b.made && v < room; v++)
        free(b.made[v]);
    free(b.made);
    free(b.gradient);
    free(b.needed);
    free(b.zeroed);
    return status;
}
