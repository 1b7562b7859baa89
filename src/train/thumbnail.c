#include "train/thumbnail.h"

#include <math.h>
#include <stdlib.h>

#include "color/lab.h"

/* Mean of sqrt(a^2 + b^2) below which there is no colour. Noise, JPEG and old film's tint make up
 * to 1.5; the grayest of 19,000 colour photographs, streets in winter, had 3.4. */
#define GRAY_CHROMA 2.5

/* Toned pictures: pixels of the same lightness have the same colour. How far (a, b) is from the
 * mean of the TONED_RUN pixels of nearest lightness (root of the mean square) was at least 1.44 in
 * those photographs. Of a strong tone JPEG's losses make more: there the part of the chroma counts,
 * which in photographs is as small only where they show one strong colour (bananas, the sea). */
#define TONED_RUN     16
#define TONED_SPREAD  1.25
#define TONED_PART    0.08
#define TONED_LARGEST 30.0 /* mean chroma: more of it is no tone */

/* In sepia, the usual tone, the part may be larger where all colours are in the directions of brown
 * and yellow (degrees of atan2(b, a)) and hardly differ in them (length of the mean of (a, b) in
 * parts of the mean chroma). That finds 81 of 91 photographs made sepia and stored as good JPEG
 * files, 38 without. 21 of 19,000 in colour are taken for it: some are sepia, most show one thing
 * in the light of a lamp. */
#define SEPIA_FIRST 35.0
#define SEPIA_LAST  100.0
#define SEPIA_ONE   0.98
#define SEPIA_PART  0.14

#define SIDE  AC_THUMBNAIL_SIDE
#define COUNT AC_THUMBNAIL_COUNT

/* Part i of `length` pixels, at least one pixel. */
static void part(int i, int length, int *begin, int *end)
{
    *begin = (int)((int64_t)i * length / SIDE);
    *end = (int)((int64_t)(i + 1) * length / SIDE);
    if (*end == *begin)
        ++*end;
}

static void add_line(const uint8_t *line, int width, uint64_t *sums)
{
    for (int i = 0; i < SIDE; i++) {
        uint32_t r = 0, g = 0, b = 0;
        int begin, end;

        part(i, width, &begin, &end);
        for (int x = begin; x < end; x++) {
            const uint8_t *pixel = line + 3 * (size_t)x;

            r += pixel[0];
            g += pixel[1];
            b += pixel[2];
        }
        sums[(ptrdiff_t)3 * i] += r;
        sums[3 * i + 1] += g;
        sums[3 * i + 2] += b;
    }
}

void ac_thumbnail_make(const ac_rgb *picture, ac_thumbnail *t)
{
    t->width = picture->width;
    t->height = picture->height;
    for (int j = 0; j < SIDE; j++) {
        uint64_t sums[3 * SIDE] = {0};
        int top, bottom;

        part(j, picture->height, &top, &bottom);
        for (int y = top; y < bottom; y++)
            add_line(picture->data + 3 * (size_t)y * (size_t)picture->width, picture->width, sums);
        for (int i = 0; i < SIDE; i++) {
            uint8_t *pixel = t->rgb + 3 * (size_t)(SIDE * j + i);
            uint64_t pixels;
            int left, right;

            part(i, picture->width, &left, &right);
            pixels = (uint64_t)(right - left) * (uint64_t)(bottom - top);
            for (int c = 0; c < 3; c++)
                pixel[c] = (uint8_t)((sums[3 * i + c] + pixels / 2) / pixels);
        }
    }
}

double ac_thumbnail_distance(const ac_thumbnail *a, const ac_thumbnail *b)
{
    int sum = 0;

    for (int i = 0; i < 3 * COUNT; i++)
        sum += abs(a->rgb[i] - b->rgb[i]);
    return (double)sum / (3 * COUNT);
}

/* ---- gray ---- */

typedef struct lab_pixel {
    float lightness, a, b;
    int place;
} lab_pixel;

static int compare(const void *p, const void *q)
{
    const lab_pixel *a = p, *b = q;

    if (a->lightness != b->lightness)
        return a->lightness < b->lightness ? -1 : 1;
    return a->place - b->place;
}

/* Sum of the squared distances of (a, b) from their mean. */
static double spread(const lab_pixel *pixels, int count)
{
    double mean_a = 0, mean_b = 0, sum = 0;

    for (int i = 0; i < count; i++) {
        mean_a += pixels[i].a;
        mean_b += pixels[i].b;
    }
    mean_a /= count;
    mean_b /= count;
    for (int i = 0; i < count; i++) {
        double a = pixels[i].a - mean_a, b = pixels[i].b - mean_b;

        sum += a * a + b * b;
    }
    return sum;
}

/* Root of the mean square of the distances of (a, b) from those of pixels as light. */
static double spread_at_same_lightness(lab_pixel *pixels, int count)
{
    double sum = 0;

    qsort(pixels, (size_t)count, sizeof(pixels[0]), compare);
    for (int i = 0; i < count; i += TONED_RUN)
        sum += spread(pixels + i, count - i < TONED_RUN ? count - i : TONED_RUN);
    return sqrt(sum / count);
}

/* False for a line or column that shows the same pixels as the one before: all that are as light
 * would be of one colour. */
static bool is_new(int i, int length)
{
    int begin, end, begin_before, end_before;

    part(i, length, &begin, &end);
    part(i - 1, length, &begin_before, &end_before);
    return i == 0 || begin != begin_before;
}

/* Fills `pixels` with each of the picture's once; returns how many. */
static int collect(const ac_thumbnail *t, lab_pixel *pixels)
{
    float lightness[COUNT], ab[2 * COUNT];
    int count = 0;

    ac_lab_from_rgb8(t->rgb, sizeof(lightness) / sizeof(*lightness), lightness, ab);
    for (int i = 0; i < COUNT; i++)
        if (is_new(i % SIDE, t->width) && is_new(i / SIDE, t->height))
            pixels[count++] = (lab_pixel){lightness[i], ab[i], ab[(size_t)COUNT + (size_t)i], i};
    return count;
}

/* Whether the mean colour, of a chroma nearly as large as the mean chroma, is brown or yellow. */
static bool is_brown(double mean_a, double mean_b, double chroma)
{
    double hue = atan2(mean_b, mean_a) * 57.29577951;

    return hue > SEPIA_FIRST && hue < SEPIA_LAST && hypot(mean_a, mean_b) > SEPIA_ONE * chroma;
}

bool ac_thumbnail_is_gray(const ac_thumbnail *thumbnail)
{
    lab_pixel pixels[COUNT];
    int count = collect(thumbnail, pixels);
    double chroma = 0, mean_a = 0, mean_b = 0, apart, largest;

    for (int i = 0; i < count; i++) {
        chroma += (double)hypotf(pixels[i].a, pixels[i].b);
        mean_a += pixels[i].a;
        mean_b += pixels[i].b;
    }
    chroma /= count;
    mean_a /= count;
    mean_b /= count;
    if (chroma < GRAY_CHROMA)
        return true;
    apart = spread_at_same_lightness(pixels, count);
    largest = (is_brown(mean_a, mean_b, chroma) ? SEPIA_PART : TONED_PART) * chroma;
    return apart < TONED_SPREAD || (chroma < TONED_LARGEST && apart < largest);
}
