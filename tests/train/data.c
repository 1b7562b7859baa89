/* What src/train makes of the files that a person names. For the tests in Python beside it.
 *
 * usage: data list NAME...                 the files, one a line: "film PATH" or "still PATH"
 *        data draw KEY=VALUE... NAME...    a data set and batches of it, see `keys` and print_*()
 *        data age SEED COUNT FROM TO       a picture's lightness [48][64] of float32, made old
 *                                          with COUNT seeds from SEED on
 *        data speed FOLDER SIDE            pictures a second on one thread; no test
 * Messages go to standard error. Exits with the negated ac_status. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xxhash.h>

#include "media/media.h"
#include "train/aged.h"
#include "train/dataset.h"
#include "train/sources.h"
#include "util/clock.h"

#define NAMES_MAX 50

static void write_message(void *opaque, ac_log_level level, const char *message)
{
    static const char *const names[] = {"error", "warning", "info", "verbose", "debug"};

    (void)opaque;
    fprintf(stderr, "%s: %s\n", names[level], message);
}

static const ac_log log_to_stderr = {.write = write_message, .level = AC_LOG_INFO};

static ac_status list(int argc, char **argv)
{
    ac_source *sources;
    int count;
    ac_status status =
        ac_sources_list((const char *const *)argv, argc, &log_to_stderr, &sources, &count);

    for (int i = 0; i < count; i++)
        printf("%s %s\n", sources[i].film ? "film" : "still", sources[i].path);
    ac_sources_free(&sources, count);
    return status;
}

/* ---- data sets ---- */

typedef struct job {
    ac_dataset_params data;
    ac_loader_params loader;
    const char *names[NAMES_MAX], *validation[NAMES_MAX], *dump;
    double seed, cursor, random_crop, flip, partial, shuffle, side, batches, show_names, cancel,
        stop;
    int turns;
    atomic_bool cancelled;
} job;

/* Searching films shows its progress, which asks for the time: here, with the cancel-th time, the
 * person at the keyboard has had enough. */
static double tick(void *opaque)
{
    job *j = opaque;

    if (++j->turns == (int)j->cancel)
        atomic_store(&j->cancelled, true);
    return 0;
}

static void set(job *j, const char *key, const char *value)
{
    ac_view_params *v = &j->loader.view;
    const struct {
        const char *key;
        double *number;
        int *count;
        const char **text;
    } keys[] = {
        {"split", .number = &j->data.validation_split},
        {"fraction", .number = &j->data.fraction},
        {"every", .number = &j->data.every},
        {"frame_side", .count = &j->data.frame_side},
        {"frames_dir", .text = &j->data.frames_dir},
        {"seed", .number = &j->seed}, /* of the data set and the loader */
        {"height", .count = &v->height},
        {"width", .count = &v->width},
        {"colour_height", .count = &v->colour_height},
        {"colour_width", .count = &v->colour_width},
        {"short_side", .count = &v->short_side},
        {"random_crop", .number = &j->random_crop},
        {"jitter", .number = &v->scale_jitter},
        {"flip", .number = &j->flip},
        {"aged", .number = &v->aged},
        {"side", .number = &j->side}, /* 0: training, 1: validation */
        {"batch", .count = &j->loader.batch},
        {"partial", .number = &j->partial},
        {"shuffle", .number = &j->shuffle},
        {"epoch", .count = &j->loader.epoch},
        {"cursor", .number = &j->cursor},
        {"threads", .count = &j->loader.threads},
        {"queue", .count = &j->loader.queue},
        {"batches", .number = &j->batches}, /* to draw; default: all */
        {"names", .number = &j->show_names},
        {"dump", .text = &j->dump}, /* lightness and colours of all batches, one after the other */
        {"cancel", .number = &j->cancel},
        {"stop", .number = &j->stop}, /* cancelled before the first batch */
    };

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (strcmp(keys[i].key, key) != 0)
            continue;
        if (keys[i].text)
            *keys[i].text = value;
        else if (keys[i].number)
            *keys[i].number = strtod(value, NULL);
        else
            *keys[i].count = (int)strtol(value, NULL, 10);
        return;
    }
    fprintf(stderr, "data: no option '%s'\n", key);
    exit(100);
}

