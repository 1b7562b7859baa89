/* Frames taken from films (scenes.h says which), kept as PNG files so that a film is searched once.
 *
 * FRAMES_DIR/film.mkv-0123456789abcdef/ has 000001.png, 000002.png ... and, written last, `index`:
 *     autochrome frames 1
 *     every 5 side 256
 *     000001.png 0.000
 *     000002.png 12.480
 *     end 2
 * The number in the folder's name is a hash of the film's path, size and time of change. A folder
 * without an index, or with one that was made with other parameters, is made anew. */
#ifndef AC_TRAIN_FILM_FRAMES_H
#define AC_TRAIN_FILM_FRAMES_H

#include <stdatomic.h>

#include "util/log.h"
#include "util/progress.h"

typedef struct ac_film_frame {
    char *path;
    double time; /* seconds */
} ac_film_frame;

typedef struct ac_film_frames_params {
    const char *film;
    const char *frames_dir; /* made where it is not there */
    double every;
    int side; /* of the frames' short side, at most; 0: any */
    const atomic_bool *cancel;
    ac_progress *progress;
} ac_film_frames_params;

/* On success the caller owns *frames. A film that cannot be read, or that has no colours, is named
 * in a warning and has no frames; *broken: it was the former. AC_ERR_CANCELLED without a message.
 */
ac_status ac_film_frames_get(const ac_film_frames_params *params, const ac_log *log,
                             ac_film_frame **frames, int *count, bool *broken);
void ac_film_frames_free(ac_film_frame **frames, int count);

#endif
