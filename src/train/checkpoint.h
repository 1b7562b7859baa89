/* Checkpoints: all that a run needs to go on exactly where it was, in one .safetensors file. It is
 * a model too: the weights have their own names, so that `autochrome inspect` shows it and
 * `colorize` takes it. Beside them are the flat tensors "adam/moment1", "adam/moment2", "average"
 * (with a moving average) and "rare_colours" (with weights for rare colours);
 * "autochrome.checkpoint" of the metadata is JSON. */
#ifndef AC_TRAIN_CHECKPOINT_H
#define AC_TRAIN_CHECKPOINT_H

#include <jansson.h>

#include "nn/model.h"
#include "train/session.h"

/* Where a run is. Losses are NaN where there is none yet. */
typedef struct ac_run_place {
    int epoch;      /* from 0: the one it is in, or, between two, the next one */
    int64_t cursor; /* of ac_loader_params, in that epoch */
    int64_t step;   /* steps done, of all epochs */
    double seconds;
    double epoch_loss;           /* sum over the epoch's steps so far */
    int64_t epoch_steps;         /* their number */
    double last_loss, last_rate; /* of the last step */
    bool row_due; /* the last step is not in the report yet: what was measured after it, at an
                   * epoch's end, comes into the same row */
    double loss;  /* mean of the last whole epoch */
    double validation, rgb; /* the last ones measured */
    double gray, gray_rgb;  /* the same of a gray picture */
    double best;            /* the lowest validation loss */
    int best_epoch;         /* after how many epochs; 0: never measured */
} ac_run_place;

typedef struct ac_checkpoint {
    int64_t count;                       /* floats of each state */
    float *states[AC_TRAIN_STATE_COUNT]; /* weights, moments, average; NULL: none */
    float *rare;                         /* [AC_RARE_COUNT], NULL: none */
    json_t *settings;                    /* as ac_train_settings_list() makes it */
    uint64_t data;                       /* ac_dataset_hash() */
    char device[256];                    /* that computed it */
    ac_run_place place;
} ac_checkpoint;

/* Memory for the states of a model of that network; average too where `average`. */
ac_status ac_checkpoint_create(const ac_model *model, bool average, bool rare, const ac_log *log,
                               ac_checkpoint **checkpoint);
void ac_checkpoint_destroy(ac_checkpoint **checkpoint);

/* Whether all states are finite; else *name is the tensor that is not. */
bool ac_checkpoint_is_finite(const ac_checkpoint *checkpoint, const ac_model *model,
                             const char **name);

/* Whole or not at all; the file that was there stays where it fails. model: names and shapes of the
 * tensors, and the description. */
ac_status ac_checkpoint_save(const ac_checkpoint *checkpoint, const ac_model *model,
                             const char *path, const ac_log *log);
/* Reads and checks: the description must be that of `model`, all tensors there with their shapes,
 * all numbers finite and in range. On success the caller owns *checkpoint. */
ac_status ac_checkpoint_load(const char *path, const ac_model *model, const ac_log *log,
                             ac_checkpoint **checkpoint);

#endif
