/* The gradients of src/ref against central differences, all in double: L = sum of r * y, y the
 * result of a network and r a fixed field of numbers, the gradient by y; and against PyTorch's,
 * with what a pass of training leaves in the running statistics. Every case of cases.txt, without a
 * device. Arguments: patterns of cases' names, none for all.
 *
 * relu, maxpool and their like have kinks: where a step of a weight carries a value across one,
 * differences say nothing of the derivative. A smaller step does not, so every weight must agree at
 * one of the steps. A wrong gradient agrees at none. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden.h"
#include "grad_case.h"
#include "ref_net.h"

#define TOLERANCE 1e-7 /* golden values are rounded to float: 6e-8 at most */
/* Weights of each tensor that are looked at; one where it takes nine times as long and the same
 * code runs for each. */
#ifdef __SANITIZE_ADDRESS__
#define SAMPLES 1
#else
#define SAMPLES 20
#endif
/* Errors are measured by the largest gradient of the weight's layer, and at least by this part of
 * the largest of the network: a bias before a batch norm has the gradient zero, and so has, but for
 * eps, a weight that scales all that a batch norm sees. */
#define SMALL 1e-3

static const double steps[] = {1e-5, 1e-6, 1e-7};
#define STEPS ((int)(sizeof(steps) / sizeof(*steps)))

/* y of the net as it is. */
static double *result_of(const ref_net *net)
{
    return net->values[net->params.model->net->node_count];
}

/* (L(weight + step) - L(weight - step)) / (2 * step) of a weight of node i; results are subtracted
 * before they are summed, so that less is lost. */
static double difference(ref_net *net, int i, int64_t weight, double step, const float *r,
                         double *less)
{
    int64_t count = ac_shape_count(ref_net_output_shape(net));
    double value = net->tensors[weight];
    double sum = 0;
    net->tensors[weight] = value - step;
    (void)ref_net_forward(net, i, NULL);
    memcpy(less, result_of(net), (size_t)count * sizeof(*less));
    net->tensors[weight] = value + step;
    (void)ref_net_forward(net, i, NULL);
    for (int64_t k = 0; k < count; k++)
        sum += (double)r[k] * (result_of(net)[k] - less[k]);
    double apart = net->tensors[weight] - (value - step); /* 2 * step, less what rounding took */
    net->tensors[weight] = value;
    return sum / apart;
}

static double largest(const double *values, int64_t count)
{
    double most = 0;
    for (int64_t i = 0; i < count; i++)
        most = fmax(most, fabs(values[i]));
    return most;
}

/* Error of a weight's gradient at the step that suits it best. */
static double weight_error(ref_net *net, int i, int64_t weight, double scale, const float *r,
                           double *room)
{
    double best = HUGE_VAL;
    for (int k = 0; k < STEPS && !(best < TOLERANCE); k++) {
        double d = difference(net, i, weight, steps[k], r, room);
        best = fmin(best, fabs(net->gradients[weight] - d) / scale);
    }
    return best;
}

/* Of tensor `which`, of node i. */
static double tensor_error(ref_net *net, int i, int which, double scale, const float *r,
                           double *room)
{
    int64_t first = net->offsets[which];
    int64_t count = net->offsets[which + 1] - first;
    int64_t samples = count < SAMPLES ? count : SAMPLES;
    double worst = 0;
    for (int64_t k = 0; k < samples; k++) {
        double error = weight_error(net, i, first + k * count / samples, scale, r, room);
        worst = fmax(worst, isnan(error) ? HUGE_VAL : error);
    }
    if (!(worst < TOLERANCE))
        fprintf(stderr, "  %s: error %.3g of the largest gradient %.3g\n",
                net->params.model->tensors[which].name, worst, scale);
    return worst;
}

