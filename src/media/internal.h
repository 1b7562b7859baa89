/* What the files of src/media share. */
#ifndef AC_MEDIA_INTERNAL_H
#define AC_MEDIA_INTERNAL_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
#include <pthread.h>

#include "media/compat.h"
#include "media/media.h"
#include "media/sequence.h"

/* ---- log.c ---- */

typedef struct ac_av_text {
    char text[256];
} ac_av_text;
typedef struct ac_time_text {
    char text[40];
} ac_time_text;

/* Why a call of libav failed: what it logged on this thread since ac_av_forget(), where
 * ac_media_redirect_log() lets us listen, else what its error number means. */
void ac_av_forget(void);
ac_av_text ac_av_why(int error);
ac_status ac_av_status(int error);
typedef struct ac_frame_pool ac_frame_pool;

/* Errors that a decoder and a demuxer have logged, none unless we listen: of those whose `opaque`
 * points here. Threads of theirs may be running. */
typedef struct ac_complaints {
    pthread_mutex_t lock;
    unsigned count;
    ac_av_text latest;
    ac_frame_pool *pool; /* for ac_frame_pool_serve() */
} ac_complaints;
unsigned ac_complaints_get(ac_complaints *complaints, ac_av_text *latest);
ac_status ac_media_no_memory(const ac_log *log, const char *path);
ac_time_text ac_time_show(double seconds); /* h:mm:ss.mmm */

/* ---- frame.c ---- */

struct ac_frame {
    AVFrame *av;    /* a reader's: gray of the luma's depth; a writer's: planar Y'CbCr */
    double seconds; /* ac_frame_time() */
    int64_t index;  /* of a sequence's frame: in its list; else how many were handed out before */
    void *taken;    /* ac_frame_taken() */
};

struct ac_packet {
    AVPacket *av; /* stream_index: of the input; times in that stream's time base */
};

/* Takes over *av, also on failure; NULL when memory ran out. */
ac_frame *ac_frame_wrap(AVFrame **av, double seconds);
ac_packet *ac_packet_wrap(AVPacket **av);

/* ---- frame_pool.c: decoded frames in memory of the caller's ---- */

/* NULL when memory ran out. Frames, and what was taken for them, may outlive it. */
ac_frame_pool *ac_frame_pool_create(const ac_frame_memory *memory);
void ac_frame_pool_destroy(ac_frame_pool **pool);
/* Sets a decoder that is not open yet to put its frames there, where it and their format allow it;
 * its `opaque` points to an ac_complaints with the pool. */
void ac_frame_pool_serve(AVCodecContext *decoder);
/* What was taken for the memory that a frame's first plane lies in; NULL: it lies elsewhere, or
 * `pool` is NULL. */
void *ac_frame_pool_taken(ac_frame_pool *pool, const AVFrame *frame);

/* ---- luma.c: the luma of whatever a decoder hands out ---- */

typedef enum ac_luma_kind {
    AC_LUMA_PLANE,   /* the frame's first plane as it is */
    AC_LUMA_SAMPLES, /* the frame's own values, but packed, shifted or big-endian */
    AC_LUMA_BITS,    /* black or white: 0 or 255 */
    AC_LUMA_FLOAT,   /* gray, 0 to 1 */
    AC_LUMA_RGB,     /* computed */
} ac_luma_kind;

typedef struct ac_luma {
    enum AVPixelFormat pix_fmt;
    ac_luma_kind kind;
    int depth;       /* of the luma handed out */
    int input_depth; /* of a component of the input */
    bool gray;       /* the input has no chroma */
    bool alpha;      /* the input has, and it is dropped */
    /* XYZ and Bayer patterns become RGB first, by libswscale. */
    struct SwsContext *to_rgb;
    AVFrame *rgb;
} ac_luma;

/* AC_ERR_UNSUPPORTED, without a message, for what has no luma (hardware surfaces). */
ac_status ac_luma_init(ac_luma *luma, enum AVPixelFormat pix_fmt);
void ac_luma_uninit(ac_luma *luma);
/* A gray frame with all of `frame`'s properties; its luma plane is shared with `frame` where its
 * bytes are what is wanted. AC_ERR_MEMORY without a message. */
ac_status ac_luma_extract(ac_luma *luma, const AVFrame *frame, AVFrame **gray);
enum AVPixelFormat ac_luma_pix_fmt(int depth);

/* luma_exact.c: with floating point pictures goes their luma as it was, in opaque_ref of the gray
 * frame and of what is made from it. AC_ERR_MEMORY without a message. */
