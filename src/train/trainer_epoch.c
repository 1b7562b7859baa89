/* What is done after an epoch, and what is written down. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "train/trainer_state.h"
#include "train/validate.h"
#include "util/clock.h"

#define SHEET_ROWS 6

/* Copies all states from the device. */
static ac_status read_states(ac_trainer *t)
{
    ac_status status = AC_OK;

    for (int i = 0; i < AC_TRAIN_STATE_COUNT; i++)
        if (t->state->states[i])
            TRY(ac_train_session_read(t->session, (ac_train_state)i, t->state->states[i]));
fail:
    return status;
}

ac_status ac_trainer_fail_step(const ac_trainer *t, int64_t step, const char *what)
{
    return ac_fail(t->log, AC_ERR_DEVICE, "step %lld: %s; %s%s; try a smaller --lr or --clip 1",
                   (long long)step, what,
                   t->checkpoint_there ? "the last good checkpoint is " : "there is no checkpoint",
                   t->checkpoint_there ? t->dir->checkpoint : " yet");
}

ac_status ac_trainer_save(ac_trainer *t)
{
    ac_checkpoint *c = t->state;
    ac_status status = AC_OK;
    char what[256];
    const char *name;

    TRY(read_states(t));
    if (!ac_checkpoint_is_finite(c, t->model, &name)) {
        snprintf(what, sizeof(what), "tensor '%s' is not finite any more", name);
        status = ac_trainer_fail_step(t, c->place.step, what);
        goto fail;
    }
    c->place.seconds = ac_trainer_seconds(t);
    TRY(ac_checkpoint_save(c, t->model, t->dir->checkpoint, t->log));
    ac_log_print(t->log, AC_LOG_DEBUG, "checkpoint after step %lld", (long long)c->place.step);
    t->checkpoint_there = true;
    t->saved = ac_clock_now((ac_clock){0});
fail:
    return status;
}

/* What is known of the run now, into the model. */
static ac_status fill_record(ac_trainer *t)
{
    free(t->model->training);
    t->model->training = ac_trainer_record(t);
    return t->model->training ? AC_OK : ac_fail(t->log, AC_ERR_MEMORY, "out of memory");
}

ac_status ac_trainer_fill_model(ac_trainer *t)
{
    ac_train_state state = t->settings->ema > 0 ? AC_TRAIN_AVERAGE : AC_TRAIN_WEIGHTS;
    ac_status status = AC_OK;

    TRY(ac_train_session_store(t->session, state, t->model));
    TRY(fill_record(t));
fail:
    return status;
}

/* On the validation's pictures, or, without any, a sheet of some that it learns from. */
static ac_status measure(ac_trainer *t, ac_validation *v)
{
    bool any = ac_dataset_count(t->dataset, AC_DATASET_VALIDATION) > 0;
    ac_validate_params params = {
        .device = t->device,
        .dataset = t->dataset,
        .side = any ? AC_DATASET_VALIDATION : AC_DATASET_TRAINING,
        .view = ac_train_settings_view(t->settings, t->out.h, t->out.w, true),
        .loss = ac_trainer_loss(t),
        .batch = ac_trainer_measured_at_once(t),
        .threads = t->params->threads,
        .rows = SHEET_ROWS,
        .only_rows = !any,
        .cancel = t->params->cancel,
        .shown = any ? ac_trainer_show_measured : NULL,
        .opaque = t,
    };
    ac_status status = ac_validate(&params, t->model, t->log, v);

    if (!status && !any)
        v->loss = v->rgb = v->gray = v->gray_rgb = NAN;
    return status;
}

ac_status ac_trainer_write_row(ac_trainer *t, double validation)
{
    ac_run_place *place = &t->state->place;

    if (!place->row_due)
        return AC_OK;
    place->row_due = false;
    return ac_report_step(t->report, &(ac_report_row){
                                         .epoch = place->epoch + 1,
                                         .step = place->step,
                                         .loss = place->last_loss,
                                         .validation = validation,
                                         .rate = place->last_rate,
                                         .seconds = ac_trainer_seconds(t),
                                     });
}

