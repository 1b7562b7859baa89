/* Films and still pictures in and out: everything that libavformat and libavcodec do for us.
 * The only part of the program that knows libav*; the rest sees these types.
 *
 * Reader: demuxes one input, decodes its first real video stream (not cover art) and hands out, in
 * the order of the file, decoded frames and the untouched packets of all other streams. Streams
 * that appear only later are named in a warning and left out.
 *
 * Writer: encodes frames and muxes packets into a temporary file beside the output, which takes the
 * final name only when ac_writer_finish() succeeds.
 *
 * One thread may use the reader while another uses the writer; neither is used by two at once. */
#ifndef AC_MEDIA_MEDIA_H
#define AC_MEDIA_MEDIA_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/log.h"
#include "util/picture.h"

typedef struct ac_reader ac_reader;
typedef struct ac_writer ac_writer;
typedef struct ac_frame ac_frame;   /* one decoded or to-be-encoded picture */
typedef struct ac_packet ac_packet; /* one packet of a stream that is carried along */

/* Sends libav*'s own messages to `log` (errors and warnings as VERBOSE, the rest as DEBUG) instead
 * of stderr. libav keeps one callback a process, so this is for the program, not the library. */
void ac_media_redirect_log(const ac_log *log);

/* "libavcodec 59.37.100, libavformat 59.27.100" */
const char *ac_media_version(void);

/* Whether a path means one film whose frames lie each in a file of its own: a pattern such as
 * shot/%06d.png, a glob that matches pictures, or a folder whose pictures are numbered on end (half
 * of the numbers are there at least) and of one kind. */
bool ac_media_is_sequence(const char *path);

/* Whether a file of this name, by its extension, can be written as well as read. */
bool ac_media_is_written(const char *path);
/* What a container of FFmpeg's ("matroska") or an extension ("mkv", "png") stands for: the
 * extension of files of that format, the caller's (free()), and whether they are pictures.
 * AC_ERR_ARGUMENT where it is neither. */
ac_status ac_media_read_format(const char *format, const ac_log *log, char **extension,
                               bool *picture);

/* Memory for the frames of films, so that a device may read them where they are. `take` may be
 * called from several threads at once, and so may `give`, of each that was taken, before the reader
 * is closed or later, when the last frame in it is freed. */
typedef struct ac_frame_memory {
    /* At least size bytes at *data, aligned to 256. NULL: there are none, and the frame is put
     * elsewhere. */
    void *(*take)(void *opaque, size_t size, uint8_t **data);
    void (*give)(void *taken);
    void *opaque; /* valid until all is given back */
} ac_frame_memory;

typedef struct ac_reader_params {
    /* A file; libav's protocols mean nothing here. Where there is no file of that name, a pattern
     * or a glob, or else a folder: the frames of a sequence. "-" is standard input. */
    const char *path;
    double start; /* seconds from the film's beginning, 0: from there. When given, the first frame
                   * at or after it gets time 0, and all other streams and the chapters are cut
                   * and moved with it; when not, times stay what they are in the input. */
    double duration; /* seconds from the first frame, 0: to the end */
    int threads;     /* decoder threads, 0: libavcodec chooses */
    /* Of sequences. */
    const char *framerate; /* "24", "24000/1001", "ntsc"; NULL: 25, as FFmpeg has it */
    bool has_start_number;
    int64_t start_number; /* of the first frame; without one the lowest there is */
    bool allow_gaps;      /* missing numbers are a warning; frames keep their time */
    /* Reading standard input, which may have to wait, ends with AC_ERR_CANCELLED and no message
     * when it becomes true; NULL: it waits. */
    const atomic_bool *cancel;
    const ac_frame_memory *memory; /* copied; NULL: libavcodec's own */
} ac_reader_params;

/* Luma handed out is exactly the decoder's for Y'CbCr and gray, whatever the layout. Of RGB, of
 * palettes and of floating point gray it is computed (luma.c has the formula).
 * An input without a matrix gets one for the arithmetic, as players do it: BT.709 from 720 lines
 * on, else BT.601; the output stays without. Gray without tags is BT.709, and limited, but full in
 * still picture codecs such as PNG. A still picture (not a film) is turned upright when it says
 * how; a film's rotation is carried. */
