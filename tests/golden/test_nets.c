/* The engine against PyTorch: whole networks, and the default model with its trained weights. The
 * argument is the number of pixels that pictures may have (none: all), for slow drivers. */
#include <stdio.h>
#include <stdlib.h>

#include "cases.h"
#include "nets.h"
#include "run_net.h"

static ac_status compute(void *opaque, const ac_model *model, int h, int w, const float *lightness,
                         const ac_log *log, ac_shape *shape, double **result)
{
    return test_session_run(opaque, model, 1, h, w, lightness, log, shape, result);
}

int main(int argc, char **argv)
{
    ac_log log = test_log();
    ac_device *device = NULL;
    int max_pixels = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 1 << 30;
    int passed = 0;
    int failed = 0;
    if (test_skipped())
        return TEST_SKIPPED;
    if (test_device_open(&log, &device) != AC_OK)
        return EXIT_FAILURE;
    printf("%s, %s\n", ac_device_get_info(device)->name, ac_device_get_info(device)->driver);
    double tolerance = test_tolerance(device, 1e-2); /* up to 60 layers */
    nets_check(max_pixels, tolerance, compute, device, &log, &passed, &failed);
    model_check(tolerance, compute, device, &log, &passed, &failed);
    if (ac_device_validation_messages(device) > 0)
        failed++;
    ac_device_close(&device);
    printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
