#include "cli/draw_layout.h"

#include <math.h>
#include <stdlib.h>

#define MAX_COLUMNS 4  /* boxes of a row */
#define INDENT      60 /* how much the ways down and up lean towards each other, a band */
#define PITCH_X     (AC_DRAW_BOX_W + AC_DRAW_GAP_X)
#define PITCH_Y     (AC_DRAW_BOX_H + AC_DRAW_GAP_Y)

typedef struct slot {
    int level;
    int uses;
    bool up; /* on the way up */
    int row; /* in its band's half */
    int column;
} slot;

typedef struct arrangement {
    const ac_layers *layers;
    ac_draw_layout *layout;
    slot *slots;
    int (*rows)[2]; /* of each band: way down, way up */
    int *shift;     /* rows by which a band's way up begins lower */
    int *lengths;   /* of every row of boxes, by [first layer of the row] */
} arrangement;

/* The level of pictures that are one point is that of what they were made from. */
static void measure_levels(const ac_layers *layers, slot *slots)
{
    const ac_shape whole = layers->items[0].shape;

    for (int i = 0; i < layers->count; i++) {
        const ac_layer *layer = &layers->items[i];
        double area = (double)layer->shape.h * layer->shape.w;

        if (i && area <= 1)
            slots[i].level = slots[layer->inputs[0]].level;
        else
            slots[i].level = (int)lround(0.5 * log2((double)whole.h * whole.w / area));
        for (int k = 0; k < layer->input_count; k++)
            slots[layer->inputs[k]].uses++;
    }
}

static int compare_bands(const void *a, const void *b)
{
    return ((const ac_draw_band *)a)->level - ((const ac_draw_band *)b)->level;
}

/* One band for every level there is. Levels in slots become numbers of bands. */
static void make_bands(const arrangement *a)
{
    ac_draw_layout *layout = a->layout;

    for (int i = 0; i < a->layers->count; i++) {
        const ac_shape *shape = &a->layers->items[i].shape;
        int b = 0;

        while (b < layout->band_count && layout->bands[b].level != a->slots[i].level)
            b++;
        if (b == layout->band_count)
            layout->bands[layout->band_count++] =
                (ac_draw_band){.level = a->slots[i].level, .height = shape->h, .width = shape->w};
    }
    qsort(layout->bands, (size_t)layout->band_count, sizeof(*layout->bands), compare_bands);
    for (int i = 0; i < a->layers->count; i++) {
        int b = 0;

        while (layout->bands[b].level != a->slots[i].level)
            b++;
        layout->places[i].band = b;
    }
}

/* Rows: a new one after MAX_COLUMNS boxes, after a layer that others than the next one use too, and
 * where the network comes back to a band. */
static void make_rows(const arrangement *a)
{
    ac_draw_place *places = a->layout->places;
    int bottom = a->layout->band_count - 1, last_down = 0, first = 0;

    for (int i = 0; i < a->layers->count; i++)
        if (places[i].band == bottom)
            last_down = i;
    for (int i = 0; i < a->layers->count; i++) {
        slot *s = &a->slots[i], *before = &a->slots[i ? i - 1 : 0];
        int *rows;

        s->up = i > last_down;
        rows = &a->rows[places[i].band][s->up];
        if (i && places[i - 1].band == places[i].band && before->up == s->up && before->uses < 2 &&
            before->column + 1 < MAX_COLUMNS) {
            s->row = before->row;
            s->column = before->column + 1;
        } else {
            s->row = (*rows)++;
            first = i;
        }
        a->lengths[first] = s->column + 1;
    }
}

/* The row on the way up that takes something from the way down is level with where that comes from,
 * where the band has room. */
static void align_rows(const arrangement *a)
{
    const ac_draw_place *places = a->layout->places;

    for (int i = a->layers->count - 1; i >= 0; i--) {
        const ac_layer *layer = &a->layers->items[i];
        int b = places[i].band;

        for (int k = 0; k < layer->input_count && a->slots[i].up; k++) {
            const slot *from = &a->slots[layer->inputs[k]];
            int room = a->rows[b][0] - a->rows[b][1];

            if (from->up || places[layer->inputs[k]].band != b)
                continue;
            a->shift[b] = from->row - a->slots[i].row;
            if (a->shift[b] > room)
                a->shift[b] = room;
            if (a->shift[b] < 0)
                a->shift[b] = 0;
        }
    }
}

