#include "train/canvas.h"

#include <cairo.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "util/text.h"

#define SVG_LETTER 0.58 /* width of a letter, in sizes, about */

struct ac_canvas {
    const ac_log *log;
    cairo_surface_t *surface; /* NULL: SVG */
    cairo_t *cr;
    FILE *svg;
    ac_ink ink; /* of the line that is drawn, and how */
    double width;
    bool dashed;
};

/* Colours of pixels, and of SVG in light and in dark mode. */
static const struct {
    const char *name;
    uint32_t light, dark;
} inks[AC_INK_COUNT] = {
    [AC_INK_PAPER] = {"paper", 0xffffff, 0x0f172a},
    [AC_INK_TEXT] = {"text", 0x0f172a, 0xe2e8f0},
    [AC_INK_QUIET] = {"quiet", 0x64748b, 0x94a3b8},
    [AC_INK_AXIS] = {"axis", 0x94a3b8, 0x64748b},
    [AC_INK_GRID] = {"grid", 0xe9eef4, 0x1e293b},
    [AC_INK_STEPS] = {"steps", 0xbfd4f7, 0x294a86},
    [AC_INK_LOSS] = {"loss", 0x2563eb, 0x60a5fa},
    [AC_INK_EPOCHS] = {"epochs", 0x1e3a8a, 0xdbeafe},
    [AC_INK_VALIDATION] = {"validation", 0xea580c, 0xfb923c},
    [AC_INK_BASELINE] = {"baseline", 0x64748b, 0x94a3b8},
    [AC_INK_RATE] = {"rate", 0x0d9488, 0x2dd4bf},
};

static ac_status fail_cairo(const ac_log *log, cairo_status_t wrong, int width, int height)
{
    if (wrong == CAIRO_STATUS_NO_MEMORY)
        return ac_fail(log, AC_ERR_MEMORY, "out of memory for a drawing of %dx%d", width, height);
    return ac_fail(log, AC_ERR_ARGUMENT, "a drawing of %dx%d cannot be made: %s", width, height,
                   cairo_status_to_string(wrong));
}

static void set_ink(ac_canvas *c, ac_ink ink)
{
    uint32_t rgb = inks[ink].light;

    cairo_set_source_rgb(c->cr, (rgb >> 16) / 255.0, (rgb >> 8 & 255) / 255.0, (rgb & 255) / 255.0);
}

/* Letters look the same wherever they are drawn: no hints, no subpixels. */
static void set_font_options(ac_canvas *c)
{
    cairo_font_options_t *options = cairo_font_options_create();

    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_set_font_options(c->cr, options);
    cairo_font_options_destroy(options);
}

ac_status ac_canvas_create(int width, int height, const ac_log *log, ac_canvas **canvas)
{
    ac_canvas *c = calloc(1, sizeof(*c));
    ac_status status;

    *canvas = NULL;
    if (!c)
        return ac_fail(log, AC_ERR_MEMORY, "out of memory");
    c->log = log;
    c->surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    c->cr = cairo_create(c->surface);
    if (cairo_status(c->cr) || width < 1 || height < 1) {
        status = fail_cairo(
            log, width < 1 || height < 1 ? CAIRO_STATUS_INVALID_SIZE : cairo_status(c->cr), width,
            height);
        ac_canvas_destroy(&c);
        return status;
    }
    set_font_options(c);
    set_ink(c, AC_INK_PAPER);
    cairo_paint(c->cr);
    cairo_set_line_cap(c->cr, CAIRO_LINE_CAP_ROUND);
    cairo_set_line_join(c->cr, CAIRO_LINE_JOIN_ROUND);
    *canvas = c;
    return AC_OK;
}

static void put_colours(FILE *out, bool dark)
{
    for (int i = 0; i < AC_INK_COUNT; i++) {
        unsigned rgb = dark ? inks[i].dark : inks[i].light;

        fprintf(out, ".chart .l-%s{stroke:#%06x}.chart .f-%s{fill:#%06x}\n", inks[i].name, rgb,
                inks[i].name, rgb);
    }
}

ac_status ac_canvas_create_svg(FILE *out, int width, int height, const char *title,
                               const ac_log *log, ac_canvas **canvas)
{
    ac_canvas *c = calloc(1, sizeof(*c));

    *canvas = NULL;
    if (!c)
        return ac_fail(log, AC_ERR_MEMORY, "out of memory");
    c->log = log;
    c->svg = out;
    fprintf(out, "<svg class=\"chart\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", width,
            height);
    ac_text_put_xml(out, title, 0);
    fputs("\">\n<style>\n.chart{font-family:Inter,'Segoe UI',Helvetica,Arial,'DejaVu Sans',"
          "sans-serif}\n.chart path{fill:none;stroke-linecap:round;stroke-linejoin:round}\n",
          out);
    put_colours(out, false);
    fputs("@media (prefers-color-scheme:dark){\n", out);
    put_colours(out, true);
    fputs("}\n</style>\n", out);
    *canvas = c;
    return AC_OK;
}