ac_status ac_luma_keep_exact(const AVFrame *frame, AVFrame *gray);
/* `instead` where it is not known, or no number. */
double ac_luma_exact(const AVFrame *frame, int x, int y, double instead);
float ac_read_float(const uint8_t *from, const AVPixFmtDescriptor *desc, int depth);

/* How a picture must be turned to be seen upright: first mirrored, then transposed. */
typedef struct ac_turn {
    bool mirror_x, mirror_y, transpose;
} ac_turn;
/* From a display matrix (AV_PKT_DATA_DISPLAYMATRIX), 9 int32_t wherever they lie, NULL: none;
 * angles that are no quarters are left alone. */
ac_turn ac_turn_from_matrix(const uint8_t *matrix);
/* Replaces *frame, one of ac_luma_extract() or of RGB24; nothing is done where nothing needs to be.
 * AC_ERR_MEMORY without a message. */
ac_status ac_turn_apply(ac_turn turn, AVFrame **frame);

/* ---- pipe.c: standard input and output ---- */

typedef struct ac_pipe ac_pipe;

/* "-". */
bool ac_pipe_is(const char *path);
/* Terminals are refused. Reads and writes fail with AVERROR_EXIT once *cancel (may be NULL) is
 * true. */
ac_status ac_pipe_open_input(const atomic_bool *cancel, const ac_log *log, ac_pipe **pipe);
ac_status ac_pipe_open_output(const atomic_bool *cancel, const ac_log *log, ac_pipe **pipe);
AVIOContext *ac_pipe_io(const ac_pipe *pipe); /* the pipe's; seekable only if it is a file */
bool ac_pipe_is_empty(const ac_pipe *pipe);   /* nothing was read so far */
void ac_pipe_close(ac_pipe **pipe);           /* what has its AVIOContext must be gone */

/* ---- still_check.c ---- */

/* False for the file of a picture that was cut off, as far as is known of its kind. */
bool ac_still_is_whole(enum AVCodecID id, const uint8_t *data, size_t size);

/* ---- sequence_read.c: the frames of a sequence, decoded, in order ---- */

typedef struct ac_frame_source ac_frame_source;

/* All files are of the codec; sequence must outlive the source. threads 0: as there are processors;
 * so many files are read and decoded at a time. */
ac_status ac_frame_source_create(const ac_sequence *sequence, const AVCodecParameters *codec,
                                 int threads, const ac_log *log, ac_frame_source **source);
void ac_frame_source_destroy(ac_frame_source **source);
/* The next frame and its place in the list; pts is its number less that of the first. AC_END after
 * the last. What cannot be decoded as a whole is AC_ERR_FORMAT, with a message that names the
 * file. */
ac_status ac_frame_source_next(ac_frame_source *source, AVFrame *frame, size_t *index);
/* The next frame is this one. */
void ac_frame_source_seek(ac_frame_source *source, size_t index);

/* ---- reader ---- */

/* Colour tags as the input has them, AVCOL_*_UNSPECIFIED where it has none. */
typedef struct ac_tags {
    enum AVColorRange range;
    enum AVColorSpace space;
    enum AVColorPrimaries primaries;
    enum AVColorTransferCharacteristic transfer;
    enum AVChromaLocation location;
} ac_tags;

#define AC_DAMAGE_SHOWN 10 /* warnings; the rest is only counted */
/* AV_TIME_BASE; how far other streams may lag behind the film. */
#define AC_LOOK_BEHIND_END INT64_C(5000000)

struct ac_reader {
    const ac_log *log;
    char *path;
    /* Of sequences: where frames come from; the demuxer has opened the first file only. */
    ac_sequence *sequence;
    ac_frame_source *source;
    size_t at;     /* of the latest frame */
    ac_pipe *pipe; /* NULL: a file */
    AVFormatContext *demux;
    AVCodecContext *decoder;
    AVPacket *packet;
    AVFrame *frame;
    int stream;        /* the film's */
    AVStream **kept;   /* those of the opening: the demuxer may move its list while the writer, on
                        * another thread, looks for one */
    unsigned streams;  /* at opening; those that appear later are passed over */
    bool *reported;    /* of each stream: something is wrong with it and that was said */
    bool *started;     /* of each stream: a packet of it was handed out */
    int width, height; /* as decoded, before a still picture is turned upright */
    AVFrame *first_props;  /* properties of the first frame, without its picture */
    AVRational frame_rate; /* 0/1 when unknown */
    ac_reader_info info;
    ac_tags tags;
    ac_luma luma;
    ac_turn turn;

