#include "video/painter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "color/stages.h"
#include "nn/session.h"
#include "util/clock.h"
#include "video/temporal.h"

#define ALIGNMENT  256       /* of planes: no device asks for more */
#define FLAGS_SIZE ALIGNMENT /* in front of the planes */

typedef struct slot {
    ac_buffer *place;           /* for the temporal stage */
    ac_buffer *upload, *luma;   /* the same with unified memory; NULL: none was copied so far */
    ac_buffer *result, *chroma; /* flags and both planes; the same with unified memory */
    /* What reads the luma, for the luma of the latest frame, and what is between: the network. */
    ac_commands *before, *network, *after;
    bool recorded; /* both, for luma that is copied */
    bool blank;    /* the frame in it shows nothing */
} slot;

struct ac_painter {
    ac_painter_params params;
    const ac_log *log;
    int work_h, work_w, ab_h, ab_w;
    ac_session *session;
    ac_temporal *temporal;
    ac_colorspace space;
    ac_buffer *guide; /* L* at the size of the network's result; NULL: the network's own is */
    slot *slots;
    double waited;
};

/* The picture as it is shown, its short side made `size` where it is larger. */
static void set_working_size(ac_painter *p)
{
    const ac_painter_params *params = &p->params;
    double shape =
        params->sar_num > 0 && params->sar_den > 0 ? (double)params->sar_num / params->sar_den : 1;
    double h = params->luma.height, w = params->luma.width * shape;
    double scale = fmin(1, params->size / fmin(h, w));

    p->work_h = (int)fmax(1, round(h * scale));
    p->work_w = (int)fmax(1, round(w * scale));
}

static void luma_steps(const ac_painter *p, double *y, double *x)
{
    *y = (double)p->params.luma.height / p->work_h;
    *x = (double)p->params.luma.width / p->work_w;
}

static ac_binding guide_of(const ac_painter *p)
{
    return p->guide ? (ac_binding){p->guide, 0, 0} : ac_session_lightness(p->session);
}

static uint64_t chroma_plane_bytes(const ac_painter *p)
{
    const ac_picture_format *out = &p->params.out;

    return ac_plane_bytes(ac_chroma_size(out->height, out->chroma_shift_y),
                          ac_chroma_size(out->width, out->chroma_shift_x), out->depth);
}

/* Where a chroma plane lies in a slot's result. */
static uint64_t chroma_offset(const ac_painter *p, int plane)
{
    uint64_t each = (chroma_plane_bytes(p) + ALIGNMENT - 1) & ~(uint64_t)(ALIGNMENT - 1);

    return FLAGS_SIZE + (uint64_t)plane * each;
}

static ac_status check_planes(const ac_painter *p)
{
    const ac_device_info *info = ac_device_get_info(p->params.device);
    const ac_picture_format *luma = &p->params.luma;
    uint64_t most = ac_plane_bytes(luma->height, luma->width, luma->depth);

    if (chroma_plane_bytes(p) > most)
        most = chroma_plane_bytes(p);
    if (most <= info->max_storage_range)
        return AC_OK;
    return ac_fail(p->log, AC_ERR_UNSUPPORTED,
                   "a plane of %dx%d at %d bits is %.0f MiB, and device %s takes %.0f MiB at once: "
                   "use another device or a smaller picture",
                   luma->width, luma->height, luma->depth, (double)most / (1 << 20), info->name,
                   (double)info->max_storage_range / (1 << 20));
}

static ac_status record_network(ac_painter *p, slot *s)
{
    ac_status status = AC_OK;

    TRY(ac_commands_begin(s->network));
    TRY(ac_session_record(p->session, s->network));
    TRY(ac_temporal_record(p->temporal, s->network, (ac_binding){s->place, 0, 0}));
    TRY(ac_commands_end(s->network));
fail:
    return status;
}

