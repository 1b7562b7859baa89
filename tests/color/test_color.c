/* Lightness and merge on a device against the same formulas in double, and what must hold for any
 * picture: grays stay gray, nothing leaves the gamut, colours keep to edges. */
#include <stdlib.h>
#include <string.h>

#include "../op/run_net.h"
#include "../unit/test.h"
#include "color/stages.h"
#include "util/random.h"

static ac_device *device;

typedef struct rgb {
    double r, g, b;
} rgb;

static double to_linear(double v)
{
    return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

static double lab_f(double t)
{
    return t > 216.0 / 24389 ? cbrt(t) : (24389.0 / 27 * t + 16) / 116;
}

/* Rows of XYZ from linear RGB as the standards print them (BT.709 of IEC 61966-2-1, BT.2020). */
static const double xyz_709[3][3] = {{0.4124564, 0.3575761, 0.1804375},
                                     {0.2126729, 0.7151522, 0.0721750},
                                     {0.0193339, 0.1191920, 0.9503041}};
static const double xyz_2020[3][3] = {{0.6369580, 0.1446169, 0.1688810},
                                      {0.2627002, 0.6779981, 0.0593017},
                                      {0.0000000, 0.0280727, 1.0609851}};

static void lab_of(rgb c, const double m[3][3], double lab[3])
{
    double linear[3] = {to_linear(c.r), to_linear(c.g), to_linear(c.b)}, f[3];

    for (int i = 0; i < 3; i++) {
        double v = 0, white = m[i][0] + m[i][1] + m[i][2];

        for (int k = 0; k < 3; k++)
            v += m[i][k] * linear[k];
        f[i] = lab_f(v / white);
    }
    lab[0] = 116 * f[1] - 16;
    lab[1] = 500 * (f[0] - f[1]);
    lab[2] = 200 * (f[1] - f[2]);
}

static double gray_lightness(double luma)
{
    return 116 * lab_f(to_linear(luma < 0 ? 0 : luma > 1 ? 1 : luma)) - 16;
}

/* A plane in device layout. */
typedef struct plane {
    int h, w, depth;
    size_t row;
    uint8_t *data;
} plane;

static plane plane_create(int h, int w, int depth)
{
    plane p = {h, w, depth, ac_plane_row(w, depth), NULL};

    p.data = calloc(1, ac_plane_bytes(h, w, depth));
    if (!p.data)
        abort();
    return p;
}

static int plane_get(const plane *p, int y, int x)
{
    const uint8_t *at =
        p->data + (size_t)y * p->row + (size_t)x * (size_t)ac_sample_bytes(p->depth);

    return p->depth > 8 ? at[0] | at[1] << 8 : at[0];
}

static void plane_set(plane *p, int y, int x, int value)
{
    uint8_t *at = p->data + (size_t)y * p->row + (size_t)x * (size_t)ac_sample_bytes(p->depth);

    at[0] = (uint8_t)value;
    if (p->depth > 8)
        at[1] = (uint8_t)(value >> 8);
}

static ac_buffer *upload(const void *data, size_t size)
{
    ac_buffer *buffer = NULL;

    if (ac_buffer_create(device, AC_BUFFER_DEVICE, size, "test", &buffer) ||
        ac_buffer_write(buffer, 0, data, size))
        abort();
    return buffer;
}

/* A plane with rows further apart by `behind` words, where all bits are 1, in memory that is
 * shared, as frames are that a decoder puts there; 0: as device layout is, in the device's. */
static ac_buffer *upload_rows(const plane *p, int behind, uint32_t *row)
{
    ac_buffer *buffer = NULL;

    *row = (uint32_t)p->row + 4 * (uint32_t)behind;
    if (!behind)
        return upload(p->data, (size_t)p->h * p->row);
    if (ac_buffer_create(device, AC_BUFFER_SHARED, *row * (uint64_t)p->h, "test", &buffer) ||
        ac_buffer_fill(buffer, 255))
        abort();
    for (size_t y = 0; y < (size_t)p->h; y++)
        memcpy((uint8_t *)ac_buffer_map(buffer) + y * *row, p->data + y * p->row, p->row);
    return buffer;
}

typedef struct merged {
    plane c[2];
    uint32_t flags;
} merged;

/* Runs merge.comp over a luma plane, its rows apart by `behind`, and a picture of colours. */
static merged merge_apart(const plane *luma, int behind, ac_picture_format format,
                          const float *colours, int ab_h, int ab_w, double saturation)
{
    int h = ac_chroma_size(luma->h, format.chroma_shift_y);
    int w = ac_chroma_size(luma->w, format.chroma_shift_x);
    uint64_t each = ac_plane_bytes(h, w, format.depth), second = (each + 255) & ~(uint64_t)255;
    merged m = {{plane_create(h, w, format.depth), plane_create(h, w, format.depth)}, 0};
    ac_log log = test_log();
    uint32_t row;
    ac_buffer *in = upload_rows(luma, behind, &row);
    ac_buffer *ab = upload(colours, 16 * (size_t)ab_h * (size_t)ab_w);
    ac_buffer *out = NULL, *flags = NULL;
    ac_commands *commands = NULL;
    ac_merge_params p = {.format = format,
                         .out = format,
                         .luma = {in, 0, 0},
                         .luma_row = behind ? row : 0,
                         .colours = {ab, 0, 0},
                         .ab_h = ab_h,
                         .ab_w = ab_w,
                         .step_y = (double)luma->h / ab_h,
                         .step_x = (double)luma->w / ab_w,
                         .saturation = saturation};

    CHECK(ac_colorspace_get(&format, &log, &p.space) == AC_OK);
    CHECK(ac_buffer_create(device, AC_BUFFER_DEVICE, second + each, "test", &out) == AC_OK);
    CHECK(ac_buffer_create(device, AC_BUFFER_DEVICE, 16, "test", &flags) == AC_OK);
    p.cb = (ac_binding){out, 0, each};
    p.cr = (ac_binding){out, second, each};
    p.flags.buffer = flags;
    CHECK(ac_commands_create(device, &commands) == AC_OK);
    CHECK(ac_commands_begin(commands) == AC_OK);
    CHECK(ac_merge_record(device, commands, &p) == AC_OK);
    CHECK(ac_commands_end(commands) == AC_OK);
    CHECK(ac_commands_submit(commands) == AC_OK);
    CHECK(ac_commands_wait(commands) == AC_OK);
    for (int i = 0; i < 2; i++)
        CHECK(ac_buffer_read(out, (uint64_t)i * second, m.c[i].data, each) == AC_OK);
    CHECK(ac_buffer_read(flags, 0, &m.flags, sizeof(m.flags)) == AC_OK);
    ac_commands_destroy(&commands);
    ac_buffer_destroy(&in);
    ac_buffer_destroy(&ab);
    ac_buffer_destroy(&out);
    ac_buffer_destroy(&flags);
    return m;
}

static merged merge(const plane *luma, ac_picture_format format, const float *colours, int ab_h,
                    int ab_w, double saturation)
{
    return merge_apart(luma, 0, format, colours, ab_h, ab_w, saturation);
}

static void merged_free(merged *m)
{
    free(m->c[0].data);
    free(m->c[1].data);
}

static void fill(float *colours, int count, double a, double b, double lightness)
{
    for (int i = 0; i < count; i++) {
        colours[4 * i] = (float)a;
        colours[4 * i + 1] = (float)b;
        colours[4 * i + 2] = (float)lightness;
        colours[4 * i + 3] = 0;
    }
}

/* A plane of one colour's luma with that colour's a and b gets the colour's own Cb and Cr. */
static void test_known_colours(void)
{
    static const rgb list[] = {{0.8, 0.5, 0.4}, {0.2, 0.4, 0.7}, {0.3, 0.6, 0.2}, {0.9, 0.8, 0.1},
                               {0.5, 0.5, 0.5}, {0.7, 0.1, 0.2}, {0.05, 0.1, 0.3}};
    static const struct {
        int matrix, primaries, depth, shift_y, shift_x;
        bool full;
        double kr, kb;
    } formats[] = {{1, 1, 8, 1, 1, false, 0.2126, 0.0722},  {6, 1, 8, 0, 1, false, 0.299, 0.114},
                   {5, 1, 8, 1, 1, true, 0.299, 0.114},     {9, 9, 10, 1, 1, false, 0.2627, 0.0593},
                   {1, 1, 12, 0, 0, false, 0.2126, 0.0722}, {1, 1, 16, 0, 0, true, 0.2126, 0.0722},
                   {1, 1, 8, 0, 2, false, 0.2126, 0.0722}};
    float colours[4 * 3 * 2];

    for (size_t f = 0; f < sizeof(formats) / sizeof(formats[0]); f++)
        for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
            ac_picture_format format = {.width = 7,
                                        .height = 5,
                                        .depth = formats[f].depth,
                                        .chroma_shift_y = formats[f].shift_y,
                                        .chroma_shift_x = formats[f].shift_x,
                                        .full_range = formats[f].full,
                                        .matrix = formats[f].matrix,
                                        .primaries = formats[f].primaries};
            rgb c = list[i];
            double kr = formats[f].kr, kb = formats[f].kb;
            double luma = kr * c.r + (1 - kr - kb) * c.g + kb * c.b;
            double max = ldexp(1, format.depth) - 1, unit = ldexp(1, format.depth - 8);
            double zero = format.full_range ? 0 : 16 * unit,
                   steps = format.full_range ? max : 219 * unit;
            double chroma = format.full_range ? max : 224 * unit;
            double cb = 128 * unit + chroma * (c.b - luma) / (2 * (1 - kb));
            double cr = 128 * unit + chroma * (c.r - luma) / (2 * (1 - kr));
            double lab[3];
            /* The search for the lightness ends a thousandth off at most; rounding of luma, result.
             */
            double allowed = 1.5 + max * 1e-3;
            plane p = plane_create(format.height, format.width, format.depth);
            merged m;

            lab_of(c, formats[f].primaries == 9 ? xyz_2020 : xyz_709, lab);
            fill(colours, 6, lab[1], lab[2], gray_lightness(luma));
            for (int y = 0; y < p.h; y++)
                for (int x = 0; x < p.w; x++)
                    plane_set(&p, y, x, (int)(zero + steps * luma + 0.5));
            m = merge(&p, format, colours, 3, 2, 1);
            for (int y = 0; y < m.c[0].h; y++)
                for (int x = 0; x < m.c[0].w; x++) {
                    CHECK_NEAR(plane_get(&m.c[0], y, x), cb, allowed);
                    CHECK_NEAR(plane_get(&m.c[1], y, x), cr, allowed);
                }
            CHECK(m.flags == 0);
            merged_free(&m);
            free(p.data);
        }
}

