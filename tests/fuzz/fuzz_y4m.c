/* .y4m films through all of src/media: demuxed, decoded, given chroma, encoded, written. What is
 * missing of the program is the device, which would see numbers of 0 to 1 whatever the film is, and
 * is a hundred times slower; test_whole.py gives the corpus to the program itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "media/media.h"

static char folder[] = "/tmp/autochrome-fuzz-XXXXXX", output[sizeof(folder) + 8];

static void remove_folder(void)
{
    unlink(output);
    rmdir(folder);
}

static void begin(void)
{
    static const ac_log quiet;

    FUZZ_CHECK(mkdtemp(folder));
    snprintf(output, sizeof(output), "%s/o.nut", folder);
    atexit(remove_folder);
    ac_media_redirect_log(&quiet);
}

static void fill_chroma(ac_frame *frame, const ac_picture_format *f)
{
    size_t width = ((size_t)f->width + (1u << f->chroma_shift_x) - 1) >> f->chroma_shift_x;
    int height = (f->height + (1 << f->chroma_shift_y) - 1) >> f->chroma_shift_y;

    for (int plane = 1; plane < 3; plane++) {
        ptrdiff_t stride;
        uint8_t *line = ac_frame_plane(frame, plane, &stride);

        for (int y = 0; y < height; y++, line += stride)
            memset(line, 1, width * (size_t)ac_sample_bytes(f->depth));
    }
}

static ac_status copy(ac_reader *reader, ac_writer *writer)
{
    ac_status status;
    ac_item item;
    double last = -1e30;

    while ((status = ac_reader_next(reader, &item)) == AC_OK) {
        ac_frame *made = NULL;

        if (item.packet) {
            TRY(ac_writer_put_packet(writer, &item.packet));
            continue;
        }
        FUZZ_CHECK(ac_frame_time(item.frame) > last);
        last = ac_frame_time(item.frame);
        status = ac_writer_new_frame(writer, item.frame, &made);
        ac_frame_free(&item.frame);
        TRY(status);
        fill_chroma(made, ac_writer_format(writer));
        TRY(ac_writer_put_frame(writer, &made));
    }
    return status == AC_END ? ac_writer_finish(writer) : status;
fail:
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_file file = fuzz_file_create(data, size);
    fuzz_messages messages = {0};
    ac_log log = fuzz_log(&messages);
    ac_reader *reader = NULL;
    ac_writer *writer = NULL;
    ac_status status;

    if (!*output)
        begin();
    TRY(ac_reader_open(&(ac_reader_params){.path = file.path, .threads = 1}, &log, &reader));
    TRY(ac_writer_open(&(ac_writer_params){.path = output,
                                           .input = reader,
                                           .codec = "ffv1",
                                           .crf = -1,
                                           .threads = 1,
                                           .overwrite = true},
                       &log, &writer));
    TRY(copy(reader, writer));
fail:
    ac_writer_close(&writer);
    ac_reader_close(&reader);
    fuzz_file_close(&file);
    fuzz_check_status(&messages, status);
    FUZZ_CHECK(!access(output, F_OK) == !status);
    unlink(output);
    return 0;
}
