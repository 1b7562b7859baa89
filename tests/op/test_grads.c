/* The engine's forward and backward pass of training against src/ref: every case of cases.txt on
 * the device that is chosen among the driver's in VK_DRIVER_FILES; result, gradients of all tensors
 * and running statistics. AUTOCHROME_CONV and AUTOCHROME_VALIDATION as for test_ops.c. Arguments:
 * patterns of cases' names, which are run with all tensors learning.
 *
 * Without arguments each case is run so, with frozen running statistics (batch norms then normalise
 * with these), and twice with half of the layers frozen as a whole, which leaves steps out and
 * changes no kernel of a convolution; and what no case can say is looked at. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fill.h"
#include "golden.h"
#include "grad_case.h"
#include "ref_net.h"
#include "run_net.h"
#include "train/session.h"

#define TOLERANCE 1e-4
/* Errors are parts of the largest gradient of a tensor. Where that is below VANISHING of the
 * network's largest it is zero but for rounding, or for eps: of a bias before a batch norm, of a
 * weight that scales all that a batch norm sees. What is there then is what sums as large as other
 * gradients left (as much of it in PyTorch's float32), so it is measured by LEFT of these. */
#define VANISHING 1e-3
#define LEFT      0.1

typedef enum learning { ALL, WEIGHTS, ODD_LAYERS, EVEN_LAYERS, LEARNING_COUNT } learning;
static const char *const learning_names[] = {"all", "running statistics frozen",
                                             "even layers frozen", "odd layers frozen"};

/* What the engine made of one pass. */
typedef struct engine_pass {
    int64_t count;
    float *output, *gradients, *tensors;
    bool guards_hold;
} engine_pass;

static bool is_running(const ac_tensor *tensor)
{
    return strstr(tensor->name, ".running_") != NULL;
}

/* Scales of a node's tensors; false when it has none. */
static bool scale_node(const ac_model *model, const ac_node *node, learning which, int layer,
                       float *scale)
{
    ac_param_info infos[5];
    int count = ac_node_params(node, model->net->channels[node->inputs[0]], infos);
    for (int k = 0; k < count; k++) {
        const ac_tensor *tensor = ac_model_find(model, node->name, infos[k].suffix);
        bool learns = layer % 2 == (which == ODD_LAYERS ? 1 : 0);
        if (which == WEIGHTS) /* one of the two is enough */
            learns = strcmp(infos[k].suffix, layer % 2 ? "running_mean" : "running_var") != 0;
        scale[tensor - model->tensors] = learns ? 1 : 0;
    }
    return count > 0;
}

/* For ac_train_params.lr_scale. */
static float *scales_of(const ac_model *model, learning which)
{
    float *scale = calloc((size_t)model->tensor_count + 1, sizeof(*scale));
    int layer = 0;
    for (int i = 0; scale && i < model->net->node_count; i++)
        if (scale_node(model, &model->net->nodes[i], which, layer, scale))
            layer++;
    return scale;
}

static ac_status read_pass(ac_train_session *session, const grad_case *g, engine_pass *pass)
{
    ac_status status = AC_OK;
    size_t outputs = (size_t)ac_shape_count(g->out);
    size_t count = (size_t)ac_train_session_count(session);
    pass->count = (int64_t)count;
    pass->output = malloc(outputs * sizeof(float));
    pass->gradients = malloc((count + 1) * sizeof(float));
    pass->tensors = malloc((count + 1) * sizeof(float));
    TRY(pass->output && pass->gradients && pass->tensors ? AC_OK : AC_ERR_MEMORY);
    memset(pass->output, 0xff, outputs * sizeof(float)); /* NaN: what is not written is seen */
    memset(pass->gradients, 0xff, count * sizeof(float));
    TRY(ac_train_session_differentiate(session, g->lightness, g->gradient, pass->output,
                                       &pass->guards_hold));
    if (count > 0) {
        TRY(ac_train_session_read(session, AC_TRAIN_GRADIENT, pass->gradients));
        TRY(ac_train_session_read(session, AC_TRAIN_WEIGHTS, pass->tensors));
    }
fail:
    return status;
}

static void free_pass(engine_pass *pass)
{
    free(pass->output);
    free(pass->gradients);
    free(pass->tensors);
}

static ac_status create_session(ac_device *device, const ref_net_params *p, const ac_log *log,
                                ac_train_session **session)
{
    ac_train_params params = {.device = device,
                              .model = p->model,
                              .n = p->n,
                              .height = p->h,
                              .width = p->w,
                              .accumulate = 1,
                              .lr_scale = p->lr_scale,
                              .beta1 = 0.9,
                              .beta2 = 0.999,
                              .eps = 1e-8,
                              .guarded = true};
    return ac_train_session_create(&params, log, session);
}

