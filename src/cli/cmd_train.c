/* autochrome train: a network learns from pictures and films. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "media/media.h"
#include "nn/locate.h"
#include "train/trainer.h"
#include "util/file.h"

#define DEFAULT_NET "landmark"
#define MAX_SIDE    8192
#define DEFAULT_LR  0.001

typedef struct options {
    ac_common_options common;
    const char *output, *net, *init, *run, *dump, *device;
    const char *schedule, *loss;
    ac_option_texts validation, lr_scale, freeze;
    int epochs, steps, batch, accumulate, lr_step, warm_up, size[2], crop, seed, threads;
    double lr, lr_end, lr_gamma, beta1, beta2, eps, weight_decay, clip, ema, huber_delta;
    double rare_colours, scale_jitter, aged, validation_split, fraction, every, minutes;
    bool flip, no_shuffle, half, resume, overwrite, validation_layer;
} options;

static const options defaults = {
    .schedule = "constant",
    .loss = "mse",
    .epochs = 30,
    .batch = 20,
    .accumulate = 1,
    .lr_step = 10,
    .size = {AC_MODEL_DEFAULT_SIZE, AC_MODEL_DEFAULT_SIZE},
    .lr = DEFAULT_LR,
    .lr_gamma = 0.1,
    .beta1 = 0.9,
    .beta2 = 0.999,
    .eps = 1e-8,
    .huber_delta = 10,
    .fraction = 1,
    .every = 10,
    .minutes = 10,
};

static const ac_option table[] = {
    {"output", 'o', AC_OPTION_TEXT, "FILE", offsetof(options, output), 0, 0,
     "Model to write, a .safetensors file."},
    {"net", 0, AC_OPTION_TEXT, "NAME|FILE", offsetof(options, net), 0, 0,
     "Network that learns: a description (.net), the name of one that comes with the program, or a "
     "model whose network is taken. Default: that of --init, else " DEFAULT_NET "."},
    {"init", 0, AC_OPTION_TEXT, "MODEL", offsetof(options, init), 0, 0,
     "Begin with the weights of this model, or of a part of a network such as an encoder, where "
     "name and shape are the same; what is new is listed, and drawn by --seed. Default: all is "
     "drawn."},
    {"epochs", 0, AC_OPTION_INTEGER, "N", offsetof(options, epochs), 1, 1e6,
     "Passes over the pictures. Default: 30."},
    {"steps", 0, AC_OPTION_INTEGER, "N", offsetof(options, steps), 1, 2e9,
     "End after so many steps, if the epochs do not end before."},
    {"batch", 0, AC_OPTION_INTEGER, "N", offsetof(options, batch), 1, 65536,
     "Pictures of a step. Default: 20."},
    {"accumulate", 0, AC_OPTION_INTEGER, "K", offsetof(options, accumulate), 1, 65536,
     "Compute a batch in K equal parts, in as much less memory. Default: 1."},
    {"lr", 0, AC_OPTION_NUMBER, "F", offsetof(options, lr), 0, 1e12,
     "Learning rate. Default: 0.001."},
    {"lr-schedule", 0, AC_OPTION_TEXT, "NAME", offsetof(options, schedule), 0, 0,
     "constant (default), cosine (falls to --lr-end at the end of the run) or step (times "
     "--lr-gamma every --lr-step epochs)."},
    {"lr-end", 0, AC_OPTION_NUMBER, "F", offsetof(options, lr_end), 0, 1,
     "What part of --lr a cosine ends at. Default: 0."},
    {"lr-step", 0, AC_OPTION_INTEGER, "N", offsetof(options, lr_step), 1, 1e6,
     "Epochs of a step of the learning rate. Default: 10."},
    {"lr-gamma", 0, AC_OPTION_NUMBER, "F", offsetof(options, lr_gamma), 0, 1,
     "Factor of such a step. Default: 0.1."},
    {"warm-up", 0, AC_OPTION_INTEGER, "N", offsetof(options, warm_up), 0, 2e9,
     "Let the learning rate rise in the first N steps. Default: 0."},
    {"lr-scale", 0, AC_OPTION_TEXTS, "PATTERN=F", offsetof(options, lr_scale), 0, 0,
     "Multiply the learning rate of tensors whose names match the pattern, as a shell's "
     "('stem*=0.3'). May be repeated; later ones win."},
    {"freeze", 0, AC_OPTION_TEXTS, "PATTERN", offsetof(options, freeze), 0, 0,
     "Leave tensors whose names match as they are. A batch norm whose running_mean or "
     "running_var matches uses its running statistics. May be repeated."},
    {"beta1", 0, AC_OPTION_NUMBER, "F", offsetof(options, beta1), 0, 0.999999,
     "Adam's decay of the gradient's mean. Default: 0.9."},
    {"beta2", 0, AC_OPTION_NUMBER, "F", offsetof(options, beta2), 0, 0.99999999,
     "Adam's decay of the mean of its square. Default: 0.999."},
    {"eps", 0, AC_OPTION_NUMBER, "F", offsetof(options, eps), 1e-30, 1,
     "Adam's epsilon. Default: 1e-8."},
    {"weight-decay", 0, AC_OPTION_NUMBER, "F", offsetof(options, weight_decay), 0, 1000,
     "Decay of the weights, as AdamW has it. Default: 0."},
    {"clip", 0, AC_OPTION_NUMBER, "F", offsetof(options, clip), 0, 1e12,
     "Scale gradients down whose norm over all tensors is larger. Default: 0, never."},
    {"ema", 0, AC_OPTION_NUMBER, "F", offsetof(options, ema), 0, 0.9999999,
     "Keep a moving average of the weights with this decay, such as 0.999, measure it and write "
     "it. Default: 0, none."},
    {"loss", 0, AC_OPTION_TEXT, "NAME", offsetof(options, loss), 0, 0,
     "Loss on a*, b*: mse (default) or huber."},
    {"huber-delta", 0, AC_OPTION_NUMBER, "F", offsetof(options, huber_delta), 1e-6, 1000,
     "Where Huber's loss turns from square to line, in units of a*, b*. Default: 10."},
    {"rare-colours", 0, AC_OPTION_NUMBER, "F", offsetof(options, rare_colours), 0, 1,
     "Give rare colours more weight in the loss: 0 (default) none, 0.5 as Zhang et al. 2016 do, 1 "
     "all colours alike."},
    {"size", 0, AC_OPTION_SIZE, "N|HxW", offsetof(options, size), 1, MAX_SIDE,
     "Size at which the network learns: parts of NxN or HxW of pictures made so small that they "
     "just cover it. Default: 256."},
    {"crop", 0, AC_OPTION_INTEGER, "N", offsetof(options, crop), 1, MAX_SIDE,
     "Cut parts of only NxN out of pictures whose short side is that of --size."},
    {"scale-jitter", 0, AC_OPTION_NUMBER, "F", offsetof(options, scale_jitter), 0, 4,
     "Make pictures up to 1 + F times as large first, at random. Default: 0."},
    {"flip", 0, AC_OPTION_FLAG, NULL, offsetof(options, flip), 0, 0,
     "Mirror half of the pictures."},
    {"aged", 0, AC_OPTION_NUMBER, "F", offsetof(options, aged), 0, 1,
     "Make this part of the pictures look old: gamma, contrast, blur, grain, dust. Default: 0."},
    {"val", 0, AC_OPTION_TEXTS, "DATA", offsetof(options, validation), 0, 0,
     "Measure on these pictures or films after each epoch, and do not learn from them. May be "
     "repeated."},
    {"val-split", 0, AC_OPTION_NUMBER, "F", offsetof(options, validation_split), 0, 0.9,
     "Keep this part of DATA for measuring, by whole folders and films. Default: 0."},
    {"fraction", 0, AC_OPTION_NUMBER, "F", offsetof(options, fraction), 1e-6, 1,
     "Learn from this part of the pictures only. Default: 1."},
    {"every", 0, AC_OPTION_TIME, "TIME", offsetof(options, every), 0.04, 1e5,
     "Of films, take a picture at each cut and after so many seconds. Default: 10."},
    {"no-shuffle", 0, AC_OPTION_FLAG, NULL, offsetof(options, no_shuffle), 0, 0,
     "Take pictures in the order of their names, and their middles, so that another program can "
     "do the same."},
    {"seed", 0, AC_OPTION_INTEGER, "N", offsetof(options, seed), 0, 2147483647,
     "Seed of all that is drawn. Equal seeds give equal models. Default: 0."},
    {"run", 0, AC_OPTION_TEXT, "DIR", offsetof(options, run), 0, 0,
     "Folder for checkpoints, log.csv, report.html and its pictures. Default: the output's name "
     "with .run for its extension."},
    {"resume", 0, AC_OPTION_FLAG, NULL, offsetof(options, resume), 0, 0,
     "Go on where the run was stopped, with the same options as before; the result is that of a "
     "run that was not. Begins anew where there is no checkpoint yet."},
    {"overwrite", 0, AC_OPTION_FLAG, NULL, offsetof(options, overwrite), 0, 0,
     "Replace the output and the run that are there."},
    {"checkpoint-minutes", 0, AC_OPTION_NUMBER, "F", offsetof(options, minutes), 0, 1e6,
     "Write a checkpoint after so many minutes, 0: after each step; there is one after each epoch "
     "too. Default: 10."},
    {"half", 0, AC_OPTION_FLAG, NULL, offsetof(options, half), 0, 0,
     "Write the model as float16, in half the space."},
    {"dump-batches", 0, AC_OPTION_TEXT, "FILE", offsetof(options, dump), 0, 0,
     "Write the pictures of all steps to a .safetensors file (lightness, colours), for comparing "
     "with other programs. Needs --steps."},
    {"threads", 0, AC_OPTION_INTEGER, "N", offsetof(options, threads), 0, 256,
     "Threads that decode pictures. Default: 0, as many as there are processors, at most 4."},
    {"device", 0, AC_OPTION_TEXT, "N|NAME", offsetof(options, device), 0, 0,
     "Vulkan device, by its number or a part of its name in 'autochrome devices'."},
    {"validation", 0, AC_OPTION_FLAG, NULL, offsetof(options, validation_layer), 0, 0,
     "Load the Vulkan validation layer; whatever it says is an error."},
    {NULL},
};

/* "model.safetensors" -> "model.run" */
static char *default_run(const char *output)
{
    const char *name = ac_path_name(output);
    const char *dot = strrchr(name, '.');
    int length = dot && dot != name ? (int)(dot - output) : (int)strlen(output);
    char *run;

    return asprintf(&run, "%.*s.run", length, output) < 0 ? NULL : run;
}

