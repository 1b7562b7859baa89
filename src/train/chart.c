#include "train/chart.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "train/canvas.h"

#define LEFT        96
#define RIGHT       (AC_CHART_WIDTH - 48)
#define LOSS_TOP    104
#define LOSS_BOTTOM 560
#define RATE_TOP    612
#define RATE_BOTTOM 728
#define LOG_FROM    20 /* a loss that falls by more than that gets a logarithmic scale */
#define LEAST_ROOM  1e-300
#define HUGE_VALUE  1e30 /* what is not below it is no loss worth a scale */

typedef enum quantity { LOSS, SMOOTHED, VALIDATION, RATE } quantity;

/* A field of the chart and its scales. */
typedef struct scales {
    double top, bottom, low, high; /* low, high: logarithms where `logarithmic` */
    double first, last;            /* steps */
    bool logarithmic;
} scales;

typedef struct plot {
    const ac_chart_params *params;
    ac_canvas *canvas;
    scales loss, rate;
    int64_t window; /* steps that smoothing looks back */
} plot;

static bool usable(double value)
{
    return isfinite(value) && fabs(value) < HUGE_VALUE;
}

static double x_of(const scales *p, double step)
{
    return LEFT + (step - p->first) / (p->last - p->first) * (RIGHT - LEFT);
}

static double y_of(const scales *p, double value)
{
    if (p->logarithmic)
        value = value > 0 ? log10(value) : p->low - 1;
    return p->bottom - (value - p->low) / (p->high - p->low) * (p->bottom - p->top);
}

static double value_of(const ac_report_row *row, quantity what)
{
    return what == VALIDATION ? row->validation : what == RATE ? row->rate : row->loss;
}

/* Smallest, smallest above 0, and largest of the values so far; count 0: there is none. */
typedef struct extent {
    double least, least_positive, most;
    int64_t count;
} extent;

static void extend(extent *e, double value)
{
    if (!usable(value))
        return;
    if (!e->count++)
        *e = (extent){value, HUGE_VALUE, value, e->count};
    e->least = fmin(e->least, value);
    e->most = fmax(e->most, value);
    if (value > 0)
        e->least_positive = fmin(e->least_positive, value);
}

/* A scale that holds all values, with some room. */
static void set_scale(scales *p, const extent *e)
{
    double room;

    p->low = 0;
    p->high = 1;
    if (!e->count)
        return;
    p->logarithmic = e->least > 0 && e->most > LOG_FROM * e->least_positive;
    p->low = p->logarithmic ? log10(e->least) : e->least;
    p->high = p->logarithmic ? log10(e->most) : e->most;
    if (!p->logarithmic && p->low >= 0 && p->low < 0.5 * p->high)
        p->low = 0;
    room = (p->high - p->low) * 0.06;
    /* One value, or values that a double hardly tells apart, or so small that the step from tick to
     * tick would be 0. */
    if (room <= 1e-9 * fabs(p->high) || room < LEAST_ROOM)
        room = fmax(p->high, -p->low) > 10 * LEAST_ROOM ? 0.1 * fabs(p->high) : 1;
    p->high += room;
    if (p->low != 0)
        p->low -= room;
}

static void set_scales(plot *p)
{
    const ac_chart_params *params = p->params;
    extent loss = {0}, rate = {0};
    double first = params->count ? (double)params->rows[0].step : 0;
    double last = params->count ? (double)params->rows[params->count - 1].step : 1;

    for (int64_t i = 0; i < params->count; i++) {
        extend(&loss, params->rows[i].loss);
        extend(&loss, params->rows[i].validation);
        extend(&rate, params->rows[i].rate);
    }
    extend(&loss, params->baseline);
    if (last <= first) {
        last = first + 0.5;
        first -= 0.5;
    }
    p->loss = (scales){.top = LOSS_TOP, .bottom = LOSS_BOTTOM, .first = first, .last = last};
    p->rate = (scales){.top = RATE_TOP, .bottom = RATE_BOTTOM, .first = first, .last = last};
    set_scale(&p->loss, &loss);
    extend(&rate, 0);
    set_scale(&p->rate, &rate);
    p->rate.logarithmic = false;
    p->window = params->count / 100 < 5 ? 5 : params->count / 100;
}

/* Values of the steps that share a column of pixels: drawn as one upright line. */
typedef struct column {
    int at;
    double low, high, x, final; /* x: where they lie in the mean, times count */
    int64_t count;
    bool gap; /* a value was missing */
} column;