ac_status ac_canvas_finish(ac_canvas **canvas, ac_rgb *picture)
{
    ac_canvas *c = *canvas;
    ac_status status = AC_OK;
    const unsigned char *from;
    int stride, width, height;
    uint8_t *to = NULL;

    if (c->svg) {
        fputs("</svg>\n", c->svg);
        goto fail;
    }
    width = cairo_image_surface_get_width(c->surface);
    height = cairo_image_surface_get_height(c->surface);
    if (cairo_status(c->cr)) {
        status = fail_cairo(c->log, cairo_status(c->cr), width, height);
        goto fail;
    }
    cairo_surface_flush(c->surface);
    from = cairo_image_surface_get_data(c->surface);
    stride = cairo_image_surface_get_stride(c->surface);
    to = malloc((size_t)width * (size_t)height * 3);
    if (!to) {
        status = fail_cairo(c->log, CAIRO_STATUS_NO_MEMORY, width, height);
        goto fail;
    }
    *picture = (ac_rgb){width, height, to};
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++, to += 3) {
            uint32_t rgb;

            memcpy(&rgb, from + (size_t)y * (size_t)stride + (size_t)x * 4, 4);
            to[0] = (uint8_t)(rgb >> 16);
            to[1] = (uint8_t)(rgb >> 8);
            to[2] = (uint8_t)rgb;
        }
fail:
    ac_canvas_destroy(canvas);
    return status;
}

void ac_canvas_destroy(ac_canvas **canvas)
{
    ac_canvas *c = canvas ? *canvas : NULL;

    if (!c)
        return;
    cairo_destroy(c->cr);
    cairo_surface_destroy(c->surface);
    free(c);
    *canvas = NULL;
}

void ac_canvas_begin_group(ac_canvas *c, const char *title)
{
    if (!c->svg)
        return;
    fputs("<g><title>", c->svg);
    ac_text_put_xml(c->svg, title, 0);
    fputs("</title>\n", c->svg);
}

void ac_canvas_end_group(ac_canvas *c)
{
    if (c->svg)
        fputs("</g>\n", c->svg);
}

void ac_canvas_begin_clip(ac_canvas *c, double x, double y, double width, double height)
{
    if (!c->svg) {
        cairo_save(c->cr);
        cairo_rectangle(c->cr, x, y, width, height);
        cairo_clip(c->cr);
        return;
    }
    /* An inner drawing clips without a name, which would have to be the only one on its page. */
    fprintf(c->svg,
            "<svg x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
            "viewBox=\"%.1f %.1f %.1f %.1f\">\n",
            x, y, width, height, x, y, width, height);
}

void ac_canvas_end_clip(ac_canvas *c)
{
    if (c->svg)
        fputs("</svg>\n", c->svg);
    else
        cairo_restore(c->cr);
}

void ac_canvas_begin_line(ac_canvas *c, ac_ink ink, double width, bool dashed)
{
    c->ink = ink;
    c->width = width;
    c->dashed = dashed;
    if (!c->svg) {
        cairo_new_path(c->cr);
        return;
    }
    fprintf(c->svg, "<path class=\"l-%s\" stroke-width=\"%.2g\"", inks[ink].name, width);
    if (dashed)
        fprintf(c->svg, " stroke-dasharray=\"%.2g\"", 4 * width);
    fputs(" d=\"", c->svg);
}

void ac_canvas_move(ac_canvas *c, double x, double y)
{
    if (c->svg)
        fprintf(c->svg, "M%.1f %.1f", x, y);
    else
        cairo_move_to(c->cr, x, y);
}

void ac_canvas_line(ac_canvas *c, double x, double y)
{
    if (c->svg)
        fprintf(c->svg, "L%.1f %.1f", x, y);
    else
        cairo_line_to(c->cr, x, y);
}

void ac_canvas_end_line(ac_canvas *c)
{
    double dash = 4 * c->width;

    if (c->svg) {
        fputs("\"/>\n", c->svg);
        return;
    }
    set_ink(c, c->ink);
    cairo_set_line_width(c->cr, c->width);
    cairo_set_dash(c->cr, &dash, c->dashed ? 1 : 0, 0);
    cairo_stroke(c->cr);
}

