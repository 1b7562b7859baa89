/* autochrome run: a bare network on a NumPy array. */
#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include "cli/command.h"
#include "cli/npy.h"
#include "nn/locate.h"
#include "nn/session.h"
#include "util/math.h"

#define MAX_LIGHTNESS 100.0F

typedef struct options {
    ac_common_options common;
    const char *input, *output, *device;
    bool validation;
} options;

static const ac_option table[] = {
    {"input", 'i', AC_OPTION_TEXT, "FILE", offsetof(options, input), 0, 0,
     "NumPy array (.npy) of lightness, CIELAB L* from 0 to 100: HxW, or Nx1xHxW for several "
     "pictures; float32, float64 or float16. Any size will do."},
    {"output", 'o', AC_OPTION_TEXT, "FILE", offsetof(options, output), 0, 0,
     "NumPy array to write, float32: a* and b* as CxHxW, or NxCxHxW for several pictures. A file "
     "that is there is replaced."},
    {"device", 0, AC_OPTION_TEXT, "N|NAME", offsetof(options, device), 0, 0,
     "Vulkan device, by its number or a part of its name in 'autochrome devices'."},
    {"validation", 0, AC_OPTION_FLAG, NULL, offsetof(options, validation), 0, 0,
     "Load the Vulkan validation layer; whatever it says is an error."},
    {NULL},
};

typedef struct job {
    ac_npy input;
    bool batch; /* four dimensions in, four out */
    int n, height, width;
    ac_model *model;
    ac_device *device;
    ac_session *session;
    ac_shape out;
    float *lightness, *result; /* of one picture */
    ac_file_writer *writer;
    bool odd_lightness; /* a warning was given */
} job;

static ac_status check_shape(job *j, const ac_log *log)
{
    const ac_npy *npy = &j->input;
    char shape[192];

    ac_npy_show_shape(npy, shape, sizeof(shape));
    j->batch = npy->rank == 4;
    if (npy->rank != 2 && !(j->batch && npy->dims[1] == 1))
        return ac_fail(log, AC_ERR_FORMAT, "%s: has the shape %s; HxW or Nx1xHxW is needed",
                       npy->path, shape);
    for (int i = 0; i < npy->rank; i++)
        if (npy->dims[i] < 1 || npy->dims[i] > INT_MAX)
            return ac_fail(log, AC_ERR_FORMAT, "%s: has the shape %s, which is %s", npy->path,
                           shape, npy->dims[i] < 1 ? "no picture" : "too large");
    j->n = j->batch ? (int)npy->dims[0] : 1;
    j->height = (int)npy->dims[npy->rank - 2];
    j->width = (int)npy->dims[npy->rank - 1];
    if (npy->fortran_order && j->n > 1)
        return ac_fail(log, AC_ERR_UNSUPPORTED,
                       "%s: several pictures in Fortran order; save np.ascontiguousarray(array)",
                       npy->path);
    return AC_OK;
}

/* One picture at a time: memory does not grow with their number. */
static ac_status prepare(job *j, const ac_context *context)
{
    const ac_log *log = context->log;
    ac_status status = AC_OK;

    ac_progress_stage(context->progress, AC_KERNELS_STAGE);
    TRY(ac_session_create(
        &(ac_session_params){
            .device = j->device, .model = j->model, .n = 1, .height = j->height, .width = j->width},
        log, &j->session));
    j->out = ac_session_output_shape(j->session);
    j->lightness = malloc((size_t)j->height * (size_t)j->width * sizeof(float));
    j->result = malloc((size_t)ac_shape_count(j->out) * sizeof(float));
    if (!j->lightness || !j->result)
        status = ac_fail(log, AC_ERR_MEMORY, "out of memory");
fail:
    /* The array was read, it is only too small or too large for this network. */
    return status == AC_ERR_ARGUMENT ? AC_ERR_UNSUPPORTED : status;
}

/* Fortran's order: columns follow each other. */
static ac_status read_columns(job *j, const ac_log *log)
{
    size_t h = (size_t)j->height, w = (size_t)j->width;
    float *columns = malloc(h * w * sizeof(*columns));
    ac_status status = AC_OK;

    if (!columns)
        return ac_fail(log, AC_ERR_MEMORY, "out of memory");
    TRY(ac_npy_read(&j->input, 0, (int64_t)(h * w), columns, log));
    for (size_t y = 0; y < h; y++)
        for (size_t x = 0; x < w; x++)
            j->lightness[y * w + x] = columns[x * h + y];
fail:
    free(columns);
    return status;
}

