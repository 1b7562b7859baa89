/* Which frames of a film are worth learning from: the first of each scene, one every so many
 * seconds, none that looks like one taken shortly before, none that is gray.
 *
 * A scene begins at frame i where i and i - 1, as AC_SCENES_SIDE x AC_SCENES_SIDE values of luma
 * (0..255), are CUT_LEAST apart (mean absolute difference), CUT_TIMES as far as the median of the
 * frames around, and i + 1 is as far from i - 1 too, and i from i - 2 (else i or i - 1 is a flash).
 */
#ifndef AC_TRAIN_SCENES_H
#define AC_TRAIN_SCENES_H

#include <stdbool.h>

#include "train/thumbnail.h"

typedef struct ac_scenes ac_scenes;

/* every: seconds from one frame taken to the next within a scene; 0: none but the first. NULL when
 * memory ran out. */
ac_scenes *ac_scenes_create(double every);
void ac_scenes_destroy(ac_scenes **scenes);

/* How many frames later than given the decision falls: those have to be kept that long. */
#define AC_SCENES_DELAY 2

#define AC_SCENES_SIDE AC_THUMBNAIL_SIDE

typedef enum ac_scenes_verdict {
    AC_SCENES_LATER, /* nothing is known of any frame yet */
    AC_SCENES_PASS,
    AC_SCENES_CANDIDATE, /* to be taken, but for what its colours say: ac_scenes_offer() */
    AC_SCENES_TAKE,
    AC_SCENES_GRAY,     /* would be taken, but for its lack of colour */
    AC_SCENES_FAMILIAR, /* would be taken, but one that was looks the same */
} ac_scenes_verdict;

/* Gives the luma of the next frame of the film; what is returned (LATER, PASS or CANDIDATE) is on
 * the one AC_SCENES_DELAY frames before. */
ac_scenes_verdict ac_scenes_next(ac_scenes *scenes, const uint8_t *luma, double time);
/* After the last frame: AC_SCENES_DELAY times at most; AC_SCENES_LATER: there is none left. */
ac_scenes_verdict ac_scenes_end(ac_scenes *scenes);
/* To be called for each candidate before anything else: TAKE, GRAY or FAMILIAR. */
ac_scenes_verdict ac_scenes_offer(ac_scenes *scenes, const ac_thumbnail *thumbnail);
/* Scenes that have begun so far. */
int ac_scenes_count(const ac_scenes *scenes);

#endif