static double node_error(ref_net *net, int i, const float *r, double *room)
{
    const ac_model *model = net->params.model;
    const ac_node *node = &model->net->nodes[i];
    ac_param_info infos[5];
    int count = ac_node_params(node, model->net->channels[node->inputs[0]], infos);
    int tensors[5];
    double worst = 0;
    double scale = SMALL * largest(net->gradients, net->offsets[model->tensor_count]);
    for (int k = 0; k < count; k++) {
        tensors[k] = (int)(ac_model_find(model, node->name, infos[k].suffix) - model->tensors);
        int64_t first = net->offsets[tensors[k]];
        double most = largest(net->gradients + first, net->offsets[tensors[k] + 1] - first);
        if (ac_param_is_trained(&infos[k]))
            scale = fmax(scale, most);
        else if (most > 0)
            return HUGE_VAL;
    }
    for (int k = 0; k < count; k++)
        if (ac_param_is_trained(&infos[k]))
            worst = fmax(worst, tensor_error(net, i, tensors[k], scale, r, room));
    (void)ref_net_forward(net, i, NULL); /* what the steps left */
    return worst;
}

/* Running statistics alone, as the golden file has them; *count of them. */
static double *running_of(const ref_net *net, int64_t *count)
{
    const ac_model *model = net->params.model;
    double *running = calloc((size_t)net->offsets[model->tensor_count] + 1, sizeof(*running));
    *count = 0;
    for (int i = 0; running && i < model->tensor_count; i++)
        if (strstr(model->tensors[i].name, ".running_"))
            for (int64_t k = net->offsets[i]; k < net->offsets[i + 1]; k++)
                running[(*count)++] = net->after[k];
    return running;
}

static double named_error(const golden *file, const char *name, int64_t count, const double *values)
{
    golden_tensor expected;
    if (!golden_find(file, name, &expected))
        return HUGE_VAL;
    return golden_error(&expected, (ac_shape){1, 1, 1, (int)count}, values);
}

/* Of a training pass against PyTorch. */
static double golden_pass_error(const golden *file, const char *name, const ref_net *net)
{
    char running_name[128];
    int64_t count = net->offsets[net->params.model->tensor_count];
    int64_t running_count;
    double *running = running_of(net, &running_count);
    double error = running ? 0 : HUGE_VAL;
    snprintf(running_name, sizeof(running_name), "%s.running", name);
    if (count > 0)
        error = fmax(error, named_error(file, name, count, net->gradients));
    if (running_count > 0)
        error = fmax(error, named_error(file, running_name, running_count, running));
    free(running);
    if (!(error < TOLERANCE))
        fprintf(stderr, "  error %.3g beside PyTorch\n", error);
    return error;
}

/* With the golden file where there is one. */
static double pass_error(const ac_model *model, const char *name, const grad_case *g, bool training,
                         const golden *file, const ac_log *log)
{
    ref_net *net = NULL;
    ref_net_params params = {.model = model,
                             .n = g->in.n,
                             .h = g->in.h,
                             .w = g->in.w,
                             .lightness = g->lightness,
                             .training = training};
    double *room = calloc((size_t)ac_shape_count(g->out), sizeof(*room));
    double worst = HUGE_VAL;
    if (room && ref_net_gradients(&params, g->gradient, log, &net) == AC_OK) {
        worst = file ? golden_pass_error(file, name, net) : 0;
        for (int i = 0; i < model->net->node_count; i++)
            worst = fmax(worst, node_error(net, i, g->gradient, room));
    }
    ref_net_destroy(&net);
    free(room);
    return worst;
}

static double check(void *opaque, const test_case *c, const ac_model *model, const float *lightness,
                    const ac_log *log)
{
    (void)lightness;
    grad_case g;
    double error = HUGE_VAL;
    if (grad_case_make(c, model, log, &g) == AC_OK) {
        error = pass_error(model, c->name, &g, true, opaque, log);
        if (g.normalises)
            error = fmax(error, pass_error(model, c->name, &g, false, NULL, log));
    }
    grad_case_free(&g);
    return error;
}

int main(int argc, char **argv)
{
    ac_log log = test_log();
    golden *file = golden_open(AC_SOURCE_DIR "/tests/golden/grads.safetensors");
    int result = EXIT_FAILURE;
    if (file)
        result = cases_run(AC_SOURCE_DIR "/tests/op/cases.txt", argc - 1, argv + 1, TOLERANCE,
                           check, file, &log);
    golden_close(&file);
    return result;
}
