#include "train/sheet.h"

#include <stdio.h>

#include "train/canvas.h"

#define MARGIN    24
#define GAP       16
#define TOP       92 /* title and headings */
#define CAPTION   46 /* name and loss below a row's pictures */
#define LEAST     192
#define MOST      384
#define MOST_ROWS 64
#define TALLEST   32000 /* cairo ends at 32767 */

/* Width that every picture gets: that of the widest, within reason. */
static int cell_width(const ac_sheet_row *rows, int count)
{
    int width = LEAST;

    for (int i = 0; i < count; i++)
        if (rows[i].input.width > width)
            width = rows[i].input.width;
    return width < MOST ? width : MOST;
}

/* The picture in a cell: as wide as that, but a tall one not higher than twice the width. */
static void fit(const ac_rgb *picture, int cell, double *width, double *height)
{
    double scale = (double)cell / picture->width;

    if (scale * picture->height > 2.0 * cell)
        scale = 2.0 * cell / picture->height;
    *width = scale * picture->width;
    *height = scale * picture->height;
}

static int row_height(const ac_sheet_row *row, int cell)
{
    double width, height;

    fit(&row->input, cell, &width, &height);
    return (int)(height + 0.5) + CAPTION;
}

static int sheet_height(const ac_sheet_row *rows, int count, int cell)
{
    int height = TOP + MARGIN / 2;

    for (int i = 0; i < count; i++)
        height += row_height(&rows[i], cell);
    return height;
}

static void draw_row(ac_canvas *canvas, const ac_sheet_row *row, int y, int cell)
{
    const ac_rgb *pictures[] = {&row->input, &row->actual, &row->predicted};
    int right = MARGIN + 3 * cell + 2 * GAP, bottom = y + row_height(row, cell) - CAPTION;
    ac_text_style name = {.size = 14, .ink = AC_INK_QUIET, .most = 2.0 * cell};
    ac_text_style loss = {.size = 15, .bold = true, .anchor = AC_ANCHOR_RIGHT, .ink = AC_INK_TEXT};
    char text[64];

    for (int i = 0; i < 3; i++) {
        double width, height;

        fit(pictures[i], cell, &width, &height);
        ac_canvas_picture(canvas, pictures[i], MARGIN + i * (cell + GAP) + (cell - width) / 2, y,
                          width, height);
    }
    ac_canvas_text(canvas, MARGIN, bottom + 20, &name, row->name ? row->name : "");
    snprintf(text, sizeof(text), "loss %.5g", row->loss);
    ac_canvas_text(canvas, right, bottom + 20, &loss, text);
}

ac_status ac_sheet_draw(const ac_sheet_row *rows, int count, const char *title, const ac_log *log,
                        ac_rgb *sheet)
{
    static const char *const headings[] = {"Input", "Actual", "Predicted"};
    ac_text_style large = {.size = 20, .bold = true, .ink = AC_INK_TEXT};
    ac_text_style heading = {.size = 16, .anchor = AC_ANCHOR_MIDDLE, .ink = AC_INK_TEXT};
    int cell, width, y = TOP;
    ac_canvas *canvas;
    ac_status status;

    *sheet = (ac_rgb){0};
    if (count > MOST_ROWS)
        return ac_fail(log, AC_ERR_ARGUMENT, "a sheet of %d pictures is too long, at most %d",
                       count, MOST_ROWS);
    cell = cell_width(rows, count);
    while (sheet_height(rows, count, cell) > TALLEST)
        cell -= cell / 8;
    width = 2 * MARGIN + 3 * cell + 2 * GAP;
    large.most = width - 2 * MARGIN;
    status = ac_canvas_create(width, sheet_height(rows, count, cell), log, &canvas);
    if (status != AC_OK)
        return status;
    ac_canvas_text(canvas, MARGIN, 40, &large, title);
    for (int i = 0; i < 3; i++)
        ac_canvas_text(canvas, MARGIN + i * (cell + GAP) + cell / 2.0, TOP - 12, &heading,
                       headings[i]);
    for (int i = 0; i < count; i++) {
        draw_row(canvas, &rows[i], y, cell);
        y += row_height(&rows[i], cell);
    }
    return ac_canvas_finish(&canvas, sheet);
}