/* Returns whether the pen is down afterwards. */
static bool draw_column(const plot *p, const scales *panel, const column *c, bool smooth, bool down)
{
    double x;

    if (!c->count)
        return down && !c->gap;
    x = c->x / (double)c->count;
    if (down)
        ac_canvas_line(p->canvas, x, y_of(panel, smooth ? c->final : c->high));
    else
        ac_canvas_move(p->canvas, x, y_of(panel, smooth ? c->final : c->high));
    /* Also where it is no longer than a point: the line's round end shows it. */
    ac_canvas_line(p->canvas, x, y_of(panel, smooth ? c->final : c->low));
    return true;
}

static void draw_curve(const plot *p, const scales *panel, quantity what, ac_ink ink, double width)
{
    double sum = 0, weight = 0, keep = 1 - 2.0 / ((double)p->window + 1);
    column c = {.at = -1};
    bool down = false;

    ac_canvas_begin_line(p->canvas, ink, width, false);
    for (int64_t i = 0; i < p->params->count; i++) {
        const ac_report_row *row = &p->params->rows[i];
        double value = value_of(row, what), x = x_of(panel, (double)row->step);

        if (c.at != (int)x) {
            down = draw_column(p, panel, &c, what == SMOOTHED, down);
            c = (column){.at = (int)x};
        }
        if (!usable(value)) {
            /* Most steps have no validation: that is no gap. */
            c.gap = what != VALIDATION;
            continue;
        }
        if (what == SMOOTHED) {
            /* Exponential mean whose beginning is not drawn towards 0. */
            sum = sum * keep + value * (1 - keep);
            weight = weight * keep + (1 - keep);
            value = sum / weight;
        }
        c.low = c.count ? fmin(c.low, value) : value;
        c.high = c.count ? fmax(c.high, value) : value;
        c.final = value;
        c.x += x;
        c.count++;
    }
    draw_column(p, panel, &c, what == SMOOTHED, down);
    ac_canvas_end_line(p->canvas);
}

/* A dot that says in words what it stands for. */
static void draw_dot(const plot *p, const ac_report_row *row, const char *what, double value,
                     double radius, ac_ink ink)
{
    char text[96];

    snprintf(text, sizeof(text), "epoch %d: %s %.5g", row->epoch, what, value);
    ac_canvas_begin_group(p->canvas, text);
    ac_canvas_dot(p->canvas, x_of(&p->loss, (double)row->step), y_of(&p->loss, value), radius, ink);
    ac_canvas_end_group(p->canvas);
}

static void draw_validation(const plot *p)
{
    ac_canvas_begin_group(p->canvas, "validation loss");
    draw_curve(p, &p->loss, VALIDATION, AC_INK_VALIDATION, 2.2);
    ac_canvas_end_group(p->canvas);
    for (int64_t i = 0, last = -1; i < p->params->count; i++) {
        const ac_report_row *row = &p->params->rows[i];
        double x = x_of(&p->loss, (double)row->step);

        /* Dots that would only cover each other are left out. */
        if (!usable(row->validation) || (last >= 0 && (int64_t)x < last + 6))
            continue;
        draw_dot(p, row, "validation loss", row->validation, 4, AC_INK_VALIDATION);
        last = (int64_t)x;
    }
}

/* The mean of an epoch's steps, where it ends; of those that would cover each other, one. */
static void draw_epochs(const plot *p)
{
    const ac_report_row *rows = p->params->rows;
    double sum = 0;
    int64_t count = 0, last = -1;

    for (int64_t i = 0; i < p->params->count; i++) {
        int64_t x = (int64_t)x_of(&p->loss, (double)rows[i].step);

        if (usable(rows[i].loss)) {
            sum += rows[i].loss;
            count++;
        }
        if (i + 1 < p->params->count && rows[i + 1].epoch == rows[i].epoch)
            continue;
        if (count && (last < 0 || x >= last + 3)) {
            draw_dot(p, &rows[i], "mean loss", sum / (double)count, 4.5, AC_INK_EPOCHS);
            last = x;
        }
        sum = 0;
        count = 0;
    }
}

/* A step of 1, 2 or 5 times a power of ten that divides span into about `parts`. */
static double nice_step(double span, int parts)
{
    double rough = span / parts, power = pow(10, floor(log10(rough))), rest = rough / power;

    return power * (rest < 1.5 ? 1 : rest < 3.5 ? 2 : rest < 7.5 ? 5 : 10);
}

