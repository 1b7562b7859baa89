/* autochrome bench: how fast it is on this machine. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bench.h"
#include "cli/output.h"
#include "nn/locate.h"
#include "util/math.h"

#define DEFAULT_NET "default"
#define MAX_SIZE    32768

typedef struct options {
    ac_common_options common;
    ac_option_sizes sizes;
    int batch, runs, frames, seed;
    bool no_forward, no_train, no_layers, no_peak, no_timestamps, json, validation;
    const char *device, *pipeline;
} options;

static const options defaults = {.batch = 1};

static const ac_option table[] = {
    {"size", 0, AC_OPTION_SIZES, "N|HxW,...", offsetof(options, sizes), 1, MAX_SIZE,
     "Size of the pictures: NxN, or a height and a width; several with commas between them. May be "
     "repeated. Default: what the model works best at, else 256."},
    {"batch", 0, AC_OPTION_INTEGER, "N", offsetof(options, batch), 1, 65536,
     "Pictures at once. Default: 1."},
    {"runs", 0, AC_OPTION_INTEGER, "N", offsetof(options, runs), 1, 1e6,
     "Time so many runs, and take the median. Default: as many as take 3 seconds, from 3 to 100."},
    {"no-forward", 0, AC_OPTION_FLAG, NULL, offsetof(options, no_forward), 0, 0,
     "Do not measure the forward pass."},
    {"no-train", 0, AC_OPTION_FLAG, NULL, offsetof(options, no_train), 0, 0,
     "Do not measure the training step."},
    {"no-layers", 0, AC_OPTION_FLAG, NULL, offsetof(options, no_layers), 0, 0,
     "Do not measure layers, only the whole."},
    {"no-peak", 0, AC_OPTION_FLAG, NULL, offsetof(options, no_peak), 0, 0,
     "Do not measure what the device can do at most; shares of it are left out."},
    {"no-timestamps", 0, AC_OPTION_FLAG, NULL, offsetof(options, no_timestamps), 0, 0,
     "Time layers one by one by the clock, as on devices that have no timestamps."},
    {"seed", 0, AC_OPTION_INTEGER, "N", offsetof(options, seed), 0, 2147483647,
     "Seed of the pictures, and of the weights where there is a description alone. Default: 0."},
    {"pipeline", 0, AC_OPTION_TEXT, "FILE", offsetof(options, pipeline), 0, 0,
     "Measure the colouring of this film instead: decoding, the network with what is around it, "
     "encoding, each by itself, and all together as colorize does it. --size is the short side "
     "then. What is written is removed again."},
    {"frames", 0, AC_OPTION_INTEGER, "N", offsetof(options, frames), 1, 1e6,
     "Of --pipeline, take so many frames. Default: 10 seconds' worth."},
    {"json", 0, AC_OPTION_FLAG, NULL, offsetof(options, json), 0, 0,
     "Print JSON, times in seconds."},
    {"device", 0, AC_OPTION_TEXT, "N|NAME", offsetof(options, device), 0, 0,
     "Vulkan device, by its number or a part of its name in 'autochrome devices'."},
    {"validation", 0, AC_OPTION_FLAG, NULL, offsetof(options, validation), 0, 0,
     "Load the Vulkan validation layer; whatever it says is an error."},
    {NULL},
};

/* A network that is measured. */
typedef struct subject {
    char *path;
    ac_model *model;
} subject;

typedef struct job {
    const ac_context *context;
    const options *o;
    ac_bench_params params;
    ac_device *device;
    ac_bench_machine machine;
    subject *subjects;
    int subject_count;
    ac_bench *benches;
    int count;
} job;

static ac_status measure_size(job *j, const subject *of, const int size[2])
{
    const ac_log *log = j->context->log;
    ac_bench *bench = &j->benches[j->count++];
    ac_status status = AC_OK;
    int y, x;

    ac_net_multiple(of->model->net, &y, &x);
    *bench = (ac_bench){.path = strdup(of->path),
                        .drawn = ac_net_is_description(of->path),
                        .parameters = ac_net_parameters(of->model->net),
                        .batch = j->o->batch,
                        .height = size[0],
                        .width = size[1],
                        .train_height = ac_round_up(size[0], y),
                        .train_width = ac_round_up(size[1], x)};
    if (!bench->path)
        return ac_fail(log, AC_ERR_MEMORY, "out of memory");
    if (!j->o->no_forward)
        TRY(ac_bench_forward(j->context, &j->params, j->device, of->model, bench));
    if (!j->o->no_train)
        TRY(ac_bench_train_step(j->context, &j->params, j->device, of->model, bench));
    if (j->o->json)
        return AC_OK;
    if (j->count == 1)
        ac_bench_print_machine(&j->machine);
    ac_bench_print(bench, &j->machine);
    fflush(stdout); /* the next one may take a while */
fail:
    return status;
}

static ac_status measure_subject(job *j, const subject *of)
{
    const ac_option_sizes *sizes = &j->o->sizes;
    ac_status status = AC_OK;
    int size[2];

    size[0] = size[1] = of->model->working_size ? of->model->working_size : AC_MODEL_DEFAULT_SIZE;
    for (int i = 0; i < sizes->count; i++)
        TRY(measure_size(j, of, sizes->items[i]));
    if (sizes->count == 0)
        TRY(measure_size(j, of, size));
fail:
    return status;
}