static int longest_row(const arrangement *a, bool bottom)
{
    int longest = 0;

    for (int i = 0; i < a->layers->count; i++)
        if ((a->layout->places[i].band == a->layout->band_count - 1) == bottom && !a->slots[i].up &&
            a->slots[i].column >= longest)
            longest = a->slots[i].column + 1;
    return longest;
}

/* Rows of the way down end below each other, so that what is added to a later one comes straight
 * down; the bottom goes on to the right; the way up begins beyond it. */
static void place_columns(const arrangement *a)
{
    ac_draw_layout *layout = a->layout;
    int bottom = layout->band_count - 1, first = 0;
    double arm = longest_row(a, false) * PITCH_X;
    double bottom_end = AC_DRAW_LEFT + bottom * INDENT + longest_row(a, true) * PITCH_X;
    double up = AC_DRAW_LEFT + (bottom - 1) * INDENT + arm;

    if (up < bottom_end)
        up = bottom_end;
    for (int i = 0; i < a->layers->count; i++) {
        const slot *s = &a->slots[i];
        ac_draw_place *place = &layout->places[i];

        if (s->column == 0)
            first = i;
        if (s->up)
            place->x = up + (bottom - 1 - place->band) * INDENT + s->column * PITCH_X;
        else
            place->x =
                (place->band == bottom ? bottom_end : AC_DRAW_LEFT + place->band * INDENT + arm) -
                (a->lengths[first] - s->column) * PITCH_X;
        if (place->x + AC_DRAW_BOX_W > layout->width)
            layout->width = place->x + AC_DRAW_BOX_W;
    }
}

static void place_rows(const arrangement *a)
{
    ac_draw_layout *layout = a->layout;
    double y = AC_DRAW_TOP;
    int row = 0;

    for (int b = 0; b < layout->band_count; b++) {
        int down = a->rows[b][0], up = a->rows[b][1] + a->shift[b];

        layout->bands[b].y = y;
        layout->bands[b].h = (down > up ? down : up) * PITCH_Y + 12;
        for (int i = 0; i < a->layers->count; i++) {
            int in_band = a->slots[i].row + (a->slots[i].up ? a->shift[b] : 0);

            if (layout->places[i].band != b)
                continue;
            layout->places[i].row = row + in_band;
            layout->places[i].y = y + AC_DRAW_GAP_Y + in_band * PITCH_Y;
        }
        row += down > up ? down : up;
        y += layout->bands[b].h;
    }
    layout->height = y;
}

ac_status ac_draw_layout_create(const ac_layers *layers, const ac_log *log, ac_draw_layout **result)
{
    size_t count = (size_t)layers->count;
    arrangement a = {.layers = layers, .layout = calloc(1, sizeof(*a.layout))};
    ac_status status = AC_OK;

    *result = NULL;
    a.slots = calloc(count, sizeof(*a.slots));
    a.rows = calloc(count, sizeof(*a.rows));
    a.shift = calloc(count, sizeof(*a.shift));
    a.lengths = calloc(count, sizeof(*a.lengths));
    if (a.layout) {
        a.layout->places = calloc(count, sizeof(*a.layout->places));
        a.layout->bands = calloc(count, sizeof(*a.layout->bands));
    }
    if (!a.layout || !a.layout->places || !a.layout->bands || !a.slots || !a.rows || !a.shift ||
        !a.lengths) {
        ac_draw_layout_destroy(&a.layout);
        status = ac_fail(log, AC_ERR_MEMORY, "out of memory");
    } else {
        measure_levels(layers, a.slots);
        make_bands(&a);
        make_rows(&a);
        align_rows(&a);
        place_columns(&a);
        place_rows(&a);
    }
    free(a.slots);
    free(a.rows);
    free(a.shift);
    free(a.lengths);
    *result = a.layout;
    return status;
}

void ac_draw_layout_destroy(ac_draw_layout **pointer)
{
    ac_draw_layout *layout = *pointer;

    if (!layout)
        return;
    free(layout->places);
    free(layout->bands);
    free(layout);
    *pointer = NULL;
}
