/* The file of a segment: an encoder's packets one after the other, for it and for nobody else to
 * read. No container keeps all of them as they are: those that hold any codec count time in ticks
 * of their own, or have no decoding times. */
#ifndef AC_MEDIA_SEGMENT_FILE_H
#define AC_MEDIA_SEGMENT_FILE_H

#include <libavcodec/packet.h>

#include "media/segment.h"

typedef struct ac_segment_writer ac_segment_writer;

/* The file appears under its name when it is ended. */
ac_status ac_segment_writer_create(const char *path, const ac_log *log, ac_segment_writer **writer);
/* Times are in the encoder's time base. */
ac_status ac_segment_writer_put(ac_segment_writer *writer, const AVPacket *packet);
/* Fills frames, size and hash. The writer is gone afterwards, and on failure so is the file. */
ac_status ac_segment_writer_end(ac_segment_writer **writer, ac_segment *segment);
/* Removes what was written, unless ended; accepts NULL. */
void ac_segment_writer_destroy(ac_segment_writer **writer);

typedef struct ac_segment_reader ac_segment_reader;

ac_status ac_segment_reader_create(const ac_segment_place *place, const ac_log *log,
                                   ac_segment_reader **reader);
/* AC_END after the last, when all bytes were those that had been written; else AC_ERR_FORMAT. */
ac_status ac_segment_reader_next(ac_segment_reader *reader, AVPacket *packet);
void ac_segment_reader_destroy(ac_segment_reader **reader);

#endif
