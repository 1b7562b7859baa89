/* Sets a training up, from the files that are there to the first step, and ends it. */
#include "train/trainer.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/session.h"
#include "train/trainer_state.h"
#include "util/clock.h"
#include "util/file.h"

#define RARE_PICTURES    1000 /* in which colours are counted */
#define VALIDATION_BATCH 8

ac_loss_params ac_trainer_loss(const ac_trainer *t)
{
    return (ac_loss_params){
        .loss = t->settings->loss, .delta = t->settings->huber_delta, .weights = t->state->rare};
}

int ac_trainer_usable(const ac_trainer *t)
{
    int count = ac_dataset_count(t->dataset, AC_DATASET_TRAINING), gray, broken;

    ac_dataset_left_out(t->dataset, &gray, &broken);
    count -= gray + broken; /* some may be of the other side: it is for estimates */
    return count > 0 ? count : 0;
}

bool ac_trainer_is_over(const ac_trainer *t)
{
    const ac_run_place *place = &t->state->place;

    return place->epoch >= t->settings->epochs ||
           (t->settings->steps && place->step >= t->settings->steps);
}

int ac_trainer_measured_at_once(const ac_trainer *t)
{
    int part = t->settings->batch / t->settings->accumulate;

    return part < VALIDATION_BATCH ? part : VALIDATION_BATCH;
}

double ac_trainer_seconds(const ac_trainer *t)
{
    return ac_clock_now((ac_clock){0}) - t->began;
}

double ac_trainer_rate(const ac_trainer *t)
{
    const ac_train_settings *s = t->settings;
    const ac_run_place *place = &t->state->place;
    int count = ac_dataset_count(t->dataset, AC_DATASET_TRAINING);
    double progress = (place->epoch + (double)place->cursor / (count > 0 ? count : 1)) / s->epochs;

    if (s->steps)
        progress = fmax(progress, (double)place->step / s->steps);
    return ac_rate_at(&s->rate, place->step + 1, place->epoch, progress);
}

static ac_status fail_memory(const ac_trainer *t)
{
    return ac_fail(t->log, AC_ERR_MEMORY, "out of memory");
}

/* What can be told without a device. */
static ac_status open_network(ac_trainer *t)
{
    const ac_train_settings *s = t->settings;
    ac_status status = AC_OK;

    TRY(ac_begin_model(&t->params->begin, t->log, &t->model));
    TRY(ac_begin_check_size(t->model, s->height, s->width, t->log, &t->out));
    TRY(ac_begin_scales(t->model, s->lr_scale, s->lr_scale_count, s->freeze, s->freeze_count,
                        t->log, &t->scales));
    t->model->working_size = s->short_side;
    t->list = ac_train_settings_list(s);
    if (!t->list)
        status = fail_memory(t);
fail:
    return status;
}

static ac_status open_data(ac_trainer *t)
{
    const ac_trainer_params *p = t->params;
    const ac_train_settings *s = t->settings;
    ac_status status = AC_OK;
    int count;

    TRY(ac_dataset_open(
        &(ac_dataset_params){.sources = p->sources,
                             .source_count = p->source_count,
                             .validation = p->validation,
                             .validation_count = p->validation_count,
                             .validation_split = s->validation_split,
                             .fraction = s->fraction,
                             .every = s->every,
                             .frame_side = (int)ceil(s->short_side * (1 + s->scale_jitter)),
                             .frames_dir = t->dir->frames,
                             .seed = (uint64_t)s->seed,
                             .cancel = p->cancel,
                             .progress = p->progress},
        t->log, &t->dataset));
    count = ac_dataset_count(t->dataset, AC_DATASET_TRAINING);
    if (count < s->batch)
        status = ac_fail(t->log, AC_ERR_FORMAT,
                         "there %s %d picture%s for training, and a batch has %d: name more of "
                         "them, or use --batch %d",
                         count == 1 ? "is" : "are", count, count == 1 ? "" : "s", s->batch,
                         count > 0 ? count : 1);
fail:
    return status;
}

/* One picture that can be used is enough; that there is none is better told now than when files of
 * a run are there, or after an epoch. */