/* Any luma and any a, b: the decoded pixel is in 0..1, hue is that of the colour, gray stays gray.
 */
static void test_gamut(void)
{
    const ac_picture_format format = {
        .width = 64, .height = 1, .depth = 16, .full_range = true, .matrix = 1, .primaries = 1};
    plane p = plane_create(1, 64, 16);
    float colours[4];
    merged m;

    for (int x = 0; x < 64; x++)
        plane_set(&p, 0, x, x * 65535 / 63);
    for (int k = 0; k < 12; k++) {
        fill(colours, 1, 120 * cos(k * 0.5236), 120 * sin(k * 0.5236), 50);
        m = merge(&p, format, colours, 1, 1, k % 2 ? 1 : 4);
        for (int x = 0; x < 64; x++) {
            double y = plane_get(&p, 0, x) / 65535.0;
            double b = (plane_get(&m.c[0], 0, x) - 32768) / 65535.0 * 2 * (1 - 0.0722);
            double r = (plane_get(&m.c[1], 0, x) - 32768) / 65535.0 * 2 * (1 - 0.2126);
            double g = -(0.2126 * r + 0.0722 * b) / (1 - 0.2126 - 0.0722);

            CHECK(fmin(r, fmin(g, b)) + y > -1e-4);
            CHECK(fmax(r, fmax(g, b)) + y < 1 + 1e-4);
            if (x == 0 || x == 63)
                CHECK(fabs(r) + fabs(b) < 1e-4);
            else
                CHECK(hypot(r, b) > 0.005);
        }
        merged_free(&m);
    }
    fill(colours, 1, 0, 0, 50);
    m = merge(&p, format, colours, 1, 1, 1);
    for (int x = 0; x < 64; x++) {
        CHECK_INT(plane_get(&m.c[0], 0, x), 32768);
        CHECK_INT(plane_get(&m.c[1], 0, x), 32768);
    }
    merged_free(&m);
    free(p.data);
}

