/* The pictures that a network learns from, and those it is measured on.
 *
 * A data set is a list of items (a still, or a frame that was taken from a film) in an order that
 * depends on nothing but the names. Each has a group (its folder or film): a group goes to training
 * or to validation as a whole. Items are decoded when they are drawn; those that turn out to be
 * gray or broken are left out, counted, and (broken ones) named in a warning, once. */
#ifndef AC_TRAIN_DATASET_H
#define AC_TRAIN_DATASET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "media/rgb.h"
#include "util/log.h"
#include "util/progress.h"

typedef struct ac_dataset ac_dataset;

typedef struct ac_dataset_params {
    /* Folders (recursive; hidden files and folders left out), pictures, films, globs ("*.jpg", for
     * shells that left them alone), .txt lists of such names, one a line, relative to the list:
     * sources.h says more. */
    const char *const *sources;
    int source_count;
    /* The same for validation; none: validation_split. A file that is named for both is not trained
     * on, and a warning counts them. */
    const char *const *validation;
    int validation_count;
    /* Part of the items, by whole groups drawn by `seed`, 0 to less than 1; 0: none. As near to it
     * as groups allow; where that is not near, a warning says so. With one group only: an error. */
    double validation_split;
    double fraction; /* part of the training items that is used, above 0 to 1; drawn by `seed` */
    /* A frame is taken from a film where a scene begins, and after so many seconds within it (0:
     * never), unless it is gray or looks like one taken shortly before: scenes.h. */
    double every;
    int frame_side;         /* short side at which frames of films are kept, at most; 0: any */
    const char *frames_dir; /* where frames taken from films are kept as PNG files, with an index,
                             * so that a film is searched only once */
    uint64_t seed;
    const atomic_bool *cancel; /* NULL: never */
    ac_progress *progress;     /* films that are searched; NULL: shown nowhere */
} ac_dataset_params;

/* Lists the items, taking frames from films where frames_dir has none of them yet; a film that
 * cannot be read, or has no colours, is left out with a warning. Fails with one message when there
 * is nothing to train on; AC_ERR_CANCELLED, without a message, soon after *cancel became true.
 * `log` must outlive the data set, on success the caller owns *dataset. */
ac_status ac_dataset_open(const ac_dataset_params *params, const ac_log *log, ac_dataset **dataset);
void ac_dataset_close(ac_dataset **dataset);

typedef enum ac_dataset_side { AC_DATASET_TRAINING, AC_DATASET_VALIDATION } ac_dataset_side;
int ac_dataset_count(const ac_dataset *dataset, ac_dataset_side side);
/* Of item i: path of its file, or "film.mkv at 12.5 s". */
const char *ac_dataset_name(const ac_dataset *dataset, ac_dataset_side side, int i);
/* Hash of all names (of both sides, in order): a resumed run must find the same data. */
uint64_t ac_dataset_hash(const ac_dataset *dataset);
/* Gray and broken items found so far, films that cannot be read among them, each counted once. May
 * be called while loaders run. */
void ac_dataset_left_out(ac_dataset *dataset, int *gray, int *broken);

/* How an item becomes a picture of height x width. What is cut out of a picture begins and ends
 * between its own pixels, so it may be larger or smaller than asked for by half of one. */
typedef struct ac_view_params {
    int height, width; /* of lightness */
    /* Of colours: height and width, or a whole part of them; each value is the mean of those it
     * covers. */
    int colour_height, colour_width;
    int short_side;      /* items are made so large first, before the part is cut out; 0: as small
                          * as covers height x width */
    bool random_crop;    /* which part is cut out: any, else the middle */
    double scale_jitter; /* short_side times 1..1 + jitter, at random; 0: never */
    bool flip;           /* half of the pictures are mirrored */
    double aged;         /* part of the pictures, 0..1, whose lightness is made to look old: gamma,
                          * contrast, blur, grain, dust (aged.h) */
} ac_view_params;

/* Draws batches: decodes on threads of its own and keeps up to `queue` batches ready. */
typedef struct ac_loader ac_loader;

typedef struct ac_loader_params {
    ac_dataset *dataset; /* must outlive the loader */
    ac_dataset_side side;
    ac_view_params view;
    int batch;    /* pictures of one; what is left of a pass in the end is not handed out, but for
                   * `partial` */
    bool partial; /* the last batch may have fewer pictures (validation) */
    bool shuffle; /* another order each epoch, from the seed; else that of the names */
    /* Of order and chance; value for value the same on any number of threads. The order of an epoch
     * is ac_dataset_shuffle()'s with the stream "order EPOCH", what happens to item I is drawn from
     * "item I epoch EPOCH" (util/random.h). */
    uint64_t seed;
    int epoch;      /* from 0: which order, which chances */
    int64_t cursor; /* items of that order that are passed over already: where to go on */
    int threads;    /* that decode, at least 1; 0: as many as there are processors, at most 4 */
    int queue;      /* at least 1 */
    const atomic_bool *cancel; /* NULL: never */
} ac_loader_params;

typedef struct ac_batch {
    int count;        /* of pictures */
    float *lightness; /* [count][height][width], L* 0..100 */
    float *colours;   /* [count][2][colour_height][colour_width], a*, b* */
    int *items;       /* [count], which they are */
    int64_t cursor;   /* for ac_loader_params.cursor, to go on behind this batch */
} ac_batch;
void ac_batch_free(ac_batch **batch);

/* The view must fit: AC_ERR_ARGUMENT otherwise. Items smaller than the view are enlarged; the first
 * such is named in a warning. */
ac_status ac_loader_create(const ac_loader_params *params, const ac_log *log, ac_loader **loader);
/* The caller owns *batch. AC_END when the pass over the data is over: *batch is NULL. A pass that
 * began at cursor 0 and gave no batch is an error that says why: AC_ERR_FORMAT when no picture can
 * be used, AC_ERR_ARGUMENT when there are fewer than one batch takes. AC_ERR_CANCELLED, without a
 * message, soon after *cancel became true. */
ac_status ac_loader_next(ac_loader *loader, ac_batch **batch);
/* Stops the threads. May be called at any time. */
void ac_loader_destroy(ac_loader **loader);

#endif
