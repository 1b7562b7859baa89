/* The folder of a run: who may write there, and what its files are called. */
#ifndef AC_TRAIN_RUN_DIR_H
#define AC_TRAIN_RUN_DIR_H

#include <stdbool.h>

#include "util/log.h"

typedef struct ac_run_dir {
    char *path;
    int lock;         /* held while a run writes here */
    bool made;        /* by this process: goes again when nothing was put there */
    bool begun;       /* a checkpoint of a run is there to go on from */
    char *checkpoint; /* checkpoint.safetensors */
    char *model;      /* model.safetensors: after the last whole epoch */
    char *best;       /* best.safetensors: after the one with the lowest validation loss */
    char *frames;     /* frames: pictures taken from films */
} ac_run_dir;

typedef enum ac_run_mode {
    AC_RUN_NEW,       /* a run that is there already is an error */
    AC_RUN_RESUME,    /* goes on with it where there is one */
    AC_RUN_OVERWRITE, /* its checkpoint and models go; frames of films stay */
} ac_run_mode;

/* Makes the folder where there is none, and keeps other processes out of it. What was left of files
 * half written goes. On success the caller owns *dir. */
ac_status ac_run_dir_open(const char *path, ac_run_mode mode, const ac_log *log, ac_run_dir **dir);
void ac_run_dir_close(ac_run_dir **dir);

#endif
