/* What the parts of the trainer share: trainer.c sets up and ends, trainer_loop.c steps,
 * trainer_epoch.c measures, saves and reports. For these files alone. */
#ifndef AC_TRAIN_TRAINER_STATE_H
#define AC_TRAIN_TRAINER_STATE_H

#include "train/checkpoint.h"
#include "train/dump.h"
#include "train/rare.h"
#include "train/report.h"
#include "train/trainer.h"

#define AC_TRAINER_QUEUE 3 /* batches that are ready ahead */

typedef struct ac_trainer {
    const ac_trainer_params *params;
    const ac_train_settings *settings;
    const ac_log *log;
    ac_run_dir *dir;
    ac_model *model; /* the network; its weights are those of the last whole epoch */
    float *scales;   /* learning rate's factor of each tensor */
    ac_shape out;    /* of the network's result for one picture */
    ac_device *device;
    ac_dataset *dataset;
    json_t *list; /* the settings */
    ac_train_session *session;
    ac_checkpoint *state; /* its place is where the run is; its states are as last read */
    ac_report *report;
    ac_dump *dump;         /* NULL: none is wanted */
    double began;          /* clock when this part of the run began, less the seconds before it */
    double saved;          /* clock at the last checkpoint */
    bool checkpoint_there; /* one of this run has been written */
    int64_t first_step;    /* steps that were done before this part of the run */
    double step_time;      /* seconds of a step, smoothed; 0: none was made */
} ac_trainer;

ac_loss_params ac_trainer_loss(const ac_trainer *trainer);
/* Training pictures that were not found to be gray or broken yet. */
int ac_trainer_usable(const ac_trainer *trainer);
/* All steps are done. */
bool ac_trainer_is_over(const ac_trainer *trainer);
/* Pictures that are validated at once. */
int ac_trainer_measured_at_once(const ac_trainer *trainer);
double ac_trainer_seconds(const ac_trainer *trainer);
/* Of the step after the place. */
double ac_trainer_rate(const ac_trainer *trainer);

/* Writes what is due of the last step, if anything is; validation: NAN when it was not measured. */
ac_status ac_trainer_write_row(ac_trainer *trainer, double validation);
/* Progress of measuring; opaque: the trainer. */
void ac_trainer_show_measured(void *opaque, int pictures);

/* Steps till the end of the run. */
ac_status ac_trainer_loop(ac_trainer *trainer);

/* "step 812: WHAT; the last good checkpoint is ...; try ..." */
ac_status ac_trainer_fail_step(const ac_trainer *trainer, int64_t step, const char *what);
/* Writes a checkpoint of where the run is. */
ac_status ac_trainer_save(ac_trainer *trainer);
/* At the end of an epoch, or of the run in the middle of one: measures, reports, keeps the model,
 * writes a checkpoint. */
ac_status ac_trainer_end_epoch(ac_trainer *trainer, bool whole);
/* Puts the weights, or their moving average, into trainer->model, with the training record. */
ac_status ac_trainer_fill_model(ac_trainer *trainer);

/* "autochrome.training" of the model: settings, data, what came of it; no times. NULL: out of
 * memory; the caller frees it. */
char *ac_trainer_record(const ac_trainer *trainer);

#endif
