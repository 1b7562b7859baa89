#include "train/validate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "color/lab.h"
#include "color/metrics.h"
#include "nn/session.h"
#include "train/view.h"
#include "util/thread.h"

#define WORKERS_MAX 16

/* Of a picture, or sums of them. */
typedef struct measures {
    double loss, rgb, gray, gray_rgb;
} measures;

/* Measures each worker_count-th picture of a batch. */
typedef struct worker {
    struct work *work;
    int number;
    ac_thread thread;
    float *small;          /* lightness at the size of the colours */
    float *actual, *other; /* RGB */
} worker;

/* While the device computes one batch, the processor measures the one before. */
typedef struct work {
    const ac_validate_params *params;
    const ac_log *log;
    ac_session *session;
    size_t pixels; /* of colours */
    float *lightness, *no_ab;
    float *ab, *next_ab; /* results: of the batch that is measured, of the one that is computed */
    worker workers[WORKERS_MAX];
    int worker_count;
    ac_batch *batch; /* that is measured; NULL: none */
    measures *each;  /* of its pictures */
    measures sum;    /* of all before, in their order */
    ac_validation *v;
} work;

static ac_status create_workers(work *w)
{
    int count = ac_thread_processors(), most = w->params->batch;

    most = most < WORKERS_MAX ? most : WORKERS_MAX;
    w->worker_count = count < most ? count : most;
    for (int i = 0; i < w->worker_count; i++) {
        worker *one = &w->workers[i];

        *one = (worker){.work = w, .number = i};
        one->small = malloc(w->pixels * sizeof(float));
        one->actual = malloc(3 * w->pixels * sizeof(float));
        one->other = malloc(3 * w->pixels * sizeof(float));
        if (!one->small || !one->actual || !one->other)
            return AC_ERR_MEMORY;
    }
    return AC_OK;
}

static ac_status create(work *w, const ac_model *model)
{
    const ac_validate_params *p = w->params;
    const ac_view_params *view = &p->view;
    size_t batch = (size_t)p->batch;
    ac_status status = AC_OK;

    TRY(ac_session_create(&(ac_session_params){.device = p->device,
                                               .model = model,
                                               .n = p->batch,
                                               .height = view->height,
                                               .width = view->width},
                          w->log, &w->session));
    w->pixels = (size_t)view->colour_height * (size_t)view->colour_width;
    /* Zeroed: the last batch may have fewer pictures. */
    w->lightness = calloc(batch * (size_t)view->height * (size_t)view->width, sizeof(float));
    w->ab = calloc(batch * 2 * w->pixels, sizeof(float));
    w->next_ab = calloc(batch * 2 * w->pixels, sizeof(float));
    w->no_ab = calloc(2 * w->pixels, sizeof(float));
    w->each = calloc(batch, sizeof(*w->each));
    if (!w->lightness || !w->ab || !w->next_ab || !w->no_ab || !w->each || create_workers(w))
        status = ac_fail(w->log, AC_ERR_MEMORY, "out of memory");
fail:
    return status;
}

static void destroy(work *w)
{
    for (int i = 0; i < w->worker_count; i++) {
        ac_thread_join(&w->workers[i].thread);
        free(w->workers[i].small);
        free(w->workers[i].actual);
        free(w->workers[i].other);
    }
    ac_batch_free(&w->batch);
    ac_session_destroy(&w->session);
    free(w->lightness);
    free(w->ab);
    free(w->next_ab);
    free(w->no_ab);
    free(w->each);
}

/* ---- on any thread ---- */

static ac_status keep(const work *w, const float *rgb, ac_rgb *picture)
{
    const ac_view_params *view = &w->params->view;

    *picture = (ac_rgb){view->colour_width, view->colour_height, malloc(3 * w->pixels)};
    if (!picture->data)
        return ac_fail(w->log, AC_ERR_MEMORY, "out of memory");
    ac_rgb_to_rgb8(rgb, w->pixels, picture->data);
    return AC_OK;
}

/* Number k of the batch. */
static ac_status measure_picture(const worker *one, int k)
{
    const work *w = one->work;
    const ac_validate_params *p = w->params;
    const ac_view_params *view = &p->view;
    const float *truth = w->batch->colours + (size_t)k * 2 * w->pixels;
    const float *ab = w->ab + (size_t)k * 2 * w->pixels;
    int at = w->v->pictures + k;
    ac_sheet_row *row = at < p->rows ? &w->v->rows[at] : NULL;
    measures *m = &w->each[k];
    ac_status status = AC_OK;

    ac_view_average(view,
                    w->batch->lightness + (size_t)k * (size_t)view->height * (size_t)view->width,
                    one->small);
    ac_lab_to_rgb(one->small, truth, w->pixels, one->actual);
    if (row)
        TRY(keep(w, one->actual, &row->actual));

    ac_lab_to_rgb(one->small, w->no_ab, w->pixels, one->other);
    if (row)
        TRY(keep(w, one->other, &row->input));
    m->gray_rgb = ac_metric_rgb_loss(one->other, one->actual, w->pixels);
    m->gray =
        ac_loss_measure(&p->loss, w->no_ab, truth, 1, view->colour_height, view->colour_width);

    ac_lab_to_rgb(one->small, ab, w->pixels, one->other);
    if (row)
        TRY(keep(w, one->other, &row->predicted));
    m->rgb = ac_metric_rgb_loss(one->other, one->actual, w->pixels);
    if (row)
        row->loss = m->rgb;
    m->loss = ac_loss_measure(&p->loss, ab, truth, 1, view->colour_height, view->colour_width);
fail:
    return status;
}

