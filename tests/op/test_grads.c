/* The engine's gradients against src/ref: every case of cases.txt on the device that is chosen
 * among the driver's in VK_DRIVER_FILES, with batch norms that normalise with the batch and, once
 * more, with their running statistics. Environment and arguments as test_ops.c. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grad_case.h"
#include "ref_net.h"
#include "run_net.h"
#include "train/session.h"

#define TOLERANCE 3e-4
/* Errors are measured by the largest gradient of the tensor, and at least by this part of the
 * largest of all: where the true gradient is zero (a weight that scales all that a batch norm sees)
 * there is nothing else to measure by. */
#define SMALL 1e-2

typedef struct engine {
    float *output, *gradients, *after;
    bool guards_hold;
} engine;

static double largest(const double *values, int64_t count)
{
    double most = 0;
    for (int64_t i = 0; i < count; i++)
        most = fmax(most, fabs(values[i]));
    return most;
}

static double error_of(const float *values, const double *expected, int64_t count, double scale)
{
    double worst = 0;
    for (int64_t i = 0; i < count; i++) {
        double error = fabs((double)values[i] - expected[i]) / scale;
        if (!(error <= worst))
            worst = error; /* NaN too, which nothing takes away again */
    }
    return worst;
}

static ac_status run_engine(const ac_train_params *params, const grad_case *c, const ac_log *log,
                            engine *to)
{
    ac_train_session *session = NULL;
    ac_status status = AC_OK;
    TRY(ac_train_session_create(params, log, &session));
    size_t count = (size_t)ac_train_session_count(session) + 1;
    to->output = malloc((size_t)ac_shape_count(c->out) * sizeof(float));
    to->gradients = malloc(count * sizeof(float));
    to->after = malloc(count * sizeof(float));
    TRY(to->output && to->gradients && to->after ? AC_OK : AC_ERR_MEMORY);
    TRY(ac_train_session_differentiate(session, c->lightness, c->gradient, to->output,
                                       &to->guards_hold));
    TRY(ac_train_session_read(session, AC_TRAIN_GRADIENT, to->gradients));
    TRY(ac_train_session_read(session, AC_TRAIN_WEIGHTS, to->after));
fail:
    ac_train_session_destroy(&session);
    return status;
}

/* Result, gradients and running statistics. */
static double compare(const char *name, const ac_model *model, const ref_net *net,
                      const grad_case *c, const engine *e)
{
    const double *result = net->values[model->net->node_count];
    int64_t pixels = ac_shape_count(c->out);
    double worst = error_of(e->output, result, pixels, fmax(largest(result, pixels), 1e-30));
    double most = largest(net->gradients, net->offsets[model->tensor_count]);
    for (int i = 0; i < model->tensor_count; i++) {
        int64_t at = net->offsets[i], count = net->offsets[i + 1] - at;
        double scale = fmax(fmax(largest(net->gradients + at, count), SMALL * most), 1e-30);
        double error = error_of(e->gradients + at, net->gradients + at, count, scale);
        double moved = error_of(e->after + at, net->after + at, count,
                                fmax(largest(net->after + at, count), 1e-30));
        if (!(error < TOLERANCE) || !(moved < TOLERANCE))
            fprintf(stderr, "%s: %s: gradient off by %.3g, value by %.3g\n", name,
                    model->tensors[i].name, error, moved);
        if (!(error <= worst))
            worst = error;
        if (!(moved <= worst))
            worst = moved;
    }
    return e->guards_hold ? worst : HUGE_VAL;
}

static double check_mode(ac_device *device, const test_case *c, const ac_model *model,
                         const grad_case *g, bool frozen, const ac_log *log)
{
    double error = HUGE_VAL;
    engine e = {0};
    ref_net *net = NULL;
    float *scales = calloc((size_t)model->tensor_count + 1, sizeof(*scales));
    if (!scales)
        return error;
    for (int i = 0; i < model->tensor_count; i++)
        scales[i] = !(frozen && strstr(model->tensors[i].name, ".running_"));
    const ac_train_params params = {.device = device,
                                    .model = model,
                                    .n = g->in.n,
                                    .height = g->in.h,
                                    .width = g->in.w,
                                    .accumulate = 1,
                                    .lr_scale = scales,
                                    .guarded = true};
    const ref_net_params ref = {.model = model,
                                .n = g->in.n,
                                .h = g->in.h,
                                .w = g->in.w,
                                .lightness = g->lightness,
                                .training = true,
                                .lr_scale = scales};
    if (ref_net_gradients(&ref, g->gradient, log, &net) == AC_OK &&
        run_engine(&params, g, log, &e) == AC_OK)
        error = compare(c->name, model, net, g, &e);
    ref_net_destroy(&net);
    free(e.output);
    free(e.gradients);
    free(e.after);
    free(scales);
    return error;
}

static double check(void *opaque, const test_case *c, const ac_model *model, const float *lightness,
                    const ac_log *log)
{
    ac_device *device = opaque;
    grad_case g;
    double error = HUGE_VAL;
    int messages = ac_device_validation_messages(device);
    (void)lightness;
    if (model->tensor_count == 0)
        return 0; /* nothing to learn */
    if (grad_case_make(c, model, log, &g) == AC_OK) {
        error = check_mode(device, c, model, &g, false, log);
        if (error < TOLERANCE && g.normalises)
            error = check_mode(device, c, model, &g, true, log);
    }
    if (ac_device_validation_messages(device) > messages) {
        fprintf(stderr, "%s: messages of the validation layer\n", c->name);
        error = HUGE_VAL;
    }
    grad_case_free(&g);
    return error;
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
    int result = cases_run(AC_SOURCE_DIR "/tests/op/cases.txt", argc - 1, argv + 1, TOLERANCE,
                           check, device, &log);
    uint64_t left = ac_device_memory_used(device, NULL);
    if (left != 0) {
        fprintf(stderr, "failed: %llu bytes of device memory are not given back\n",
                (unsigned long long)left);
        result = EXIT_FAILURE;
    }
    ac_device_close(&device);
    return result;
}
