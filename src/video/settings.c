#include "video/settings.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "video/record.h"

#define SIZE "size of the input"
#define HASH "hash of the input"

static uint64_t hash_model(const ac_model *model)
{
    uint64_t hash = XXH3_64bits(model->net->text, strlen(model->net->text));

    for (int i = 0; i < model->tensor_count; i++) {
        const ac_tensor *tensor = &model->tensors[i];

        hash = XXH3_64bits_withSeed(tensor->name, strlen(tensor->name), hash);
        hash = XXH3_64bits_withSeed(tensor->data, (size_t)ac_tensor_count(tensor) * sizeof(float),
                                    hash);
    }
    return hash;
}

/* And what the environment forces on them, which makes slightly different sums. */
static json_t *print_devices(const ac_colorize_params *params)
{
    static const char *const forced[] = {"AUTOCHROME_CONV", "AUTOCHROME_WINOGRAD",
                                         "AUTOCHROME_STORAGE"};
    const ac_device_info *info = ac_device_get_info(params->device);
    char text[2048];
    size_t used;

    snprintf(text, sizeof(text), "%s (%s)", info->name, info->driver);
    for (int i = 0; i < params->more_count; i++) {
        info = ac_device_get_info(params->more_devices[i]);
        used = strlen(text);
        snprintf(text + used, sizeof(text) - used, "; %s (%s)", info->name, info->driver);
    }
    for (size_t i = 0; i < sizeof(forced) / sizeof(*forced); i++) {
        used = strlen(text);
        if (getenv(forced[i]))
            snprintf(text + used, sizeof(text) - used, ", %s=%s", forced[i], getenv(forced[i]));
    }
    return ac_record_print_text(text);
}

/* Takes over value, NULL: memory ran out. */
static ac_status put(json_t *settings, const char *name, json_t *value)
{
    return json_object_set_new(settings, name, value) ? AC_ERR_MEMORY : AC_OK;
}

static ac_status put_text(json_t *settings, const char *name, const char *text)
{
    return put(settings, name, ac_record_print_text(text));
}

static ac_status put_number(json_t *settings, const char *name, double number)
{
    return put(settings, name, json_real(number));
}

static ac_status put_count(json_t *settings, const char *name, int64_t count)
{
    return put(settings, name, json_integer(count));
}

/* What the person said. */
static ac_status put_options(json_t *settings, const ac_colorize_params *p)
{
    ac_status status;

    TRY(put_count(settings, "size", ac_colorize_size(p)));
    TRY(put_number(settings, "saturation", p->saturation));
    TRY(put_count(settings, "steady", p->steady));
    TRY(put_number(settings, "start", p->start));
    TRY(put_number(settings, "duration", p->duration));
    TRY(put_text(settings, "framerate", p->framerate));
    TRY(put_count(settings, "start-number", p->has_start_number ? p->start_number : -1));
    TRY(put_count(settings, "allow-gaps", p->allow_gaps));
    TRY(put_text(settings, "format", p->format));
    TRY(put_text(settings, "codec", p->codec));
    TRY(put_number(settings, "crf", p->crf));
    TRY(put_text(settings, "preset", p->preset));
    TRY(put_text(settings, "codec-options", p->codec_options));
    TRY(put_text(settings, "pix-fmt", p->pix_fmt));
    TRY(put_count(settings, "strict", p->strict));
    TRY(put_count(settings, AC_SETTING_PART, p->part));
    TRY(put_count(settings, AC_SETTING_PARTS, p->parts));
fail:
    return status;
}

/* What these met. */
static ac_status put_facts(json_t *settings, const ac_colorize_job *job, const ac_identity *input)
{
    const ac_reader_info *info = ac_reader_get_info(job->reader);
    ac_status status;

    TRY(put_text(settings, "program", AC_VERSION));
    TRY(put_text(settings, "FFmpeg", ac_media_version()));
    TRY(put_count(settings, SIZE, (int64_t)input->size));
    TRY(put_count(settings, AC_SETTING_TIME, input->time));
    TRY(put(settings, HASH, ac_record_print_hash(input->hash)));
    TRY(put_text(settings, "input", info->description));
    TRY(put_count(settings, "frames of the film", info->frames));
    TRY(put(settings, "model", ac_record_print_hash(hash_model(job->params->model))));
    TRY(put(settings, AC_SETTING_DEVICE, print_devices(job->params)));
    TRY(put_text(settings, AC_SETTING_ENCODING, ac_writer_description(job->writer)));
fail:
    return status;
}

ac_status ac_settings_create(const ac_colorize_job *job, int64_t segment_frames, json_t **settings)
{
    json_t *made = json_object();
    ac_identity input;
    ac_status status;

    *settings = NULL;
    TRY(ac_reader_identify(job->reader, &input));
    if (!made || put_options(made, job->params) || put_facts(made, job, &input) ||
        put_count(made, AC_SETTING_SEGMENT, segment_frames)) {
        status = ac_fail(job->log, AC_ERR_MEMORY, "out of memory");
        goto fail;
    }
    *settings = made;
    return AC_OK;
fail:
    json_decref(made);
    return status;
}

/* NULL for "" and for what is no text. */
static const char *get_text(const json_t *settings, const char *name)
{
    const char *text = json_string_value(json_object_get(settings, name));

    return text && *text ? text : NULL;
}

static double get_number(const json_t *settings, const char *name)
{
    return json_number_value(json_object_get(settings, name));
}

int64_t ac_settings_count(const json_t *settings, const char *name)
{
    return (int64_t)json_integer_value(json_object_get(settings, name));
}

void ac_settings_read(const json_t *settings, ac_colorize_params *params)
{
    params->start = get_number(settings, "start");
    params->duration = get_number(settings, "duration");
    params->framerate = get_text(settings, "framerate");
    params->start_number = ac_settings_count(settings, "start-number");
    params->has_start_number = params->start_number >= 0;
    params->allow_gaps = ac_settings_count(settings, "allow-gaps");
    params->format = get_text(settings, "format");
    params->codec = get_text(settings, "codec");
    params->crf = get_number(settings, "crf");
    params->preset = get_text(settings, "preset");
    params->codec_options = get_text(settings, "codec-options");
    params->pix_fmt = get_text(settings, "pix-fmt");
    params->strict = ac_settings_count(settings, "strict");
}

ac_status ac_settings_check_input(const json_t *settings, const ac_reader *reader,
                                  const char *input, const char *shown, const ac_log *log)
{
    const char *hash = get_text(settings, HASH);
    ac_identity now;
    char text[17];
    ac_status status;

    TRY(ac_reader_identify(reader, &now));
    snprintf(text, sizeof(text), "%016" PRIx64, now.hash);
    if (ac_settings_count(settings, SIZE) != (int64_t)now.size || !hash || strcmp(hash, text) != 0)
        status = ac_fail(log, AC_ERR_ARGUMENT, "%s: was not made of %s", shown, input);
fail:
    return status;
}