static void draw_value_tick(const plot *p, const scales *panel, double value)
{
    ac_text_style style = {.size = 14, .anchor = AC_ANCHOR_RIGHT, .ink = AC_INK_QUIET};
    double y = y_of(panel, value);
    char text[32];

    if (y < panel->top - 0.5 || y > panel->bottom + 0.5)
        return;
    ac_canvas_begin_line(p->canvas, AC_INK_GRID, 1, false);
    ac_canvas_move(p->canvas, LEFT, y);
    ac_canvas_line(p->canvas, RIGHT, y);
    ac_canvas_end_line(p->canvas);
    snprintf(text, sizeof(text), "%.6g", value);
    ac_canvas_text(p->canvas, LEFT - 10, y + 5, &style, text);
}

static void draw_value_ticks(const plot *p, const scales *panel, int parts)
{
    static const int digits[] = {1, 2, 5};
    double span = panel->high - panel->low, step;
    int decades; /* from tick to tick */

    if (!panel->logarithmic) {
        step = nice_step(span, parts);
        for (int k = (int)ceil(panel->low / step); k * step <= panel->high; k++)
            draw_value_tick(p, panel, k * step);
        return;
    }
    decades = span > 10 ? (int)ceil(span / 10) : 1;
    for (int k = (int)floor(panel->low); k <= panel->high; k += decades)
        for (int i = 0; i < (span < 3.5 ? 3 : 1); i++)
            draw_value_tick(p, panel, digits[i] * pow(10, k));
}

static void draw_step_ticks(const plot *p, const scales *panel)
{
    ac_text_style style = {.size = 14, .anchor = AC_ANCHOR_MIDDLE, .ink = AC_INK_QUIET};
    double step = fmax(1, nice_step(panel->last - panel->first, 8));

    for (double k = ceil(panel->first / step); k * step <= panel->last; k++) {
        double x = x_of(panel, k * step);
        char text[32];

        ac_canvas_begin_line(p->canvas, AC_INK_AXIS, 1, false);
        ac_canvas_move(p->canvas, x, panel->bottom);
        ac_canvas_line(p->canvas, x, panel->bottom + 5);
        ac_canvas_end_line(p->canvas);
        snprintf(text, sizeof(text), "%.15g", k * step);
        ac_canvas_text(p->canvas, x, panel->bottom + 22, &style, text);
    }
}

static void draw_axes(const plot *p, const scales *panel)
{
    ac_canvas_begin_line(p->canvas, AC_INK_AXIS, 1.2, false);
    ac_canvas_move(p->canvas, LEFT, panel->top);
    ac_canvas_line(p->canvas, LEFT, panel->bottom);
    ac_canvas_line(p->canvas, RIGHT, panel->bottom);
    ac_canvas_end_line(p->canvas);
}

static void draw_baseline(const plot *p)
{
    double y = y_of(&p->loss, p->params->baseline);
    char text[64];

    snprintf(text, sizeof(text), "gray picture: %.5g", p->params->baseline);
    ac_canvas_begin_group(p->canvas, text);
    ac_canvas_begin_line(p->canvas, AC_INK_BASELINE, 1.6, true);
    ac_canvas_move(p->canvas, LEFT, y);
    ac_canvas_line(p->canvas, RIGHT, y);
    ac_canvas_end_line(p->canvas);
    ac_canvas_end_group(p->canvas);
}

static bool has(const plot *p, quantity what)
{
    for (int64_t i = 0; i < p->params->count; i++)
        if (usable(value_of(&p->params->rows[i], what)))
            return true;
    return false;
}