/* Two passes of one session, the second for its bits. */
static ac_status run_engine(ac_device *device, const ref_net_params *p, const grad_case *g,
                            const ac_log *log, engine_pass passes[2])
{
    ac_status status = AC_OK;
    ac_train_session *session = NULL;
    TRY(create_session(device, p, log, &session));
    TRY(read_pass(session, g, &passes[0]));
    TRY(read_pass(session, g, &passes[1]));
fail:
    ac_train_session_destroy(&session);
    return status;
}

/* The largest of count values, 0 of none; HUGE_VAL where one is no number. */
static double largest(const double *values, int64_t count)
{
    double most = 0;
    for (int64_t i = 0; i < count; i++)
        most = isfinite(values[i]) ? fmax(most, fabs(values[i])) : HUGE_VAL;
    return most;
}

static double largest_difference(const double *expected, const float *values, int64_t count)
{
    double most = 0;
    for (int64_t i = 0; i < count; i++) {
        double difference = fabs((double)values[i] - expected[i]);
        most = isnan(difference) ? HUGE_VAL : fmax(most, difference);
    }
    return most;
}

static double complain(const char *name, const char *what, double error)
{
    fprintf(stderr, "  %s: %s: error %.3g\n", name, what, error);
    return error;
}

/* Error of tensor i's gradient. Running statistics and what is frozen have none. */
static double gradient_error(const ref_net *net, int i, const engine_pass *pass)
{
    const ac_tensor *tensor = &net->params.model->tensors[i];
    int64_t first = net->offsets[i];
    int64_t count = net->offsets[i + 1] - first;
    double all = largest(net->gradients, net->offsets[net->params.model->tensor_count]);
    double scale = largest(net->gradients + first, count);
    if (is_running(tensor) || (net->params.lr_scale && net->params.lr_scale[i] == 0)) {
        for (int64_t k = first; k < first + count; k++)
            if (pass->gradients[k] != 0)
                return complain(tensor->name, "is frozen, but has a gradient", HUGE_VAL);
        return 0;
    }
    if (scale < VANISHING * all)
        scale = LEFT * all;
    double error = largest_difference(net->gradients + first, pass->gradients + first, count);
    if (scale > 0)
        error /= scale;
    return error < TOLERANCE ? error : complain(tensor->name, "gradient", error);
}

/* Error of tensor i after the pass, which changes running statistics alone. */
static double state_error(const ref_net *net, int i, const engine_pass *pass)
{
    const ac_tensor *tensor = &net->params.model->tensors[i];
    int64_t first = net->offsets[i];
    int64_t count = net->offsets[i + 1] - first;
    if (!memcmp(net->after + first, net->tensors + first, (size_t)count * sizeof(double)))
        return memcmp(pass->tensors + first, tensor->data, (size_t)count * sizeof(float)) != 0
                   ? complain(tensor->name, "was changed", HUGE_VAL)
                   : 0;
    double error = largest_difference(net->after + first, pass->tensors + first, count) /
                   largest(net->after + first, count);
    return error < TOLERANCE ? error : complain(tensor->name, "state", error);
}

static double compare(const ref_net *net, const grad_case *g, const engine_pass passes[2])
{
    const engine_pass *pass = &passes[0];
    const double *expected = net->values[net->params.model->net->node_count];
    int64_t outputs = ac_shape_count(g->out);
    double most = largest(expected, outputs);
    double error = largest_difference(expected, pass->output, outputs) / (most > 0 ? most : 1);
    if (!(error < TOLERANCE))
        complain("the result", "values", error);
    for (int i = 0; i < net->params.model->tensor_count; i++) {
        error = fmax(error, gradient_error(net, i, pass));
        error = fmax(error, state_error(net, i, pass));
    }
    if (memcmp(pass->output, passes[1].output, (size_t)outputs * sizeof(float)) != 0 ||
        memcmp(pass->gradients, passes[1].gradients, (size_t)pass->count * sizeof(float)) != 0)
        error = complain("the second pass", "makes other values", HUGE_VAL);
    if (!pass->guards_hold || !passes[1].guards_hold)
        error = complain("the device", "a kernel wrote behind its tensor", HUGE_VAL);
    return error;
}

/* Whether anything is there to learn: a tensor that is not frozen and has a gradient. */
static bool learns(const ref_net *net)
{
    const ac_model *model = net->params.model;
    const float *scale = net->params.lr_scale;
    for (int i = 0; i < model->tensor_count; i++)
        if ((!scale || scale[i] > 0) &&
            largest(net->gradients + net->offsets[i], net->offsets[i + 1] - net->offsets[i]) > 0)
            return true;
    return false;
}

