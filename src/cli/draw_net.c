#include "cli/draw_net.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/draw_layout.h"
#include "cli/output.h"
#include "util/file.h"
#include "util/text.h"

#define BOX_W AC_DRAW_BOX_W
#define BOX_H AC_DRAW_BOX_H
#define GAP_Y AC_DRAW_GAP_Y

#define RESULT_W 116

/* What layers are drawn as; the legend has them in this order. */
typedef enum look {
    LOOK_INPUT,
    LOOK_CONV,
    LOOK_POINTWISE,
    LOOK_DEPTHWISE,
    LOOK_TRANSPOSED,
    LOOK_POOL,
    LOOK_UPSAMPLE,
    LOOK_CONCAT,
    LOOK_ADD,
    LOOK_OTHER,
    LOOK_COUNT,
} look;

static const struct {
    const char *label, *colour, *tint;
} looks[LOOK_COUNT] = {
    [LOOK_INPUT] = {"input, output", "#475569", "#f1f5f9"},
    [LOOK_CONV] = {"convolution", "#2563eb", "#eff6ff"},
    [LOOK_POINTWISE] = {"1x1 convolution", "#0ea5e9", "#f0f9ff"},
    [LOOK_DEPTHWISE] = {"depthwise, grouped", "#0d9488", "#f0fdfa"},
    [LOOK_TRANSPOSED] = {"transposed convolution", "#ea580c", "#fff7ed"},
    [LOOK_POOL] = {"pooling", "#e11d48", "#fff1f2"},
    [LOOK_UPSAMPLE] = {"upsampling", "#ca8a04", "#fefce8"},
    [LOOK_CONCAT] = {"concatenation", "#7c3aed", "#f5f3ff"},
    [LOOK_ADD] = {"addition", "#16a34a", "#f0fdf4"},
    [LOOK_OTHER] = {"norm, activation", "#64748b", "#f8fafc"},
};

static const char style[] =
    "text{font-family:Inter,'Segoe UI',Helvetica,Arial,'DejaVu Sans',sans-serif;fill:#0f172a}"
    ".title{font-size:22px;font-weight:700}.sub{font-size:13px;fill:#475569}"
    ".name{font-size:12.5px;font-weight:700}.op{font-size:10.5px;fill:#334155}"
    ".size{font-size:10.5px;fill:#64748b}.chip{font-size:9px;fill:#475569}"
    ".level{font-size:15px;font-weight:700;fill:#64748b}.small{font-size:11px;fill:#94a3b8}"
    ".legend{font-size:11.5px;fill:#334155}"
    ".flow{fill:none;stroke:#64748b;stroke-width:1.6}"
    ".skip{fill:none;stroke:#8b5cf6;stroke-width:2;stroke-opacity:.75}"
    ".sum{fill:none;stroke:#16a34a;stroke-width:2;stroke-opacity:.75}";

typedef struct drawing {
    FILE *out;
    const ac_layers *layers;
    const ac_draw_layout *layout;
    int64_t most_macs;
    int most_channels;
} drawing;

static look look_of(const ac_layer *layer)
{
    const ac_op_params *p = layer->node ? &layer->node->params : NULL;

    if (!p)
        return LOOK_INPUT;
    switch (layer->node->kind) {
    case AC_OP_CONV2D:
        if (p->groups > 1)
            return LOOK_DEPTHWISE;
        return p->kernel[0] == 1 && p->kernel[1] == 1 ? LOOK_POINTWISE : LOOK_CONV;
    case AC_OP_CONV_TRANSPOSE2D:
        return LOOK_TRANSPOSED;
    case AC_OP_MAXPOOL2D:
    case AC_OP_AVGPOOL2D:
    case AC_OP_GLOBAL_AVGPOOL:
        return LOOK_POOL;
    case AC_OP_UPSAMPLE:
        return LOOK_UPSAMPLE;
    case AC_OP_CONCAT:
        return LOOK_CONCAT;
    case AC_OP_ADD:
        return LOOK_ADD;
    default:
        return LOOK_OTHER;
    }
}