/* Luma is shared, its rows luma_row bytes apart, or s->luma. */
static ac_status record_luma(ac_painter *p, slot *s, ac_binding luma, uint32_t luma_row)
{
    const ac_painter_params *params = &p->params;
    uint64_t plane = chroma_plane_bytes(p);
    double step_y, step_x, ab_y, ab_x;
    ac_lightness_params lightness = {.format = params->luma,
                                     .luma = luma,
                                     .luma_row = luma_row,
                                     .picture = ac_session_lightness(p->session),
                                     .out_h = p->work_h,
                                     .out_w = p->work_w};
    ac_status status = AC_OK;

    luma_steps(p, &step_y, &step_x);
    ac_session_step(p->session, &ab_y, &ab_x);
    TRY(ac_commands_begin(s->before));
    if (luma.buffer == s->luma && s->upload != s->luma)
        ac_commands_copy(s->before, s->upload, 0, s->luma, 0, ac_buffer_size(s->luma));
    ac_commands_zero(s->before, s->chroma, 0, FLAGS_SIZE);
    ac_commands_barrier(s->before);
    lightness.step_y = step_y;
    lightness.step_x = step_x;
    TRY(ac_lightness_record(params->device, s->before, &lightness));
    lightness.picture = guide_of(p);
    lightness.out_h = p->ab_h;
    lightness.out_w = p->ab_w;
    lightness.step_y = step_y * ab_y;
    lightness.step_x = step_x * ab_x;
    if (p->guide)
        TRY(ac_lightness_record(params->device, s->before, &lightness));
    TRY(ac_commands_end(s->before));
    TRY(ac_commands_begin(s->after));
    TRY(ac_merge_record(params->device, s->after,
                        &(ac_merge_params){.format = params->luma,
                                           .out = params->out,
                                           .space = p->space,
                                           .luma = luma,
                                           .luma_row = luma_row,
                                           .colours = ac_temporal_colours(p->temporal),
                                           .cb = {s->chroma, chroma_offset(p, 0), plane},
                                           .cr = {s->chroma, chroma_offset(p, 1), plane},
                                           .flags = {s->chroma, 0, FLAGS_SIZE},
                                           .ab_h = p->ab_h,
                                           .ab_w = p->ab_w,
                                           .step_y = lightness.step_y,
                                           .step_x = lightness.step_x,
                                           .saturation = params->saturation}));
    if (s->result != s->chroma) {
        ac_commands_barrier(s->after);
        ac_commands_copy(s->after, s->chroma, 0, s->result, 0, ac_buffer_size(s->chroma));
    }
    TRY(ac_commands_end(s->after));
fail:
    return status;
}

/* A buffer of the host's and one of the device's to copy between; the same with unified memory. */
static ac_status create_pair(ac_device *device, ac_buffer_kind kind, uint64_t bytes,
                             const char *name, ac_buffer **host, ac_buffer **own)
{
    ac_status status = AC_OK;

    TRY(ac_buffer_create(device, kind, bytes, name, host));
    if (ac_device_get_info(device)->unified_memory)
        *own = *host;
    else
        TRY(ac_buffer_create(device, AC_BUFFER_DEVICE, bytes, name, own));
fail:
    return status;
}

static ac_status create_slot(ac_painter *p, slot *s)
{
    ac_device *device = p->params.device;
    ac_status status = AC_OK;

    TRY(ac_buffer_create(device, AC_BUFFER_UPLOAD, AC_TEMPORAL_FRAME_SIZE, "a frame's place",
                         &s->place));
    TRY(create_pair(device, AC_BUFFER_DOWNLOAD, chroma_offset(p, 2), "a frame's chroma", &s->result,
                    &s->chroma));
    TRY(ac_commands_create(device, &s->before));
    TRY(ac_commands_create(device, &s->network));
    TRY(ac_commands_create(device, &s->after));
    TRY(record_network(p, s));
fail:
    return status;
}

static void destroy_slot(slot *s)
{
    ac_commands_destroy(&s->after); /* the one that is waited for */
    ac_commands_destroy(&s->network);
    ac_commands_destroy(&s->before);
    if (s->luma != s->upload)
        ac_buffer_destroy(&s->luma);
    if (s->chroma != s->result)
        ac_buffer_destroy(&s->chroma);
    ac_buffer_destroy(&s->upload);
    ac_buffer_destroy(&s->result);
    ac_buffer_destroy(&s->place);
}

