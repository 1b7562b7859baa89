/* The engine against src/ref: every case of cases.txt on the device that is chosen among the
 * driver's in VK_DRIVER_FILES. AUTOCHROME_CONV forces the kernel of convolutions,
 * AUTOCHROME_STORAGE how values are stored; AUTOCHROME_VALIDATION=1 makes a message of the
 * validation layer a failure. Arguments: patterns of cases' names, none for
 * all. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "golden.h"
#include "ref_net.h"
#include "run_net.h"

static double check(void *opaque, const test_case *c, const ac_model *model, const float *lightness,
                    const ac_log *log)
{
    ac_device *device = opaque;
    double error = HUGE_VAL;
    ac_shape expected_shape;
    ac_shape shape;
    double *expected = NULL;
    double *values = NULL;
    int messages = ac_device_validation_messages(device);
    if (ref_net_run(model, c->n, c->h, c->w, lightness, log, &expected_shape, &expected) == AC_OK &&
        test_session_run(device, model, c->n, c->h, c->w, lightness, log, &shape, &values) == AC_OK)
        error = values_error(expected_shape, expected, shape, values);
    if (ac_device_validation_messages(device) > messages) {
        fprintf(stderr, "%s: messages of the validation layer\n", c->name);
        error = HUGE_VAL;
    }
    free(expected);
    free(values);
    return error;
}

int main(int argc, char **argv)
{
    ac_log log = test_log();
    ac_device *device = NULL;
    if (test_skipped())
        return TEST_SKIPPED;
    if (test_device_open(&log, &device) != AC_OK)
        return EXIT_FAILURE;
    const char *conv = getenv("AUTOCHROME_CONV");
    if (conv && strcmp(conv, "matrix") == 0 && ac_device_get_info(device)->matrix[0] == 0) {
        printf("skipped: no cooperative matrices on this device or in this build\n");
        ac_device_close(&device);
        return TEST_SKIPPED;
    }
    printf("%s, %s\n", ac_device_get_info(device)->name, ac_device_get_info(device)->driver);
    int result = cases_run(AC_SOURCE_DIR "/tests/op/cases.txt", argc - 1, argv + 1,
                           test_tolerance(device, 2e-3), check, device, &log);
    uint64_t left = ac_device_memory_used(device, NULL);
    if (left != 0) {
        fprintf(stderr, "failed: %llu bytes of device memory are not given back\n",
                (unsigned long long)left);
        result = EXIT_FAILURE;
    }
    ac_device_close(&device);
    return result;
}
