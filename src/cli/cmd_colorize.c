/* autochrome colorize: colours a film or a picture. */
#include <limits.h>
#include <stdlib.h>

#include "cli/command.h"
#include "media/media.h"
#include "video/colorize.h"

#define WEEK (7 * 24 * 3600)

typedef struct options {
    ac_common_options common;
    const char *output, *model, *device, *codec, *codec_options, *preset, *pix_fmt;
    const char *format, *framerate;
    int size, steady, start_number;
    double crf, saturation, start, duration;
    bool overwrite, resume, allow_gaps, strict, validation;
} options;

static const options defaults = {.model = "default",
                                 .steady = AC_COLORIZE_STEADY,
                                 .start_number = -1,
                                 .crf = -1,
                                 .saturation = 1};

static const ac_option table[] = {
    {"output", 'o', AC_OPTION_TEXT, "FILE", offsetof(options, output), 0, 0,
     "File to write; its extension chooses the container. Matroska (.mkv) holds most. A pattern "
     "(colour/%06d.png) or, of a sequence, a folder: a frame a file. -: standard output."},
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
     "matroska (default) or another container of FFmpeg's for standard output."},
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
     "Vulkan device, by its number or a part of its name in 'autochrome devices'."},
    {"strict", 0, AC_OPTION_FLAG, NULL, offsetof(options, strict), 0, 0,
     "A stream that the container cannot hold is an error, not a warning."},
    {"resume", 0, AC_OPTION_FLAG, NULL, offsetof(options, resume), 0, 0,
     "Go on with a sequence: frames that are there already are kept. The other options have to be "
     "those of the first run."},
    {"overwrite", 0, AC_OPTION_FLAG, NULL, offsetof(options, overwrite), 0, 0,
     "Replace the output if it is there already."},
    {"validation", 0, AC_OPTION_FLAG, NULL, offsetof(options, validation), 0, 0,
     "Load the Vulkan validation layer; whatever it says is an error."},
    {NULL},
};

static void report(const ac_colorize_summary *s, const char *output, const ac_log *log)
{
    double seconds = s->seconds > 1e-3 ? s->seconds : 1e-3;

    ac_log_print(log, AC_LOG_INFO,
                 "%s: %lld frame%s in %.1f s, %.2f fps; waited for decoding %.0f%%, for the device "
                 "%.0f%%, for encoding %.0f%% of the time",
                 output, (long long)s->frames, s->frames == 1 ? "" : "s", s->seconds,
                 (double)s->frames / seconds, 100 * s->wait_decode / seconds,
                 100 * s->wait_gpu / seconds, 100 * s->wait_encode / seconds);
    if (s->damaged)
        ac_log_print(log, AC_LOG_WARNING,
                     "%s: the input is damaged in %lld place%s: frames are missing or wrong there",
                     output, (long long)s->damaged, s->damaged == 1 ? "" : "s");
}

static ac_status run(const ac_context *context, const void *opaque)
{
    const options *o = opaque;
    ac_colorize_summary summary = {0};
    ac_colorizer colorizer = {0};
    char *model = NULL;
    ac_status status;

    if (!o->output)
        return ac_context_wrong_use(context, "no output given (-o FILE)");
    if (o->resume && o->overwrite)
        return ac_context_wrong_use(context, "--resume keeps what --overwrite replaces");
    ac_media_redirect_log(context->log);
    TRY(ac_model_locate(o->model, context->log, &model));
    TRY(ac_colorizer_open(&(ac_colorizer_params){.model = model,
                                                 .device = o->device,
                                                 .validation = ac_validation_wanted(o->validation)},
                          context->log, &colorizer));
    status = ac_colorize_file(
        &(ac_colorize_params){
            .input = o->common.operand,
            .output = o->output,
            .device = colorizer.device,
            .model = colorizer.model,
            .size = o->size,
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
            .cancel = context->cancel,
            .progress = context->progress,
        },
        context->log, &summary);
    if (status == AC_ERR_CANCELLED)
        ac_fail(context->log, status,
                summary.kept ? "interrupted: %s: what is finished is kept; --resume goes on"
                             : "interrupted: %s was not written",
                o->output);
    else if (status && summary.kept)
        ac_log_print(context->log, AC_LOG_INFO,
                     "%s: what is finished is kept; --resume goes on with it", o->output);
    else if (!status)
        report(&summary, o->output, context->log);
fail:
    ac_colorizer_close(&colorizer);
    free(model);
    return status;
}

const ac_command ac_command_colorize = {
    .name = "colorize",
    .usage = "INPUT -o OUTPUT",
    .operand = "INPUT",
    .summary = "colour a film or a picture",
    .description = "Colours the black-and-white film or picture INPUT. Its luma, sound, subtitles, "
                   "chapters, timestamps and all other streams reach OUTPUT unchanged; colours "
                   "that INPUT has are not looked at. A pattern (shot/%06d.png), a glob in quotes "
                   "('shot/*.dpx') or a folder of pictures is a film whose frames they are; - is "
                   "standard input.",
    .options = table,
    .size = sizeof(options),
    .defaults = &defaults,
    .run = run,
};