/* All are opened first: one that is not there is no surprise after minutes. */
static ac_status open_subjects(job *j)
{
    const ac_common_options *common = &j->o->common;
    const ac_log *log = j->context->log;
    int count = common->operand_count ? common->operand_count : 1;
    ac_status status = AC_OK;

    j->subjects = calloc((size_t)count, sizeof(*j->subjects));
    j->benches = calloc((size_t)count * (AC_OPTION_MAX_SIZES + 1), sizeof(*j->benches));
    if (!j->subjects || !j->benches)
        return ac_fail(log, AC_ERR_MEMORY, "out of memory");
    for (int i = 0; i < count; i++) {
        subject *s = &j->subjects[j->subject_count++];

        TRY(ac_network_locate(common->operand_count ? common->operands[i] : DEFAULT_NET, log,
                              &s->path));
        TRY(ac_bench_load(s->path, (uint64_t)j->o->seed, log, &s->model));
    }
fail:
    return status;
}

static ac_status open_machine(job *j)
{
    const options *o = j->o;
    const ac_log *log = j->context->log;
    ac_status status = AC_OK;

    TRY(ac_device_open(
        &(ac_device_params){.select = o->device, .validation = ac_validation_wanted(o->validation)},
        log, &j->device));
    j->machine.device = ac_device_get_info(j->device);
    j->machine.layers = !o->no_layers;
    j->machine.timestamps = j->machine.layers && j->machine.device->timestamps && !o->no_timestamps;
    j->params.timestamps = j->machine.timestamps;
    if (!o->no_peak) {
        TRY(ac_peak_measure(j->device, log, &j->machine.peak));
        j->machine.has_peak = true;
    }
fail:
    return status;
}

static ac_status measure_networks(job *j)
{
    ac_status status = AC_OK;

    TRY(open_subjects(j));
    TRY(open_machine(j));
    for (int i = 0; i < j->subject_count; i++)
        TRY(measure_subject(j, &j->subjects[i]));
    if (ac_device_validation_messages(j->device)) {
        status = ac_fail(j->context->log, AC_ERR_DEVICE, "the validation layer has complained");
        goto fail;
    }
    if (j->o->json)
        TRY(ac_output_json(ac_bench_json(j->benches, j->count, &j->machine), j->context->log));
fail:
    return status;
}

static ac_status measure_film(const ac_context *context, const options *o)
{
    const ac_option_sizes *sizes = &o->sizes;
    ac_bench_film film = {.film = o->pipeline,
                          .device = o->device,
                          .size = sizes->count ? sizes->items[0][0] : 0,
                          .frames = o->frames,
                          .json = o->json,
                          .validation = ac_validation_wanted(o->validation)};
    char *model = NULL;
    ac_status status;

    if (o->common.operand_count > 1)
        return ac_context_wrong_use(context, "--pipeline: goes with one model");
    if (sizes->count > 1 || (sizes->count && sizes->items[0][0] != sizes->items[0][1]))
        return ac_context_wrong_use(context, "--pipeline: goes with --size N, the short side");
    if (o->no_forward || o->no_train || o->no_layers || o->no_peak || o->no_timestamps)
        return ac_context_wrong_use(context, "--pipeline: has nothing to leave out");
    if (o->batch != defaults.batch || o->runs || o->seed)
        return ac_context_wrong_use(context, "--pipeline: knows no --batch, --runs or --seed");
    TRY(ac_model_locate(o->common.operand ? o->common.operand : DEFAULT_NET, context->log, &model));
    film.model = model;
    status = ac_bench_pipeline(context, &film);
    if (status == AC_ERR_CANCELLED)
        ac_fail(context->log, status, "interrupted");
fail:
    free(model);
    return status;
}

static ac_status run(const ac_context *context, const void *opaque)
{
    const options *o = opaque;
    job j = {.context = context,
             .o = o,
             .params = {.runs = o->runs, .layers = !o->no_layers, .seed = (uint64_t)o->seed}};
    ac_status status;

    if (o->pipeline)
        return measure_film(context, o);
    if (o->frames)
        return ac_context_wrong_use(context, "--frames: goes with --pipeline");
    if (o->no_forward && o->no_train)
        return ac_context_wrong_use(context, "--no-forward and --no-train: nothing is left");
    status = measure_networks(&j);
    if (status == AC_ERR_CANCELLED)
        ac_fail(context->log, status, "interrupted");
    for (int i = 0; i < j.count; i++)
        ac_bench_free(&j.benches[i]);
    free(j.benches);
    for (int i = 0; i < j.subject_count; i++) {
        ac_model_destroy(&j.subjects[i].model);
        free(j.subjects[i].path);
    }
    free(j.subjects);
    ac_device_close(&j.device);
    return status;
}

const ac_command ac_command_bench = {
    .name = "bench",
    .usage = "[NET|MODEL]...",
    .operand = "NET",
    .several = true,
    .optional = true,
    .summary = "measure how fast networks are on this machine",
    .description = "Measures the forward pass and the training step of networks, as a whole and by "
                   "layers: time, operations and bytes a second, what share that is of the most "
                   "that the device can do, and the kernels that were chosen. A network is a model "
                   "(.safetensors), a description (.net), or the name of one that comes with the "
                   "program; without any it is that of the default model. Operations are those of "
                   "the direct convolution, two a multiply-add, so that kernels which get by with "
                   "fewer may seem to do more than the device can; bytes are the least that have "
                   "to be moved: each layer's inputs, weights and outputs once. With --pipeline "
                   "the colouring of a film is measured.",
    .options = table,
    .size = sizeof(options),
    .defaults = &defaults,
    .run = run,
};
