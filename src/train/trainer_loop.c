/* The steps of a training. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "train/trainer_state.h"
#include "util/clock.h"

#define FORGET 0.05 /* of a step's time, in the mean that is shown */

/* The steps of one epoch, from the place on. */
typedef struct epoch {
    ac_trainer *trainer;
    ac_loader *loader;
    ac_batch *batch, *next; /* next: NULL when the epoch's pictures are through */
    bool interrupted;       /* next is NULL for that; whether they are through is not known */
} epoch;

static ac_status open_epoch(epoch *e)
{
    const ac_trainer *t = e->trainer;
    const ac_train_settings *s = t->settings;

    return ac_loader_create(
        &(ac_loader_params){.dataset = t->dataset,
                            .side = AC_DATASET_TRAINING,
                            .view = ac_train_settings_view(s, t->out.h, t->out.w, false),
                            .batch = s->batch,
                            .shuffle = s->shuffle,
                            .seed = (uint64_t)s->seed,
                            .epoch = t->state->place.epoch,
                            .cursor = t->state->place.cursor,
                            .threads = t->params->threads,
                            .queue = AC_TRAINER_QUEUE,
                            .cancel = t->params->cancel},
        t->log, &e->loader);
}

static void close_epoch(epoch *e)
{
    ac_batch_free(&e->batch);
    ac_batch_free(&e->next);
    ac_loader_destroy(&e->loader);
}

/* *batch is NULL when there is none any more. */
static ac_status draw(epoch *e, ac_batch **batch)
{
    ac_status status = ac_loader_next(e->loader, batch);

    e->interrupted = status == AC_ERR_CANCELLED;
    return status == AC_END || e->interrupted ? AC_OK : status;
}

/* One of the equal parts of a batch. */
static ac_status feed(const ac_trainer *t, const ac_batch *batch, int part)
{
    const ac_train_settings *s = t->settings;
    size_t first = (size_t)part * (size_t)(s->batch / s->accumulate);
    size_t pixels = (size_t)s->height * (size_t)s->width;
    size_t colours = 2 * (size_t)t->out.h * (size_t)t->out.w;

    return ac_train_session_feed(t->session, batch->lightness + first * pixels,
                                 batch->colours + first * colours);
}

/* Says what went wrong with the step after the place, and what to do. */
static ac_status fail_step(epoch *e, const ac_train_result *result)
{
    const ac_trainer *t = e->trainer;
    ac_status status = AC_OK;
    char where[256] = "", what[320];

    TRY(ac_train_session_blame(t->session, e->batch->lightness, where, sizeof(where)));
    snprintf(what, sizeof(what), "the %s is not finite; first in %s",
             isfinite(result->loss) ? "gradient" : "loss", where);
    status = ac_trainer_fail_step(t, t->state->place.step + 1, what);
fail:
    return status;
}

/* A mean that forgets; the first step does not count, in which drivers compile. */
static void note_time(ac_trainer *t, double seconds)
{
    double count = (double)(t->state->place.step - t->first_step - 1);
    double weight = count > 1 ? fmax(FORGET, 1 / count) : 1;

    t->step_time = (1 - weight) * t->step_time + weight * seconds;
}

/* Hands the batch to the device, and the beginning of the next one while it computes. */
static ac_status compute(epoch *e, double rate, ac_train_result *result)
{
    const ac_trainer *t = e->trainer;
    const ac_train_settings *s = t->settings;
    int64_t step = t->state->place.step + 1;
    ac_status status = AC_OK;

    TRY(ac_train_session_submit(t->session));
    for (int part = 1; part < s->accumulate; part++) {
        TRY(feed(t, e->batch, part));
        TRY(ac_train_session_submit(t->session));
    }
    TRY(ac_train_session_update(t->session, step, rate));
    TRY(draw(e, &e->next));
    if (e->next && step != s->steps)
        TRY(feed(t, e->next, 0));
    TRY(ac_train_session_wait(t->session, result));
fail:
    return status;
}

static void advance(ac_trainer *t, const ac_batch *batch, double loss, double rate)
{
    ac_run_place *place = &t->state->place;

    place->step++;
    place->cursor = batch->cursor;
    place->epoch_loss += loss;
    place->epoch_steps++;
    place->last_loss = loss;
    place->last_rate = rate;
}

static ac_status do_step(epoch *e)
{
    ac_trainer *t = e->trainer;
    ac_run_place *place = &t->state->place;
    double began = ac_clock_now((ac_clock){0});
    double rate = ac_trainer_rate(t);
    ac_train_result result = {0};
    ac_status status = AC_OK;

    TRY(compute(e, rate, &result));
    if (!result.finite)
        return fail_step(e, &result);
    advance(t, e->batch, result.loss, rate);
    if (t->dump)
        ac_dump_add(t->dump, e->batch);
    place->row_due = true;
    if (e->next && !ac_trainer_is_over(t))
        TRY(ac_trainer_write_row(t, NAN));
    ac_batch_free(&e->batch);
    e->batch = e->next;
    e->next = NULL;
    note_time(t, ac_clock_now((ac_clock){0}) - began);
fail:
    return status;
}

