/* Values in the middle of a network, as a guarded session reads them: what the network that ends
 * there makes of the same picture. */
#include <stdlib.h>

#include "../unit/test.h"
#include "run_net.h"

#define HEIGHT 12
#define WIDTH  20
#define COUNT  2 /* pictures */

/* Values that are joined, copied, put in another order; channels that fill no quad. */
static const char *const lines[] = {
    "x1 = conv2d(L, 5, kernel=3, stride=2, padding=1) batchnorm relu",
    "x2 = conv2d(x1, 6, kernel=3, padding=1) tanh",
    "x3 = concat(x1, x2)",
    "x4 = conv2d(x3, 11, kernel=1)",
    "x5 = add(x3, x4)",
    "x6 = concat(x2, x3, x5)",
    "x7 = global_avgpool(x6)",
    "x8 = upsample(x6, factor=2)",
    "x9 = conv2d(x8, 2, kernel=1)",
};
#define LINES ((int)(sizeof(lines) / sizeof(*lines)))

static ac_model *make_model(int count, const ac_log *log)
{
    char text[1024] = "input L scale=0.01 offset=-0.5\n";
    ac_model *model = NULL;

    for (int i = 0; i < count; i++) {
        strcat(text, lines[i]);
        strcat(text, "\n");
    }
    if (ac_model_random(text, strlen(text), "test", 7, log, &model) != AC_OK)
        abort();
    return model;
}

static void check_line(ac_device *device, ac_session *whole, int line, const float *lightness,
                       const ac_log *log)
{
    ac_model *model = make_model(line + 1, log);
    int value = model->net->node_count;
    ac_shape shape = ac_session_plan(whole)->values[value].shape, cut_shape;
    float *values = calloc((size_t)ac_shape_count(shape), sizeof(*values));
    double *cut = NULL;
    int wrong = 0;

    if (!values)
        abort();
    CHECK_INT(
        test_session_run(device, model, COUNT, HEIGHT, WIDTH, lightness, log, &cut_shape, &cut),
        AC_OK);
    CHECK_INT(ac_session_read_value(whole, value, values, log), AC_OK);
    if (CHECK(cut && !memcmp(&shape, &cut_shape, sizeof(shape))))
        for (int64_t i = 0; i < ac_shape_count(shape); i++)
            wrong += !(fabs((double)values[i] - cut[i]) < 1e-5);
    if (!CHECK_INT(wrong, 0))
        fprintf(stderr, "    of line %d\n", line + 1);
    free(values);
    free(cut);
    ac_model_destroy(&model);
}

int main(void)
{
    float lightness[COUNT * HEIGHT * WIDTH], result[COUNT * 2 * HEIGHT * WIDTH];
    ac_log log = test_log();
    ac_device *device = NULL;
    ac_session *session = NULL;
    ac_model *model;

    if (test_skipped())
        return TEST_SKIPPED;
    if (test_device_open(&log, &device) != AC_OK)
        return EXIT_FAILURE;
    model = make_model(LINES, &log);
    for (int i = 0; i < COUNT * HEIGHT * WIDTH; i++)
        lightness[i] = (float)(i * 37 % 1009) / 10.1F;
    CHECK_INT(ac_session_create(&(ac_session_params){.device = device,
                                                     .model = model,
                                                     .n = COUNT,
                                                     .height = HEIGHT,
                                                     .width = WIDTH,
                                                     .guarded = true},
                                &log, &session),
              AC_OK);
    CHECK_INT(ac_session_run(session, lightness, result), AC_OK);
    for (int i = 0; i < LINES; i++)
        check_line(device, session, i, lightness, &log);
    /* Of the first line only what the activation makes is there. */
    CHECK_INT(ac_session_read_value(session, 1, result, &log), AC_ERR_ARGUMENT);
    CHECK_INT(ac_device_validation_messages(device), 0);
    ac_session_destroy(&session);
    ac_model_destroy(&model);
    ac_device_close(&device);
    return test_end();
}
