/* Three threads joined by bounded queues: one reads and decodes, the caller's drives the device,
 * one encodes and writes. */
#include "video/colorize.h"

#include <stdio.h>
#include <stdlib.h>

#include "video/colorize_job.h"

/* Items of a queue, and of a film whose frames are large. */
#define QUEUE_ITEMS 4
#define LARGE_ITEMS 1

typedef ac_colorize_job job;

static void free_item(void *opaque)
{
    ac_item *item = opaque;

    ac_frame_free(&item->frame);
    ac_packet_free(&item->packet);
    free(item);
}

static bool cancelled(const job *j)
{
    return (j->params->cancel && atomic_load(j->params->cancel)) ||
           (j->shared && atomic_load(&j->shared->stop));
}

static ac_segments *segments(const job *j)
{
    return j->shared ? j->shared->segments : NULL;
}

/* Whether a frame need not be made: an earlier run, or another job, does. */
static bool has(const job *j, int64_t index)
{
    return segments(j) ? ac_segments_has(segments(j), j->worker, index)
                       : ac_writer_has(j->writer, index);
}

/* Takes over what `item` has. */
static ac_status push(job *j, ac_queue *queue, ac_item item)
{
    ac_item *copy = malloc(sizeof(*copy));

    if (!copy) {
        ac_frame_free(&item.frame);
        ac_packet_free(&item.packet);
        return ac_fail(j->log, AC_ERR_MEMORY, "out of memory");
    }
    *copy = item;
    return ac_queue_push(queue, copy);
}

static ac_status decode(void *opaque)
{
    job *j = opaque;
    ac_status status = AC_OK;

    while (status == AC_OK) {
        ac_item item = {0};

        status = cancelled(j) ? AC_ERR_CANCELLED : ac_reader_next(j->reader, &item);
        if (item.frame && segments(j) &&
            ac_frame_index(item.frame) >= ac_segments_end(segments(j))) {
            ac_frame_free(&item.frame);
            status = AC_END;
        }
        if (status == AC_OK)
            status = push(j, j->decoded, item);
    }
    if (status == AC_END) {
        ac_queue_close(j->decoded);
        return AC_OK;
    }
    ac_queue_abort(j->decoded, status);
    return status;
}

static ac_status put_frame(job *j, ac_frame **frame)
{
    ac_status status = segments(j) ? ac_segments_put(segments(j), j->worker, j->writer, frame)
                                   : ac_writer_put_frame(j->writer, frame);

    j->written++;
    ac_progress_update(j->params->progress,
                       j->shared ? atomic_fetch_add(&j->shared->written, 1) + 1 : j->written);
    return status;
}

static ac_status encode(void *opaque)
{
    job *j = opaque;
    ac_status status = AC_OK;
    void *popped = NULL;

    /* The device's threads wait for the last of them after each kernel. The encoder can take the
     * time that they leave. */
    if (ac_device_get_info(j->params->device)->type == AC_DEVICE_CPU)
        ac_thread_stand_back();
    while ((status = ac_queue_pop(j->painted, &popped)) == AC_OK) {
        ac_item *item = popped;

        if (item->frame)
            status = put_frame(j, &item->frame);
        else if (!segments(j)) /* the join reads them again */
            status = ac_writer_put_packet(j->writer, &item->packet);
        free_item(item);
        if (status != AC_OK)
            break;
    }
    if (status == AC_END)
        status = ac_colorize_check_validation(j);
    if (status == AC_OK)
        status = segments(j) ? ac_segments_finish(segments(j), j->worker, j->writer)
                             : ac_writer_finish(j->writer);
    if (status != AC_OK)
        ac_queue_abort(j->painted, status);
    return status;
}

/* Takes the oldest frame off the device and hands it on. */
static ac_status end_frame(job *j)
{
    int slot = (int)(j->ended % ac_colorize_slots(j));
    ac_frame *source = j->on_device[slot], *frame = NULL;
    uint8_t *planes[2];
    ptrdiff_t strides[2];
    char name[512];
    bool kept = has(j, ac_frame_index(source));
    ac_status status = AC_OK;

    TRY(ac_writer_new_frame(j->writer, source, &frame));
    for (int i = 0; i < 2; i++)
        planes[i] = ac_frame_plane(frame, i + 1, &strides[i]);
    snprintf(name, sizeof(name), "%.400s: frame %lld at %.3f s", j->params->input,
             (long long)j->ended + 1, ac_frame_time(source));
    status = ac_painter_end(j->painter, slot, planes, strides, name);
    j->ended++;
    if (status == AC_OK && !kept) {
        status = push(j, j->painted, (ac_item){.frame = frame});
        frame = NULL;
    }
fail:
    ac_frame_free(&frame);
    ac_frame_free(&j->on_device[slot]);
    return status;
}

