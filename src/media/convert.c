/* Samples as the encoder wants them. All of it is plain arithmetic, rounded to the nearest:
 * libswscale would save little, and is neither exact nor bound to give the same from version to
 * version. */
#include <libavutil/imgutils.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "media/internal.h"

ac_status ac_writer_make_luma_table(ac_writer *w)
{
    const ac_picture_format *in = &w->input->info.format, *out = &w->format;
    const ac_levels from = ac_levels_get(in), to = ac_levels_get(out);
    double out_max = (1 << out->depth) - 1;
    int count = 1 << in->depth;

    if (in->depth == out->depth && in->full_range == out->full_range)
        return AC_OK;
    w->luma_table = calloc((size_t)count, sizeof(*w->luma_table));
    if (!w->luma_table)
        return ac_media_no_memory(w->log, w->path);
    for (int i = 0; i < count; i++) {
        double value = (i - from.luma_zero) / from.luma_steps * to.luma_steps + to.luma_zero;

        w->luma_table[i] = (uint16_t)lrint(fmin(fmax(value, 0), out_max));
    }
    return AC_OK;
}

void ac_convert_luma(const ac_writer *w, const AVFrame *from, AVFrame *to)
{
    int in_depth = w->input->info.format.depth, mask = (1 << in_depth) - 1;

    for (int y = 0; y < to->height; y++) {
        const uint8_t *in = from->data[0] + (ptrdiff_t)y * from->linesize[0];
        uint8_t *out = to->data[0] + (ptrdiff_t)y * to->linesize[0];

        for (int x = 0; x < to->width; x++) {
            uint16_t value = in[x];

            if (in_depth > 8)
                memcpy(&value, in + 2 * (ptrdiff_t)x, 2);
            value = w->luma_table[value & mask];
            if (w->format.depth > 8)
                memcpy(out + 2 * (ptrdiff_t)x, &value, 2);
            else
                out[x] = (uint8_t)value;
        }
    }
}

static uint16_t component(double value, int depth)
{
    double max = (1 << depth) - 1;

    return (uint16_t)lrint(fmin(fmax(value, 0), 1) * max);
}

/* A sample of plane `plane`; planes may be smaller than the picture. */
static int sample(const AVFrame *frame, int plane, int x, int y, int depth)
{
    const uint8_t *line = frame->data[plane] + (ptrdiff_t)y * frame->linesize[plane];
    uint16_t value = line[x];

    if (depth > 8)
        memcpy(&value, line + 2 * (ptrdiff_t)x, 2);
    return value;
}

typedef struct packing {
    const ac_picture_format *format;
    const AVPixFmtDescriptor *desc;
    const AVFrame *from;
    AVFrame *to;
    uint16_t *line; /* four of them */
} packing;

/* Writes a pixel of floats whose luma is that of the input. */
static void put_floats(const packing *p, int x, int y, const double weights[3], double rgb[3])
{
    double luma = 0, wanted, apart;

    for (int i = 0; i < 3; i++) {
        rgb[i] = fmin(fmax(rgb[i], 0), 1);
        luma += weights[i] * rgb[i];
    }
    wanted = ac_luma_exact(p->from, x, y, luma);
    apart = wanted - luma;
    for (int i = 0; i < 3; i++) {
        const AVComponentDescriptor *c = &p->desc->comp[i];
        float value = (float)fmax(rgb[i] + apart, fmin(wanted, 0));

        memcpy(p->to->data[c->plane] + (ptrdiff_t)y * p->to->linesize[c->plane] + c->offset +
                   (ptrdiff_t)x * c->step,
               &value, sizeof(value));
    }
}

/* 4:4:4 Y'CbCr to R'G'B' (ITU-T H.273, equations 23 to 40). */
static void rgb_line(const packing *p, int y)
{
    const ac_picture_format *f = p->format;
    const ac_levels levels = ac_levels_get(f);
    int width = f->width;
    double red = 0, blue = 0;

    if (!ac_luma_weights(f->matrix, &red, &blue))
        ac_luma_weights(AVCOL_SPC_BT709, &red, &blue);
    for (int x = 0; x < width; x++) {
        double luma = (sample(p->from, 0, x, y, f->depth) - levels.luma_zero) / levels.luma_steps,
               cb = (sample(p->from, 1, x, y, f->depth) - levels.chroma_zero) / levels.chroma_steps,
               cr = (sample(p->from, 2, x, y, f->depth) - levels.chroma_zero) / levels.chroma_steps,
               b = luma + 2 * (1 - blue) * cb, r = luma + 2 * (1 - red) * cr,
               g = (luma - red * r - blue * b) / (1 - red - blue);

        if (p->desc->flags & AV_PIX_FMT_FLAG_FLOAT) {
            put_floats(p, x, y, (double[]){red, 1 - red - blue, blue}, (double[]){r, g, b});
            continue;
        }
        p->line[x] = component(r, p->desc->comp[0].depth);
        p->line[width + x] = component(g, p->desc->comp[1].depth);
        p->line[2 * width + x] = component(b, p->desc->comp[2].depth);
    }
    for (int c = 0; c < 3 && !(p->desc->flags & AV_PIX_FMT_FLAG_FLOAT); c++)
        av_write_image_line2(p->line + (ptrdiff_t)c * width, p->to->data, p->to->linesize, p->desc,
                             0, y, c, width, 2);
}

static void yuv_lines(const packing *p)
{
    for (int c = 0; c < 3; c++) {
        int width =
                c ? AV_CEIL_RSHIFT(p->format->width, p->format->chroma_shift_x) : p->format->width,
            height = c ? AV_CEIL_RSHIFT(p->format->height, p->format->chroma_shift_y)
                       : p->format->height;

        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++)
                p->line[x] = (uint16_t)sample(p->from, c, x, y, p->format->depth);
            av_write_image_line2(p->line, p->to->data, p->to->linesize, p->desc, 0, y, c, width, 2);
        }
    }
}

ac_status ac_convert_pack(const ac_picture_format *format, const AVFrame *planar, AVFrame *packed)
{
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(packed->format);
    packing p = {format, desc, planar, packed, calloc(4 * (size_t)format->width, sizeof(uint16_t))};

    if (!p.line)
        return AC_ERR_MEMORY;
    /* av_write_image_line2() adds bits to what is there. */
    for (int i = 0; i < 4 && packed->buf[i]; i++)
        memset(packed->buf[i]->data, 0, packed->buf[i]->size);
    if (desc->flags & AV_PIX_FMT_FLAG_RGB)
        for (int y = 0; y < format->height; y++)
            rgb_line(&p, y);
    else
        yuv_lines(&p);
    if (desc->flags & AV_PIX_FMT_FLAG_ALPHA) {
        int c = desc->nb_components - 1;

        for (int x = 0; x < format->width; x++)
            p.line[x] = component(1, desc->comp[c].depth);
        for (int y = 0; y < format->height; y++)
            av_write_image_line2(p.line, packed->data, packed->linesize, desc, 0, y, c,
                                 format->width, 2);
    }
    free(p.line);
    return AC_OK;
}
