/* The temporal stage, frame by frame. */
#include <stdlib.h>

#include "../op/run_net.h"
#include "../unit/test.h"
#include "video/temporal.h"

#define H      6
#define W      9
#define PIXELS (H * W)

static ac_device *device;
static ac_buffer *ab, *picture, *place;
static ac_temporal *temporal;
static ac_commands *commands;

static void begin(int frames)
{
    ac_temporal_params p = {.device = device, .h = H, .w = W, .frames = frames};

    CHECK(ac_buffer_create(device, AC_BUFFER_DEVICE, 8 * PIXELS, "test", &ab) == AC_OK);
    CHECK(ac_buffer_create(device, AC_BUFFER_DEVICE, 4 * PIXELS, "test", &picture) == AC_OK);
    CHECK(ac_buffer_create(device, AC_BUFFER_UPLOAD, AC_TEMPORAL_FRAME_SIZE, "test", &place) ==
          AC_OK);
    p.ab.buffer = ab;
    p.picture.buffer = picture;
    CHECK(ac_temporal_create(&p, &temporal) == AC_OK);
    CHECK(ac_commands_create(device, &commands) == AC_OK);
    CHECK(ac_commands_begin(commands) == AC_OK);
    CHECK(ac_temporal_record(temporal, commands, (ac_binding){place, 0, 0}) == AC_OK);
    CHECK(ac_commands_end(commands) == AC_OK);
}

static void end(void)
{
    ac_commands_destroy(&commands);
    ac_temporal_destroy(&temporal);
    ac_buffer_destroy(&ab);
    ac_buffer_destroy(&picture);
    ac_buffer_destroy(&place);
}

/* A frame of one lightness, but for pixel (0, 0), and one a (b is -a); the results at (0, 0) and at
 * the far corner. */
static void frame(float lightness, float first, float a, float *at_first, float *at_last)
{
    float l[PIXELS], c[2 * PIXELS], out[4 * PIXELS];

    for (int i = 0; i < PIXELS; i++) {
        l[i] = i ? lightness : first;
        c[i] = a;
        c[PIXELS + i] = -a;
    }
    CHECK(ac_buffer_write(ab, 0, c, sizeof(c)) == AC_OK);
    CHECK(ac_buffer_write(picture, 0, l, sizeof(l)) == AC_OK);
    ac_temporal_next(temporal, ac_buffer_map(place));
    CHECK(ac_commands_submit(commands) == AC_OK && ac_commands_wait(commands) == AC_OK);
    CHECK(ac_buffer_read(ac_temporal_colours(temporal).buffer, 0, out, sizeof(out)) == AC_OK);
    for (int i = 0; i < PIXELS; i++) {
        CHECK_NEAR(out[4 * i + 1], -out[4 * i], 1e-5);
        CHECK_NEAR(out[4 * i + 2], l[i], 0);
    }
    *at_first = out[0];
    *at_last = out[4 * (PIXELS - 1)];
}

int main(void)
{
    ac_log log = test_log();
    float first, last;

    if (test_skipped())
        return TEST_SKIPPED;
    if (test_device_open(&log, &device) != AC_OK)
        return EXIT_FAILURE;

    /* A still picture: the mean of the last three. */
    begin(3);
    for (int i = 0; i < 7; i++) {
        float expected = i == 0 ? 0 : i == 1 ? 0.5f : (float)i - 1;

        frame(50, 50, (float)i, &first, &last);
        CHECK_NEAR(first, expected, 1e-5);
        CHECK_NEAR(last, expected, 1e-5);
    }
    /* Where something moves, the frame's own colour; elsewhere the mean. */
    frame(50, 90, 100, &first, &last);
    CHECK_NEAR(first, 100, 3);
    CHECK_NEAR(last, (100 + 6 + 5) / 3.0, 1e-4);
    /* A cut: nothing of before, though the pixel at (0, 0) stays as light as it was. */
    frame(70, 90, -40, &first, &last);
    CHECK_NEAR(first, -40, 0);
    CHECK_NEAR(last, -40, 0);
    /* And after it the mean since the cut. */
    frame(70, 90, -20, &first, &last);
    CHECK_NEAR(last, -30, 1e-5);
    end();

    /* One frame: as it came. */
    begin(1);
    for (int i = 0; i < 3; i++) {
        frame(50, 50, (float)i, &first, &last);
        CHECK_NEAR(last, i, 0);
    }
    end();
    CHECK_INT(ac_device_validation_messages(device), 0);
    CHECK_INT((long long)ac_device_memory_used(device, NULL), 0);
    ac_device_close(&device);
    return test_end();
}
