/* Where the layers of a drawn network lie: one band for each size of picture, from large to small;
 * the way down fills the left of a band, the way up the right, so that an encoder with a decoder
 * looks like a U. In a band, layers follow each other in rows. All lengths are in pixels. */
#ifndef AC_CLI_DRAW_LAYOUT_H
#define AC_CLI_DRAW_LAYOUT_H

#include "cli/layers.h"

#define AC_DRAW_BOX_W  200
#define AC_DRAW_BOX_H  72
#define AC_DRAW_GAP_X  32 /* between boxes of a row */
#define AC_DRAW_GAP_Y  44 /* above every row, for lines */
#define AC_DRAW_LEFT   96 /* for the bands' labels */
#define AC_DRAW_TOP    92 /* for the title */
#define AC_DRAW_BOTTOM 56 /* for the legend */
#define AC_DRAW_RIGHT  36

typedef struct ac_draw_place {
    int band, row; /* row: of the whole drawing */
    double x, y;   /* top left of the layer's box */
} ac_draw_place;

typedef struct ac_draw_band {
    int level;         /* pictures are 1 / 2^level of the input's size, about */
    int height, width; /* of the first such picture */
    double y, h;
} ac_draw_band;

typedef struct ac_draw_layout {
    ac_draw_place *places; /* of each layer */
    int band_count;
    ac_draw_band *bands;
    double width, height;
} ac_draw_layout;

/* The caller owns *layout. */
ac_status ac_draw_layout_create(const ac_layers *layers, const ac_log *log,
                                ac_draw_layout **layout);
void ac_draw_layout_destroy(ac_draw_layout **layout);

#endif