static ac_status check_pictures(const ac_trainer *t, ac_dataset_side side)
{
    ac_loader *loader = NULL;
    ac_batch *batch = NULL;
    ac_status status = AC_OK;

    if (!ac_dataset_count(t->dataset, side))
        return AC_OK;
    TRY(ac_loader_create(
        &(ac_loader_params){.dataset = t->dataset,
                            .side = side,
                            .view = ac_train_settings_view(t->settings, t->out.h, t->out.w, true),
                            .batch = 1,
                            .threads = t->params->threads,
                            .queue = 1,
                            .cancel = t->params->cancel},
        t->log, &loader));
    TRY(ac_loader_next(loader, &batch));
fail:
    ac_batch_free(&batch);
    ac_loader_destroy(&loader);
    return status;
}

/* Where the run goes on. */
static ac_status load_checkpoint(ac_trainer *t)
{
    const char *path = t->dir->checkpoint;
    ac_status status = AC_OK;

    TRY(ac_checkpoint_load(path, t->model, t->log, &t->state));
    TRY(ac_train_settings_compare(t->state->settings, t->list, path, t->log));
    if (t->state->data != ac_dataset_hash(t->dataset)) {
        status = ac_fail(t->log, AC_ERR_ARGUMENT,
                         "%s: its run has other pictures: files were added, removed or renamed "
                         "since, or other ones are named; put them back, or begin anew with "
                         "--overwrite or another --run",
                         path);
        goto fail;
    }
    if (!t->state->states[AC_TRAIN_AVERAGE] != !(t->settings->ema > 0) ||
        !t->state->rare != !(t->settings->rare_colours > 0)) {
        status = ac_fail(t->log, AC_ERR_FORMAT,
                         "%s: has not the tensors that its settings call for; it is damaged", path);
        goto fail;
    }
    if (strcmp(t->state->device, ac_device_get_info(t->device)->name) != 0)
        ac_log_print(t->log, AC_LOG_WARNING,
                     "the run began on %s and goes on with %s: the result will be a little "
                     "different",
                     t->state->device, ac_device_get_info(t->device)->name);
    t->checkpoint_there = true;
fail:
    return status;
}

/* Weights for rare colours from pictures as they are. */
static ac_status count_colours(ac_trainer *t)
{
    const ac_train_settings *s = t->settings;
    uint64_t counts[AC_RARE_COUNT] = {0};
    ac_loader *loader = NULL;
    ac_batch *batch = NULL;
    ac_status status = AC_OK;
    int pictures = 0, count = ac_dataset_count(t->dataset, AC_DATASET_TRAINING),
        wanted = count < RARE_PICTURES ? count : RARE_PICTURES;

    TRY(ac_loader_create(
        &(ac_loader_params){.dataset = t->dataset,
                            .side = AC_DATASET_TRAINING,
                            .view = ac_train_settings_view(s, t->out.h, t->out.w, true),
                            .batch = 1,
                            .shuffle = true,
                            .seed = (uint64_t)s->seed,
                            .threads = t->params->threads,
                            .queue = 8,
                            .cancel = t->params->cancel},
        t->log, &loader));
    ac_progress_begin(t->params->progress, wanted);
    while (pictures < wanted) {
        status = ac_loader_next(loader, &batch);
        if (status == AC_END)
            break;
        TRY(status);
        ac_rare_add(batch->colours, batch->count, (size_t)t->out.h * (size_t)t->out.w, counts);
        pictures += batch->count;
        ac_batch_free(&batch);
        ac_progress_text(t->params->progress, pictures, wanted,
                         "counting colours, picture %d of %d", pictures, wanted);
    }
    status = AC_OK;
    ac_rare_weights(counts, s->rare_colours, t->state->rare);
fail:
    ac_progress_end(t->params->progress);
    ac_batch_free(&batch);
    ac_loader_destroy(&loader);
    return status;
}

static ac_status begin_state(ac_trainer *t)
{
    const ac_train_settings *s = t->settings;
    ac_status status = AC_OK;

    if (t->dir->begun)
        return load_checkpoint(t);
    TRY(ac_checkpoint_create(t->model, s->ema > 0, s->rare_colours > 0, t->log, &t->state));
    t->state->settings = json_incref(t->list);
    t->state->data = ac_dataset_hash(t->dataset);
    snprintf(t->state->device, sizeof(t->state->device), "%s", ac_device_get_info(t->device)->name);
    if (t->state->rare)
        TRY(count_colours(t));
fail:
    return status;
}