typedef struct ac_reader_info {
    ac_picture_format format; /* of the luma plane of the frames handed out; chroma: the input's,
                               * 4:2:0 when it has none, 4:4:4 for RGB */
    int sar_num, sar_den;     /* sample aspect ratio, 1:1 when unknown */
    double fps;               /* average, 0 when unknown (still pictures) */
    double seconds;           /* of the part that will be read, 0 when unknown */
    int64_t frames;           /* estimate for the part that will be read, 0 when unknown */
    bool still;               /* a single picture */
    bool sequence;            /* a frame a file */
    bool rgb;                 /* input is RGB; luma was computed (BT.709, full range, 16 bits) */
    bool gray;                /* input has no chroma */
    bool interlaced;
    char description[160]; /* "h264 yuv420p10le 1920x1080 25 fps, bt709, limited range" */
} ac_reader_info;

/* Decodes up to the first frame, so that what cannot be decoded at all fails here.
 * On success *reader is owned by the caller. On failure one message has been logged, *reader NULL:
 * AC_ERR_IO missing, a directory, unreadable; AC_ERR_FORMAT empty, no film, cut off, no video
 * stream; AC_ERR_UNSUPPORTED no decoder; AC_ERR_ARGUMENT start after the end. */
ac_status ac_reader_open(const ac_reader_params *params, const ac_log *log, ac_reader **reader);
const ac_reader_info *ac_reader_get_info(const ac_reader *reader);
void ac_reader_close(ac_reader **reader);
/* Goes on with the frame that has this place in a sequence; a film is read on from where it is.
 * Before the first ac_reader_next() only. */
void ac_reader_skip(ac_reader *reader, int64_t index);

/* One item in the order of the film: exactly one of frame and packet is set on AC_OK; the caller
 * owns it. AC_END after the last. Times of frames strictly increase. Damage in the film is logged
 * as a warning with its time, counted, and passed over: frames that the decoder could mend are
 * handed out, others are missing. AC_ERR_UNSUPPORTED when the picture changes its size or its
 * depth. A frame of a sequence that is damaged, or differs in size or pixel format from the first,
 * is an error that names the file. */
typedef struct ac_item {
    ac_frame *frame;
    ac_packet *packet;
} ac_item;
ac_status ac_reader_next(ac_reader *reader, ac_item *item);
/* What tells one input from another, or from what it was before. */
typedef struct ac_identity {
    uint64_t size; /* bytes; of a sequence, in all */
    int64_t time;  /* of its last change, nanoseconds since 1970 */
    uint64_t hash; /* XXH3 of its first and its last AC_IDENTITY_BYTES; of a sequence, of its
                    * frames' names and sizes */
} ac_identity;
#define AC_IDENTITY_BYTES (1 << 20)
/* All zero for standard input. */
ac_status ac_reader_identify(const ac_reader *reader, ac_identity *identity);
/* Whether it can be opened and read again: it is not standard input. */
bool ac_reader_can_repeat(const ac_reader *reader);
/* Frames or packets that could not be decoded, or not without errors, so far. */
int64_t ac_reader_damage(const ac_reader *reader);

void ac_frame_free(ac_frame **frame);
void ac_packet_free(ac_packet **packet);

/* The planes of a frame: 0 luma, 1 Cb, 2 Cr, laid out as ac_picture_format says. Stride in bytes.
 * Of a reader's frame only plane 0 may be asked for, and it must not be written. */
uint8_t *ac_frame_plane(const ac_frame *frame, int plane, ptrdiff_t *stride);
/* What was taken (ac_frame_memory) for the memory that plane 0 of a reader's frame lies in; NULL:
 * it lies elsewhere. */
void *ac_frame_taken(const ac_frame *frame);
/* Place in the film, from 0: of a sequence's frame that in the sequence, of others how many were
 * handed out before. */
int64_t ac_frame_index(const ac_frame *frame);
/* Seconds from the film's beginning, which is what players show and `start` means; for messages. */
double ac_frame_time(const ac_frame *frame);

