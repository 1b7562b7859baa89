/* How fast the stages of colouring a film are, each by itself and all together. */
#ifndef AC_VIDEO_MEASURE_H
#define AC_VIDEO_MEASURE_H

#include "video/colorize.h"

typedef struct ac_measured {
    int64_t frames;
    double seconds;
} ac_measured;

typedef struct ac_pipeline_times {
    char input[160], output[160]; /* as ac_reader_info and ac_writer_description() say */
    char device[256];
    int height, width;           /* of the network's input */
    ac_measured decode;          /* demuxing and decoding */
    ac_measured paint;           /* lightness, network, temporal and merge, upload and download */
    ac_measured network;         /* the network alone, on the device */
    ac_measured encode;          /* encoding and muxing */
    ac_measured together;        /* as ac_colorize_file() does it */
    ac_colorize_summary summary; /* of that */
} ac_pipeline_times;

/* Colours what params say, stage by stage, then all at once; params->output is written twice and is
 * there afterwards, also where a later stage fails. Decoded frames are held in memory for the other
 * stages, no more than AC_MEASURE_BYTES of them. frames: so many of the film's beginning, 0:
 * AC_MEASURE_SECONDS' worth. Blocks; AC_ERR_CANCELLED as ac_colorize_file(). */
#define AC_MEASURE_BYTES   (512 << 20)
#define AC_MEASURE_SECONDS 10.0
ac_status ac_measure_pipeline(const ac_colorize_params *params, const ac_log *log, int frames,
                              ac_pipeline_times *times);

#endif