static ac_status read_picture(job *j, int number, const ac_log *log)
{
    int64_t count = (int64_t)j->height * j->width;
    float low = 0, high = 0;
    ac_status status = AC_OK;

    if (j->input.fortran_order)
        TRY(read_columns(j, log));
    else
        TRY(ac_npy_read(&j->input, number * count, count, j->lightness, log));
    for (int64_t i = 0; i < count; i++) {
        low = fminf(low, j->lightness[i]);
        high = fmaxf(high, j->lightness[i]);
    }
    /* L* of white may be a little above 100 by rounding. */
    if (!j->odd_lightness && (low < -0.1F || high > MAX_LIGHTNESS + 0.1F)) {
        ac_log_print(log, AC_LOG_WARNING,
                     "%s: values from %g to %g; the network expects lightness from 0 to 100",
                     j->input.path, (double)low, (double)high);
        j->odd_lightness = true;
    }
fail:
    return status;
}

static ac_status check_result(const job *j, int number, const ac_log *log)
{
    int64_t bad = ac_values_find_bad(j->result, ac_shape_count(j->out), false);

    if (bad < 0)
        return AC_OK;
    return ac_fail(log, AC_ERR_DEVICE,
                   "%s: the network's result for picture %d is not finite at value %lld; nothing "
                   "was written",
                   j->input.path, number, (long long)bad);
}

static ac_status run_pictures(job *j, const ac_context *context, const char *output)
{
    const ac_log *log = context->log;
    const int64_t dims[4] = {j->n, j->out.c, j->out.h, j->out.w};
    ac_status status = AC_OK;

    TRY(ac_file_writer_create(output, log, &j->writer));
    TRY(ac_npy_write_header(j->writer, j->batch ? 4 : 3, j->batch ? dims : dims + 1));
    ac_progress_begin(context->progress, j->n);
    ac_progress_stage(context->progress, AC_KERNELS_STAGE);
    for (int i = 0; i < j->n; i++) {
        if (atomic_load(context->cancel)) {
            status = ac_fail(log, AC_ERR_CANCELLED, "interrupted: %s was not written", output);
            goto fail;
        }
        TRY(read_picture(j, i, log));
        TRY(ac_session_run(j->session, j->lightness, j->result));
        TRY(check_result(j, i, log));
        TRY(ac_file_writer_write(j->writer, j->result,
                                 (size_t)ac_shape_count(j->out) * sizeof(float)));
        ac_progress_update(context->progress, i + 1);
    }
    if (ac_device_validation_messages(j->device)) {
        status = ac_fail(log, AC_ERR_DEVICE,
                         "the validation layer has complained: %s was not written", output);
        goto fail;
    }
    TRY(ac_file_writer_commit(&j->writer));
fail:
    ac_progress_end(context->progress);
    return status;
}

static ac_status run(const ac_context *context, const void *opaque)
{
    const options *o = opaque;
    const ac_log *log = context->log;
    job j = {.input.fd = -1};
    char *model = NULL;
    ac_status status = AC_OK;

    if (!o->input)
        return ac_context_wrong_use(context, "no input given (--input FILE)");
    if (!o->output)
        return ac_context_wrong_use(context, "no output given (-o FILE)");
    TRY(ac_model_locate(o->common.operand, log, &model));
    TRY(ac_output_check(o->output, o->input, "the input", log));
    TRY(ac_output_check(o->output, model, "the model", log));
    TRY(ac_npy_open(o->input, log, &j.input));
    TRY(check_shape(&j, log));
    TRY(ac_model_load(model, log, &j.model));
    TRY(ac_device_open(
        &(ac_device_params){.select = o->device, .validation = ac_validation_wanted(o->validation)},
        log, &j.device));
    TRY(prepare(&j, context));
    TRY(run_pictures(&j, context, o->output));
fail:
    ac_file_writer_destroy(&j.writer);
    free(j.lightness);
    free(j.result);
    ac_session_destroy(&j.session);
    ac_device_close(&j.device);
    ac_model_destroy(&j.model);
    ac_npy_close(&j.input);
    free(model);
    return status;
}

const ac_command ac_command_run = {
    .name = "run",
    .usage = "MODEL --input FILE -o FILE",
    .operand = "MODEL",
    .summary = "run a model's network on a NumPy array",
    .description = "Runs the network of MODEL on lightness from a NumPy array and writes what it "
                   "makes of it, a* and b* of CIELAB, as another one: for those who want to check "
                   "a model or to use it elsewhere. MODEL is a .safetensors file or the name of a "
                   "model that comes with the program.",
    .options = table,
    .size = sizeof(options),
    .run = run,
};
