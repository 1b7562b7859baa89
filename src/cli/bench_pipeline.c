/* autochrome bench --pipeline: the stages of colouring a film. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/bench.h"
#include "cli/output.h"
#include "media/media.h"
#include "util/text.h"
#include "video/measure.h"

typedef struct stage {
    const char *key, *name;
    const ac_measured *measured;
} stage;

enum { DECODE, PAINT, NETWORK, ENCODE, TOGETHER, STAGES };

static void list_stages(const ac_pipeline_times *t, stage stages[STAGES])
{
    stages[DECODE] = (stage){"decode", "decode only", &t->decode};
    stages[PAINT] = (stage){"paint", "network, with lightness, temporal and merge", &t->paint};
    stages[NETWORK] = (stage){"network", "network alone, on the device", &t->network};
    stages[ENCODE] = (stage){"encode", "encode only", &t->encode};
    stages[TOGETHER] = (stage){"together", "all together", &t->together};
}

static double fps(const ac_measured *m)
{
    return m->seconds > 0 ? (double)m->frames / m->seconds : 0;
}

/* The slowest of what runs side by side. */
static const stage *bottleneck(const stage stages[STAGES])
{
    const stage *slowest = &stages[DECODE];

    if (fps(stages[PAINT].measured) < fps(slowest->measured))
        slowest = &stages[PAINT];
    if (fps(stages[ENCODE].measured) < fps(slowest->measured))
        slowest = &stages[ENCODE];
    return slowest;
}

/* Of the time that a frame takes all together, what the network alone would not need. */
static double share_outside(const ac_pipeline_times *t)
{
    double network = fps(&t->network);

    return network > 0 ? fmax(0, 1 - fps(&t->together) / network) : 0;
}

static double share_of_time(const ac_pipeline_times *t, double seconds)
{
    return t->together.seconds > 0 ? seconds / t->together.seconds : 0;
}

static void print_times(const ac_bench_film *film, const ac_pipeline_times *t)
{
    const ac_colorize_summary *s = &t->summary;
    stage stages[STAGES];
    char path[1024];

    list_stages(t, stages);
    printf("input    %s: %s\n", ac_text_clean(film->film, false, path, sizeof(path)), t->input);
    printf("output   %s\n", t->output);
    printf("network  %s, %dx%d\n", ac_text_clean(film->model, false, path, sizeof(path)), t->height,
           t->width);
    printf("device   %s\n", ac_text_clean(t->device, false, path, sizeof(path)));
    printf("\n  %-45s %6s %9s %9s\n", "stage", "frames", "s", "frames/s");
    for (int i = 0; i < STAGES; i++)
        printf("  %-45s %6lld %9.3f %9.2f\n", stages[i].name, (long long)stages[i].measured->frames,
               stages[i].measured->seconds, fps(stages[i].measured));
    printf("\nThe bottleneck is: %s. All together, %.0f%% of the time is not the network's.\n",
           bottleneck(stages)->name, 100 * share_outside(t));
    printf("Of that time one waited for decoding %.0f%%, for the device %.0f%%, for encoding "
           "%.0f%%.\n",
           100 * share_of_time(t, s->wait_decode), 100 * share_of_time(t, s->wait_gpu),
           100 * share_of_time(t, s->wait_encode));
}

static json_t *times_json(const ac_bench_film *film, const ac_pipeline_times *t)
{
    const ac_colorize_summary *s = &t->summary;
    json_t *root, *all = json_object();
    stage stages[STAGES];

    list_stages(t, stages);
    for (int i = 0; i < STAGES; i++)
        json_object_set_new(all, stages[i].key,
                            json_pack("{s:I, s:f, s:f}", "frames",
                                      (json_int_t)stages[i].measured->frames, "seconds",
                                      stages[i].measured->seconds, "frames_per_s",
                                      fps(stages[i].measured)));
    root = json_pack("{s:o, s:o, s:s, s:o, s:o, s:i, s:i}", "film", ac_output_json_text(film->film),
                     "input", ac_output_json_text(t->input), "output", t->output, "model",
                     ac_output_json_text(film->model), "device", ac_output_json_text(t->device),
                     "height", t->height, "width", t->width);
    json_object_update(root, all);
    json_decref(all);
    json_object_set_new(root, "bottleneck", json_string(bottleneck(stages)->key));
    json_object_set_new(root, "share_outside_network", json_real(share_outside(t)));
    json_object_set_new(root, "waited_s",
                        json_pack("{s:f, s:f, s:f}", "decode", s->wait_decode, "device",
                                  s->wait_gpu, "encode", s->wait_encode));
    return json_pack("{s:o}", "pipeline", root);
}

/* A folder of its own for what is written, in $TMPDIR; *folder is the caller's (free()). */
static ac_status make_folder(const ac_log *log, char **folder)
{
    const char *where = getenv("TMPDIR");

    if (asprintf(folder, "%s/autochrome-bench-XXXXXX", where && *where ? where : "/tmp") < 0) {
        *folder = NULL;
        return ac_fail(log, AC_ERR_MEMORY, "out of memory");
    }
    if (!mkdtemp(*folder)) {
        ac_status status =
            ac_fail(log, AC_ERR_IO, "%s: cannot be made: %s", *folder, strerror(errno));

        free(*folder);
        *folder = NULL;
        return status;
    }
    return AC_OK;
}

static ac_status measure(const ac_context *context, const ac_bench_film *film, const char *output,
                         ac_pipeline_times *times)
{
    ac_log log = *context->log;
    ac_colorizer colorizer = {0};
    ac_status status = AC_OK;

    /* What is read and written is in the table; it would be said twice. */
    if (log.level == AC_LOG_INFO)
        log.level = AC_LOG_WARNING;
    TRY(ac_colorizer_open(&(ac_colorizer_params){.model = film->model,
                                                 .device = film->device,
                                                 .validation = film->validation},
                          &log, &colorizer));
    status = ac_measure_pipeline(
        &(ac_colorize_params){
            .input = film->film,
            .output = output,
            .device = colorizer.device,
            .model = colorizer.model,
            .size = film->size,
            .crf = -1,
            .saturation = 1,
            .steady = AC_COLORIZE_STEADY,
            .cancel = context->cancel,
            .progress = context->progress,
        },
        &log, film->frames, times);
fail:
    ac_colorizer_close(&colorizer);
    return status;
}

ac_status ac_bench_pipeline(const ac_context *context, const ac_bench_film *film)
{
    char *folder = NULL, *output = NULL;
    ac_pipeline_times times;
    ac_status status = AC_OK;

    ac_media_redirect_log(context->log);
    TRY(make_folder(context->log, &folder));
    if (asprintf(&output, "%s/film.mkv", folder) < 0) {
        output = NULL;
        status = ac_fail(context->log, AC_ERR_MEMORY, "out of memory");
        goto fail;
    }
    TRY(measure(context, film, output, &times));
    if (film->json)
        TRY(ac_output_json(times_json(film, &times), context->log));
    else
        print_times(film, &times);
fail:
    if (output)
        unlink(output);
    if (folder)
        rmdir(folder);
    free(output);
    free(folder);
    return status;
}