static ac_status begin_frame(job *j, ac_frame *frame)
{
    int slot = (int)(j->begun % ac_colorize_slots(j));
    const uint8_t *luma;
    ptrdiff_t stride;

    luma = ac_frame_plane(frame, 0, &stride);
    j->on_device[slot] = frame;
    j->begun++;
    return ac_painter_begin(j->painter, slot, luma, stride, ac_frame_taken(frame));
}

/* A frame that is there already is coloured only where a later one's colours look back at it. */
static bool is_needed(const job *j, const ac_frame *frame)
{
    int64_t index = ac_frame_index(frame);

    for (int i = 0; i < j->params->steady; i++)
        if (!has(j, index + i))
            return true;
    return false;
}

static ac_status paint_frame(job *j, ac_frame *frame)
{
    ac_status status = AC_OK;

    if (!is_needed(j, frame)) {
        j->passed_over++;
        ac_frame_free(&frame);
        return AC_OK;
    }
    if (j->begun - j->ended == ac_colorize_slots(j))
        status = end_frame(j);
    if (status == AC_OK)
        status = begin_frame(j, frame);
    else
        ac_frame_free(&frame);
    return status;
}

static ac_status paint(job *j)
{
    ac_status status = AC_OK;
    void *popped = NULL;

    while ((status = ac_queue_pop(j->decoded, &popped)) == AC_OK) {
        ac_item item = *(ac_item *)popped;

        free(popped);
        if (cancelled(j)) {
            ac_frame_free(&item.frame);
            ac_packet_free(&item.packet);
            status = AC_ERR_CANCELLED;
        } else if (item.packet) {
            status = push(j, j->painted, item);
        } else {
            status = paint_frame(j, item.frame);
        }
        TRY(status);
    }
    if (status != AC_END)
        goto fail;
    while (j->ended < j->begun)
        TRY(end_frame(j));
    if (j->begun == 0 && j->passed_over == 0) {
        status = ac_fail(j->log, AC_ERR_FORMAT,
                         "%s: not one frame in what was asked for: see --start and --duration",
                         j->params->input);
        goto fail;
    }
    ac_queue_close(j->painted);
    return AC_OK;

fail:
    ac_queue_abort(j->decoded, status);
    ac_queue_abort(j->painted, status);
    return status;
}

/* Begins a sequence with the first frame that is wanted, less those that its colours look back at.
 */
static void skip_kept(job *j)
{
    const ac_reader_info *info = ac_reader_get_info(j->reader);
    int64_t index = 0;

    while (info->sequence && index < info->frames && has(j, index))
        index++;
    ac_reader_skip(j->reader, index - (j->params->steady - 1));
}

ac_status ac_colorize_run(job *j)
{
    bool large = ac_picture_is_large(&ac_reader_get_info(j->reader)->format);
    const ac_queue_params queue = {.capacity = large ? LARGE_ITEMS : QUEUE_ITEMS,
                                   .free_item = free_item};
    ac_status status = AC_OK, painted = AC_OK, decoded, encoded;

    TRY(ac_queue_create(&queue, j->log, &j->decoded));
    TRY(ac_queue_create(&queue, j->log, &j->painted));
    skip_kept(j);
    status = ac_thread_start(&j->decoder, "decode", decode, j, j->log);
    if (status == AC_OK)
        status = ac_thread_start(&j->encoder, "encode", encode, j, j->log);
    if (status == AC_OK) {
        painted = paint(j);
    } else {
        ac_queue_abort(j->decoded, status);
        ac_queue_abort(j->painted, status);
    }
    decoded = ac_thread_join(&j->decoder);
    encoded = ac_thread_join(&j->encoder);
    /* One failure stops all three, which then return the same. */
    TRY(status);
    TRY(decoded);
    TRY(painted);
    TRY(encoded);
    j->wait_decode = ac_queue_get_waits(j->decoded).pop;
    j->wait_gpu = ac_painter_waited(j->painter);
    j->wait_encode = ac_queue_get_waits(j->painted).push;
fail:
    return status;
}

