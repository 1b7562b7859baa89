/* autochrome join: makes one film of the parts that several machines have made. */
#include "cli/command.h"
#include "media/media.h"
#include "video/join.h"

typedef struct options {
    ac_common_options common;
    const char *output, *input;
    bool overwrite;
} options;

static const ac_option table[] = {
    {"output", 'o', AC_OPTION_TEXT, "FILE", offsetof(options, output), 0, 0,
     "File to write: of the format that the parts were made for."},
    {"input", 0, AC_OPTION_TEXT, "FILM", offsetof(options, input), 0, 0,
     "Film that the parts were made of, from which sound and all else beside the pictures is "
     "taken. Default: where it was when they were made."},
    {"overwrite", 0, AC_OPTION_FLAG, NULL, offsetof(options, overwrite), 0, 0,
     "Replace the output if it is there already."},
    {NULL},
};

static ac_status run(const ac_context *context, const void *opaque)
{
    const options *o = opaque;
    ac_colorize_summary summary;
    ac_status status;

    if (!o->output)
        return ac_context_wrong_use(context, "no output given (-o FILE)");
    ac_media_redirect_log(context->log);
    TRY(ac_join_parts(&(ac_colorize_params){.input = o->input,
                                            .output = o->output,
                                            .overwrite = o->overwrite,
                                            .cancel = context->cancel,
                                            .progress = context->progress},
                      o->common.operands, o->common.operand_count, context->log, &summary));
    ac_log_print(context->log, AC_LOG_INFO, "%s: %lld frames of %d parts in %.1f s", o->output,
                 (long long)summary.frames, o->common.operand_count, summary.seconds);
fail:
    if (status == AC_ERR_CANCELLED)
        ac_fail(context->log, status, "interrupted: %s was not written", o->output);
    return status;
}

const ac_command ac_command_join = {
    .name = "join",
    .usage = "PART... -o FILE",
    .operand = "PART",
    .several = true,
    .summary = "make one film of its parts",
    .description =
        "Joins the parts of a film that 'autochrome colorize --segment' has made, on "
        "one machine or on many, without encoding anything again. What comes out is what "
        "one machine would have made.",
    .options = table,
    .size = sizeof(options),
    .run = run,
};
