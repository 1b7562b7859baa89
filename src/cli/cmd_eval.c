/* autochrome eval: measures a model on pictures whose colours are known. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/draw_channels.h"
#include "cli/eval_report.h"
#include "cli/output.h"
#include "media/media.h"
#include "nn/locate.h"
#include "train/evaluate.h"
#include "util/file.h"

#define HOUR       3600
#define SHEET_ROWS 12

typedef struct options {
    ac_common_options common;
    const char *model, *device, *sheet, *layers;
    int size, crop, frames, channels;
    double every;
    bool json, validation;
} options;

static const options defaults = {.model = "default", .channels = 8};

static const ac_option table[] = {
    {"model", 'm', AC_OPTION_TEXT, "MODEL", offsetof(options, model), 0, 0,
     "Model that is measured: a .safetensors file or the name of one that comes with the program. "
     "Default: default."},
    {"size", 0, AC_OPTION_INTEGER, "N", offsetof(options, size), 8, 8192,
     "Short side, in pixels, to which pictures are scaled, smaller ones up, and at which they are "
     "measured. Default: what the model says, else 256."},
    {"crop", 0, AC_OPTION_INTEGER, "N", offsetof(options, crop), 8, 8192,
     "Measure only the middle NxN of the scaled picture."},
    {"frames", 0, AC_OPTION_INTEGER, "N", offsetof(options, frames), 1, 100000000,
     "Measure the first N frames of each film only. Default: all."},
    {"every", 0, AC_OPTION_TIME, "TIME", offsetof(options, every), 0.001, HOUR,
     "Measure a frame of each film every so often, in seconds or as h:mm:ss.mmm, and nothing over "
     "time. Default: each frame."},
    {"json", 0, AC_OPTION_FLAG, NULL, offsetof(options, json), 0, 0,
     "Print JSON, with the figures of gray pictures beside each picture's."},
    {"sheet", 0, AC_OPTION_TEXT, "FILE", offsetof(options, sheet), 0, 0,
     "Draw up to 12 of the pictures, spread evenly, as a PNG file: input, actual and predicted "
     "colours. A file that is there is replaced."},
    {"layers", 0, AC_OPTION_TEXT, "FILE", offsetof(options, layers), 0, 0,
     "Draw what each layer of the network makes of the first picture, as a PNG file. A file that "
     "is there is replaced."},
    {"channels", 0, AC_OPTION_INTEGER, "N", offsetof(options, channels), 1, AC_DRAW_MAX_CHANNELS,
     "How many channels of each layer --layers draws. Default: 8."},
    {"device", 0, AC_OPTION_TEXT, "N|NAME", offsetof(options, device), 0, 0,
     "Vulkan device, by its number or a part of its name in 'autochrome devices'."},
    {"validation", 0, AC_OPTION_FLAG, NULL, offsetof(options, validation), 0, 0,
     "Load the Vulkan validation layer; whatever it says is an error."},
    {NULL},
};

typedef struct job {
    const options *o;
    const ac_context *context;
    char *path; /* of the model */
    ac_source *sources;
    int source_count;
    ac_model *model;
    ac_device *device;
    ac_predictor *predictor;
    ac_evaluate_view view;
    ac_evaluation *evaluation;
} job;

/* What cannot be written is told before the pictures are measured, not after. */
static ac_status check_output(const job *j, const char *output, const ac_log *log)
{
    ac_file_writer *writer = NULL;
    ac_status status = AC_OK;

    if (!output)
        return AC_OK;
    TRY(ac_output_check(output, j->path, "the model", log));
    for (int i = 0; i < j->source_count; i++)
        TRY(ac_output_check(output, j->sources[i].path, "a picture to measure", log));
    TRY(ac_file_writer_create(output, log, &writer));
fail:
    ac_file_writer_destroy(&writer);
    return status;
}

static ac_status prepare(job *j, const ac_log *log)
{
    const options *o = j->o;
    ac_status status = AC_OK;

    TRY(ac_model_locate(o->model, log, &j->path));
    TRY(ac_sources_list((const char *const *)o->common.operands, o->common.operand_count, log,
                        &j->sources, &j->source_count));
    TRY(check_output(j, o->sheet, log));
    TRY(check_output(j, o->layers, log));
    TRY(ac_model_load(j->path, log, &j->model));
    TRY(ac_net_check_colours(j->model->net, log));
    j->view.size = o->size                  ? o->size
                   : j->model->working_size ? j->model->working_size
                                            : AC_MODEL_DEFAULT_SIZE;
    j->view.crop = o->crop;
    if (o->crop > j->view.size) {
        status = ac_fail(log, AC_ERR_ARGUMENT,
                         "--crop %d is larger than the pictures, whose short side is %d: give "
                         "--size too",
                         o->crop, j->view.size);
        goto fail;
    }
    TRY(ac_device_open(
        &(ac_device_params){.select = o->device, .validation = ac_validation_wanted(o->validation)},
        log, &j->device));
    TRY(ac_predictor_create(j->device, j->model, log, &j->predictor));
fail:
    return status;
}