static ac_status wrong(const ac_context *context, const char *what)
{
    return ac_context_wrong_use(context, what);
}

static ac_status check_options(const ac_context *context, const options *o)
{
    char text[128];

    if (!o->output)
        return wrong(context, "no output given (-o FILE)");
    if (!(o->lr > 0))
        return wrong(context, "--lr: nothing is learned with a learning rate of 0");
    if (o->batch % o->accumulate) {
        snprintf(text, sizeof(text), "--accumulate: %d equal parts cannot be made of a batch of %d",
                 o->accumulate, o->batch);
        return wrong(context, text);
    }
    if (o->crop && o->size[0] != o->size[1])
        return wrong(context, "--crop: goes with --size N, not with --size HxW");
    if (o->crop > o->size[0]) {
        snprintf(text, sizeof(text), "--crop: no part of %dx%d is in pictures of --size %d",
                 o->crop, o->crop, o->size[0]);
        return wrong(context, text);
    }
    if (o->resume && o->overwrite)
        return wrong(context, "--resume and --overwrite contradict each other");
    if (o->validation.count && o->validation_split > 0)
        return wrong(context, "--val and --val-split: one of them only");
    if (o->dump && !o->steps)
        return wrong(context, "--dump-batches: is for a number of steps (--steps)");
    if (o->dump && o->resume)
        return wrong(context, "--dump-batches: has all batches of a run, which --resume has not");
    return AC_OK;
}

