#include "train/settings.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/text.h"

json_t *ac_json_text(const char *text)
{
    size_t size = 3 * strlen(text) + 1;
    char *clean = malloc(size);
    json_t *value = clean ? json_string(ac_text_clean(text, false, clean, size)) : NULL;

    free(clean);
    return value;
}

json_t *ac_json_real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static int add_text(json_t *list, const char *name, const char *text)
{
    return json_object_set_new(list, name, ac_json_text(text));
}

static int add_whole(json_t *list, const char *name, long long value)
{
    char text[32];

    snprintf(text, sizeof(text), "%lld", value);
    return add_text(list, name, text);
}

/* With as few digits as say which number it is. */
static int add_number(json_t *list, const char *name, double value)
{
    char text[48];

    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    return add_text(list, name, text);
}

/* "a, b" */
static int add_texts(json_t *list, const char *name, const char *const *texts, int count)
{
    char *joined = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&joined, &size);
    int failed;

    if (!stream)
        return -1;
    for (int i = 0; i < count; i++)
        fprintf(stream, "%s%s", i ? ", " : "", texts[i]);
    failed = fclose(stream) || add_text(list, name, count ? joined : "none");
    free(joined);
    return failed;
}

static int add_rate(json_t *list, const ac_rate_params *rate)
{
    int failed = add_number(list, "lr", rate->rate) |
                 add_text(list, "lr-schedule", ac_rate_name(rate->kind));

    if (rate->kind == AC_RATE_COSINE)
        failed |= add_number(list, "lr-end", rate->end);
    if (rate->kind == AC_RATE_STEP)
        failed |=
            add_whole(list, "lr-step", rate->every) | add_number(list, "lr-gamma", rate->gamma);
    return failed | add_whole(list, "warm-up", rate->warm_up);
}

static int add_optimiser(json_t *list, const ac_train_settings *s)
{
    return add_number(list, "beta1", s->beta1) | add_number(list, "beta2", s->beta2) |
           add_number(list, "eps", s->eps) | add_number(list, "weight-decay", s->weight_decay) |
           add_number(list, "clip", s->clip) | add_number(list, "ema", s->ema) |
           add_texts(list, "lr-scale", s->lr_scale, s->lr_scale_count) |
           add_texts(list, "freeze", s->freeze, s->freeze_count);
}

static int add_view(json_t *list, const ac_train_settings *s)
{
    char size[48];

    snprintf(size, sizeof(size), "%dx%d", s->height, s->width);
    return add_text(list, "crop", size) | add_whole(list, "size", s->short_side) |
           add_number(list, "scale-jitter", s->scale_jitter) |
           add_text(list, "flip", s->flip ? "yes" : "no") | add_number(list, "aged", s->aged);
}

static int add_data(json_t *list, const ac_train_settings *s)
{
    return add_number(list, "val-split", s->validation_split) |
           add_number(list, "fraction", s->fraction) | add_number(list, "every", s->every) |
           add_text(list, "shuffle", s->shuffle ? "yes" : "no") | add_whole(list, "seed", s->seed);
}

json_t *ac_train_settings_list(const ac_train_settings *s)
{
    json_t *list = json_object();
    int failed = !list;

    failed |= add_text(list, "net", s->network ? s->network : "that of --init") |
              add_text(list, "init", s->init ? s->init : "none") |
              add_whole(list, "epochs", s->epochs) | add_whole(list, "steps", s->steps) |
              add_whole(list, "batch", s->batch) | add_whole(list, "accumulate", s->accumulate) |
              add_rate(list, &s->rate) | add_optimiser(list, s) |
              add_text(list, "loss", s->loss->name);
    if (s->loss == &ac_loss_huber)
        failed |= add_number(list, "huber-delta", s->huber_delta);
    failed |=
        add_number(list, "rare-colours", s->rare_colours) | add_view(list, s) | add_data(list, s);
    if (failed)
        json_decref(list);
    return failed ? NULL : list;
}

/* Of a setting that one of the lists may not have. */
static const char *value_of(const json_t *list, const char *name)
{
    const char *value = json_string_value(json_object_get(list, name));

    return value ? value : "";
}

static ac_status compare_one(json_t *before, json_t *now, const char *name, const char *where,
                             const ac_log *log)
{
    const char *a = value_of(before, name), *b = value_of(now, name);

    if (!strcmp(a, b))
        return AC_OK;
    return ac_fail(log, AC_ERR_ARGUMENT,
                   "%s: its run has %.40s %.200s, this command has %.200s; go on with the same "
                   "settings, or begin anew with --overwrite or another --run",
                   where, name, *a ? a : "(none)", *b ? b : "(none)");
}

ac_status ac_train_settings_compare(json_t *before, json_t *now, const char *where,
                                    const ac_log *log)
{
    bool length = !strcmp(value_of(now, "lr-schedule"), ac_rate_name(AC_RATE_COSINE));
    ac_status status = AC_OK;
    const char *name;
    json_t *value;

    json_object_foreach(now, name, value)
    {
        if (length || (strcmp(name, "epochs") != 0 && strcmp(name, "steps") != 0))
            TRY(compare_one(before, now, name, where, log));
    }
    json_object_foreach(before, name, value)
    {
        if (!json_object_get(now, name))
            TRY(compare_one(before, now, name, where, log));
    }
fail:
    return status;
}

ac_view_params ac_train_settings_view(const ac_train_settings *s, int colour_height,
                                      int colour_width, bool plain)
{
    bool chance = !plain && s->shuffle;

    return (ac_view_params){
        .height = s->height,
        .width = s->width,
        .colour_height = colour_height,
        .colour_width = colour_width,
        .short_side = s->short_side,
        .random_crop = chance,
        .scale_jitter = plain ? 0 : s->scale_jitter,
        .flip = !plain && s->flip,
        .aged = plain ? 0 : s->aged,
    };
}
