/* What `autochrome bench` measures, and how it is shown. Times in seconds. */
#ifndef AC_CLI_BENCH_H
#define AC_CLI_BENCH_H

#include <jansson.h>

#include "cli/command.h"
#include "nn/model.h"
#include "nn/part.h"
#include "nn/peak.h"
#include "vk/device.h"

/* How often things are run. */
typedef struct ac_bench_params {
    int runs;    /* 0: for about AC_BENCH_SECONDS */
    bool layers; /* times of parts are taken too */
    bool timestamps;
    uint64_t seed; /* of weights that are drawn, and of pictures */
} ac_bench_params;

#define AC_BENCH_SECONDS  3.0
#define AC_BENCH_MIN_RUNS 3
#define AC_BENCH_MAX_RUNS 100

/* One thing that was run again and again. */
typedef struct ac_bench_times {
    int runs;
    double median, least, most;
} ac_bench_times;

/* Forward pass or training step. */
typedef struct ac_bench_pass {
    bool measured;
    char why[256]; /* it was not */
    ac_bench_times times;
    int64_t macs;
    uint64_t bytes;  /* least, of all parts */
    uint64_t memory; /* on the device */
    bool half;       /* values are stored as float16 */
    /* With the time of each part taken. With timestamps: medians of what the device was at work and
     * of what it was not, from the submission to the end; else 0. */
    double device, idle;
    int part_count;
    ac_part *parts;
    double *seconds; /* [part_count], medians */
} ac_bench_pass;

/* A network at one size. */
typedef struct ac_bench {
    char *path;
    bool drawn; /* weights were */
    int64_t parameters;
    int batch, height, width;
    int train_height, train_width; /* the next sizes that the strides fit */
    ac_bench_pass forward, train_step;
} ac_bench;

typedef struct ac_bench_machine {
    const ac_device_info *device;
    bool layers, timestamps; /* layers are measured, and with timestamps */
    bool has_peak;
    ac_peak peak;
} ac_bench_machine;

/* Weights of a model or, of a description, drawn. */
ac_status ac_bench_load(const char *path, uint64_t seed, const ac_log *log, ac_model **model);

/* Medians and the like; sorts the times. */
ac_bench_times ac_bench_times_of(double *times, int count);

/* Fill bench->forward, bench->train_step; bench has sizes already. A network that cannot be trained
 * is no failure. AC_ERR_CANCELLED without a message. */
ac_status ac_bench_forward(const ac_context *context, const ac_bench_params *params,
                           ac_device *device, const ac_model *model, ac_bench *bench);
ac_status ac_bench_train_step(const ac_context *context, const ac_bench_params *params,
                              ac_device *device, const ac_model *model, ac_bench *bench);
void ac_bench_free(ac_bench *bench);

void ac_bench_print_machine(const ac_bench_machine *machine);
void ac_bench_print(const ac_bench *bench, const ac_bench_machine *machine);
/* Everything of the tables. */
json_t *ac_bench_json(const ac_bench *benches, int count, const ac_bench_machine *machine);

/* `autochrome bench --pipeline`: how fast a film is coloured, by stages. size and frames 0: as
 * colorize has it; some seconds' worth. Prints a table, or JSON. */
typedef struct ac_bench_film {
    const char *film, *model, *device; /* model: a path */
    int size, frames;
    bool json, validation;
} ac_bench_film;
ac_status ac_bench_pipeline(const ac_context *context, const ac_bench_film *film);

#endif
