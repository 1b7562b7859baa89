/* The settings of a training: all numbers and names that decide which weights come out of it. */
#ifndef AC_TRAIN_SETTINGS_H
#define AC_TRAIN_SETTINGS_H

#include <jansson.h>

#include "train/dataset.h"
#include "train/loss.h"
#include "train/rate.h"

typedef struct ac_train_settings {
    const char *network; /* as the person names it; NULL: that of `init` */
    const char *init;    /* model to begin with, as the person names it, NULL: none */
    int epochs;
    int steps;      /* the run ends after so many, 0: never before the epochs do */
    int batch;      /* pictures a step */
    int accumulate; /* equal parts a batch is computed in */
    ac_rate_params rate;
    double beta1, beta2, eps, weight_decay, clip, ema; /* as ac_train_params has them */
    const ac_loss *loss;
    double huber_delta;
    double rare_colours;           /* 0..1, see train/rare.h */
    int short_side, height, width; /* as ac_view_params has them, of lightness */
    double scale_jitter, aged;
    bool flip, shuffle; /* not shuffled: the middle of pictures in the order of their names */
    double validation_split, fraction, every;
    int seed;
    /* Patterns of tensors' names: "PATTERN=0.3", "PATTERN". */
    const char *const *lr_scale, *const *freeze;
    int lr_scale_count, freeze_count;
} ac_train_settings;

/* A JSON string of any bytes: what is not UTF-8 becomes U+FFFD. NULL: out of memory. */
json_t *ac_json_text(const char *text);
/* JSON has no NaN: null stands for what is not finite. NULL: out of memory. */
json_t *ac_json_real(double value);

/* Name and value of each as texts, under the names of the command line's options, in a fixed order.
 * Equal settings make equal texts. NULL: out of memory. */
json_t *ac_train_settings_list(const ac_train_settings *settings);

/* Whether a run that began with `before` can be gone on with as `now`, both lists as above: all
 * must be the same but for the length of the run, where the learning rate does not depend on it.
 * The message begins with `where` and names the first setting that differs. */
ac_status ac_train_settings_compare(json_t *before, json_t *now, const char *where,
                                    const ac_log *log);

/* How a picture is made ready: for learning, or, plain, as it is measured and shown. */
ac_view_params ac_train_settings_view(const ac_train_settings *settings, int colour_height,
                                      int colour_width, bool plain);

#endif