static ac_status fill_settings(const ac_context *context, const options *o, ac_train_settings *s)
{
    char text[160];

    *s = (ac_train_settings){
        .network = o->net    ? o->net
                   : o->init ? NULL
                             : DEFAULT_NET,
        .init = o->init,
        .epochs = o->epochs,
        .steps = o->steps,
        .batch = o->batch,
        .accumulate = o->accumulate,
        .rate = {.rate = o->lr,
                 .end = o->lr_end,
                 .gamma = o->lr_gamma,
                 .every = o->lr_step,
                 .warm_up = o->warm_up},
        .beta1 = o->beta1,
        .beta2 = o->beta2,
        .eps = o->eps,
        .weight_decay = o->weight_decay,
        .clip = o->clip,
        .ema = o->ema,
        .loss = ac_loss_find(o->loss),
        .huber_delta = o->huber_delta,
        .rare_colours = o->rare_colours,
        .short_side = o->size[0] < o->size[1] ? o->size[0] : o->size[1],
        .height = o->crop ? o->crop : o->size[0],
        .width = o->crop ? o->crop : o->size[1],
        .scale_jitter = o->scale_jitter,
        .aged = o->aged,
        .flip = o->flip,
        .shuffle = !o->no_shuffle,
        .validation_split = o->validation_split,
        .fraction = o->fraction,
        .every = o->every,
        .seed = o->seed,
        .lr_scale = o->lr_scale.items,
        .lr_scale_count = o->lr_scale.count,
        .freeze = o->freeze.items,
        .freeze_count = o->freeze.count,
    };
    if (!s->loss) {
        snprintf(text, sizeof(text), "--loss: there is no '%.40s'", o->loss);
        return wrong(context, text);
    }
    if (!ac_rate_find(o->schedule, &s->rate.kind)) {
        snprintf(text, sizeof(text), "--lr-schedule: there is no '%.40s'", o->schedule);
        return wrong(context, text);
    }
    return AC_OK;
}