static void put_label(const drawing *d, const char *class, double x, double y, const char *text,
                      int most)
{
    fprintf(d->out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", class, x, y);
    ac_text_put_xml(d->out, text, most);
    fputs("</text>\n", d->out);
}

/* Lines. */

/* Along right angles: up or down from (x0, y0) to the height `lane`, across, up or down to the end.
 */
static void put_lane(const drawing *d, const char *class, double x0, double y0, double lane,
                     double x1, double y1)
{
    double radius = 8, across = fabs(x1 - x0), dx = x1 > x0 ? 1 : -1;
    double dy0 = lane > y0 ? 1 : -1, dy1 = y1 > lane ? 1 : -1;

    if (across < 1) {
        fprintf(d->out, "<path class=\"%s\" d=\"M%.1f %.1fV%.1f\" marker-end=\"url(#%s)\"/>\n",
                class, x0, y0, y1, class);
        return;
    }
    if (radius > across / 2)
        radius = across / 2;
    if (radius > fabs(lane - y0))
        radius = fabs(lane - y0);
    fprintf(d->out,
            "<path class=\"%s\" d=\"M%.1f %.1fV%.1fQ%.1f %.1f %.1f %.1fH%.1fQ%.1f %.1f %.1f "
            "%.1fV%.1f\" marker-end=\"url(#%s)\"/>\n",
            class, x0, y0, lane - dy0 * radius, x0, lane, x0 + dx * radius, lane, x1 - dx * radius,
            x1, lane, x1, lane + dy1 * radius, y1, class);
}

static void put_curve(const drawing *d, const char *class, const double p[8])
{
    fprintf(d->out,
            "<path class=\"%s\" d=\"M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f\" "
            "marker-end=\"url(#%s)\"/>\n",
            class, p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], class);
}

/* The way from one layer to the next. */
static void put_flow(const drawing *d, const ac_draw_place *from, const ac_draw_place *to)
{
    double middle = BOX_W / 2.0;

    if (from->row == to->row && to->x > from->x) {
        fprintf(d->out, "<path class=\"flow\" d=\"M%.1f %.1fH%.1f\" marker-end=\"url(#flow)\"/>\n",
                from->x + BOX_W, from->y + BOX_H / 2.0, to->x - 2);
    } else if (to->row > from->row) {
        /* A little aside from what an addition takes on the same way. */
        double start = from->x + middle - (fabs(from->x - to->x) < 1 ? 0 : 20);

        put_lane(d, "flow", start, from->y + BOX_H, to->y - GAP_Y / 2.0, to->x + middle, to->y - 2);
    } else if (from->x + BOX_W < to->x + middle - 8) {
        double x = to->x + middle, y = from->y + BOX_H / 2.0;

        fprintf(d->out,
                "<path class=\"flow\" d=\"M%.1f %.1fH%.1fQ%.1f %.1f %.1f %.1fV%.1f\" "
                "marker-end=\"url(#flow)\"/>\n",
                from->x + BOX_W, y, x - 10, x, y, x, y - 10, to->y + BOX_H + 2);
    } else {
        put_lane(d, "flow", from->x + middle + 24, from->y, to->y + BOX_H + GAP_Y / 3.0,
                 to->x + middle, to->y + BOX_H + 2);
    }
}

/* What a layer takes from one that is not right before it. */
static void put_skip(const drawing *d, const char *class, const ac_draw_place *from,
                     const ac_draw_place *to)
{
    double start = from->x + BOX_W - 26, end = to->x + BOX_W / 2.0, height = GAP_Y * 0.8;
    double right = from->x + BOX_W, bulge = right + AC_DRAW_GAP_X * 1.2;

    if (from->row == to->row) {
        double reach = fmin(fabs(end - start) / 3, 120);

        put_curve(d, class,
                  (const double[]){start, from->y, start + reach / 3, from->y - height,
                                   end - reach / 3, to->y - height, end, to->y - 3});
    } else if (fabs(from->x - to->x) < 1 && to->row == from->row + 1) {
        put_lane(d, class, start, from->y + BOX_H, to->y, start, to->y - 3);
    } else if (fabs(from->x - to->x) < 1) {
        put_curve(d, class,
                  (const double[]){right, from->y + BOX_H * 0.6, bulge, from->y + BOX_H * 0.6,
                                   bulge, to->y + BOX_H * 0.4, right + 3, to->y + BOX_H * 0.4});
    } else if (to->row > from->row) {
        put_curve(d, class,
                  (const double[]){start, from->y + BOX_H, start, to->y - GAP_Y * 0.6, end,
                                   from->y + BOX_H + GAP_Y * 0.6, end, to->y - 3});
    } else {
        put_curve(d, class,
                  (const double[]){right, from->y + BOX_H / 2.0, right + 80, from->y + BOX_H / 2.0,
                                   end, to->y + BOX_H + 80, end, to->y + BOX_H + 3});
    }
}

