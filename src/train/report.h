/* The run's folder: log.csv, report.html, curve.png, sheet.png, which a person looks at while a
 * training runs and after it. */
#ifndef AC_TRAIN_REPORT_H
#define AC_TRAIN_REPORT_H

#include <stdint.h>

#include "train/sheet.h"
#include "util/log.h"

typedef struct ac_report ac_report;

typedef struct ac_report_setting {
    const char *name, *value; /* "learning rate", "0.001" */
} ac_report_setting;

typedef struct ac_report_params {
    const char *dir;   /* must be there */
    const char *title; /* "landmark.safetensors" */
    const ac_report_setting *settings;
    int setting_count;
    int epochs;      /* of the whole run */
    int64_t resumed; /* steps that count of a log.csv that is there, what comes after them is cut
                      * off; 0: the run begins, files are made anew */
} ac_report_params;

/* On success the caller owns *report. */
ac_status ac_report_open(const ac_report_params *params, const ac_log *log, ac_report **report);
void ac_report_close(ac_report **report);

/* One row of log.csv: epoch,step,loss,validation_loss,learning_rate,seconds. epoch and step count
 * from 1; validation: NaN where it was not measured (an empty field); seconds since the run began,
 * all its parts together. Numbers as %.9g. Rows reach the file at least every few seconds. */
typedef struct ac_report_row {
    int epoch;
    int64_t step;
    double loss, validation, rate, seconds;
} ac_report_row;
ac_status ac_report_step(ac_report *report, const ac_report_row *row);

/* After an epoch: draws curve.png (loss per epoch and per step, validation, learning rate), and
 * sheet.png and sheets/epoch_NNN.jpg, and writes report.html: one file that needs no other, with
 * the curve, a table of the epochs, and the sheets of all epochs, of many as many as fit into some
 * 16 MB, spread evenly. rows NULL: no sheet. baseline: validation loss of a gray picture, NaN:
 * unknown. */
ac_status ac_report_epoch(ac_report *report, int epoch, const ac_sheet_row *rows, int count,
                          double baseline);

#endif