ac_status ac_painter_create(const ac_painter_params *params, const ac_log *log, ac_painter **result)
{
    ac_painter *p = calloc(1, sizeof(*p));
    ac_status status = AC_OK;
    double ab_y, ab_x;
    ac_shape ab;

    *result = NULL;
    if (!p)
        return ac_fail(log, AC_ERR_MEMORY, "out of memory");
    p->params = *params;
    p->log = log;
    TRY(ac_colorspace_get(&params->out, log, &p->space));
    TRY(ac_net_check_colours(params->model->net, log));
    TRY(check_planes(p));
    set_working_size(p);
    TRY(ac_session_create(
        &(ac_session_params){params->device, params->model, 1, p->work_h, p->work_w}, log,
        &p->session));
    ab = ac_session_output_shape(p->session);
    p->ab_h = ab.h;
    p->ab_w = ab.w;
    ac_session_step(p->session, &ab_y, &ab_x);
    if (ab.h != p->work_h || ab.w != p->work_w || ab_y != 1 || ab_x != 1)
        TRY(ac_buffer_create(params->device, AC_BUFFER_DEVICE, 4 * (uint64_t)ab.h * (uint64_t)ab.w,
                             "lightness pictures", &p->guide));
    TRY(ac_temporal_create(&(ac_temporal_params){.device = params->device,
                                                 .h = ab.h,
                                                 .w = ab.w,
                                                 .frames = params->steady,
                                                 .ab = ac_session_result(p->session),
                                                 .picture = guide_of(p)},
                           &p->temporal));
    p->slots = calloc((size_t)params->slots, sizeof(*p->slots));
    if (!p->slots) {
        status = ac_fail(log, AC_ERR_MEMORY, "out of memory");
        goto fail;
    }
    for (int i = 0; i < params->slots; i++)
        TRY(create_slot(p, &p->slots[i]));
    /* Of what is never run: kernels are made now and not when the first frame is there. */
    TRY(record_luma(p, &p->slots[0], (ac_binding){p->slots[0].result, 0, 0}, 0));
    *result = p;
    return AC_OK;

fail:
    ac_painter_destroy(&p);
    return status;
}

void ac_painter_destroy(ac_painter **pointer)
{
    ac_painter *p = *pointer;

    if (!p)
        return;
    for (int i = 0; p->slots && i < p->params.slots; i++)
        destroy_slot(&p->slots[i]);
    free(p->slots);
    ac_temporal_destroy(&p->temporal);
    ac_buffer_destroy(&p->guide);
    ac_session_destroy(&p->session);
    free(p);
    *pointer = NULL;
}

void ac_painter_working_size(const ac_painter *p, int *height, int *width)
{
    *height = p->work_h;
    *width = p->work_w;
}

static void copy_rows(uint8_t *to, ptrdiff_t to_stride, const uint8_t *from, ptrdiff_t from_stride,
                      size_t bytes, int rows)
{
    for (int y = 0; y < rows; y++)
        memcpy(to + y * to_stride, from + y * from_stride, bytes);
}

static size_t row_bytes(int width, int depth)
{
    return (size_t)width * (size_t)ac_sample_bytes(depth);
}

static unsigned sample(const uint8_t *row, size_t x, int depth)
{
    return depth == 8 ? row[x] : row[2 * x] | (unsigned)row[2 * x + 1] << 8;
}

/* Of one brightness, but for 1/64 of all that there is. A network makes a sky of such a frame. */
static bool is_blank(const ac_picture_format *format, const uint8_t *luma, ptrdiff_t stride)
{
    unsigned least = UINT32_MAX, most = 0;

    for (int y = 0; y < format->height; y++) {
        const uint8_t *row = luma + y * stride;

        for (size_t x = 0; x < (size_t)format->width; x++) {
            unsigned value = sample(row, x, format->depth);

            least = value < least ? value : least;
            most = value > most ? value : most;
        }
        if ((most - least) * 64 > 1u << format->depth)
            return false;
    }
    return true;
}

static void fill_neutral(uint8_t *plane, ptrdiff_t stride, int width, int height, int depth)
{
    unsigned neutral = 1u << (depth - 1);

    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            uint8_t *to = plane + y * stride + (ptrdiff_t)x * ac_sample_bytes(depth);

            *to = (uint8_t)neutral;
            if (depth > 8)
                to[1] = (uint8_t)(neutral >> 8);
        }
}