/* Dark red beside bright blue, in a tenth of the resolution and half a pixel off: in full
 * resolution each keeps to its side of the edge. */
static void test_edges(void)
{
    const ac_picture_format format = {
        .width = 40, .height = 40, .depth = 8, .matrix = 1, .primaries = 1};
    plane p = plane_create(40, 40, 8);
    float colours[4 * 16];
    merged m;

    for (int y = 0; y < 40; y++)
        for (int x = 0; x < 40; x++)
            plane_set(&p, y, x, x < 22 ? 60 : 180);
    for (int i = 0; i < 16; i++) {
        double lightness = gray_lightness(((i % 4 < 2 ? 60 : 180) - 16) / 219.0);

        fill(colours + 4 * i, 1, i % 4 < 2 ? 40 : 10, i % 4 < 2 ? 30 : -40, lightness);
    }
    m = merge(&p, format, colours, 4, 4, 1);
    for (int y = 0; y < 40; y++)
        for (int x = 1; x < 40; x++) {
            CHECK(x < 22 ? plane_get(&m.c[1], y, x) > 140 : plane_get(&m.c[0], y, x) > 140);
            CHECK(abs(plane_get(&m.c[0], y, x) - plane_get(&m.c[0], y, x < 22 ? 0 : 39)) <= 3);
        }
    merged_free(&m);
    free(p.data);
}

