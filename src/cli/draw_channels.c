#include "cli/draw_channels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/layers.h"
#include "nn/session.h"
#include "train/canvas.h"

#define MARGIN     20
#define TITLE      44 /* height of the heading */
#define LABEL      190
#define LONG_SIDE  112 /* of a tile */
#define GAP        8
#define MIN_PITCH  96  /* from a tile to the next: its caption's */
#define MIN_WIDTH  560 /* the title's */
#define MIN_ROW    70  /* the label's */
#define CAPTION    16  /* below a tile */
#define MAX_HEIGHT 32000

static const ac_text_style name_style = {
    .size = 13, .most = LABEL - GAP, .bold = true, .ink = AC_INK_TEXT};
static const ac_text_style detail_style = {.size = 11, .most = LABEL - GAP, .ink = AC_INK_QUIET};
static const ac_text_style range_style = {
    .size = 9.5, .anchor = AC_ANCHOR_MIDDLE, .ink = AC_INK_QUIET};

typedef struct sheet {
    const ac_channels_params *params;
    const ac_log *log;
    ac_session *session;
    ac_layers *layers;
    ac_canvas *canvas;
    int tile_height, tile_width, row_height, pitch;
    int channels; /* the most that any layer shows */
    int width;
} sheet;

static int channels_of(const sheet *s, const ac_layer *layer)
{
    return layer->shape.c < s->params->channels ? layer->shape.c : s->params->channels;
}

/* Value number of layer i in the plan. */
static int value_of(const sheet *s, int i)
{
    const ac_plan *plan = ac_session_plan(s->session);
    int number = 0;

    for (int k = 0; i > 0 && k < plan->step_count; k++)
        if (plan->steps[k].node && ++number == i)
            return plan->steps[k].output;
    return 0;
}

/* The mean of the values that a pixel of the tile covers; the nearest one where it covers less. */
static float mean_under(const float *plane, int h, int w, const sheet *s, int y, int x)
{
    int top = (int)((int64_t)y * h / s->tile_height);
    int left = (int)((int64_t)x * w / s->tile_width);
    int bottom = (int)((int64_t)(y + 1) * h / s->tile_height);
    int right = (int)((int64_t)(x + 1) * w / s->tile_width);
    double sum = 0;

    bottom = bottom > top ? bottom : top + 1;
    right = right > left ? right : left + 1;
    for (int v = top; v < bottom; v++)
        for (int u = left; u < right; u++)
            sum += (double)plane[(size_t)v * (size_t)w + (size_t)u];
    return (float)(sum / ((double)(bottom - top) * (right - left)));
}

/* A value that is the same everywhere is drawn in middle gray. */
static void fill_tile(const sheet *s, const float *plane, int h, int w, uint8_t *pixels,
                      float range[2])
{
    size_t count = (size_t)h * (size_t)w;

    range[0] = range[1] = plane[0];
    for (size_t i = 1; i < count; i++) {
        range[0] = fminf(range[0], plane[i]);
        range[1] = fmaxf(range[1], plane[i]);
    }
    for (int y = 0; y < s->tile_height; y++)
        for (int x = 0; x < s->tile_width; x++) {
            float value = mean_under(plane, h, w, s, y, x);
            float part = range[1] > range[0] ? (value - range[0]) / (range[1] - range[0]) : 0.5F;

            memset(pixels, (int)lrintf(255 * fminf(fmaxf(part, 0), 1)), 3);
            pixels += 3;
        }
}

/* The part of a value that is the picture's: what the input was padded with is left out, as it is
 * of the result. */
static void cut_padding(const sheet *s, const ac_shape *shape, const float *from, float *to, int *h,
                        int *w)
{
    const ac_plan *plan = ac_session_plan(s->session);

    *h = (int)(((int64_t)shape->h * plan->height + plan->padded_height - 1) / plan->padded_height);
    *w = (int)(((int64_t)shape->w * plan->width + plan->padded_width - 1) / plan->padded_width);
    for (int y = 0; y < *h; y++)
        memcpy(to + (size_t)y * (size_t)*w, from + (size_t)y * (size_t)shape->w,
               (size_t)*w * sizeof(*to));
}

/* Around a tile, so that its white is not taken for paper. */
static void draw_frame(const sheet *s, int x, int y)
{
    double left = x - 0.5, right = x + s->tile_width + 0.5;
    double top = y - 0.5, bottom = y + s->tile_height + 0.5;

    ac_canvas_begin_line(s->canvas, AC_INK_AXIS, 1, false);
    ac_canvas_move(s->canvas, left, top);
    ac_canvas_line(s->canvas, right, top);
    ac_canvas_line(s->canvas, right, bottom);
    ac_canvas_line(s->canvas, left, bottom);
    ac_canvas_line(s->canvas, left, top - 0.5);
    ac_canvas_end_line(s->canvas);
}

static void draw_label(const sheet *s, const ac_layer *layer, int y)
{
    char text[192], details[128];
    int used;

    ac_canvas_text(s->canvas, MARGIN, y + 14, &name_style, layer->name);
    ac_layer_details(layer, true, details, sizeof(details));
    snprintf(text, sizeof(text), "%s%s%s", layer->operation, *details ? " " : "", details);
    ac_canvas_text(s->canvas, MARGIN, y + 30, &detail_style, text);
    used = snprintf(text, sizeof(text), "%s", layer->fused_count ? "then " : "");
    for (int i = 0; i < layer->fused_count; i++)
        used += snprintf(text + used, sizeof(text) - (size_t)used, "%s%s", i ? ", " : "",
                         ac_layer_fused_name(layer, i));
    ac_canvas_text(s->canvas, MARGIN, y + 45, &detail_style, text);
    snprintf(text, sizeof(text), "%dx%dx%d", layer->shape.c, layer->shape.h, layer->shape.w);
    ac_canvas_text(s->canvas, MARGIN, y + (layer->fused_count ? 60 : 45), &detail_style, text);
}