static ac_status open_session(ac_trainer *t)
{
    const ac_train_settings *s = t->settings;
    ac_status status = AC_OK;

    TRY(ac_train_session_create(
        &(ac_train_params){
            .device = t->device,
            .model = t->model,
            .n = s->batch / s->accumulate,
            .height = s->height,
            .width = s->width,
            .accumulate = s->accumulate,
            .lr_scale = t->scales,
            .loss = ac_trainer_loss(t),
            .beta1 = s->beta1,
            .beta2 = s->beta2,
            .eps = s->eps,
            .weight_decay = s->weight_decay,
            .clip = s->clip,
            .ema = s->ema,
        },
        t->log, &t->session));
    if (!t->dir->begun)
        return AC_OK;
    for (int i = 0; i < AC_TRAIN_STATE_COUNT; i++)
        if (t->state->states[i])
            TRY(ac_train_session_write(t->session, (ac_train_state)i, t->state->states[i]));
fail:
    return status;
}

/* What measures after each epoch takes memory too: better told now than then. */
static ac_status try_validation(const ac_trainer *t)
{
    const ac_train_settings *s = t->settings;
    ac_session *session = NULL;
    ac_status status = ac_session_create(&(ac_session_params){.device = t->device,
                                                              .model = t->model,
                                                              .n = ac_trainer_measured_at_once(t),
                                                              .height = s->height,
                                                              .width = s->width},
                                         t->log, &session);

    ac_session_destroy(&session);
    return status;
}

static ac_status open_report(ac_trainer *t)
{
    const ac_run_place *place = &t->state->place;
    const char *name;
    ac_report_setting *settings = calloc(json_object_size(t->list) + 1, sizeof(*settings));
    ac_status status;
    json_t *value;
    int count = 0;

    if (!settings)
        return fail_memory(t);
    json_object_foreach(t->list, name, value)
    {
        settings[count++] = (ac_report_setting){name, json_string_value(value)};
    }
    status = ac_report_open(
        &(ac_report_params){.dir = t->dir->path,
                            .title = ac_path_name(t->params->output),
                            .settings = settings,
                            .setting_count = count,
                            .epochs = t->settings->epochs,
                            .resumed = place->row_due ? place->step - 1 : place->step},
        t->log, &t->report);
    free(settings);
    return status;
}

static void tell_memory(const ac_trainer *t)
{
    const ac_train_settings *s = t->settings;
    const ac_device_info *info = ac_device_get_info(t->device);
    int at_once = s->batch / s->accumulate;
    double picture = sizeof(float) * ((double)s->height * s->width + 2.0 * t->out.h * t->out.w);
    double ahead = picture * s->batch * (AC_TRAINER_QUEUE + 2); /* with this and the next one */

    ac_log_print(t->log, AC_LOG_INFO,
                 "%d picture%s at once: %.1f MiB of device memory, of %.0f MiB that were free on "
                 "%s; batches ready ahead: %.0f MiB of main memory",
                 at_once, at_once == 1 ? "" : "s",
                 (double)ac_train_session_bytes(t->session) / (1 << 20),
                 (double)info->memory_free / (1 << 20), info->name, ahead / (1 << 20));
}

/* What is going to happen, before it takes hours. */
static void tell(const ac_trainer *t)
{
    const ac_train_settings *s = t->settings;
    int pictures = ac_dataset_count(t->dataset, AC_DATASET_TRAINING);
    int measured = ac_dataset_count(t->dataset, AC_DATASET_VALIDATION);
    char validation[64] = "none for validation (--val, --val-split)";

    if (measured)
        snprintf(validation, sizeof(validation), "%d for validation", measured);
    ac_log_print(t->log, AC_LOG_INFO, "network %s, %" PRId64 " parameters, pictures of %dx%d",
                 s->network ? s->network : s->init, ac_net_parameters(t->model->net), s->height,
                 s->width);
    ac_log_print(t->log, AC_LOG_INFO, "%d pictures for training, %s; %d steps of %d an epoch",
                 pictures, validation, pictures / s->batch, s->batch);
    tell_memory(t);
    if (t->dir->begun)
        ac_log_print(t->log, AC_LOG_INFO, "going on after step %" PRId64 " (epoch %d) of %s",
                     t->state->place.step, t->state->place.epoch + 1, t->dir->path);
    else if (t->params->mode == AC_RUN_RESUME)
        ac_log_print(t->log, AC_LOG_WARNING, "%s: has no checkpoint yet: the run begins anew",
                     t->dir->path);
}

