/* The library's functions: a device, a model and a painter with one frame in flight. */
#include "api/autochrome.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "nn/locate.h"
#include "nn/model.h"
#include "video/colorize.h"
#include "video/painter.h"

#define MAX_SIDE 65535

/* Statuses and levels are handed through. */
_Static_assert(AUTOCHROME_ERROR_MEMORY == (int)AC_ERR_MEMORY &&
                   AUTOCHROME_ERROR_IO == (int)AC_ERR_IO &&
                   AUTOCHROME_ERROR_FORMAT == (int)AC_ERR_FORMAT &&
                   AUTOCHROME_ERROR_ARGUMENT == (int)AC_ERR_ARGUMENT &&
                   AUTOCHROME_ERROR_UNSUPPORTED == (int)AC_ERR_UNSUPPORTED &&
                   AUTOCHROME_ERROR_DEVICE == (int)AC_ERR_DEVICE &&
                   AUTOCHROME_ERROR_DEVICE_MEMORY == (int)AC_ERR_DEVICE_MEMORY &&
                   AUTOCHROME_ERROR_DEVICE_LOST == (int)AC_ERR_DEVICE_LOST,
               "statuses");
_Static_assert(AUTOCHROME_LEVEL_ERROR == (int)AC_LOG_ERROR &&
                   AUTOCHROME_LEVEL_WARNING == (int)AC_LOG_WARNING &&
                   AUTOCHROME_LEVEL_INFO == (int)AC_LOG_INFO,
               "levels");

struct autochrome {
    autochrome_params params;
    ac_log log;
    ac_device *device;
    ac_model *model;
    ac_painter *painter;
    ac_picture_format format;
    int64_t frames; /* of this film */
};

static void write_message(void *opaque, ac_log_level level, const char *message)
{
    const autochrome *ac = opaque;

    ac->params.message(ac->params.opaque, (autochrome_level)level, message);
}

static autochrome_status hand_on(ac_status status)
{
    return (autochrome_status)status;
}

const char *autochrome_version(void)
{
    return AC_VERSION;
}

autochrome_status autochrome_open(const autochrome_params *params, autochrome **ac)
{
    autochrome *a = calloc(1, sizeof(*a));
    ac_status status = AC_OK;

    *ac = NULL;
    if (!a)
        return AUTOCHROME_ERROR_MEMORY;
    if (params)
        a->params = *params;
    a->log = (ac_log){
        .write = a->params.message ? write_message : NULL, .opaque = a, .level = AC_LOG_INFO};
    TRY(ac_device_open(&(ac_device_params){.select = a->params.device}, &a->log, &a->device));
    a->params.device = NULL; /* the caller's text, not needed any more */
    *ac = a;
    return AUTOCHROME_OK;
fail:
    autochrome_close(&a);
    return hand_on(status);
}

autochrome_status autochrome_load(autochrome *ac, const char *model)
{
    ac_model *loaded = NULL;
    char *path = NULL;
    ac_status status = AC_OK;

    TRY(ac_model_locate(model ? model : "default", &ac->log, &path));
    TRY(ac_model_load(path, &ac->log, &loaded));
    TRY(ac_net_check_colours(loaded->net, &ac->log));
    ac_painter_destroy(&ac->painter);
    ac_model_destroy(&ac->model);
    ac->model = loaded;
    loaded = NULL;
fail:
    ac_model_destroy(&loaded);
    free(path);
    return hand_on(status);
}

void autochrome_format_default(autochrome_format *format, int width, int height)
{
    *format = (autochrome_format){
        .width = width,
        .height = height,
        .depth = 8,
        .chroma_shift_x = 1,
        .chroma_shift_y = 1,
        .matrix = 1,
        .primaries = 1,
        .sar_num = 1,
        .sar_den = 1,
        .saturation = 1,
        .steady = AC_COLORIZE_STEADY,
    };
}

static bool is_between(double value, double least, double most)
{
    return value >= least && value <= most; /* no NaN is */
}