/* A model that is there already is replaced only when that is wanted, and never what it is made
 * from. */
static ac_status check_output(const options *o, const char *net, const char *init,
                              const ac_log *log)
{
    ac_status status = AC_OK;

    if (net)
        TRY(ac_output_check(o->output, net, "the network", log));
    if (init)
        TRY(ac_output_check(o->output, init, "the model to begin with", log));
    if (!o->overwrite && !o->resume && !access(o->output, F_OK))
        status = ac_fail(log, AC_ERR_ARGUMENT,
                         "%s: is there already; --overwrite replaces it, --resume goes on with its "
                         "run",
                         o->output);
fail:
    return status;
}

static ac_status train(const ac_context *context, const options *o,
                       const ac_train_settings *settings, const char *net, const char *init)
{
    char *run = o->run ? strdup(o->run) : default_run(o->output);
    ac_status status;

    if (!run)
        return ac_fail(context->log, AC_ERR_MEMORY, "out of memory");
    status = ac_trainer_run(
        &(ac_trainer_params){
            .settings = *settings,
            .begin = {.net = net, .init = init, .seed = (uint64_t)o->seed},
            .sources = (const char *const *)o->common.operands,
            .source_count = o->common.operand_count,
            .validation = o->validation.items,
            .validation_count = o->validation.count,
            .output = o->output,
            .half = o->half,
            .dir = run,
            .mode = o->resume      ? AC_RUN_RESUME
                    : o->overwrite ? AC_RUN_OVERWRITE
                                   : AC_RUN_NEW,
            .dump = o->dump,
            .checkpoint_minutes = o->minutes,
            .threads = o->threads,
            .device = o->device,
            .validation_layer = ac_validation_wanted(o->validation_layer),
            .cancel = context->cancel,
            .progress = context->progress,
        },
        context->log);
    free(run);
    return status;
}

static ac_status run(const ac_context *context, const void *opaque)
{
    const options *o = opaque;
    ac_train_settings settings;
    char *net = NULL, *init = NULL;
    ac_status status = AC_OK;

    TRY(check_options(context, o));
    TRY(fill_settings(context, o, &settings));
    ac_media_redirect_log(context->log);
    if (o->init)
        TRY(ac_model_locate(o->init, context->log, &init));
    if (settings.network)
        TRY(ac_network_locate(settings.network, context->log, &net));
    TRY(check_output(o, net, init, context->log));
    TRY(train(context, o, &settings, net, init));
fail:
    free(net);
    free(init);
    return status;
}

const ac_command ac_command_train = {
    .name = "train",
    .usage = "DATA... -o MODEL",
    .operand = "DATA",
    .several = true,
    .summary = "train a network on pictures and films",
    .description = "Trains a network to colour, on pictures and films in colour: folders, with all "
                   "that is in them, files, globs, or lists of such names (.txt). Gray pictures "
                   "are left out. While it runs, the run's folder has curves and examples to look "
                   "at (report.html) and checkpoints to go on from. Ctrl-C stops after the step.",
    .options = table,
    .size = sizeof(options),
    .defaults = &defaults,
    .run = run,
};
