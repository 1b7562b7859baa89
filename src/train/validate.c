#include "train/validate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "color/lab.h"
#include "color/metrics.h"
#include "nn/session.h"
#include "train/view.h"

/* Memory for one picture at the size of its colours, and for a batch of results. */
typedef struct work {
    const ac_validate_params *params;
    const ac_log *log;
    ac_session *session;
    size_t pixels; /* of colours */
    float *lightness, *ab, *no_ab;
    float *small;                     /* lightness at the size of the colours */
    float *actual, *other;            /* RGB */
    double loss, rgb, gray, gray_rgb; /* sums */
} work;

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
    w->no_ab = calloc(2 * w->pixels, sizeof(float));
    w->small = calloc(w->pixels, sizeof(float));
    w->actual = calloc(3 * w->pixels, sizeof(float));
    w->other = calloc(3 * w->pixels, sizeof(float));
    if (!w->lightness || !w->ab || !w->no_ab || !w->small || !w->actual || !w->other)
        status = ac_fail(w->log, AC_ERR_MEMORY, "out of memory");
fail:
    return status;
}

static void destroy(work *w)
{
    ac_session_destroy(&w->session);
    free(w->lightness);
    free(w->ab);
    free(w->no_ab);
    free(w->small);
    free(w->actual);
    free(w->other);
}

static ac_status keep(const work *w, const float *rgb, ac_rgb *picture)
{
    const ac_view_params *view = &w->params->view;

    *picture = (ac_rgb){view->colour_width, view->colour_height, malloc(3 * w->pixels)};
    if (!picture->data)
        return ac_fail(w->log, AC_ERR_MEMORY, "out of memory");
    ac_rgb_to_rgb8(rgb, w->pixels, picture->data);
    return AC_OK;
}

/* Number k of a batch. */
static ac_status measure_picture(work *w, const ac_batch *batch, int k, ac_validation *v)
{
    const ac_view_params *view = &w->params->view;
    const float *truth = batch->colours + (size_t)k * 2 * w->pixels;
    const float *ab = w->ab + (size_t)k * 2 * w->pixels;
    ac_sheet_row *row = v->row_count < w->params->rows ? &v->rows[v->row_count] : NULL;
    ac_status status = AC_OK;
    double rgb;

    if (row)
        row->name = ac_dataset_name(w->params->dataset, w->params->side, batch->items[k]);
    v->row_count += row != NULL;
    ac_view_average(view, batch->lightness + (size_t)k * (size_t)view->height * (size_t)view->width,
                    w->small);
    ac_lab_to_rgb(w->small, truth, w->pixels, w->actual);
    if (row)
        TRY(keep(w, w->actual, &row->actual));

    ac_lab_to_rgb(w->small, w->no_ab, w->pixels, w->other);
    if (row)
        TRY(keep(w, w->other, &row->input));
    w->gray_rgb += ac_metric_rgb_loss(w->other, w->actual, w->pixels);
    w->gray += ac_loss_measure(&w->params->loss, w->no_ab, truth, 1, view->colour_height,
                               view->colour_width);

    ac_lab_to_rgb(w->small, ab, w->pixels, w->other);
    if (row)
        TRY(keep(w, w->other, &row->predicted));
    rgb = ac_metric_rgb_loss(w->other, w->actual, w->pixels);
    if (row)
        row->loss = rgb;
    w->rgb += rgb;
    w->loss +=
        ac_loss_measure(&w->params->loss, ab, truth, 1, view->colour_height, view->colour_width);
    v->pictures++;
fail:
    return status;
}

static ac_status measure_batch(work *w, const ac_batch *batch, ac_validation *v)
{
    const ac_view_params *view = &w->params->view;
    ac_status status = AC_OK;

    memcpy(w->lightness, batch->lightness,
           (size_t)batch->count * (size_t)view->height * (size_t)view->width * sizeof(float));
    TRY(ac_session_run(w->session, w->lightness, w->ab));
    for (int k = 0; k < batch->count; k++)
        TRY(measure_picture(w, batch, k, v));
fail:
    return status;
}

static ac_status measure_all(work *w, ac_loader *loader, ac_validation *v)
{
    const ac_validate_params *p = w->params;
    ac_batch *batch = NULL;
    ac_status status = AC_OK;

    while (!p->only_rows || v->pictures < p->rows) {
        if (p->cancel && atomic_load(p->cancel))
            return AC_ERR_CANCELLED;
        status = ac_loader_next(loader, &batch);
        if (status == AC_END)
            return AC_OK;
        if (!status)
            status = measure_batch(w, batch, v);
        ac_batch_free(&batch);
        if (status)
            return status;
    }
    return status;
}

ac_status ac_validate(const ac_validate_params *params, const ac_model *model, const ac_log *log,
                      ac_validation *v)
{
    work w = {.params = params, .log = log};
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
                                             .queue = 2},
                         log, &loader));
    TRY(measure_all(&w, loader, v));
    v->loss = v->pictures ? w.loss / v->pictures : NAN;
    v->rgb = v->pictures ? w.rgb / v->pictures : NAN;
    v->gray = v->pictures ? w.gray / v->pictures : NAN;
    v->gray_rgb = v->pictures ? w.gray_rgb / v->pictures : NAN;
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