static ac_status draw_row(const sheet *s, int number, int y)
{
    const ac_layer *layer = &s->layers->items[number];
    size_t plane = (size_t)layer->shape.h * (size_t)layer->shape.w;
    float *values = calloc((size_t)layer->shape.c * plane, sizeof(*values));
    float *part = calloc(plane, sizeof(*part));
    ac_rgb tile = {s->tile_width, s->tile_height,
                   malloc(3 * (size_t)s->tile_width * (size_t)s->tile_height)};
    ac_status status = AC_OK;
    char text[64];

    if (!values || !part || !tile.data) {
        status = ac_fail(s->log, AC_ERR_MEMORY, "out of memory");
        goto fail;
    }
    TRY(ac_session_read_value(s->session, value_of(s, number), values, s->log));
    draw_label(s, layer, y);
    for (int c = 0; c < channels_of(s, layer); c++) {
        int x = MARGIN + LABEL + c * s->pitch, h, w;
        float range[2];

        cut_padding(s, &layer->shape, values + (size_t)c * plane, part, &h, &w);
        fill_tile(s, part, h, w, tile.data, range);
        draw_frame(s, x, y);
        ac_canvas_picture(s->canvas, &tile, x, y, s->tile_width, s->tile_height);
        if (range[0] == range[1])
            snprintf(text, sizeof(text), "all %.3g", (double)range[0]);
        else
            snprintf(text, sizeof(text), "%.3g to %.3g", (double)range[0], (double)range[1]);
        ac_canvas_text(s->canvas, x + s->tile_width / 2.0, y + s->tile_height + 12, &range_style,
                       text);
    }
fail:
    free(values);
    free(part);
    ac_rgb_free(&tile);
    return status;
}

/* Tiles have the picture's shape; they get smaller where there are very many layers. */
static ac_status lay_out(sheet *s)
{
    const ac_channels_params *p = s->params;
    int most = (MAX_HEIGHT - TITLE - MARGIN) / s->layers->count - GAP - CAPTION;
    double scale = (double)LONG_SIDE / (p->height > p->width ? p->height : p->width);

    scale = fmin(scale, (double)most / p->height);
    s->tile_height = (int)fmax(round(scale * p->height), 1);
    s->tile_width = (int)fmax(round(scale * p->width), 1);
    if (most < 8)
        return ac_fail(s->log, AC_ERR_UNSUPPORTED,
                       "%s: %d layers are too many for one sheet of them", p->model->net->where,
                       s->layers->count);
    s->row_height = s->tile_height + CAPTION + GAP;
    if (s->row_height < MIN_ROW && most > MIN_ROW)
        s->row_height = MIN_ROW;
    s->pitch = (s->tile_width > MIN_PITCH ? s->tile_width : MIN_PITCH) + GAP;
    for (int i = 0; i < s->layers->count; i++)
        if (channels_of(s, &s->layers->items[i]) > s->channels)
            s->channels = channels_of(s, &s->layers->items[i]);
    s->width = 2 * MARGIN + LABEL + s->channels * s->pitch - GAP;
    s->width = s->width > MIN_WIDTH ? s->width : MIN_WIDTH;
    return ac_canvas_create(s->width, TITLE + MARGIN + s->layers->count * s->row_height, s->log,
                            &s->canvas);
}

/* One run of the whole network, in a session that keeps every value. */
static ac_status run_network(sheet *s)
{
    const ac_channels_params *p = s->params;
    float *result = NULL;
    ac_status status = AC_OK;

    TRY(ac_session_create(&(ac_session_params){.device = p->device,
                                               .model = p->model,
                                               .n = 1,
                                               .height = p->height,
                                               .width = p->width,
                                               .guarded = true},
                          s->log, &s->session));
    result = malloc((size_t)ac_shape_count(ac_session_output_shape(s->session)) * sizeof(*result));
    if (!result) {
        status = ac_fail(s->log, AC_ERR_MEMORY, "out of memory");
        goto fail;
    }
    TRY(ac_session_run(s->session, p->lightness, result));
fail:
    free(result);
    return status;
}

ac_status ac_draw_channels(const ac_channels_params *params, const ac_log *log, ac_rgb *picture)
{
    sheet s = {.params = params, .log = log};
    ac_status status = AC_OK;

    *picture = (ac_rgb){0};
    TRY(run_network(&s));
    TRY(ac_layers_create(ac_session_plan(s.session), log, &s.layers));
    TRY(lay_out(&s));
    ac_canvas_text(s.canvas, MARGIN, MARGIN + 10,
                   &(ac_text_style){
                       .size = 17, .most = s.width - 2 * MARGIN, .bold = true, .ink = AC_INK_TEXT},
                   params->title);
    for (int i = 0; i < s.layers->count; i++)
        TRY(draw_row(&s, i, TITLE + i * s.row_height));
    TRY(ac_canvas_finish(&s.canvas, picture));
fail:
    ac_canvas_destroy(&s.canvas);
    ac_layers_destroy(&s.layers);
    ac_session_destroy(&s.session);
    return status;
}
