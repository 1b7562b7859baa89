/* autochrome colorize: colours a film or a picture. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/batch.h"
#include "cli/command.h"
#include "media/media.h"
#include "nn/locate.h"
#include "video/colorize.h"

#define WEEK (7 * 24 * 3600)

typedef struct options {
    ac_common_options common;
    const char *output, *model, *device, *codec, *codec_options, *preset, *pix_fmt;
    const char *format, *framerate, *list, *segment;
    int size, steady, start_number;
    double crf, saturation, start, duration, segment_seconds;
    bool overwrite, resume, allow_gaps, strict, fallback, validation;
    bool recursive, skip_existing, fail_fast, json;
} options;

static const options defaults = {.model = "default",
                                 .steady = AC_COLORIZE_STEADY,
                                 .start_number = -1,
                                 .crf = -1,
                                 .saturation = 1};

static const ac_option table[] = {
    {"output", 'o', AC_OPTION_TEXT, "FILE|DIR", offsetof(options, output), 0, 0,
     "File to write; its extension chooses the container. Matroska (.mkv) holds most. A pattern "
     "(colour/%06d.png) or, of a sequence, a folder: a frame a file. -: standard output. Of "
     "several "
     "inputs a folder: each goes there under its own name."},
    {"recursive", 0, AC_OPTION_FLAG, NULL, offsetof(options, recursive), 0, 0,
     "Colour all films and pictures in folders that are named and in those within; the folders are "
     "kept below DIR. Without it a folder is a sequence of frames."},
    {"list", 0, AC_OPTION_TEXT, "FILE", offsetof(options, list), 0, 0,
     "Colour what is named in this file too, a name a line (or NULs between names, as find -print0 "
     "writes them), relative to its folder. -: standard input."},
    {"skip-existing", 0, AC_OPTION_FLAG, NULL, offsetof(options, skip_existing), 0, 0,
     "Leave out what has its output already; of sequences, frames that have."},
    {"fail-fast", 0, AC_OPTION_FLAG, NULL, offsetof(options, fail_fast), 0, 0,
     "End with the first input that fails. Without it the others are coloured all the same."},
    {"model", 'm', AC_OPTION_TEXT, "MODEL", offsetof(options, model), 0, 0,
     "Model that colours: a .safetensors file or the name of one that comes with the program. "
     "Default: default."},
    {"size", 0, AC_OPTION_INTEGER, "N", offsetof(options, size), 8, 8192,
     "Short side, in pixels, at which the network works. The output keeps the input's size. "
     "Default: what the model says, else 256."},
    {"saturation", 0, AC_OPTION_NUMBER, "F", offsetof(options, saturation), 0, 4,
     "Multiplies the colours: 0 is gray, 1 (default) as the network sees them, up to 4."},
    {"steady", 0, AC_OPTION_INTEGER, "N", offsetof(options, steady), 1, 32,
     "Average colours over N frames where the picture stays as it is, so that they do not flicker; "
     "begins anew at cuts. 1: colour each frame by itself. Default: 5."},
    {"start", 0, AC_OPTION_TIME, "TIME", offsetof(options, start), 0, WEEK,
     "Begin at this time of the film, in seconds or as h:mm:ss.mmm."},
    {"duration", 0, AC_OPTION_TIME, "TIME", offsetof(options, duration), 0.001, WEEK,
     "Colour only so much, in seconds or as h:mm:ss.mmm."},
    {"framerate", 0, AC_OPTION_TEXT, "RATE", offsetof(options, framerate), 0, 0,
     "Frames a second of a sequence that is read, such as 24 or 24000/1001. Default: 25."},
    {"start-number", 0, AC_OPTION_INTEGER, "N", offsetof(options, start_number), 0, INT_MAX,
     "First frame of a sequence that is read (default: the lowest number there is), or number of "
     "the first one that is written of a film (default: 1)."},
    {"allow-gaps", 0, AC_OPTION_FLAG, NULL, offsetof(options, allow_gaps), 0, 0,
     "Frames may be missing in a sequence; the others keep their numbers and times."},
    {"format", 0, AC_OPTION_TEXT, "NAME", offsetof(options, format), 0, 0,
     "Format of the output where its name does not tell: png, tiff, dpx, exr, jpg or another "
     "extension of pictures for frames in a folder (default: the input's, else png); y4m, nut, "
     "matroska (default) or another container of FFmpeg's for standard output. Of several inputs, "
     "one of pictures is for pictures and sequences, a container for films and sequences (default: "
     "the input's, where it can be written, else png and mkv)."},
    {"codec", 0, AC_OPTION_TEXT, "NAME", offsetof(options, codec), 0, 0,
     "Encoder as FFmpeg names it, such as libx264, libx265, libsvtav1 or ffv1. Default: libx264 "
     "where FFmpeg has it, else what it offers for the container."},
    {"crf", 0, AC_OPTION_NUMBER, "N", offsetof(options, crf), 0, 63,
     "Constant quality as the encoder counts it; lower is better. Default: one that is hard to "
     "tell from the original."},
    {"preset", 0, AC_OPTION_TEXT, "NAME", offsetof(options, preset), 0, 0,
     "Encoder's preset, such as slow, medium or veryfast."},
    {"codec-options", 0, AC_OPTION_TEXT, "K=V:...", offsetof(options, codec_options), 0, 0,
     "More options for the encoder, as FFmpeg names them."},
    {"pix-fmt", 0, AC_OPTION_TEXT, "NAME", offsetof(options, pix_fmt), 0, 0,
     "Pixel format of the output, such as yuv420p10le. Default: the input's depth and range."},
    {"device", 0, AC_OPTION_TEXT, "N|NAME", offsetof(options, device), 0, 0,
     "Vulkan device, by its number or a part of its name in 'autochrome devices'. Several with "
     "commas between them, or all, share the work on a film."},
    {"fallback", 0, AC_OPTION_FLAG, NULL, offsetof(options, fallback), 0, 0,
     "Go on with the processor's device when another has failed twice."},
    {"segment", 0, AC_OPTION_TEXT, "K/N", offsetof(options, segment), 0, 0,
     "Make only the K-th of N parts of a film, as FILE.K-of-N; 'autochrome join' puts them "
     "together."},
    {"segment-seconds", 0, AC_OPTION_NUMBER, "N", offsetof(options, segment_seconds), 0.04, 600,
     "A film is made in segments of N seconds; an interruption costs no more than the one at "
     "work. Default: 10."},
    {"strict", 0, AC_OPTION_FLAG, NULL, offsetof(options, strict), 0, 0,
     "A stream that the container cannot hold is an error, not a warning."},
    {"resume", 0, AC_OPTION_FLAG, NULL, offsetof(options, resume), 0, 0,
     "Go on where an earlier run was interrupted: finished segments of a film and frames of a "
     "sequence are kept. The other options have to be those of the first run."},
    {"overwrite", 0, AC_OPTION_FLAG, NULL, offsetof(options, overwrite), 0, 0,
     "Replace the output if it is there already."},
    {"json", 0, AC_OPTION_FLAG, NULL, offsetof(options, json), 0, 0,
     "Print a line of JSON on standard output for each event: start, progress, done, skipped, "
     "failed, end."},
    {"validation", 0, AC_OPTION_FLAG, NULL, offsetof(options, validation), 0, 0,
     "Load the Vulkan validation layer; whatever it says is an error."},
    {NULL},
};

/* What the command line alone decides wrongly. */
static ac_status check(const ac_context *context, const options *o)
{
    if (!o->common.operand_count && !o->list)
        return ac_context_wrong_use(context, "no INPUT given");
    if (!o->output)
        return ac_context_wrong_use(context, "no output given (-o FILE)");
    if (o->resume && o->overwrite)
        return ac_context_wrong_use(context, "--resume keeps what --overwrite replaces");
    if (o->skip_existing && o->overwrite)
        return ac_context_wrong_use(context, "--skip-existing keeps what --overwrite replaces");
    if (o->json && !strcmp(o->output, "-"))
        return ac_context_wrong_use(context, "--json and the film cannot both go to standard "
                                             "output");
    return AC_OK;
}

