/* The main job: a black-and-white film or picture in, the same in colour out. */
#ifndef AC_VIDEO_COLORIZE_H
#define AC_VIDEO_COLORIZE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/log.h"
#include "util/progress.h"
#include "video/colorizer.h"

#define AC_COLORIZE_STEADY  5 /* what is usual */
#define AC_COLORIZE_SECONDS 10.0

/* Texts may be NULL where that is said; all stay the caller's. */
typedef struct ac_colorize_params {
    const char *input, *output;
    ac_device *device; /* this job's alone while it runs; may serve others before and after */
    const ac_model *model;
    int size;          /* short side the network works at, 0: what the model says, else 256 */
    const char *codec; /* encoder as FFmpeg names it, NULL: choose */
    const char *codec_options; /* "K=V:K=V" for the encoder, NULL: none */
    const char *preset;        /* of the encoder, NULL: its default */
    const char *pix_fmt;       /* FFmpeg's name, NULL: follow the input */
    double crf;                /* constant quality as the encoder has it, negative: choose */
    double saturation;         /* chroma is multiplied by it: 0 gray, 1 as the network says */
    int steady;                /* frames that colours are averaged over, 1: each by itself */
    double start, duration;    /* seconds; duration 0: to the end */
    bool literal;              /* output is a file's name, though it may look like a pattern */
    const char *format;        /* container or kind of pictures, NULL: the output's name tells */
    const char *framerate;     /* of a sequence, as FFmpeg writes rates; NULL: 25 */
    bool has_start_number;
    int64_t start_number;      /* of a sequence's first frame, without one: the lowest there is */
    bool allow_gaps;           /* frames may be missing in a sequence */
    bool resume;               /* go on with what an earlier run has finished */
    bool overwrite;            /* an existing output may be replaced */
    bool strict;               /* a stream that cannot be carried is an error */
    const atomic_bool *cancel; /* becomes true: stop, AC_ERR_CANCELLED. NULL: never */
    ac_progress *progress;     /* NULL: shown nowhere */
    double segment_seconds;    /* of a film, what an interruption may cost; 0: what is usual */
    int part, parts;           /* only the part-th (from 1) of so many, into a file of its own that
                                * ac_colorize_part_path() names; parts 0: all of the film */
    ac_device *const *more_devices; /* share the work with `device` */
    int more_count;
    bool fallback;   /* go on with a processor's device when one is lost for good */
    bool validation; /* of devices that are opened in place of lost ones */
} ac_colorize_params;

typedef struct ac_colorize_summary {
    bool kept;       /* on failure: there is something that `resume` goes on with */
    int64_t frames;  /* made in this run */
    int64_t damaged; /* frames or packets of the input that could not be read */
    double seconds;  /* from the first frame to the finished file */
    /* Of these, seconds in which a stage had nothing to do but to wait for ... */
    double wait_decode, wait_gpu, wait_encode;
} ac_colorize_summary;

/* Film in one file is made in segments, each kept beside the output once it is finished
 * (video/journal.h), which are joined at the end; all else in one go. A device that is lost, or out
 * of memory in the middle, is opened anew once, and the work goes on at the last finished segment
 * or frame. Blocks till all is done; what the device's validation layer says meanwhile is an error.
 * Choices made are logged as INFO (device, encoder) and VERBOSE, progress goes to params->progress,
 * every failure is logged once, but for AC_ERR_CANCELLED, which is the caller's doing. On failure
 * nothing is left under the output's name that was not there before, but frames of a sequence. */
ac_status ac_colorize_file(const ac_colorize_params *params, const ac_log *log,
                           ac_colorize_summary *summary);
/* The file of one part of `output`: the caller's (free()), NULL: memory ran out. */
char *ac_colorize_part_path(const char *output, int part, int parts);

#endif