void ac_canvas_dot(ac_canvas *c, double x, double y, double radius, ac_ink ink)
{
    if (c->svg) {
        fprintf(c->svg, "<circle class=\"f-%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.2g\"/>\n",
                inks[ink].name, x, y, radius);
        return;
    }
    set_ink(c, ink);
    cairo_new_path(c->cr);
    cairo_arc(c->cr, x, y, radius, 0, 8 * atan(1));
    cairo_fill(c->cr);
}

static void set_font(ac_canvas *c, const ac_text_style *style)
{
    cairo_select_font_face(c->cr, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                           style->bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(c->cr, style->size);
}

static double clean_width(ac_canvas *c, const char *clean)
{
    cairo_text_extents_t extents;

    cairo_text_extents(c->cr, clean, &extents);
    return extents.x_advance;
}

double ac_canvas_text_width(ac_canvas *c, const ac_text_style *style, const char *text)
{
    char clean[1024];
    int count = 0;

    if (c->svg) {
        for (const char *at = text; *at; at++)
            count += ((unsigned char)*at & 0xc0) != 0x80;
        return count * style->size * SVG_LETTER;
    }
    set_font(c, style);
    return clean_width(c, ac_text_clean(text, false, clean, sizeof(clean)));
}

/* Takes characters off the end till the text with three points after it fits. */
static void shorten(ac_canvas *c, char *clean, double most)
{
    size_t length = strlen(clean);

    if (most <= 0 || clean_width(c, clean) <= most)
        return;
    do {
        while (length && ((unsigned char)clean[length - 1] & 0xc0) == 0x80)
            length--;
        if (length)
            length--;
        memcpy(clean + length, "...", 4);
    } while (length && clean_width(c, clean) > most);
}

static void put_svg_text(ac_canvas *c, double x, double y, const ac_text_style *style,
                         const char *text)
{
    static const char *const anchors[] = {"start", "middle", "end"};

    fprintf(c->svg, "<text class=\"f-%s\" x=\"%.1f\" y=\"%.1f\" font-size=\"%.3g\"%s",
            inks[style->ink].name, x, y, style->size, style->bold ? " font-weight=\"700\"" : "");
    fprintf(c->svg, " text-anchor=\"%s\">", anchors[style->anchor]);
    ac_text_put_xml(c->svg, text, (int)(style->most / (style->size * SVG_LETTER)));
    fputs("</text>\n", c->svg);
}

void ac_canvas_text(ac_canvas *c, double x, double y, const ac_text_style *style, const char *text)
{
    char clean[1024];

    if (c->svg) {
        put_svg_text(c, x, y, style, text);
        return;
    }
    /* What is not UTF-8 would end the whole drawing. Room is left for shorten(). */
    ac_text_clean(text, false, clean, sizeof(clean) - 4);
    set_font(c, style);
    shorten(c, clean, style->most);
    x -= clean_width(c, clean) * (0.5 * style->anchor);
    set_ink(c, style->ink);
    cairo_move_to(c->cr, x, y);
    cairo_show_text(c->cr, clean);
}

void ac_canvas_picture(ac_canvas *c, const ac_rgb *picture, double x, double y, double width,
                       double height)
{
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, picture->width, picture->height);
    unsigned char *to = cairo_image_surface_get_data(surface);
    const uint8_t *from = picture->data;
    int stride = cairo_image_surface_get_stride(surface);

    for (int row = 0; to && row < picture->height; row++)
        for (int i = 0; i < picture->width; i++, from += 3) {
            uint32_t rgb = (uint32_t)from[0] << 16 | (uint32_t)from[1] << 8 | from[2];

            memcpy(to + (size_t)row * (size_t)stride + (size_t)i * 4, &rgb, 4);
        }
    cairo_surface_mark_dirty(surface);
    cairo_save(c->cr);
    cairo_translate(c->cr, x, y);
    cairo_rectangle(c->cr, 0, 0, width, height);
    cairo_clip(c->cr);
    cairo_scale(c->cr, width / picture->width, height / picture->height);
    cairo_set_source_surface(c->cr, surface, 0, 0); /* its failure becomes the drawing's */
    /* Averages where the picture gets smaller; its edges do not fade into the paper. */
    cairo_pattern_set_filter(cairo_get_source(c->cr), CAIRO_FILTER_GOOD);
    cairo_pattern_set_extend(cairo_get_source(c->cr), CAIRO_EXTEND_PAD);
    cairo_paint(c->cr);
    cairo_restore(c->cr);
    cairo_surface_destroy(surface);
}