int ac_colorize_size(const ac_colorize_params *params)
{
    if (params->size)
        return params->size;
    return params->model->working_size ? params->model->working_size : AC_MODEL_DEFAULT_SIZE;
}

static ac_status open_painter(job *j)
{
    const ac_colorize_params *p = j->params;
    const ac_reader_info *info = ac_reader_get_info(j->reader);
    ac_status status = AC_OK;
    int h, w;

    ac_progress_stage(p->progress, AC_KERNELS_STAGE);
    TRY(ac_painter_create(&(ac_painter_params){.device = p->device,
                                               .model = p->model,
                                               .luma = info->format,
                                               .out = *ac_writer_format(j->writer),
                                               .sar_num = info->sar_num,
                                               .sar_den = info->sar_den,
                                               .size = ac_colorize_size(p),
                                               .saturation = p->saturation,
                                               .steady = info->still ? 1 : p->steady,
                                               .slots = ac_colorize_slots(j)},
                          j->log, &j->painter));
    ac_painter_working_size(j->painter, &h, &w);
    ac_log_print(j->log, AC_LOG_INFO, "network: %dx%d on %s", w, h,
                 ac_device_get_info(p->device)->name);
fail:
    return status;
}

/* An ac_frame_memory of a device's. */
static void *take_shared(void *opaque, size_t size, uint8_t **data)
{
    ac_buffer *buffer;

    if (ac_buffer_create(opaque, AC_BUFFER_SHARED, size, "a frame", &buffer))
        return NULL;
    *data = ac_buffer_map(buffer);
    return buffer;
}

static void give_shared(void *taken)
{
    ac_buffer *buffer = taken;

    ac_buffer_destroy(&buffer);
}

ac_status ac_colorize_open_input(const ac_colorize_params *p, const ac_log *log, ac_reader **reader)
{
    const ac_frame_memory memory = {take_shared, give_shared, p->device};
    bool shares = p->device && ac_device_shares_memory(p->device);

    return ac_reader_open(&(ac_reader_params){.path = p->input,
                                              .start = p->start,
                                              .duration = p->duration,
                                              .framerate = p->framerate,
                                              .has_start_number = p->has_start_number,
                                              .start_number = p->start_number,
                                              .allow_gaps = p->allow_gaps,
                                              .cancel = p->cancel,
                                              .memory = shares ? &memory : NULL},
                          log, reader);
}

ac_status ac_colorize_open(job *j)
{
    const ac_colorize_params *p = j->params;
    char *target = NULL;
    ac_status status = AC_OK;

    if (p->parts && !(target = ac_colorize_part_path(p->output, p->part, p->parts)))
        return ac_fail(j->log, AC_ERR_MEMORY, "out of memory");
    j->said = ac_device_validation_messages(p->device);
    TRY(ac_colorize_open_input(p, j->log, &j->reader));
    ac_log_print(j->log, AC_LOG_INFO, "input: %s", ac_reader_get_info(j->reader)->description);
    TRY(ac_writer_open(&(ac_writer_params){.path = p->output,
                                           .literal = p->literal,
                                           .target = target,
                                           .format = p->format,
                                           .has_start_number = p->has_start_number,
                                           .start_number = p->start_number,
                                           .resume = p->resume,
                                           .cancel = p->cancel,
                                           .input = j->reader,
                                           .codec = p->codec,
                                           .codec_options = p->codec_options,
                                           .preset = p->preset,
                                           .pix_fmt = p->pix_fmt,
                                           .crf = p->crf,
                                           .overwrite = p->overwrite,
                                           .strict = p->strict},
                       j->log, &j->writer));
    ac_log_print(j->log, AC_LOG_INFO, "output: %s", ac_writer_description(j->writer));
    TRY(open_painter(j));
fail:
    free(target);
    return status;
}

ac_status ac_colorize_check_validation(const job *j)
{
    if (ac_device_validation_messages(j->params->device) == j->said)
        return AC_OK;
    return ac_fail(j->log, AC_ERR_DEVICE, "the validation layer had something to say");
}

void ac_colorize_close(job *j)
{
    ac_queue_destroy(&j->decoded);
    ac_queue_destroy(&j->painted);
    /* The device first: it may still be at work on frames. */
    ac_painter_destroy(&j->painter);
    for (int i = 0; i < AC_COLORIZE_SLOTS; i++)
        ac_frame_free(&j->on_device[i]);
    ac_writer_close(&j->writer);
    ac_reader_close(&j->reader);
}