static void put_lines(const drawing *d, bool skips)
{
    for (int i = 1; i < d->layers->count; i++) {
        const ac_layer *layer = &d->layers->items[i];
        const ac_draw_place *places = d->layout->places;

        for (int k = 0; k < layer->input_count; k++) {
            int from = layer->inputs[k];
            bool flow = from == i - 1 || layer->input_count == 1;

            if (flow && !skips)
                put_flow(d, &places[from], &places[i]);
            else if (!flow && skips)
                put_skip(d, layer->node->kind == AC_OP_ADD ? "sum" : "skip", &places[from],
                         &places[i]);
        }
    }
}

/* Boxes. */

/* The layer's result as a block: the front is the picture, the depth the channels. */
static void put_block(const drawing *d, const ac_shape *shape, const char *colour, double right,
                      double middle)
{
    const ac_shape *whole = &d->layers->items[0].shape;
    double most_side = log2(1.0 + fmax(whole->h, whole->w));
    double h = 4 + 22 * fmin(1, log2(1.0 + shape->h) / most_side);
    double w = 4 + 22 * fmin(1, log2(1.0 + shape->w) / most_side);
    double depth = 2 + 12 * log2(1.0 + shape->c) / log2(1.0 + d->most_channels);
    double dx = depth, dy = depth * 0.6, x = right - 22 - (w + dx) / 2, y = middle - (h - dy) / 2;

    fprintf(d->out, "<path fill=\"%s\" d=\"M%.1f %.1fh%.1fv%.1fh%.1fz\"/>", colour, x, y, w, h, -w);
    fprintf(d->out,
            "<path fill=\"%s\" fill-opacity=\".45\" d=\"M%.1f %.1fl%.1f %.1fh%.1fl%.1f %.1fz\"/>",
            colour, x, y, dx, -dy, w, -dx, dy);
    fprintf(d->out,
            "<path fill=\"%s\" fill-opacity=\".7\" d=\"M%.1f %.1fl%.1f %.1fv%.1fl%.1f %.1fz\"/>\n",
            colour, x + w, y, dx, -dy, h, -dx, dy);
}

static void put_chips(const drawing *d, const ac_layer *layer, double x, double y)
{
    for (int i = 0; i < layer->fused_count; i++) {
        const char *name = ac_layer_fused_name(layer, i);
        double w = 5.2 * (double)strlen(name) + 10;

        fprintf(d->out,
                "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"13\" rx=\"6.5\" "
                "fill=\"#fff\" stroke=\"#cbd5e1\"/>",
                x, y, w);
        put_label(d, "chip", x + 5, y + 9.6, name, 16);
        x += w + 4;
    }
}

static const char *short_operation(const ac_layer *layer)
{
    switch (look_of(layer)) {
    case LOOK_DEPTHWISE:
        return layer->node->params.groups == layer->shape.c ? "depthwise" : "grouped conv";
    case LOOK_CONV:
    case LOOK_POINTWISE:
        return "conv";
    case LOOK_TRANSPOSED:
        return "transposed";
    default:
        return layer->operation;
    }
}

/* All there is to say, for a pointer that rests on the box. */
static void put_tooltip(const drawing *d, const ac_layer *layer)
{
    char details[128], parameters[32], macs[32];

    ac_layer_details(layer, false, details, sizeof(details));
    fputs("<title>", d->out);
    ac_text_put_xml(d->out, layer->name, 0);
    fprintf(d->out, ": %s%s%s", layer->operation, *details ? " " : "", details);
    for (int i = 0; i < layer->fused_count; i++)
        fprintf(d->out, ", %s", ac_layer_fused_name(layer, i));
    fprintf(d->out, "; %dx%dx%d", layer->shape.c, layer->shape.h, layer->shape.w);
    if (layer->parameters)
        fprintf(d->out, "; %s parameters", ac_format_count(layer->parameters, parameters));
    if (layer->macs)
        fprintf(d->out, "; %s multiply-adds", ac_format_large(layer->macs, macs));
    fputs("</title>\n", d->out);
}

