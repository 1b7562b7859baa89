/* Reads a film or picture and writes it with chroma that is everywhere the same: all of src/media
 * without the rest of the program. For the tests beside it.
 *
 * usage: remux [KEY=VALUE ...] INPUT OUTPUT
 * Keys: codec crf preset options pix_fmt start duration overwrite strict verbose threads framerate
 * start_number allow_gaps format resume memory (1: the reader's frames lie in remux's).
 * Prints what the reader and the writer say of themselves, one "name: value" a line; messages go
 * to standard error. Exits with the negated ac_status. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "media/media.h"

typedef struct job {
    ac_reader_params in;
    ac_writer_params out;
    bool verbose, memory;
    long long frames, packets, shared;
} job;

/* Memory that the reader took and gave back. */
static atomic_int taken, given;

static void *take(void *opaque, size_t size, uint8_t **data)
{
    (void)opaque;
    *data = aligned_alloc(256, (size + 255) & ~(size_t)255);
    if (*data)
        atomic_fetch_add(&taken, 1);
    return *data;
}

static void give(void *block)
{
    atomic_fetch_add(&given, 1);
    free(block);
}

static void write_message(void *opaque, ac_log_level level, const char *message)
{
    static const char *const names[] = {"error", "warning", "info", "verbose", "debug"};

    (void)opaque;
    fprintf(stderr, "%s: %s\n", names[level], message);
}

static void set_start_number(job *j, int64_t number)
{
    j->in.has_start_number = j->out.has_start_number = true;
    j->in.start_number = j->out.start_number = number;
}

static void set_option(job *j, const char *key, const char *value)
{
    const struct {
        const char *key;
        const char **text;
        double *number;
        bool *flag;
        int *count;
    } keys[] = {{"codec", &j->out.codec, NULL, NULL, NULL},
                {"preset", &j->out.preset, NULL, NULL, NULL},
                {"options", &j->out.codec_options, NULL, NULL, NULL},
                {"pix_fmt", &j->out.pix_fmt, NULL, NULL, NULL},
                {"crf", NULL, &j->out.crf, NULL, NULL},
                {"start", NULL, &j->in.start, NULL, NULL},
                {"duration", NULL, &j->in.duration, NULL, NULL},
                {"overwrite", NULL, NULL, &j->out.overwrite, NULL},
                {"strict", NULL, NULL, &j->out.strict, NULL},
                {"verbose", NULL, NULL, &j->verbose, NULL},
                {"memory", NULL, NULL, &j->memory, NULL},
                {"framerate", &j->in.framerate, NULL, NULL, NULL},
                {"format", &j->out.format, NULL, NULL, NULL},
                {"allow_gaps", NULL, NULL, &j->in.allow_gaps, NULL},
                {"resume", NULL, NULL, &j->out.resume, NULL},
                {"start_number", NULL, NULL, NULL, NULL},
                {"threads", NULL, NULL, NULL, &j->in.threads}};

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (strcmp(keys[i].key, key) != 0)
            continue;
        if (keys[i].text)
            *keys[i].text = value;
        else if (keys[i].number)
            *keys[i].number = strtod(value, NULL);
        else if (keys[i].flag)
            *keys[i].flag = *value == '1';
        else if (keys[i].count)
            *keys[i].count = j->out.threads = (int)strtol(value, NULL, 10);
        else
            set_start_number(j, strtoll(value, NULL, 10));
        return;
    }
    fprintf(stderr, "remux: no option '%s'\n", key);
    exit(100);
}

/* Reddish: Cb a little below the middle, Cr a little above. */
static void fill_chroma(ac_frame *frame, const ac_picture_format *f)
{
    int width = (f->width + (1 << f->chroma_shift_x) - 1) >> f->chroma_shift_x,
        height = (f->height + (1 << f->chroma_shift_y) - 1) >> f->chroma_shift_y;

    for (int plane = 1; plane < 3; plane++) {
        int value = (plane == 1 ? 118 : 148) << (f->depth - 8);
        ptrdiff_t stride;
        uint8_t *line = ac_frame_plane(frame, plane, &stride);

        for (int y = 0; y < height; y++, line += stride)
            for (ptrdiff_t x = 0; x < width; x++) {
                if (f->depth == 8) {
                    line[x] = (uint8_t)value;
                } else {
                    line[2 * x] = (uint8_t)(value & 255);
                    line[2 * x + 1] = (uint8_t)(value >> 8);
                }
            }
    }
}

static ac_status copy(job *j, ac_reader *reader, ac_writer *writer)
{
    const ac_picture_format *format = ac_writer_format(writer);
    ac_status status;
    ac_item item;

    while ((status = ac_reader_next(reader, &item)) == AC_OK) {
        ac_frame *made = NULL;

        if (item.packet) {
            j->packets++;
            TRY(ac_writer_put_packet(writer, &item.packet));
            continue;
        }
        j->frames++;
        j->shared += ac_frame_taken(item.frame) != NULL;
        if (ac_writer_has(writer, ac_frame_index(item.frame))) {
            ac_frame_free(&item.frame);
            continue;
        }
        status = ac_writer_new_frame(writer, item.frame, &made);
        ac_frame_free(&item.frame);
        if (status)
            return status;
        fill_chroma(made, format);
        TRY(ac_writer_put_frame(writer, &made));
    }
    return status == AC_END ? ac_writer_finish(writer) : status;
fail:
    return status;
}

static void print_info(const ac_reader_info *info)
{
    const ac_picture_format *f = &info->format;

    printf("input: %s\n", info->description);
    printf("input_format: %dx%d depth %d shift %d,%d %s matrix %d primaries %d transfer %d\n",
           f->width, f->height, f->depth, f->chroma_shift_x, f->chroma_shift_y,
           f->full_range ? "full" : "limited", f->matrix, f->primaries, f->transfer);
    printf("still: %d\nrgb: %d\ngray: %d\ninterlaced: %d\nestimate: %lld\nseconds: %.3f\n",
           info->still, info->rgb, info->gray, info->interlaced, (long long)info->frames,
           info->seconds);
}

int main(int argc, char **argv)
{
    job j = {.out.crf = -1};
    ac_log log = {.write = write_message, .level = AC_LOG_INFO};
    ac_reader *reader = NULL;
    ac_writer *writer = NULL;
    const ac_frame_memory memory = {take, give, NULL};
    ac_status status;

    if (argc < 3)
        return 100;
    for (int i = 1; i < argc - 2; i++) {
        char *value = strchr(argv[i], '=');

        if (!value)
            return 100;
        *value = '\0';
        set_option(&j, argv[i], value + 1);
    }
    if (j.verbose)
        log.level = AC_LOG_VERBOSE;
    ac_media_redirect_log(&log);
    j.in.path = argv[argc - 2];
    j.out.path = argv[argc - 1];
    if (j.memory)
        j.in.memory = &memory;
    TRY(ac_reader_open(&j.in, &log, &reader));
    print_info(ac_reader_get_info(reader));
    j.out.input = reader;
    TRY(ac_writer_open(&j.out, &log, &writer));
    printf("output: %s\n", ac_writer_description(writer));
    TRY(copy(&j, reader, writer));
fail:
    ac_writer_close(&writer);
    if (reader)
        printf("damage: %lld\nframes: %lld\npackets: %lld\n", (long long)ac_reader_damage(reader),
               j.frames, j.packets);
    ac_reader_close(&reader);
    printf("shared: %lld\ntaken: %d\ngiven: %d\n", j.shared, taken, given);
    return -(int)status;
}