/* "3/8" */
static ac_status parse_segment(const ac_context *context, const char *text, int *part, int *parts)
{
    char end;

    *part = *parts = 0;
    if (!text ||
        (sscanf(text, "%6d/%6d%c", part, parts, &end) == 2 && *part >= 1 && *part <= *parts))
        return AC_OK;
    return ac_context_wrong_use(context, "--segment takes K/N, such as 3/8, K from 1 to N");
}

static ac_status run(const ac_context *context, const void *opaque)
{
    const options *o = opaque;
    char *model = NULL;
    int part, parts;
    ac_status status;

    TRY(check(context, o));
    TRY(parse_segment(context, o->segment, &part, &parts));
    ac_media_redirect_log(context->log);
    TRY(ac_model_locate(o->model, context->log, &model));
    status = ac_batch_run(
        &(ac_batch_params){
            .request = {.names = o->common.operands,
                        .name_count = o->common.operand_count,
                        .list = o->list,
                        .output = o->output,
                        .format = o->format,
                        .recursive = o->recursive},
            .job = {.size = o->size,
                    .codec = o->codec,
                    .codec_options = o->codec_options,
                    .preset = o->preset,
                    .pix_fmt = o->pix_fmt,
                    .crf = o->crf,
                    .saturation = o->saturation,
                    .steady = o->steady,
                    .start = o->start,
                    .duration = o->duration,
                    .format = o->format,
                    .framerate = o->framerate,
                    .has_start_number = o->start_number >= 0,
                    .start_number = o->start_number,
                    .allow_gaps = o->allow_gaps,
                    .resume = o->resume,
                    .overwrite = o->overwrite,
                    .strict = o->strict,
                    .segment_seconds = o->segment_seconds,
                    .part = part,
                    .parts = parts,
                    .fallback = o->fallback,
                    .validation = ac_validation_wanted(o->validation),
                    .cancel = context->cancel,
                    .progress = context->progress},
            .colorizer = {.model = model,
                          .device = o->device,
                          .validation = ac_validation_wanted(o->validation)},
            .skip_existing = o->skip_existing,
            .fail_fast = o->fail_fast,
            .json = o->json,
        },
        context);
fail:
    free(model);
    return status;
}

const ac_command ac_command_colorize = {
    .name = "colorize",
    .usage = "INPUT... -o OUTPUT",
    .operand = "INPUT",
    .several = true,
    .optional = true, /* where there is a --list */
    .summary = "colour films and pictures",
    .description = "Colours the black-and-white film or picture INPUT. Its luma, sound, subtitles, "
                   "chapters, timestamps and all other streams reach OUTPUT unchanged; colours "
                   "that INPUT has are not looked at. A pattern (shot/%06d.png), a glob in quotes "
                   "('shot/*.dpx') or a folder of pictures is a film whose frames they are; - is "
                   "standard input. Several inputs go into a folder; one that fails does not stop "
                   "the others.",
    .options = table,
    .size = sizeof(options),
    .defaults = &defaults,
    .run = run,
};