static ac_status open_all(ac_trainer *t)
{
    const ac_trainer_params *p = t->params;
    const ac_train_settings *s = t->settings;
    ac_view_params view;
    ac_status status = AC_OK;

    ac_progress_stage(p->progress, "opening the device");
    TRY(open_network(t));
    TRY(ac_device_open(&(ac_device_params){.select = p->device, .validation = p->validation_layer},
                       t->log, &t->device));
    TRY(ac_run_dir_open(p->dir, p->mode, t->log, &t->dir));
    ac_progress_stage(p->progress, "listing the pictures");
    TRY(open_data(t));
    ac_progress_stage(p->progress, "getting the network ready");
    TRY(begin_state(t));
    ac_progress_stage(p->progress, "getting the network ready");
    TRY(open_session(t));
    TRY(try_validation(t));
    ac_progress_stage(p->progress, "looking for pictures with colours");
    TRY(check_pictures(t, AC_DATASET_TRAINING));
    TRY(check_pictures(t, AC_DATASET_VALIDATION));
    if (p->dump) {
        view = ac_train_settings_view(s, t->out.h, t->out.w, false);
        TRY(ac_dump_create((int64_t)s->steps * s->batch, &view, t->log, &t->dump));
    }
    TRY(open_report(t));
    t->first_step = t->state->place.step;
    t->began = ac_clock_now((ac_clock){0}) - t->state->place.seconds;
    tell(t);
fail:
    return status;
}

static void close_all(ac_trainer *t)
{
    ac_report_close(&t->report);
    ac_dump_destroy(&t->dump);
    ac_train_session_destroy(&t->session);
    ac_checkpoint_destroy(&t->state);
    ac_dataset_close(&t->dataset);
    ac_run_dir_close(&t->dir);
    ac_device_close(&t->device);
    ac_model_destroy(&t->model);
    json_decref(t->list);
    free(t->scales);
}

static void tell_left_out(const ac_trainer *t)
{
    int gray, broken;

    ac_dataset_left_out(t->dataset, &gray, &broken);
    if (gray || broken)
        ac_log_print(t->log, AC_LOG_INFO, "left out: %d gray pictures, %d that cannot be read",
                     gray, broken);
}

static ac_status finish(ac_trainer *t)
{
    const ac_trainer_params *p = t->params;
    ac_status status = AC_OK;

    if (ac_device_validation_messages(t->device))
        return ac_fail(t->log, AC_ERR_DEVICE,
                       "the validation layer has complained: %s was not written", p->output);
    ac_progress_stage(p->progress, "writing the model");
    TRY(ac_trainer_fill_model(t));
    TRY(ac_model_save(t->model, p->output, p->half, t->log));
    if (t->dump)
        TRY(ac_dump_write(t->dump, p->dump));
    tell_left_out(t);
    ac_log_print(t->log, AC_LOG_INFO, "%s: written after %" PRId64 " steps; look at %s/report.html",
                 p->output, t->state->place.step, t->dir->path);
fail:
    ac_progress_end(p->progress);
    return status;
}

ac_status ac_trainer_run(const ac_trainer_params *params, const ac_log *log)
{
    ac_trainer t = {.params = params, .settings = &params->settings, .log = log};
    ac_status status = AC_OK;

    status = open_all(&t);
    ac_progress_end(params->progress);
    if (status == AC_ERR_CANCELLED)
        ac_fail(log, status, "interrupted before the first step; no model was written");
    if (!status) {
        ac_progress_begin(params->progress, 0);
        status = ac_trainer_loop(&t);
        ac_progress_end(params->progress);
    }
    if (!status)
        status = finish(&t);
    close_all(&t);
    return status;
}
