#include "train/canvas.h"

#include <cairo.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "util/text.h"

struct ac_canvas {
    const ac_log *log;
    cairo_surface_t *surface;
    cairo_t *cr;
    ac_ink ink; /* of the line that is drawn, and how */
    double width;
    bool dashed;
};

static const uint32_t inks[AC_INK_COUNT] = {
    [AC_INK_PAPER] = 0xffffff,    [AC_INK_TEXT] = 0x0f172a,   [AC_INK_QUIET] = 0x64748b,
    [AC_INK_AXIS] = 0x94a3b8,     [AC_INK_GRID] = 0xe9eef4,   [AC_INK_STEPS] = 0xbfd4f7,
    [AC_INK_LOSS] = 0x2563eb,     [AC_INK_EPOCHS] = 0x1e3a8a, [AC_INK_VALIDATION] = 0xea580c,
    [AC_INK_BASELINE] = 0x64748b, [AC_INK_RATE] = 0x0d9488,
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
    uint32_t rgb = inks[ink];

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

ac_status ac_canvas_finish(ac_canvas **canvas, ac_rgb *picture)
{
    ac_canvas *c = *canvas;
    ac_status status = AC_OK;
    const unsigned char *from;
    int stride, width, height;
    uint8_t *to = NULL;

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

void ac_canvas_begin_clip(ac_canvas *c, double x, double y, double width, double height)
{
    cairo_save(c->cr);
    cairo_rectangle(c->cr, x, y, width, height);
    cairo_clip(c->cr);
}

void ac_canvas_end_clip(ac_canvas *c)
{
    cairo_restore(c->cr);
}

void ac_canvas_begin_line(ac_canvas *c, ac_ink ink, double width, bool dashed)
{
    c->ink = ink;
    c->width = width;
    c->dashed = dashed;
    cairo_new_path(c->cr);
}

void ac_canvas_move(ac_canvas *c, double x, double y)
{
    cairo_move_to(c->cr, x, y);
}

void ac_canvas_line(ac_canvas *c, double x, double y)
{
    cairo_line_to(c->cr, x, y);
}

void ac_canvas_end_line(ac_canvas *c)
{
    double dash = 4 * c->width;

    set_ink(c, c->ink);
    cairo_set_line_width(c->cr, c->width);
    cairo_set_dash(c->cr, &dash, c->dashed ? 1 : 0, 0);
    cairo_stroke(c->cr);
}

void ac_canvas_dot(ac_canvas *c, double x, double y, double radius, ac_ink ink)
{
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

void ac_canvas_text(ac_canvas *c, double x, double y, const ac_text_style *style, const char *text)
{
    char clean[1024];

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