static ac_status measure(void *opaque)
{
    const worker *one = opaque;
    ac_status status = AC_OK;

    for (int k = one->number; k < one->work->batch->count && !status; k += one->work->worker_count)
        status = measure_picture(one, k);
    return status;
}

/* ---- batches ---- */

/* Waits for the batch that is measured. */
static ac_status end_batch(work *w)
{
    const ac_validate_params *p = w->params;
    ac_status status = AC_OK;

    if (!w->batch)
        return AC_OK;
    for (int i = 0; i < w->worker_count; i++) {
        ac_status each = ac_thread_join(&w->workers[i].thread);

        status = status ? status : each;
    }
    for (int k = 0; k < w->batch->count; k++) {
        w->sum.loss += w->each[k].loss;
        w->sum.rgb += w->each[k].rgb;
        w->sum.gray += w->each[k].gray;
        w->sum.gray_rgb += w->each[k].gray_rgb;
    }
    w->v->pictures += w->batch->count;
    ac_batch_free(&w->batch);
    if (!status && p->shown)
        p->shown(p->opaque, w->v->pictures);
    return status;
}

/* Takes over the batch, whose results are in next_ab. */
static ac_status begin_batch(work *w, ac_batch *batch)
{
    float *ab = w->ab;
    ac_status status = AC_OK;

    w->ab = w->next_ab;
    w->next_ab = ab;
    w->batch = batch;
    for (int k = 0; k < batch->count && w->v->row_count < w->params->rows; k++)
        w->v->rows[w->v->row_count++].name =
            ac_dataset_name(w->params->dataset, w->params->side, batch->items[k]);
    for (int i = 0; i < w->worker_count && !status; i++)
        status = ac_thread_start(&w->workers[i].thread, "measure", measure, &w->workers[i], w->log);
    return status;
}

static ac_status next_batch(work *w, ac_loader *loader)
{
    const ac_view_params *view = &w->params->view;
    ac_batch *batch = NULL;
    ac_status status = AC_OK;

    TRY(ac_loader_next(loader, &batch));
    memcpy(w->lightness, batch->lightness,
           (size_t)batch->count * (size_t)view->height * (size_t)view->width * sizeof(float));
    TRY(ac_session_run(w->session, w->lightness, w->next_ab));
    TRY(end_batch(w));
    return begin_batch(w, batch);
fail:
    ac_batch_free(&batch);
    return status;
}

static ac_status measure_all(work *w, ac_loader *loader)
{
    const ac_validate_params *p = w->params;
    ac_status status = AC_OK;

    while (!status && !(p->only_rows && w->v->row_count == p->rows)) {
        if (p->cancel && atomic_load(p->cancel))
            return AC_ERR_CANCELLED;
        status = next_batch(w, loader);
    }
    return status && status != AC_END ? status : end_batch(w);
}

ac_status ac_validate(const ac_validate_params *params, const ac_model *model, const ac_log *log,
                      ac_validation *v)
{
    work w = {.params = params, .log = log, .v = v};
    ac_loader *loader = NULL;
    ac_status status = AC_OK;

    *v = (ac_validation){.rows = calloc((size_t)params->rows + 1, sizeof(*v->rows))};
    if (!v->rows)
        return ac_fail(log, AC_ERR_MEMORY, "out of memory");
    TRY(create(&w, model));
    TRY(ac_loader_create(&(ac_loader_params){.dataset = params->dataset,
                                             .side = params->side,
                                             .view = params->view,
                                             .batch = params->batch,
                                             .partial = true,
                                             .threads = params->threads,
                                             .queue = 2,
                                             .cancel = params->cancel},
                         log, &loader));
    TRY(measure_all(&w, loader));
    v->loss = v->pictures ? w.sum.loss / v->pictures : NAN;
    v->rgb = v->pictures ? w.sum.rgb / v->pictures : NAN;
    v->gray = v->pictures ? w.sum.gray / v->pictures : NAN;
    v->gray_rgb = v->pictures ? w.sum.gray_rgb / v->pictures : NAN;
fail:
    ac_loader_destroy(&loader);
    destroy(&w);
    if (status)
        ac_validation_free(v);
    return status;
}

void ac_validation_free(ac_validation *v)
{
    for (int i = 0; i < v->row_count; i++) {
        ac_rgb_free(&v->rows[i].input);
        ac_rgb_free(&v->rows[i].actual);
        ac_rgb_free(&v->rows[i].predicted);
    }
    free(v->rows);
    *v = (ac_validation){.rows = NULL};
}