static void test_not_finite(void)
{
    const ac_picture_format format = {
        .width = 4, .height = 4, .depth = 8, .matrix = 1, .primaries = 1};
    plane p = plane_create(4, 4, 8);
    float colours[4];
    merged m;

    fill(colours, 1, NAN, 0, 50);
    m = merge(&p, format, colours, 1, 1, 1);
    CHECK(m.flags == AC_MERGE_NOT_FINITE);
    merged_free(&m);
    fill(colours, 1, 0, -INFINITY, 50);
    m = merge(&p, format, colours, 1, 1, 1);
    CHECK(m.flags == AC_MERGE_NOT_FINITE);
    merged_free(&m);
    free(p.data);
}

/* Mean of the plane's coded values under a pixel of the result. */
static double mean_of(const plane *p, double top, double bottom, double left, double right)
{
    double sum = 0, weights = 0;

    for (int y = 0; y < p->h; y++)
        for (int x = 0; x < p->w; x++) {
            double wy = fmin(bottom, y + 1) - fmax(top, y), wx = fmin(right, x + 1) - fmax(left, x);

            if (wy > 0 && wx > 0) {
                sum += wy * wx * plane_get(p, y, x);
                weights += wy * wx;
            }
        }
    return sum / weights;
}

/* With rows of luma apart by `behind`. */
static void check_lightness(int h, int w, int depth, bool full, int out_h, int out_w, int behind)
{
    const ac_picture_format format = {
        .width = w, .height = h, .depth = depth, .full_range = full, .matrix = 1, .primaries = 1};
    double max = ldexp(1, depth) - 1, unit = ldexp(1, depth - 8);
    double zero = full ? 0 : 16 * unit, steps = full ? max : 219 * unit;
    uint64_t stream = ac_random_stream(1, "lightness"), k = 0;
    plane p = plane_create(h, w, depth);
    float *values = calloc((size_t)out_h * (size_t)out_w, sizeof(*values));
    uint32_t row;
    ac_buffer *in, *out = NULL;
    ac_commands *commands = NULL;

    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            plane_set(&p, y, x, (int)(ac_random_uniform(stream, k++) * max));
    in = upload_rows(&p, behind, &row);
    CHECK(values && ac_buffer_create(device, AC_BUFFER_DEVICE, 4 * (uint64_t)(out_h * out_w),
                                     "test", &out) == AC_OK);
    CHECK(ac_commands_create(device, &commands) == AC_OK && ac_commands_begin(commands) == AC_OK);
    CHECK(ac_lightness_record(device, commands,
                              &(ac_lightness_params){.format = format,
                                                     .luma = {in, 0, 0},
                                                     .luma_row = behind ? row : 0,
                                                     .picture = {out, 0, 0},
                                                     .out_h = out_h,
                                                     .out_w = out_w,
                                                     .step_y = (double)h / out_h,
                                                     .step_x = (double)w / out_w}) == AC_OK);
    CHECK(ac_commands_end(commands) == AC_OK && ac_commands_submit(commands) == AC_OK);
    CHECK(ac_commands_wait(commands) == AC_OK);
    CHECK(ac_buffer_read(out, 0, values, 4 * (uint64_t)(out_h * out_w)) == AC_OK);
    for (int y = 0; y < out_h; y++)
        for (int x = 0; x < out_w; x++) {
            double mean = mean_of(&p, (double)y * h / out_h, (double)(y + 1) * h / out_h,
                                  (double)x * w / out_w, (double)(x + 1) * w / out_w);

            CHECK_NEAR(values[y * out_w + x], gray_lightness((mean - zero) / steps), 2e-3);
        }
    ac_commands_destroy(&commands);
    ac_buffer_destroy(&in);
    ac_buffer_destroy(&out);
    free(values);
    free(p.data);
}

