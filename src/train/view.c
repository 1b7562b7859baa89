#include "train/view.h"

#include <math.h>
#include <stdlib.h>

#include "color/lab.h"
#include "train/aged.h"
#include "util/random.h"

/* Which value of an item's stream decides what. */
enum { CHANCE_SCALE, CHANCE_X, CHANCE_Y, CHANCE_FLIP, CHANCE_AGED };

#define SIDE_MAX 16384 /* more than anybody can train with */

ac_status ac_view_check(const ac_view_params *v, const ac_log *log)
{
    int smaller = v->height < v->width ? v->height : v->width;

    if (v->height < 1 || v->width < 1 || v->height > SIDE_MAX || v->width > SIDE_MAX)
        return ac_fail(log, AC_ERR_ARGUMENT, "pictures of %dx%d cannot be learnt from", v->width,
                       v->height);
    if (v->colour_height < 1 || v->colour_width < 1 || v->height % v->colour_height ||
        v->width % v->colour_width)
        return ac_fail(log, AC_ERR_ARGUMENT,
                       "colours of %dx%d are no whole part of pictures of %dx%d", v->colour_width,
                       v->colour_height, v->width, v->height);
    if (v->short_side < 0 || v->short_side > SIDE_MAX || (v->short_side && v->short_side < smaller))
        return ac_fail(log, AC_ERR_ARGUMENT,
                       "parts of %dx%d do not fit into pictures whose short side is made %d; make "
                       "it at least %d",
                       v->width, v->height, v->short_side, smaller);
    if (!(v->scale_jitter >= 0 && v->scale_jitter <= 8))
        return ac_fail(log, AC_ERR_ARGUMENT, "pictures cannot be made larger by %g at random",
                       v->scale_jitter);
    if (!(v->aged >= 0 && v->aged <= 1))
        return ac_fail(log, AC_ERR_ARGUMENT, "%g of the pictures cannot look old; 0 to 1 can",
                       v->aged);
    return AC_OK;
}

/* By how much a picture is made larger: it covers the view at least. */
static double choose_scale(const ac_view_params *v, const ac_rgb *from, uint64_t stream,
                           bool *enlarged)
{
    int shorter = from->width < from->height ? from->width : from->height;
    double scale = fmax((double)v->width / from->width, (double)v->height / from->height);

    if (v->short_side)
        scale = fmax(scale, (double)v->short_side / shorter);
    *enlarged = scale > 1;
    if (v->scale_jitter > 0)
        scale *= 1 + v->scale_jitter * ac_random_uniform(stream, CHANCE_SCALE);
    return scale;
}

/* Along one axis: `length` pixels of the view come from *part of `from`, beginning at *place. */
static void choose_part(const ac_view_params *v, int length, int from, double scale,
                        uint64_t random, int *place, int *part)
{
    int room;

    *part = (int)lrint(length / scale);
    *part = *part < 1 ? 1 : *part > from ? from : *part;
    room = from - *part;
    *place = v->random_crop ? (int)(random % ((uint64_t)room + 1)) : room / 2;
}

static void flip_line(uint8_t *line, int width)
{
    for (int i = 0, j = width - 1; i < j; i++, j--)
        for (int c = 0; c < 3; c++) {
            uint8_t kept = line[3 * i + c];

            line[3 * i + c] = line[3 * j + c];
            line[3 * j + c] = kept;
        }
}

void ac_view_average(const ac_view_params *v, const float *plane, float *to)
{
    int block_h = v->height / v->colour_height, block_w = v->width / v->colour_width;
    double part = 1.0 / ((double)block_h * block_w);

    for (int y = 0; y < v->colour_height; y++)
        for (int x = 0; x < v->colour_width; x++) {
            double sum = 0;

            for (int j = 0; j < block_h; j++)
                for (int i = 0; i < block_w; i++)
                    sum += (double)plane[(size_t)(y * block_h + j) * (size_t)v->width +
                                         (size_t)(x * block_w + i)];
            *to++ = (float)(sum * part);
        }
}

/* Cut out first, then scaled: what is not seen need not be scaled, and no picture, however long and
 * thin, becomes large. */
static ac_status cut_out(const ac_view_params *v, const ac_rgb *picture, uint64_t stream,
                         const ac_log *log, ac_rgb *part, bool *enlarged)
{
    double scale = choose_scale(v, picture, stream, enlarged);
    int x, y, width, height;
    ac_status status;

    choose_part(v, v->width, picture->width, scale, ac_random_value(stream, CHANCE_X), &x, &width);
    choose_part(v, v->height, picture->height, scale, ac_random_value(stream, CHANCE_Y), &y,
                &height);
    status = ac_rgb_scale(picture, x, y, width, height, v->width, v->height, log, part);
    if (!status && v->flip && ac_random_uniform(stream, CHANCE_FLIP) < 0.5)
        for (int j = 0; j < v->height; j++)
            flip_line(part->data + 3 * (size_t)j * (size_t)v->width, v->width);
    return status;
}

ac_status ac_view_make(const ac_view_params *v, const ac_rgb *picture, uint64_t stream,
                       const ac_log *log, float *lightness, float *colours, bool *enlarged)
{
    size_t count = (size_t)v->height * (size_t)v->width,
           to_count = (size_t)v->colour_height * (size_t)v->colour_width;
    float *ab = to_count == count ? colours : malloc(2 * count * sizeof(*ab));
    ac_rgb part = {0};
    ac_status status;

    if (!ab)
        return ac_fail(log, AC_ERR_MEMORY, "out of memory for pictures to learn from");
    TRY(cut_out(v, picture, stream, log, &part, enlarged));
    ac_lab_from_rgb8(part.data, count, lightness, ab);
    for (size_t c = 0; ab != colours && c < 2; c++)
        ac_view_average(v, ab + c * count, colours + c * to_count);
    if (v->aged > 0 && ac_random_uniform(stream, CHANCE_AGED) < v->aged &&
        ac_aged_apply(lightness, v->height, v->width, ac_random_stream(stream, "aged")))
        status = ac_fail(log, AC_ERR_MEMORY, "out of memory for pictures to learn from");
fail:
    if (ab != colours)
        free(ab);
    ac_rgb_free(&part);
    return status;
}