/* True when no session is made, for a reason that the arguments give. */
static bool refused(ac_device *device, const ref_net_params *p)
{
    ac_train_session *session = NULL;
    bool ok = create_session(device, p, NULL, &session) == AC_ERR_ARGUMENT && !session;
    ac_train_session_destroy(&session);
    return ok;
}

static double learning_error(ac_device *device, const ac_model *model, const grad_case *g,
                             learning which, const ac_log *log)
{
    double error = HUGE_VAL;
    ref_net *net = NULL;
    engine_pass passes[2] = {{0}, {0}};
    float *scale = which == ALL ? NULL : scales_of(model, which);
    ref_net_params params = {.model = model,
                             .n = g->in.n,
                             .h = g->in.h,
                             .w = g->in.w,
                             .lightness = g->lightness,
                             .training = true,
                             .lr_scale = scale};
    if ((which == ALL || scale) && ref_net_gradients(&params, g->gradient, log, &net) == AC_OK) {
        if (!learns(net))
            error = refused(device, &params) ? 0 : HUGE_VAL;
        else if (run_engine(device, &params, g, log, passes) == AC_OK)
            error = compare(net, g, passes);
    }
    ref_net_destroy(&net);
    free_pass(&passes[0]);
    free_pass(&passes[1]);
    free(scale);
    if (!(error < TOLERANCE))
        fprintf(stderr, "  ... of %s\n", learning_names[which]);
    return error;
}

static double case_error(ac_device *device, int learnings, const ac_model *model,
                         const grad_case *g, const ac_log *log)
{
    double error = 0;
    int messages = ac_device_validation_messages(device);
    for (int which = ALL; which < learnings; which++)
        if (which != WEIGHTS || g->normalises)
            error = fmax(error, learning_error(device, model, g, which, log));
    if (ac_device_validation_messages(device) > messages)
        error = complain("the device", "messages of the validation layer", HUGE_VAL);
    return error;
}

typedef struct checker {
    ac_device *device;
    int learnings; /* the first so many */
} checker;

static double check(void *opaque, const test_case *c, const ac_model *model, const float *lightness,
                    const ac_log *log)
{
    (void)lightness;
    const checker *k = opaque;
    grad_case g;
    double error = HUGE_VAL;
    if (grad_case_make(c, model, log, &g) == AC_OK)
        error = case_error(k->device, k->learnings, model, &g, log);
    grad_case_free(&g);
    return error;
}

/* Networks whose second value is made of whole numbers, exactly, by every kernel: many are where a
 * function has a kink, or equal to their neighbours. */
static const char *const kinks[] = {
    "relu",
    "relu6",
    "leaky_relu(slope=0.25)",
    "maxpool2d(kernel=2, stride=1)",
    "maxpool2d(kernel=3, stride=1, padding=1)",
};

static bool kink_holds(ac_device *device, const char *function, const ac_log *log)
{
    char text[256];
    int size = snprintf(text, sizeof(text),
                        "input L offset=-2\nx = conv2d(L, 2, kernel=1) %s\n"
                        "y = conv2d(x, 3, kernel=3)\noutput result\n",
                        function);
    test_case c = {.name = "kinks", .n = 2, .h = 11, .w = 13};
    ac_model *model = fill_model(text, (size_t)size, c.name, log);
    const ac_tensor *weight = model ? ac_model_find(model, "x", "weight") : NULL;
    const ac_tensor *bias = model ? ac_model_find(model, "x", "bias") : NULL;
    grad_case g = {0};
    double error = HUGE_VAL;
    if (weight && bias && grad_case_make(&c, model, log, &g) == AC_OK) {
        weight->data[0] = weight->data[1] = 1;
        bias->data[0] = bias->data[1] = 0;
        for (int64_t i = 0; i < ac_shape_count(g.in); i++)
            g.lightness[i] = floorf(g.lightness[i] / 11); /* 0..9 */
        error = case_error(device, LEARNING_COUNT, model, &g, log);
    }
    grad_case_free(&g);
    ac_model_destroy(&model);
    if (!(error < TOLERANCE))
        fprintf(stderr, "failed: %s at its kinks: error %.3g\n", function, error);
    return error < TOLERANCE;
}

static bool refuses(ac_device *device, const char *text, int n, int h, int w)
{
    ac_model *model = fill_model(text, strlen(text), "refused", NULL);
    ref_net_params params = {.model = model, .n = n, .h = h, .w = w};
    bool ok = model && refused(device, &params);
    ac_model_destroy(&model);
    if (!ok)
        fprintf(stderr, "failed: %dx%dx%d is not refused of\n%s", n, h, w, text);
    return ok;
}