static ac_status draw_sheet(const job *j, const ac_log *log)
{
    const ac_evaluation *e = j->evaluation;
    ac_rgb sheet = {0};
    ac_status status = AC_OK;
    char title[512];

    /* The name last, as what is too long is cut. */
    snprintf(title, sizeof(title), "loss %.5f, gray %.5f: %s", e->mean[AC_FIGURE_LOSS],
             e->mean[AC_FIGURE_GRAY_LOSS], ac_path_name(j->path));
    TRY(ac_sheet_draw(e->rows, e->row_count, title, log, &sheet));
    TRY(ac_rgb_write_png(&sheet, j->o->sheet, log));
fail:
    ac_rgb_free(&sheet);
    return status;
}

static ac_status draw_layers(const job *j, const ac_log *log)
{
    const char *path = j->evaluation->items[0].path;
    ac_truth truth = {0};
    ac_rgb sheet = {0};
    ac_status status = AC_OK;
    char title[1024];

    TRY(ac_evaluate_read(path, j->view, log, &truth));
    snprintf(title, sizeof(title), "%s on %s", ac_path_name(j->path), ac_path_name(path));
    TRY(ac_draw_channels(&(ac_channels_params){.device = j->device,
                                               .model = j->model,
                                               .lightness = truth.lightness,
                                               .height = truth.picture.height,
                                               .width = truth.picture.width,
                                               .channels = j->o->channels,
                                               .title = title},
                         log, &sheet));
    TRY(ac_rgb_write_png(&sheet, j->o->layers, log));
fail:
    ac_truth_free(&truth);
    ac_rgb_free(&sheet);
    return status;
}

static ac_status print_json(const job *j, const ac_log *log)
{
    const options *o = j->o;
    json_t *measured = ac_eval_json(j->evaluation);
    json_t *root = json_pack("{s:o, s:{s:i, s:o, s:o, s:o, s:s}}", "model",
                             ac_output_json_text(j->path), "settings", "size", j->view.size, "crop",
                             o->crop ? json_integer(o->crop) : json_null(), "frames",
                             o->frames ? json_integer(o->frames) : json_null(), "every",
                             o->every > 0 ? json_real(o->every) : json_null(), "device",
                             ac_device_get_info(j->device)->name);

    if (!measured || !root || json_object_update(root, measured)) {
        json_decref(root);
        root = NULL;
    }
    json_decref(measured);
    return ac_output_json(root, log);
}

static void report(const ac_evaluation *e, const ac_log *log)
{
    double seconds = e->seconds > 1e-3 ? e->seconds : 1e-3;

    ac_log_print(log, AC_LOG_INFO, "%lld picture%s in %.1f s, %.1f a second", (long long)e->frames,
                 e->frames == 1 ? "" : "s", e->seconds, (double)e->frames / seconds);
    if (e->gray)
        ac_log_print(log, AC_LOG_INFO,
                     "%d of %d %s gray or toned, so that no colours are known: %s", e->gray,
                     e->count, e->gray == 1 ? "is" : "are",
                     e->gray == e->count ? "figures tell little" : "left out of the means");
    if (e->unreadable)
        ac_log_print(log, AC_LOG_WARNING, "%d of %d files could not be read and were left out",
                     e->unreadable, e->unreadable + e->count);
}

static ac_status run(const ac_context *context, const void *opaque)
{
    const options *o = opaque;
    const ac_log *log = context->log;
    job j = {.o = o, .context = context};
    ac_status status = AC_OK;

    ac_media_redirect_log(log);
    TRY(prepare(&j, log));
    status = ac_evaluate(&(ac_evaluate_params){.predictor = j.predictor,
                                               .sources = j.sources,
                                               .source_count = j.source_count,
                                               .view = j.view,
                                               .frames = o->frames,
                                               .every = o->every,
                                               .rows = o->sheet ? SHEET_ROWS : 0,
                                               .cancel = context->cancel,
                                               .progress = context->progress},
                         log, &j.evaluation);
    if (status == AC_ERR_CANCELLED)
        ac_fail(log, status, "interrupted: nothing was measured to the end");
    TRY(status);
    if (o->sheet)
        TRY(draw_sheet(&j, log));
    if (o->layers)
        TRY(draw_layers(&j, log));
    if (ac_device_validation_messages(j.device)) {
        status = ac_fail(log, AC_ERR_DEVICE, "the validation layer has complained");
        goto fail;
    }
    if (o->json)
        TRY(print_json(&j, log));
    else
        ac_eval_print(j.evaluation);
    report(j.evaluation, log);
fail:
    ac_evaluation_destroy(&j.evaluation);
    ac_predictor_destroy(&j.predictor);
    ac_device_close(&j.device);
    ac_model_destroy(&j.model);
    ac_sources_free(&j.sources, j.source_count);
    free(j.path);
    return status;
}

const ac_command ac_command_eval = {
    .name = "eval",
    .usage = "[-m MODEL] DATA...",
    .operand = "DATA",
    .several = true,
    .summary = "measure a model on pictures and films in colour",
    .description =
        "Takes the colour out of the pictures and films of DATA, lets the network of MODEL guess "
        "it, and prints how near it comes, beside the same pictures left gray. DATA: pictures, "
        "films, folders of them, globs, and .txt lists of such names. Frames of films are measured "
        "one by one as the network makes them, and how steady their colours are over time.",
    .options = table,
    .size = sizeof(options),
    .defaults = &defaults,
    .run = run,
};