static ac_status report(ac_trainer *t, const ac_validation *v)
{
    const ac_run_place *place = &t->state->place;
    ac_status status = AC_OK;

    TRY(ac_trainer_write_row(t, v->loss));
    TRY(ac_report_epoch(t->report, place->epoch + 1, v->rows, v->row_count, v->gray));
fail:
    return status;
}

static void tell(const ac_trainer *t, const ac_validation *v)
{
    const ac_run_place *place = &t->state->place;
    char measured[160] = "";

    if (!isnan(v->loss))
        snprintf(measured, sizeof(measured),
                 "; validation loss %.5g (gray: %.5g), of RGB %.5f (gray: %.5f)", v->loss, v->gray,
                 v->rgb, v->gray_rgb);
    ac_log_print(t->log, AC_LOG_INFO, "epoch %d of %d, step %lld: loss %.5g%s", place->epoch + 1,
                 t->settings->epochs, (long long)place->step,
                 place->epoch_loss / (double)place->epoch_steps, measured);
}

static void note(ac_run_place *place, const ac_validation *v, bool whole, bool *better)
{
    place->loss = place->epoch_loss / (double)place->epoch_steps;
    place->validation = v->loss;
    place->rgb = v->rgb;
    place->gray = v->gray;
    place->gray_rgb = v->gray_rgb;
    *better = isfinite(v->loss) && !(place->best <= v->loss);
    if (*better) {
        place->best = v->loss;
        place->best_epoch = place->epoch + 1;
    }
    if (whole) {
        place->epoch++;
        place->cursor = 0;
        place->epoch_loss = 0;
        place->epoch_steps = 0;
    }
}

ac_status ac_trainer_end_epoch(ac_trainer *t, bool whole)
{
    ac_validation v = {.rows = NULL};
    ac_status status = AC_OK;
    bool better;

    ac_progress_stage(t->params->progress, "epoch %d of %d, getting ready to measure",
                      t->state->place.epoch + 1, t->settings->epochs);
    TRY(ac_trainer_fill_model(t));
    TRY(measure(t, &v));
    TRY(report(t, &v));
    tell(t, &v);
    note(&t->state->place, &v, whole, &better);
    TRY(ac_trainer_save(t));
    TRY(fill_record(t));
    TRY(ac_model_save(t->model, t->dir->model, t->params->half, t->log));
    if (better)
        TRY(ac_model_save(t->model, t->dir->best, t->params->half, t->log));
fail:
    ac_validation_free(&v);
    return status;
}

/* The record. */

static json_t *name_array(const char *const *names, int count)
{
    json_t *array = json_array();

    for (int i = 0; i < count && array; i++)
        if (json_array_append_new(array, ac_json_text(names[i]))) {
            json_decref(array);
            array = NULL;
        }
    return array;
}

char *ac_trainer_record(const ac_trainer *t)
{
    const ac_trainer_params *params = t->params;
    const ac_run_place *place = &t->state->place;
    bool measured = place->best_epoch > 0;
    json_t *record = json_pack(
        "{s:s, s:s, s:O, s:o, s:o, s:i, s:i, s:I, s:o, s:o*, s:o*, s:o*, s:o*, s:o*, s:o*}",
        "program", "autochrome " AC_VERSION, "device", t->state->device, "settings", t->list,
        "data", name_array(params->sources, params->source_count), "validation",
        name_array(params->validation, params->validation_count), "pictures",
        ac_dataset_count(t->dataset, AC_DATASET_TRAINING), "epochs", place->epoch, "steps",
        (json_int_t)place->step, "loss", ac_json_real(place->loss), "validation_loss",
        measured ? ac_json_real(place->validation) : NULL, "rgb_loss",
        measured ? ac_json_real(place->rgb) : NULL, "gray_validation_loss",
        measured ? ac_json_real(place->gray) : NULL, "gray_rgb_loss",
        measured ? ac_json_real(place->gray_rgb) : NULL, "best_validation_loss",
        measured ? ac_json_real(place->best) : NULL, "best_epoch",
        measured ? json_integer(place->best_epoch) : NULL);
    char *text = record ? json_dumps(record, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;

    json_decref(record);
    return text;
}