static ac_status copy_luma(ac_painter *p, slot *s, const uint8_t *luma, ptrdiff_t stride)
{
    const ac_picture_format *format = &p->params.luma;
    ac_status status = AC_OK;

    if (!s->luma)
        TRY(create_pair(p->params.device, AC_BUFFER_UPLOAD,
                        ac_plane_bytes(format->height, format->width, format->depth),
                        "a frame's luma", &s->upload, &s->luma));
    copy_rows(ac_buffer_map(s->upload), ac_plane_row(format->width, format->depth), luma, stride,
              row_bytes(format->width, format->depth), format->height);
    if (!s->recorded)
        TRY(record_luma(p, s, (ac_binding){s->luma, 0, 0}, 0));
    s->recorded = true;
fail:
    return status;
}

/* Where the device finds luma in a buffer that it shares with the host. False: nowhere. */
static bool find_luma(const ac_painter *p, const uint8_t *luma, ptrdiff_t stride,
                      const ac_buffer *shared, ac_binding *binding)
{
    const ac_picture_format *format = &p->params.luma;
    uint32_t row = ac_plane_row(format->width, format->depth);
    uint64_t bytes, offset;

    if (!shared || stride < (ptrdiff_t)row || stride % 4)
        return false;
    bytes = (uint64_t)stride * (uint64_t)(format->height - 1) + row;
    offset = (uint64_t)(luma - (const uint8_t *)ac_buffer_map(shared));
    *binding = (ac_binding){shared, offset, bytes};
    return offset % ac_device_get_info(p->params.device)->min_binding_alignment == 0 &&
           bytes <= ac_device_get_info(p->params.device)->max_storage_range;
}

ac_status ac_painter_begin(ac_painter *p, int index, const uint8_t *luma, ptrdiff_t stride,
                           const ac_buffer *shared)
{
    slot *s = &p->slots[index];
    ac_binding binding;
    ac_status status = AC_OK;

    if (find_luma(p, luma, stride, shared, &binding)) {
        s->recorded = false;
        TRY(record_luma(p, s, binding, (uint32_t)stride));
    } else {
        TRY(copy_luma(p, s, luma, stride));
    }
    s->blank = is_blank(&p->params.luma, luma, stride);
    ac_temporal_next(p->temporal, ac_buffer_map(s->place));
    return ac_commands_submit_all((ac_commands *[]){s->before, s->network, s->after}, 3);
fail:
    return status;
}

ac_status ac_painter_end(ac_painter *p, int index, uint8_t *const planes[2],
                         const ptrdiff_t strides[2], const char *name)
{
    const ac_picture_format *out = &p->params.out;
    const slot *s = &p->slots[index];
    const uint8_t *from = ac_buffer_map(s->result);
    int w = ac_chroma_size(out->width, out->chroma_shift_x);
    int h = ac_chroma_size(out->height, out->chroma_shift_y);
    double begin = ac_clock_now((ac_clock){0});
    ac_status status = ac_commands_wait(s->after);
    uint32_t flags;

    p->waited += ac_clock_now((ac_clock){0}) - begin;
    if (status != AC_OK)
        return status;
    memcpy(&flags, from, sizeof(flags));
    if (flags & AC_MERGE_NOT_FINITE)
        return ac_fail(p->log, AC_ERR_FORMAT,
                       "%s: the network's colours are not finite numbers: the model does not fit "
                       "this picture, try another --size or model%s",
                       name,
                       ac_session_plan(p->session)->half
                           ? ", or AUTOCHROME_STORAGE=float32, which holds larger numbers"
                           : "");
    for (int i = 0; i < 2; i++)
        if (s->blank)
            fill_neutral(planes[i], strides[i], w, h, out->depth);
        else
            copy_rows(planes[i], strides[i], from + chroma_offset(p, i),
                      ac_plane_row(w, out->depth), row_bytes(w, out->depth), h);
    return AC_OK;
}

double ac_painter_waited(const ac_painter *p)
{
    return p->waited;
}