/* The first of its fields that is nonsense; NULL: none is. */
static const char *find_nonsense(const autochrome_format *f)
{
    double kr, kb;

    if (!is_between(f->width, 1, MAX_SIDE) || !is_between(f->height, 1, MAX_SIDE))
        return "width and height are from 1 to 65535";
    if (!is_between(f->depth, 8, 16))
        return "depth is 8 to 16 bits";
    if (!is_between(f->chroma_shift_x, 0, 2) || !is_between(f->chroma_shift_y, 0, 2))
        return "chroma shifts are 0 to 2";
    if (!ac_luma_weights(f->matrix, &kr, &kb))
        return "the matrix is no Y'CbCr that is known";
    if (f->sar_num < 1 || f->sar_den < 1)
        return "the shape of a pixel is two numbers from 1 on";
    if (f->size && !is_between(f->size, 8, 8192))
        return "size is 0, or 8 to 8192";
    if (!is_between(f->saturation, 0, 4))
        return "saturation is 0 to 4";
    if (!is_between(f->steady, 1, 32))
        return "steady is 1 to 32";
    return NULL;
}

autochrome_status autochrome_begin(autochrome *ac, const autochrome_format *format)
{
    const char *nonsense = find_nonsense(format);
    int size;

    ac_painter_destroy(&ac->painter);
    ac->frames = 0;
    if (nonsense)
        return hand_on(ac_fail(&ac->log, AC_ERR_ARGUMENT, "autochrome_begin(): %s", nonsense));
    if (!ac->model)
        return hand_on(ac_fail(&ac->log, AC_ERR_ARGUMENT,
                               "autochrome_begin(): no model is loaded; autochrome_load() does"));
    size = format->size              ? format->size
           : ac->model->working_size ? ac->model->working_size
                                     : AC_MODEL_DEFAULT_SIZE;
    ac->format = (ac_picture_format){
        .width = format->width,
        .height = format->height,
        .depth = format->depth,
        .chroma_shift_x = format->chroma_shift_x,
        .chroma_shift_y = format->chroma_shift_y,
        .full_range = format->full_range,
        .matrix = format->matrix,
        .primaries = format->primaries,
    };
    return hand_on(ac_painter_create(&(ac_painter_params){.device = ac->device,
                                                          .model = ac->model,
                                                          .luma = ac->format,
                                                          .out = ac->format,
                                                          .sar_num = format->sar_num,
                                                          .sar_den = format->sar_den,
                                                          .size = size,
                                                          .saturation = format->saturation,
                                                          .steady = format->steady,
                                                          .slots = 1},
                                     &ac->log, &ac->painter));
}

static bool is_row(const void *plane, ptrdiff_t stride, int samples, int depth)
{
    return plane && stride >= (ptrdiff_t)samples * ac_sample_bytes(depth);
}

autochrome_status autochrome_colour_frame(autochrome *ac, const autochrome_frame *frame)
{
    const ac_picture_format *f = &ac->format;
    uint8_t *const planes[2] = {frame->cb, frame->cr};
    const ptrdiff_t strides[2] = {frame->cb_stride, frame->cr_stride};
    char name[40];
    int chroma_width;
    ac_status status = AC_OK;

    if (!ac->painter)
        return hand_on(ac_fail(&ac->log, AC_ERR_ARGUMENT,
                               "autochrome_colour_frame(): no film was begun; autochrome_begin() "
                               "does"));
    chroma_width = (f->width + (1 << f->chroma_shift_x) - 1) >> f->chroma_shift_x;
    if (!is_row(frame->luma, frame->luma_stride, f->width, f->depth) ||
        !is_row(frame->cb, frame->cb_stride, chroma_width, f->depth) ||
        !is_row(frame->cr, frame->cr_stride, chroma_width, f->depth))
        return hand_on(ac_fail(&ac->log, AC_ERR_ARGUMENT,
                               "autochrome_colour_frame(): a plane is NULL, or its stride shorter "
                               "than a row"));
    snprintf(name, sizeof(name), "frame %lld", (long long)ac->frames);
    TRY(ac_painter_begin(ac->painter, 0, frame->luma, frame->luma_stride, NULL));
    TRY(ac_painter_end(ac->painter, 0, planes, strides, name));
    ac->frames++;
    return AUTOCHROME_OK;
fail:
    /* What it has in flight is not known, and its past not what the caller thinks. */
    ac_painter_destroy(&ac->painter);
    return hand_on(status);
}

void autochrome_close(autochrome **ac)
{
    autochrome *a = ac ? *ac : NULL;

    if (!a)
        return;
    ac_painter_destroy(&a->painter);
    ac_model_destroy(&a->model);
    ac_device_close(&a->device);
    free(a);
    *ac = NULL;
}
