/* A film that is written in segments: each begins with a key frame of an encoder of its own and
 * lies in a file of its own until all are joined, without encoding anything again, with the other
 * streams of the input. So a film is the same whether it was made in one go or in several. */
#ifndef AC_MEDIA_SEGMENT_H
#define AC_MEDIA_SEGMENT_H

#include "media/media.h"

/* One that is finished. */
typedef struct ac_segment {
    int64_t index;    /* of the film's segments, from 0 */
    int64_t frames;   /* in it, at least 1 */
    uint64_t size;    /* bytes of its file */
    uint64_t hash;    /* of these: XXH3 */
    uint64_t headers; /* of what the encoder put beside the pictures: XXH3; the same for all */
} ac_segment;

/* Where one lies: in a file of its own, or with others in a larger one. */
typedef struct ac_segment_place {
    const char *path;
    uint64_t offset;
    ac_segment segment;
} ac_segment_place;

/* Frames that are put from here on go into this file, which appears under its name, synced, when
 * the segment is ended. The first call gives up the writer's own file; what ac_writer_open() was
 * given must still be there. Only where ac_writer_is_film(). */
ac_status ac_writer_begin_segment(ac_writer *writer, const char *path);
/* Fills all of *segment but its index. */
ac_status ac_writer_end_segment(ac_writer *writer, ac_segment *segment);

/* Puts segments, in the order of the film, and the packets of the input's other streams into the
 * writer's file and finishes it. `input` is the writer's, newly opened. A segment that is not what
 * it was when it was finished is AC_ERR_FORMAT; one of another encoder too. AC_ERR_CANCELLED once
 * *cancel (NULL: never) is true. */
ac_status ac_writer_join(ac_writer *writer, ac_reader *input, const ac_segment_place *places,
                         size_t count, const atomic_bool *cancel);

/* Whether its bytes are those that were written. */
bool ac_segment_is_whole(const ac_segment_place *place);

#endif