/* Steps of training leave all tensors of layers that nobody uses, and nothing else, as they are;
 * with a batch norm that has one value a channel, and all that moves tensors without a gradient. */
static const char *const unused = "input L scale=0.02 offset=-1\n"
                                  "x = conv2d(L, 6, kernel=3, padding=1) batchnorm relu\n"
                                  "u1 = conv2d(x, 5, kernel=3, padding=1) batchnorm relu\n"
                                  "u2 = concat(u1, x)\n"
                                  "u3 = global_avgpool(u2)\n"
                                  "u4 = batchnorm(u3)\n"
                                  "y = conv2d(x, 2, kernel=3, padding=1)\n"
                                  "output ab\n";

static ac_status make_steps(ac_device *device, ac_model *model, const ac_log *log)
{
    enum { H = 9, W = 7 };
    const ac_train_params params = {.device = device,
                                    .model = model,
                                    .n = 1,
                                    .height = H,
                                    .width = W,
                                    .accumulate = 1,
                                    .loss = {.loss = &ac_loss_mse},
                                    .beta1 = 0.9,
                                    .beta2 = 0.999,
                                    .eps = 1e-8,
                                    .weight_decay = 0.1,
                                    .ema = 0.5};
    float *lightness = fill_lightness("unused", (size_t)H * W);
    float *colours = fill_gradient("unused", 2 * (size_t)H * W);
    ac_train_session *session = NULL;
    ac_train_result result;
    ac_status status = AC_OK;
    TRY(lightness && colours ? AC_OK : AC_ERR_MEMORY);
    TRY(ac_train_session_create(&params, log, &session));
    for (int step = 1; step <= 3; step++) {
        TRY(ac_train_session_feed(session, lightness, colours));
        TRY(ac_train_session_submit(session));
        TRY(ac_train_session_update(session, step, 0.01));
        TRY(ac_train_session_wait(session, &result));
    }
    TRY(ac_train_session_store(session, AC_TRAIN_AVERAGE, model));
fail:
    ac_train_session_destroy(&session);
    free(lightness);
    free(colours);
    return status;
}

static bool unused_stay(ac_device *device, const ac_log *log)
{
    ac_model *before = fill_model(unused, strlen(unused), "unused", log);
    ac_model *after = fill_model(unused, strlen(unused), "unused", log);
    bool ok = before && after && make_steps(device, after, log) == AC_OK;
    for (int i = 0; ok && i < before->tensor_count; i++) {
        const ac_tensor *a = &before->tensors[i];
        bool stays = memcmp(a->data, after->tensors[i].data,
                            (size_t)ac_tensor_count(a) * sizeof(float)) == 0;
        if (stays != (a->name[0] == 'u')) {
            fprintf(stderr, "failed: unused layers: %s %s\n", a->name, stays ? "stays" : "moves");
            ok = false;
        }
    }
    ac_model_destroy(&before);
    ac_model_destroy(&after);
    return ok;
}

static bool other_checks(ac_device *device, const ac_log *log)
{
    const char *norm = "input L\nx = conv2d(L, 3, kernel=4, stride=2, padding=1) batchnorm relu\n"
                       "y = conv_transpose2d(x, 2, kernel=4, stride=2, padding=1)\noutput ab\n";
    bool ok = true;
    for (size_t i = 0; i < sizeof(kinks) / sizeof(*kinks); i++)
        ok = kink_holds(device, kinks[i], log) && ok;
    ok = unused_stay(device, log) && ok;
    ok = refuses(device, norm, 1, 2, 2) && ok; /* one value a channel */
    ok = refuses(device, norm, 2, 3, 2) && ok; /* no multiple */
    ok = refuses(device, norm, 2, 2, 5) && ok;
    return ok;
}

int main(int argc, char **argv)
{
    ac_log log = test_log();
    ac_device *device = NULL;
    if (test_skipped())
        return TEST_SKIPPED;
    if (test_device_open(&log, &device) != AC_OK)
        return EXIT_FAILURE;
    printf("%s, %s\n", ac_device_get_info(device)->name, ac_device_get_info(device)->driver);
    checker k = {device, argc == 1 ? LEARNING_COUNT : ALL + 1};
    int result = cases_run(AC_SOURCE_DIR "/tests/op/cases.txt", argc - 1, argv + 1, TOLERANCE,
                           check, &k, &log);
    if (argc == 1 && !other_checks(device, &log))
        result = EXIT_FAILURE;
    uint64_t left = ac_device_memory_used(device, NULL);
    if (left != 0) {
        fprintf(stderr, "failed: %llu bytes of device memory are not given back\n",
                (unsigned long long)left);
        result = EXIT_FAILURE;
    }
    ac_device_close(&device);
    return result;
}
