/* The batches of a run as tensors in a file, for other programs that are to learn from the very
 * same ones. */
#ifndef AC_TRAIN_DUMP_H
#define AC_TRAIN_DUMP_H

#include "train/dataset.h"

typedef struct ac_dump ac_dump;

/* Takes memory for at most `most` pictures. On success the caller owns *dump. */
ac_status ac_dump_create(int64_t most, const ac_view_params *view, const ac_log *log,
                         ac_dump **dump);
void ac_dump_destroy(ac_dump **dump);
void ac_dump_add(ac_dump *dump, const ac_batch *batch);
/* "lightness" [pictures][1][height][width] and "colours" [pictures][2][colour_height][colour_width]
 * of all that was added. */
ac_status ac_dump_write(const ac_dump *dump, const char *path);

#endif