static void draw_legend(const plot *p)
{
    const struct {
        const char *name;
        ac_ink ink;
        bool line, dashed, shown;
    } entries[] = {
        {"loss of a step", AC_INK_STEPS, true, false, has(p, LOSS)},
        {"smoothed", AC_INK_LOSS, true, false, has(p, LOSS)},
        {"mean of an epoch", AC_INK_EPOCHS, false, false, has(p, LOSS)},
        {"validation", AC_INK_VALIDATION, true, false, has(p, VALIDATION)},
        {"gray picture", AC_INK_BASELINE, true, true, usable(p->params->baseline)},
    };
    ac_text_style style = {.size = 15, .ink = AC_INK_TEXT};
    double x = LEFT;

    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        if (!entries[i].shown)
            continue;
        if (entries[i].line) {
            ac_canvas_begin_line(p->canvas, entries[i].ink, entries[i].dashed ? 1.6 : 3,
                                 entries[i].dashed);
            ac_canvas_move(p->canvas, x + 2, 75);
            ac_canvas_line(p->canvas, x + 28, 75);
            ac_canvas_end_line(p->canvas);
        } else {
            ac_canvas_dot(p->canvas, x + 15, 75, 4.5, entries[i].ink);
        }
        ac_canvas_text(p->canvas, x + 36, 80, &style, entries[i].name);
        x += 36 + ac_canvas_text_width(p->canvas, &style, entries[i].name) + 28;
    }
}

static void draw_labels(const plot *p)
{
    ac_text_style title = {.size = 22, .bold = true, .ink = AC_INK_TEXT, .most = RIGHT - LEFT};
    ac_text_style label = {.size = 15, .ink = AC_INK_TEXT};
    ac_text_style middle = {.size = 15, .anchor = AC_ANCHOR_MIDDLE, .ink = AC_INK_TEXT};

    ac_canvas_text(p->canvas, LEFT, 42, &title, p->params->title);
    ac_canvas_text(p->canvas, 24, LOSS_TOP - 12, &label, "loss");
    ac_canvas_text(p->canvas, 24, RATE_TOP - 12, &label, "learning rate");
    ac_canvas_text(p->canvas, (LEFT + RIGHT) / 2.0, RATE_BOTTOM + 50, &middle, "step");
    if (!has(p, LOSS))
        ac_canvas_text(p->canvas, (LEFT + RIGHT) / 2.0, (LOSS_TOP + LOSS_BOTTOM) / 2.0, &middle,
                       "no loss yet");
}

static void draw_curves(const plot *p)
{
    ac_canvas_begin_clip(p->canvas, LEFT - 6, LOSS_TOP - 6, RIGHT - LEFT + 12,
                         LOSS_BOTTOM - LOSS_TOP + 12);
    ac_canvas_begin_group(p->canvas, "loss of a step");
    draw_curve(p, &p->loss, LOSS, AC_INK_STEPS, 1);
    ac_canvas_end_group(p->canvas);
    if (usable(p->params->baseline))
        draw_baseline(p);
    ac_canvas_begin_group(p->canvas, "loss, smoothed");
    draw_curve(p, &p->loss, SMOOTHED, AC_INK_LOSS, 2);
    ac_canvas_end_group(p->canvas);
    draw_epochs(p);
    draw_validation(p);
    ac_canvas_end_clip(p->canvas);
    ac_canvas_begin_group(p->canvas, "learning rate");
    draw_curve(p, &p->rate, RATE, AC_INK_RATE, 2);
    ac_canvas_end_group(p->canvas);
}

static void draw_all(const plot *p)
{
    draw_value_ticks(p, &p->loss, 7);
    draw_value_ticks(p, &p->rate, 2);
    draw_axes(p, &p->loss);
    draw_axes(p, &p->rate);
    draw_step_ticks(p, &p->loss);
    draw_step_ticks(p, &p->rate);
    draw_curves(p);
    draw_labels(p);
    draw_legend(p);
}

ac_status ac_chart_draw(const ac_chart_params *params, const ac_log *log, ac_rgb *chart)
{
    plot p = {.params = params};
    ac_status status;

    *chart = (ac_rgb){0};
    status = ac_canvas_create(AC_CHART_WIDTH, AC_CHART_HEIGHT, log, &p.canvas);
    if (status != AC_OK)
        return status;
    set_scales(&p);
    draw_all(&p);
    return ac_canvas_finish(&p.canvas, chart);
}

ac_status ac_chart_draw_svg(const ac_chart_params *params, const ac_log *log, FILE *out)
{
    static const char title[] = "Loss and learning rate";
    ac_chart_params named = *params; /* its title is the page's */
    plot p = {.params = &named};
    ac_status status;

    named.title = title;
    status = ac_canvas_create_svg(out, AC_CHART_WIDTH, AC_CHART_HEIGHT, title, log, &p.canvas);
    if (status != AC_OK)
        return status;
    set_scales(&p);
    draw_all(&p);
    return ac_canvas_finish(&p.canvas, NULL);
}