/* Steps that are still to be made, about: pictures may turn out to be gray. */
static double steps_left(const ac_trainer *t)
{
    const ac_train_settings *s = t->settings;
    const ac_run_place *place = &t->state->place;
    double an_epoch = floor((double)ac_trainer_usable(t) / s->batch);
    double left = an_epoch * (s->epochs - place->epoch) - (double)place->epoch_steps;

    if (s->steps)
        left = fmin(left, (double)(s->steps - place->step));
    return fmax(0, left);
}

static void show(const ac_trainer *t)
{
    const ac_run_place *place = &t->state->place;
    int64_t done = place->step - t->first_step;

    ac_progress_text(t->params->progress, done, done + (int64_t)steps_left(t),
                     "epoch %d of %d, step %lld, loss %.4g, %.3g images/s", place->epoch + 1,
                     t->settings->epochs, (long long)place->step, place->last_loss,
                     t->step_time > 0 ? t->settings->batch / t->step_time : 0);
}

/* Without the time that is left: steps say nothing of how long measuring takes. */
void ac_trainer_show_measured(void *opaque, int pictures)
{
    const ac_trainer *t = opaque;

    ac_progress_text(t->params->progress, 0, 0, "epoch %d of %d, %d of %d pictures measured",
                     t->state->place.epoch + 1, t->settings->epochs, pictures,
                     ac_dataset_count(t->dataset, AC_DATASET_VALIDATION));
}

static bool is_cancelled(const ac_trainer *t)
{
    return t->params->cancel && atomic_load(t->params->cancel);
}

static ac_status stop(ac_trainer *t)
{
    ac_status status = ac_trainer_save(t);

    if (status)
        return status;
    return ac_fail(t->log, AC_ERR_CANCELLED,
                   "interrupted after step %lld (epoch %d): the same command with --resume goes on "
                   "from %s",
                   (long long)t->state->place.step, t->state->place.epoch + 1, t->dir->checkpoint);
}

static ac_status fail_empty(const ac_trainer *t)
{
    int gray, broken;

    ac_dataset_left_out(t->dataset, &gray, &broken);
    return ac_fail(t->log, AC_ERR_FORMAT,
                   "of %d pictures for training %d are left, and a batch has %d: %d are gray, %d "
                   "cannot be read; name more pictures with colours, or a smaller --batch",
                   ac_dataset_count(t->dataset, AC_DATASET_TRAINING), ac_trainer_usable(t),
                   t->settings->batch, gray, broken);
}

static ac_status do_steps(epoch *e)
{
    ac_trainer *t = e->trainer;
    double period = 60 * t->params->checkpoint_minutes;
    ac_status status = AC_OK;

    ac_progress_stage(t->params->progress, "epoch %d of %d, reading the first pictures",
                      t->state->place.epoch + 1, t->settings->epochs);
    TRY(draw(e, &e->batch));
    if (e->interrupted)
        return stop(t);
    if (ac_trainer_is_over(t)) /* an interruption left what follows the last step */
        return AC_OK;
    if (e->batch)
        TRY(ac_trainer_write_row(t, NAN));
    if (!e->batch && !t->state->place.epoch_steps)
        return fail_empty(t);
    if (e->batch)
        TRY(feed(t, e->batch, 0));
    ac_progress_stage(t->params->progress, "epoch %d of %d, the first step",
                      t->state->place.epoch + 1, t->settings->epochs);
    while (e->batch) {
        TRY(do_step(e));
        show(t);
        if (e->interrupted)
            return stop(t);
        if (ac_trainer_is_over(t))
            break;
        if (is_cancelled(t))
            return stop(t);
        if (e->batch && ac_clock_now((ac_clock){0}) - t->saved >= period)
            TRY(ac_trainer_save(t));
    }
fail:
    return status;
}

static ac_status do_epoch(ac_trainer *t)
{
    epoch e = {.trainer = t};
    ac_status status = AC_OK;
    bool whole;

    TRY(open_epoch(&e));
    TRY(do_steps(&e));
    whole = !e.batch;
    close_epoch(&e);
    status = ac_trainer_end_epoch(t, whole);
    if (status == AC_ERR_CANCELLED)
        status = stop(t);
fail:
    close_epoch(&e);
    return status;
}

ac_status ac_trainer_loop(ac_trainer *t)
{
    ac_status status = AC_OK;

    t->saved = ac_clock_now((ac_clock){0});
    while (!status && (!ac_trainer_is_over(t) || t->state->place.row_due))
        status = do_epoch(t);
    return status;
}