static void read_arguments(job *j, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        char *value = strchr(argv[i], '=');

        if (!value) {
            j->names[j->data.source_count++] = argv[i];
            continue;
        }
        *value++ = '\0';
        if (!strcmp(argv[i], "val"))
            j->validation[j->data.validation_count++] = value;
        else
            set(j, argv[i], value);
    }
    j->data.sources = j->names;
    j->data.validation = j->validation;
    j->data.seed = j->loader.seed = (uint64_t)j->seed;
    j->data.cancel = j->loader.cancel = &j->cancelled;
    j->loader.view.random_crop = j->random_crop != 0;
    j->loader.view.flip = j->flip != 0;
    j->loader.partial = j->partial != 0;
    j->loader.shuffle = j->shuffle != 0;
    j->loader.cursor = (int64_t)j->cursor;
    j->loader.side = j->side != 0 ? AC_DATASET_VALIDATION : AC_DATASET_TRAINING;
}

static void print_dataset(const ac_dataset *dataset, bool names)
{
    static const char *const sides[] = {"training", "validation"};

    for (int side = 0; side < 2; side++) {
        int count = ac_dataset_count(dataset, (ac_dataset_side)side);

        printf("%s: %d\n", sides[side], count);
        for (int i = 0; names && i < count; i++)
            printf("%s name: %s\n", sides[side],
                   ac_dataset_name(dataset, (ac_dataset_side)side, i));
    }
    printf("hash: %016llx\n", (unsigned long long)ac_dataset_hash(dataset));
}

static void print_batch(const job *j, const ac_batch *batch, FILE *dump)
{
    const ac_view_params *v = &j->loader.view;
    size_t count = (size_t)batch->count * (size_t)v->height * (size_t)v->width,
           colours = 2 * (size_t)batch->count * (size_t)v->colour_height * (size_t)v->colour_width;

    printf("batch: cursor %lld items", (long long)batch->cursor);
    for (int i = 0; i < batch->count; i++)
        printf(" %d", batch->items[i]);
    printf(" values %016llx %016llx\n",
           (unsigned long long)XXH64(batch->lightness, count * sizeof(float), 0),
           (unsigned long long)XXH64(batch->colours, colours * sizeof(float), 0));
    if (dump && (fwrite(batch->lightness, sizeof(float), count, dump) != count ||
                 fwrite(batch->colours, sizeof(float), colours, dump) != colours))
        exit(100);
}

static ac_status draw_batches(job *j)
{
    FILE *dump = j->dump ? fopen(j->dump, "wb") : NULL;
    ac_loader *loader = NULL;
    ac_batch *batch = NULL;
    ac_status status;

    TRY(ac_loader_create(&j->loader, &log_to_stderr, &loader));
    for (int i = 0; i < (int)j->batches && !status; i++) {
        status = ac_loader_next(loader, &batch);
        if (batch)
            print_batch(j, batch, dump);
        ac_batch_free(&batch);
    }
    if (status == AC_END) {
        printf("end: 1\n");
        status = AC_OK;
    }
fail:
    ac_loader_destroy(&loader);
    if (dump)
        fclose(dump);
    return status;
}