typedef struct ac_writer_params {
    /* Final name; its extension chooses the container. A pattern with a picture's extension
     * (out/%06d.png), or a folder where the input is a sequence or `format` a picture's, is a
     * sequence: each frame keeps its number or, in a folder, its name; those of a film are numbered
     * from 1. A folder that is missing is made, but not those above it. "-" is standard output,
     * Matroska unless `format` says otherwise. */
    const char *path;
    const char *target;      /* the film's final name where it is another than path, which tells the
                              * format; NULL: path */
    const char *work_folder; /* for a film's file till it is whole; NULL: beside its place */
    bool literal;            /* path is a file's name, though it may look like a pattern */
    const char *format; /* container or picture's extension, where path does not tell; NULL: path
                         * does; in a folder the input's, else PNG */
    bool has_start_number;
    int64_t start_number;      /* of the first frame, where the input's have no numbers */
    const atomic_bool *cancel; /* as the reader's, for standard output */
    bool resume;               /* a sequence: frames that are there already are kept */
    const ac_reader *input; /* streams, chapters, metadata and colour tags are taken from here; must
                             * outlive the writer */
    const char *codec;      /* encoder name as FFmpeg has it, NULL: choose */
    const char *codec_options; /* "K=V:K=V" for the encoder, NULL: none; one that it does not know
                                * is an error. A ':' in a value is written '\:' */
    const char *preset;        /* encoder's preset, NULL: its default */
    const char *pix_fmt;       /* FFmpeg's name, NULL: follow the input */
    double crf;     /* constant quality as the encoder has it, negative: a good default */
    bool overwrite; /* may replace an existing file */
    bool strict;    /* a stream that cannot be carried is an error, not a warning */
    int threads;    /* encoder threads, 0: the encoder chooses */
} ac_writer_params;

/* Checks everything that can be checked before the first frame is coloured: output differs from the
 * input, folder writable, container, encoder, pixel format, streams that cannot be carried.
 * A still picture may be written as one (.png, .jpg, .tif, ...) or as a film of one frame, a film
 * as a film or a sequence. On failure one message has been logged, *writer NULL, nothing is left on
 * the disk: AC_ERR_ARGUMENT for what was asked for, AC_ERR_UNSUPPORTED for what cannot be held,
 * AC_ERR_IO. */
ac_status ac_writer_open(const ac_writer_params *params, const ac_log *log, ac_writer **writer);
/* With `resume`: whether the frame that the reader hands out as its index-th, of a sequence the one
 * in this place of it, was written by an earlier run. It need not be put then. */
bool ac_writer_has(const ac_writer *writer, int64_t index);
/* How many there are of these. */
int64_t ac_writer_kept(const ac_writer *writer);
/* Whether each frame is a file of its own, which stays when the writer is closed too early. */
bool ac_writer_is_sequence(const ac_writer *writer);
/* Whether the output is a film in one file, not a pipe. */
bool ac_writer_is_film(const ac_writer *writer);
bool ac_writer_is_pipe(const ac_writer *writer);
/* A film's final name, symbolic links followed. */
const char *ac_writer_final_path(const ac_writer *writer);
/* What the planes of frames must look like: planar Y'CbCr of the input's size, depth, range and
 * chroma resolution, unless the encoder or pix_fmt wants otherwise. Where the encoder takes RGB, it
 * is 4:4:4 in the input's matrix and range (16 bits for still pictures) and put_frame makes RGB of
 * it. RGB films become limited BT.709, 4:2:0 for lossy encoders; JPEG is always full range BT.601.
 */
const ac_picture_format *ac_writer_format(const ac_writer *writer);
/* "libx264 (crf 18, preset medium), yuv420p, Matroska" */
const char *ac_writer_description(const ac_writer *writer);

/* Makes the frame that will be encoded in place of `source`: its luma (bytes unchanged when depths
 * and ranges agree), timestamps and flags; chroma planes allocated, contents undefined. Luma may
 * lie in memory that `source` shares, so only planes 1 and 2 may be written. Caller owns *frame,
 * and may free `source` at once. May be called from another thread than the one that puts. */
ac_status ac_writer_new_frame(const ac_writer *writer, const ac_frame *source, ac_frame **frame);
/* Both take ownership, also on failure, and set the pointer to NULL. */
ac_status ac_writer_put_frame(ac_writer *writer, ac_frame **frame);
ac_status ac_writer_put_packet(ac_writer *writer, ac_packet **packet);
/* Flushes the encoder, completes and syncs the file and gives it its final name. */
ac_status ac_writer_finish(ac_writer *writer);
/* Removes the temporary file unless ac_writer_finish() has succeeded. */
void ac_writer_close(ac_writer **writer);

#endif
