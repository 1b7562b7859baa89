/* A training from beginning to end: pictures, network, steps, checkpoints, report, model. */
#ifndef AC_TRAIN_TRAINER_H
#define AC_TRAIN_TRAINER_H

#include "train/begin.h"
#include "train/run_dir.h"
#include "train/settings.h"

typedef struct ac_trainer_params {
    ac_train_settings settings;
    ac_begin_params begin;      /* `seed` is that of the settings */
    const char *const *sources; /* pictures and films to learn from, as ac_dataset_params */
    int source_count;
    const char *const *validation; /* to measure on */
    int validation_count;
    const char *output; /* the model, written at the end */
    bool half;          /* as float16 */
    const char *dir;    /* the run's folder */
    ac_run_mode mode;
    const char *dump; /* file for the batches, NULL: none; needs settings.steps */
    double checkpoint_minutes;
    int threads;        /* that decode, as ac_loader_params */
    const char *device; /* as ac_device_params.select */
    bool validation_layer;
    const atomic_bool *cancel;
    ac_progress *progress; /* NULL: shown nowhere */
} ac_trainer_params;

/* Blocks till the run is over. The settings must be in range. The same settings on the same data
 * and device give the same model, byte for byte, however often the run was stopped and resumed.
 * AC_ERR_CANCELLED after a message that says how to go on. */
ac_status ac_trainer_run(const ac_trainer_params *params, const ac_log *log);

#endif