/* Chroma does not depend on how far apart rows of luma are. */
static void check_merge_apart(int depth, int shift)
{
    const ac_picture_format format = {.width = 53,
                                      .height = 37,
                                      .depth = depth,
                                      .chroma_shift_y = shift,
                                      .chroma_shift_x = shift,
                                      .matrix = 1,
                                      .primaries = 1};
    uint64_t stream = ac_random_stream(1, "apart"), k = 0;
    plane p = plane_create(37, 53, depth);
    float colours[4 * 4 * 4];
    merged m, apart;

    for (int y = 0; y < p.h; y++)
        for (int x = 0; x < p.w; x++)
            plane_set(&p, y, x, (int)(ac_random_uniform(stream, k++) * ldexp(1, depth)));
    for (int i = 0; i < 4 * 4 * 4; i++)
        colours[i] = (float)ac_random_uniform(stream, k++) * 50;
    m = merge(&p, format, colours, 4, 4, 1);
    apart = merge_apart(&p, 3, format, colours, 4, 4, 1);
    for (int i = 0; i < 2; i++)
        CHECK(memcmp(m.c[i].data, apart.c[i].data, ac_plane_bytes(m.c[i].h, m.c[i].w, depth)) == 0);
    merged_free(&m);
    merged_free(&apart);
    free(p.data);
}

static void test_colorspaces(void)
{
    ac_log log = test_log();
    ac_colorspace space;

    for (int matrix = 0; matrix < 16; matrix++) {
        ac_picture_format format = {.matrix = matrix, .primaries = 1};
        bool known = matrix == 1 || matrix == 2 || (matrix >= 4 && matrix <= 7) || matrix == 9 ||
                     matrix == 10;

        CHECK((ac_colorspace_get(&format, &log, &space) == AC_OK) == known);
    }
    for (int primaries = 0; primaries < 24; primaries++) {
        ac_picture_format format = {.matrix = 1, .primaries = primaries};

        CHECK(ac_colorspace_get(&format, &log, &space) == AC_OK);
        for (int i = 0; i < 3; i++) /* gray is gray */
            CHECK_NEAR(space.rgb_from_xyz[i][0] + space.rgb_from_xyz[i][1] +
                           space.rgb_from_xyz[i][2],
                       1, 1e-12);
    }
}

int main(void)
{
    ac_log log = test_log();

    if (test_skipped())
        return TEST_SKIPPED;
    if (test_device_open(&log, &device) != AC_OK)
        return EXIT_FAILURE;
    test_colorspaces();
    check_lightness(37, 53, 8, false, 17, 23, 0);
    check_lightness(37, 53, 10, true, 37, 53, 0);
    check_lightness(9, 7, 16, true, 4, 14, 0);
    check_lightness(1, 1, 8, true, 1, 1, 0);
    check_lightness(1, 301, 12, false, 1, 20, 0);
    if (ac_device_shares_memory(device)) {
        check_lightness(37, 53, 8, false, 17, 23, 3);
        check_lightness(37, 53, 10, true, 37, 53, 1);
        check_merge_apart(8, 1);
        check_merge_apart(10, 0);
    }
    test_known_colours();
    test_gamut();
    test_edges();
    test_not_finite();
    CHECK_INT(ac_device_validation_messages(device), 0);
    CHECK_INT((long long)ac_device_memory_used(device, NULL), 0);
    ac_device_close(&device);
    return test_end();
}
