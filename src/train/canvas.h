/* What charts and sheets are drawn on: pixels, through cairo, or SVG within a page of HTML, which
 * follows its reader's light or dark mode. Lengths in pixels, from the top left corner. A failure
 * within a drawing shows when it is finished.
 *
 * Letters are those of fontconfig's sans-serif. Where no font is installed cairo uses one of its
 * own, which has ASCII only: what must be understood is ASCII. */
#ifndef AC_TRAIN_CANVAS_H
#define AC_TRAIN_CANVAS_H

#include <stdbool.h>
#include <stdio.h>

#include "media/rgb.h"

typedef enum ac_ink {
    AC_INK_PAPER,
    AC_INK_TEXT,
    AC_INK_QUIET, /* text of less weight */
    AC_INK_AXIS,
    AC_INK_GRID,
    AC_INK_STEPS,  /* loss of single steps */
    AC_INK_LOSS,   /* smoothed */
    AC_INK_EPOCHS, /* of an epoch */
    AC_INK_VALIDATION,
    AC_INK_BASELINE,
    AC_INK_RATE,
    AC_INK_COUNT,
} ac_ink;

typedef enum ac_anchor { AC_ANCHOR_LEFT, AC_ANCHOR_MIDDLE, AC_ANCHOR_RIGHT } ac_anchor;

typedef struct ac_text_style {
    double size; /* of letters, pixels */
    double most; /* wider text is cut, with three points; 0: any width */
    bool bold;
    ac_anchor anchor;
    ac_ink ink;
} ac_text_style;

typedef struct ac_canvas ac_canvas;

/* Pixels, all paper. AC_ERR_ARGUMENT where cairo cannot make such a size. */
ac_status ac_canvas_create(int width, int height, const ac_log *log, ac_canvas **canvas);
/* SVG, as wide as there is room; out stays the caller's, who looks for its errors. */
ac_status ac_canvas_create_svg(FILE *out, int width, int height, const char *title,
                               const ac_log *log, ac_canvas **canvas);
/* Ends what was drawn. The caller owns *picture; NULL for SVG. The canvas is gone afterwards, also
 * on failure. */
ac_status ac_canvas_finish(ac_canvas **canvas, ac_rgb *picture);
void ac_canvas_destroy(ac_canvas **canvas);

/* What is drawn till the end of the group is called so where a pointer rests on it; SVG only. */
void ac_canvas_begin_group(ac_canvas *canvas, const char *title);
void ac_canvas_end_group(ac_canvas *canvas);
/* Nothing is drawn outside of it till ac_canvas_end_clip(). Clips do not nest. */
void ac_canvas_begin_clip(ac_canvas *canvas, double x, double y, double width, double height);
void ac_canvas_end_clip(ac_canvas *canvas);

/* A line of any number of parts: begin, move to where a part begins, line to its next points, end.
 */
void ac_canvas_begin_line(ac_canvas *canvas, ac_ink ink, double width, bool dashed);
void ac_canvas_move(ac_canvas *canvas, double x, double y);
void ac_canvas_line(ac_canvas *canvas, double x, double y);
void ac_canvas_end_line(ac_canvas *canvas);
void ac_canvas_dot(ac_canvas *canvas, double x, double y, double radius, ac_ink ink);
/* y: of the line the letters stand on. Any bytes. */
void ac_canvas_text(ac_canvas *canvas, double x, double y, const ac_text_style *style,
                    const char *text);
/* Of SVG an estimate: which font is used shows only when it is read. */
double ac_canvas_text_width(ac_canvas *canvas, const ac_text_style *style, const char *text);
/* Stretches a picture over the place; not for SVG. */
void ac_canvas_picture(ac_canvas *canvas, const ac_rgb *picture, double x, double y, double width,
                       double height);

#endif