static ac_status draw(int argc, char **argv)
{
    job j = {
        .data = {.fraction = 1, .every = 1, .frame_side = 64, .frames_dir = "frames"},
        .loader = {.batch = 2,
                   .queue = 2,
                   .threads = 1,
                   .view = {.height = 16, .width = 16, .colour_height = 16, .colour_width = 16}},
        .batches = 1e9,
    };
    ac_dataset *dataset = NULL;
    FILE *nowhere = fopen("/dev/null", "w");
    int gray, broken;
    ac_status status;

    atomic_init(&j.cancelled, false);
    read_arguments(&j, argc, argv);
    TRY(ac_progress_create(
        &(ac_progress_params){.stream = nowhere, .clock = {.now = tick, .opaque = &j}},
        &j.data.progress));
    TRY(ac_dataset_open(&j.data, &log_to_stderr, &dataset));
    print_dataset(dataset, j.show_names != 0);
    j.loader.dataset = dataset;
    if (j.stop != 0)
        atomic_store(&j.cancelled, true);
    if (j.batches > 0)
        status = draw_batches(&j);
    ac_dataset_left_out(dataset, &gray, &broken);
    printf("gray: %d\nbroken: %d\n", gray, broken);
fail:
    ac_dataset_close(&dataset);
    ac_progress_destroy(&j.data.progress);
    fclose(nowhere);
    return status;
}

/* ---- the rest ---- */

static ac_status age(char **arguments)
{
    uint64_t seed = strtoull(arguments[0], NULL, 10), end = seed + strtoull(arguments[1], NULL, 10);
    float lightness[48 * 64], aged[48 * 64];
    FILE *from = fopen(arguments[2], "rb"), *to = fopen(arguments[3], "wb");
    ac_status status = AC_OK;

    if (!from || !to || fread(lightness, sizeof(lightness), 1, from) != 1)
        exit(100);
    for (; seed < end && !status; seed++) {
        memcpy(aged, lightness, sizeof(aged));
        status = ac_aged_apply(aged, 48, 64, seed);
        if (fwrite(aged, sizeof(aged), 1, to) != 1)
            exit(100);
    }
    fclose(from);
    fclose(to);
    return status;
}

static double processor_time(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static ac_status measure(const char *folder, int side)
{
    ac_dataset_params params = {
        .sources = &folder, .source_count = 1, .fraction = 1, .frames_dir = "frames"};
    ac_loader_params wanted = {
        .view = {.height = side,
                 .width = side,
                 .colour_height = side,
                 .colour_width = side,
                 .random_crop = true,
                 .flip = true},
        .batch = 32,
        .queue = 2,
        .threads = 1,
        .shuffle = true,
    };
    ac_clock system = {0};
    ac_dataset *dataset = NULL;
    ac_batch *batch = NULL;
    ac_loader *loader;
    ac_status status;

    TRY(ac_dataset_open(&params, &log_to_stderr, &dataset));
    wanted.dataset = dataset;
    for (int i = 0; i < 4; i++) {
        double began = ac_clock_now(system), worked = processor_time();
        int count = 0, gray, broken;

        wanted.epoch = i / 2; /* the second time nothing is looked for grayness */
        wanted.view.aged = i == 3 ? 1 : 0;
        TRY(ac_loader_create(&wanted, &log_to_stderr, &loader));
        while ((status = ac_loader_next(loader, &batch)) == AC_OK) {
            count += batch->count;
            ac_batch_free(&batch);
        }
        ac_loader_destroy(&loader);
        ac_dataset_left_out(dataset, &gray, &broken);
        printf("%s: %d pictures, %.0f a second, %.0f a second of a processor; %d gray, %d broken\n",
               i == 0   ? "first"
               : i == 3 ? "aged"
                        : "later",
               count, count / (ac_clock_now(system) - began), count / (processor_time() - worked),
               gray, broken);
        if (status != AC_END)
            goto fail;
    }
    status = AC_OK;
fail:
    ac_dataset_close(&dataset);
    return status;
}

int main(int argc, char **argv)
{
    ac_media_redirect_log(&log_to_stderr);
    if (argc >= 2 && !strcmp(argv[1], "list"))
        return -(int)list(argc - 2, argv + 2);
    if (argc >= 2 && !strcmp(argv[1], "draw"))
        return -(int)draw(argc - 2, argv + 2);
    if (argc == 6 && !strcmp(argv[1], "age"))
        return -(int)age(argv + 2);
    if (argc == 4 && !strcmp(argv[1], "speed"))
        return -(int)measure(argv[2], (int)strtol(argv[3], NULL, 10));
    return 100;
}
