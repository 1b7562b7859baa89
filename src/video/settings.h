/* All that decides what a job makes, by name, so that two of it can be compared and a person be
 * told in what they differ. */
#ifndef AC_VIDEO_SETTINGS_H
#define AC_VIDEO_SETTINGS_H

#include <jansson.h>

#include "video/colorize_job.h"

/* Of an opened job; the object is the caller's. segment_frames: 0 where there are no segments. */
ac_status ac_settings_create(const ac_colorize_job *job, int64_t segment_frames, json_t **settings);
/* A setting that is a whole number, 0 where there is none. */
int64_t ac_settings_count(const json_t *settings, const char *name);
/* What ac_reader_open() and ac_writer_open() need of them, into params; texts are the settings'. */
void ac_settings_read(const json_t *settings, ac_colorize_params *params);
/* Fails when `input` is not what they were made of, but for the time of its last change. `shown` is
 * where the settings come from. */
ac_status ac_settings_check_input(const json_t *settings, const ac_reader *reader,
                                  const char *input, const char *shown, const ac_log *log);

#define AC_SETTING_SEGMENT  "frames a segment"
#define AC_SETTING_PART     "part"
#define AC_SETTING_PARTS    "parts"
#define AC_SETTING_DEVICE   "device"
#define AC_SETTING_TIME     "time of the input's last change"
#define AC_SETTING_ENCODING "encoding"

#endif