static void put_frame(const drawing *d, look as, double x, double y, double w, double h)
{
    fprintf(d->out,
            "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"7\" fill=\"%s\" "
            "stroke=\"%s\" stroke-width=\"1.3\"/>\n"
            "<path fill=\"%s\" d=\"M%.1f %.1fh-1a7 7 0 0 1 -7 -7v%.1fa7 7 0 0 1 7 -7h1z\"/>\n",
            x, y, w, h, looks[as].tint, looks[as].colour, looks[as].colour, x + 8, y + h, 14 - h);
}

static void put_layer(const drawing *d, int number)
{
    const ac_layer *layer = &d->layers->items[number];
    const ac_draw_place *place = &d->layout->places[number];
    look as = look_of(layer);
    double x = place->x, y = place->y, text = x + 16;
    char operation[96], details[64], size[64];

    fprintf(d->out, "<g class=\"%s\">", number ? "layer" : "input");
    put_tooltip(d, layer);
    put_frame(d, as, x, y, BOX_W, BOX_H);
    put_block(d, &layer->shape, looks[as].colour, x + BOX_W - 4, y + 33);
    put_label(d, "name", text, y + 18, layer->name, 17);
    ac_layer_details(layer, true, details, sizeof(details));
    snprintf(operation, sizeof(operation), "%s%s%s", short_operation(layer), *details ? " " : "",
             details);
    snprintf(size, sizeof(size), "%d \xc3\x97 %d\xc3\x97%d", layer->shape.c, layer->shape.h,
             layer->shape.w);
    put_label(d, "op", text, y + 32, operation, 24);
    put_label(d, "size", text, y + 45, size, 24);
    put_chips(d, layer, text, y + 51);
    if (layer->macs > 0)
        fprintf(d->out,
                "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"3\" rx=\"1.5\" fill=\"%s\"/>",
                text, y + BOX_H - 5,
                fmax(2, (BOX_W - 26) * ((double)layer->macs / (double)d->most_macs)),
                looks[as].colour);
    fputs("</g>\n", d->out);
}

/* The result, right of the last layer. */
static void put_result(const drawing *d)
{
    const ac_plan *plan = d->layers->plan;
    const ac_draw_place *last = &d->layout->places[d->layers->count - 1];
    const ac_shape *shape = &d->layers->items[d->layers->count - 1].shape;
    double x = last->x + BOX_W + AC_DRAW_GAP_X, y = last->y + 16, h = BOX_H - 32;
    char text[64];

    fprintf(d->out, "<path class=\"flow\" d=\"M%.1f %.1fH%.1f\" marker-end=\"url(#flow)\"/>\n",
            last->x + BOX_W, last->y + BOX_H / 2.0, x - 2);
    fputs("<g class=\"result\">", d->out);
    put_frame(d, LOOK_INPUT, x, y, RESULT_W, h);
    if (!plan->net->has_output)
        snprintf(text, sizeof(text), "result");
    else if (shape->c == 2 && plan->net->output_scale != 1)
        snprintf(text, sizeof(text), "a*, b* \xc3\xb7 %g", (double)plan->net->output_scale);
    else
        snprintf(text, sizeof(text), "%s", shape->c == 2 ? "a*, b*" : "output");
    put_label(d, "name", x + 16, y + 17, text, 14);
    snprintf(text, sizeof(text), "%d \xc3\x97 %d\xc3\x97%d", shape->c, plan->out_height,
             plan->out_width);
    put_label(d, "size", x + 16, y + 31, text, 16);
    fputs("</g>\n", d->out);
}

/* The rest of the sheet. */

static void put_bands(const drawing *d)
{
    for (int b = 0; b < d->layout->band_count; b++) {
        const ac_draw_band *band = &d->layout->bands[b];
        char text[48];

        fprintf(d->out, "<rect x=\"0\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>\n",
                band->y, d->layout->width, band->h, b % 2 ? "#ffffff" : "#f8fafc");
        if (band->level > 0)
            snprintf(text, sizeof(text), "1/%.0f", exp2(band->level));
        else
            snprintf(text, sizeof(text), "%.0fx", exp2(-band->level));
        put_label(d, "level", 20, band->y + 34, text, 12);
        snprintf(text, sizeof(text), "%d\xc3\x97%d", band->height, band->width);
        put_label(d, "small", 20, band->y + 50, text, 16);
    }
}