    bool whole;             /* frames are handed out as they were decoded, with all their planes and
                             * any size; no other streams */
    bool picture;           /* not a film: a demuxer of still pictures */
    bool top_first;         /* of interlaced films */
    bool cut_start;         /* a start was asked for */
    bool cut_end;           /* a duration was */
    bool preroll;           /* what is before the start is decoded; its damage is not the film's */
    bool got_first;         /* `first` is known */
    bool clean_before;      /* a sound frame at or before the start was decoded */
    bool may_retry;         /* while opening: there is an earlier place to begin decoding at ... */
    bool try_earlier;       /* ... and it is needed */
    bool film_over;         /* nothing more to decode */
    bool end_of_file;       /* nothing more to demux */
    bool late_stream_shown; /* a stream that appeared later was named */
    bool repaired_shown;    /* a frame's timestamp had to be mended */
    bool pending;           /* a complaint that may be about a damage that is told anyway */

    /* What was asked for, in the film's time base. */
    int64_t start;      /* frames before are dropped */
    int64_t first;      /* pts of the first frame kept: becomes 0 when cut_start */
    int64_t end;        /* with cut_end: frames from here on are dropped */
    double duration;    /* asked for, seconds */
    int64_t stop_after; /* AV_TIME_BASE: when cut_end, packets are looked for up to here */

    int64_t last_pts, last_duration; /* of the latest frame */
    int64_t furthest;     /* AV_TIME_BASE: where the packets read so far end; INT64_MIN: none */
    int64_t frames;       /* handed out */
    int64_t film_packets; /* read */
    int64_t packets_end;  /* bytes: how far in the file they reached */

    int64_t damage;
    double damage_time;     /* of the latest */
    double pending_time;    /* of the complaint */
    int64_t pending_damage; /* `damage` at that time */
    ac_av_text pending_text;
    ac_complaints complaints;
    unsigned complaints_seen; /* that were looked at */
    int read_errors;          /* in a row */

    /* Items read ahead while opening, in order. */
    unsigned ahead_count, ahead_next, ahead_size;
    ac_item *ahead;
};

/* As ac_reader_open(), from the beginning to the end, with ac_reader.whole. Films are described as
 * upright too: `turn` is what has to be done. */
ac_status ac_reader_open_whole(const char *path, int threads, const ac_log *log,
                               ac_reader **reader);
/* One step of reading: *item stays empty when there was none to hand out yet. */
ac_status ac_reader_step(ac_reader *reader, ac_item *item);
/* From here on only packets of the other streams are handed out; frames read ahead still are. */
void ac_reader_drop_film(ac_reader *reader);
/* Called at the first frame that is kept: fills info, tags, luma. */
ac_status ac_reader_describe(ac_reader *reader, const AVFrame *frame);
void ac_reader_damaged(ac_reader *reader, double seconds, const char *what);
/* Start of the input's clock, AV_TIME_BASE. */
int64_t ac_reader_origin(const ac_reader *reader);

/* ---- sequence_write.c: where the frames of a sequence go ---- */

typedef struct ac_frame_files ac_frame_files;

/* ---- writer ---- */

typedef struct ac_pending_duration {
    int64_t pts, duration; /* encoder's time base */
} ac_pending_duration;

typedef struct ac_encoder_wish {
    const char *codec, *preset, *pix_fmt, *options; /* the caller's of ac_writer_open() */
    double crf;
    int threads;
} ac_encoder_wish;

struct ac_segment_writer;

struct ac_writer {
    const ac_log *log;
    const ac_reader *input;
    char *path;        /* as given, for messages */
    char *name;        /* that tells the format: path, or one made of the format asked for */
    char *final;       /* where it will be: symbolic links followed; of a sequence, the frame's */
    const char *shown; /* of the file that is written, for messages: path, or the frame's */
    ac_frame_files *files;         /* NULL: it is no sequence */
    char *folder;                  /* for the temporary file; NULL: beside final */
    char *temporary;               /* NULL: nothing to remove */
    bool overwrite, strict, still; /* still: pictures are written, as many as the input has */
    bool sequence;                 /* each into a file of its own */

