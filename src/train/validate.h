/* Measuring a model on whole pictures that it does not learn from, as a person would use it: plain
 * inference, without chance. */
#ifndef AC_TRAIN_VALIDATE_H
#define AC_TRAIN_VALIDATE_H

#include "nn/model.h"
#include "train/dataset.h"
#include "train/loss.h"
#include "train/sheet.h"
#include "vk/device.h"

typedef struct ac_validate_params {
    ac_device *device;
    ac_dataset *dataset;
    ac_dataset_side side;
    ac_view_params view; /* without chance; the colours' size is that of the network's result */
    ac_loss_params loss;
    int batch;                 /* pictures computed at once */
    int threads;               /* as ac_loader_params */
    int rows;                  /* so many of the first pictures are kept to be shown */
    bool only_rows;            /* measure no more pictures than these */
    const atomic_bool *cancel; /* NULL: never */
    /* Called now and then with how many pictures were measured so far; NULL: is not. */
    void (*shown)(void *opaque, int pictures);
    void *opaque;
} ac_validate_params;

/* Means over pictures. NaN when there was none. */
typedef struct ac_validation {
    int pictures;
    double loss, rgb;      /* as the training's; mean squared error of RGB in 0..1 */
    double gray, gray_rgb; /* the same of a picture without colours */
    int row_count;
    ac_sheet_row *rows; /* names belong to the data set */
} ac_validation;

/* On success *validation is to be freed. AC_ERR_CANCELLED without a message. */
ac_status ac_validate(const ac_validate_params *params, const ac_model *model, const ac_log *log,
                      ac_validation *validation);
void ac_validation_free(ac_validation *validation);

#endif