static void put_header(const drawing *d, const char *title)
{
    const ac_plan *plan = d->layers->plan;
    char text[256], parameters[32], macs[32], memory[32];

    put_label(d, "title", 20, 38, title, 80);
    snprintf(text, sizeof(text),
             "%s parameters, %s multiply-adds for %d\xc3\x97%d, %s on the device; %d layers",
             ac_format_count(ac_net_parameters(plan->net), parameters),
             ac_format_large(plan->macs, macs), plan->height, plan->width,
             ac_format_bytes(ac_plan_bytes(plan), memory, sizeof(memory)), d->layers->count - 1);
    put_label(d, "sub", 20, 62, text, 200);
}

static void put_legend(const drawing *d)
{
    bool used[LOOK_COUNT] = {0};
    double x = 20, y = d->layout->height - AC_DRAW_BOTTOM + 30;

    for (int i = 0; i < d->layers->count; i++)
        used[look_of(&d->layers->items[i])] = true;
    for (int i = 0; i < LOOK_COUNT; i++) {
        if (!used[i])
            continue;
        fprintf(d->out,
                "<rect x=\"%.1f\" y=\"%.1f\" width=\"12\" height=\"12\" rx=\"3\" fill=\"%s\"/>\n",
                x, y - 10, looks[i].colour);
        put_label(d, "legend", x + 18, y, looks[i].label, 32);
        x += 36 + 6.4 * (double)strlen(looks[i].label);
    }
    put_label(d, "small", x + 4, y, "block: size and channels; bar: multiply-adds", 64);
}

static void put_markers(const drawing *d)
{
    static const struct {
        const char *name, *colour;
    } markers[] = {{"flow", "#64748b"}, {"skip", "#8b5cf6"}, {"sum", "#16a34a"}};

    fprintf(d->out, "<defs><style>%s</style>\n", style);
    for (size_t i = 0; i < sizeof(markers) / sizeof(*markers); i++)
        fprintf(d->out,
                "<marker id=\"%s\" markerUnits=\"userSpaceOnUse\" markerWidth=\"8\" "
                "markerHeight=\"8\" refX=\"6.5\" refY=\"4\" orient=\"auto\">"
                "<path d=\"M0 0L8 4L0 8z\" fill=\"%s\"/></marker>\n",
                markers[i].name, markers[i].colour);
    fputs("</defs>\n", d->out);
}

static void put_drawing(const drawing *d, const char *title)
{
    double w = d->layout->width, h = d->layout->height;

    fprintf(d->out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
            "viewBox=\"0 0 %.0f %.0f\" role=\"img\">\n<title>",
            w, h, w, h);
    ac_text_put_xml(d->out, title, 0);
    fputs("</title>\n", d->out);
    put_markers(d);
    fprintf(d->out, "<rect width=\"%.0f\" height=\"%.0f\" fill=\"#ffffff\"/>\n", w, h);
    put_bands(d);
    put_header(d, title);
    put_lines(d, true);
    put_lines(d, false);
    for (int i = 0; i < d->layers->count; i++)
        put_layer(d, i);
    put_result(d);
    put_legend(d);
    fputs("</svg>\n", d->out);
}

ac_status ac_draw_net(const ac_layers *layers, const char *title, const char *path,
                      const ac_log *log)
{
    drawing d = {.layers = layers, .most_macs = 1, .most_channels = 1};
    ac_draw_layout *layout = NULL;
    ac_file_writer *writer = NULL;
    ac_status status = AC_OK;
    size_t size = 0;
    char *text = NULL;

    TRY(ac_draw_layout_create(layers, log, &layout));
    layout->width += AC_DRAW_GAP_X + RESULT_W + AC_DRAW_RIGHT;
    if (layout->width < 1100)
        layout->width = 1100; /* the legend */
    layout->height += AC_DRAW_BOTTOM;
    d.layout = layout;
    for (int i = 0; i < layers->count; i++) {
        if (layers->items[i].macs > d.most_macs)
            d.most_macs = layers->items[i].macs;
        if (layers->items[i].shape.c > d.most_channels)
            d.most_channels = layers->items[i].shape.c;
    }
    d.out = open_memstream(&text, &size);
    if (d.out)
        put_drawing(&d, title);
    if (!d.out || fclose(d.out) || !text) {
        status = ac_fail(log, AC_ERR_MEMORY, "out of memory");
        goto fail;
    }
    TRY(ac_file_writer_create(path, log, &writer));
    TRY(ac_file_writer_write(writer, text, size));
    TRY(ac_file_writer_commit(&writer));
fail:
    ac_file_writer_destroy(&writer);
    ac_draw_layout_destroy(&layout);
    free(text);
    return status;
}