    ac_pipe *pipe;                     /* NULL: a file */
    AVFormatContext *mux;              /* NULL for stills, and while segments are written */
    struct ac_segment_writer *segment; /* the film's packets go there; NULL: into `mux` */
    const AVOutputFormat *container;
    const AVCodec *codec;
    ac_encoder_wish wish;
    AVCodecContext *encoder;
    AVStream *video;
    AVPacket *packet;
    int *map;          /* input stream -> output stream, -1: not carried */
    int64_t *last_dts; /* of the output's streams, AV_NOPTS_VALUE while unknown */
    bool *moved_shown; /* of the output's streams: timestamps went backwards, and that was said */

    ac_picture_format format;
    enum AVPixelFormat planar; /* of frames handed out */
    enum AVPixelFormat coded;  /* what the encoder takes */
    ac_tags tags;              /* of what the encoder gets */
    uint16_t *luma_table;      /* input's luma value -> format's; NULL: the same */

    int64_t last_pts;
    bool repaired_shown;
    ac_pending_duration *durations; /* of frames in the encoder */
    size_t duration_count, duration_size;
    int64_t packets; /* from the encoder */
    char description[256];
};

/* encoder_choice.c: fills format, planar, coded and w->encoder's codec, pixel format and tags. */
ac_status ac_writer_choose(ac_writer *w, const ac_encoder_wish *wish, const AVOutputFormat *of,
                           const AVCodec **codec);
/* encoder_open.c: of w->container, codec and wish. */
ac_status ac_writer_open_encoder(ac_writer *w);
AVRational ac_writer_aspect(const ac_writer *w); /* of a pixel */
/* writer.c */
/* Takes what is in the packet; times in the encoder's time base. */
ac_status ac_writer_mux_film(ac_writer *w, AVPacket *packet);
ac_status ac_writer_flush(ac_writer *w);    /* brings the encoder to its end */
ac_status ac_writer_end_file(ac_writer *w); /* completes the file and gives it its name */
/* writer_streams.c: the streams, chapters and metadata that are carried along. */
ac_status ac_writer_add_streams(ac_writer *w);
/* kind.c */
/* By its extension, as FFmpeg's image2 knows them. */
bool ac_kind_is_picture(const char *name);
/* Whether pictures of this extension are written as they are read. */
bool ac_kind_is_picture_written(const char *extension);
/* A file name for a container or an extension that was asked for, the caller's; NULL: memory ran
 * out. */
char *ac_kind_name_of_format(const char *format);
/* sequence_write.c */
/* Whether the path means a sequence, and how its format would be named (the caller's). *name NULL:
 * memory ran out. */
bool ac_writer_means_sequence(const ac_reader *input, const ac_writer_params *params, char **name);
/* Checks what is there already; makes the folder; fills files. */
ac_status ac_writer_open_files(ac_writer *w, const ac_writer_params *params);
/* A file with its final name for the frame of this index. */
ac_status ac_writer_write_frame(ac_writer *w, const AVPacket *packet);
/* Brings the folder to the disk; afterwards it is not removed any more. */
void ac_writer_finish_files(ac_writer *w);
void ac_writer_close_files(ac_writer *w);
/* writer_file.c */
ac_status ac_writer_check_path(ac_writer *w);
ac_status ac_writer_make_temporary(ac_writer *w);
ac_status ac_writer_sync(ac_writer *w);   /* the temporary file, closed before */
ac_status ac_writer_rename(ac_writer *w); /* gives it its final name */
/* A still picture: its bytes into the temporary file. */
ac_status ac_writer_fill(ac_writer *w, const AVPacket *packet);
ac_status ac_writer_io_failed(const ac_writer *w, int error);
/* convert.c */
ac_status ac_writer_make_luma_table(ac_writer *w);
void ac_convert_luma(const ac_writer *w, const AVFrame *from, AVFrame *to);
/* Planar Y'CbCr to what the encoder takes; AC_ERR_MEMORY without a message. */
ac_status ac_convert_pack(const ac_picture_format *format, const AVFrame *planar, AVFrame *packed);

/* ---- packets that are frames ---- */

bool ac_wrapped_is(const AVCodecContext *encoder);
/* The packet's frame as bytes: its planes one after another, rows without padding. Less than 0: an
 * error of FFmpeg's, the packet as it was. */
int ac_wrapped_flatten(const AVCodecContext *encoder, AVPacket *packet);
/* The reverse; the frame refers to the packet's bytes. AVERROR_INVALIDDATA: there are not so many,
 * or more. */
int ac_wrapped_restore(const AVCodecContext *encoder, AVPacket *packet);

#endif
