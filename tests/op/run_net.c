#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nn/lower.h"
#include "run_net.h"

bool test_skipped(void)
{
    const char *needs = getenv("AC_TEST_NEEDS"), *width = getenv("LP_NATIVE_VECTOR_WIDTH");
    if (needs && access(needs, R_OK) != 0) {
        printf("skipped: no %s\n", needs);
        return true;
    }
    if (width && strcmp(width, "512") == 0 && !ac_device_bears_wide()) {
        printf("skipped: this driver does not work with 512-bit vectors\n");
        return true;
    }
    return false;
}

ac_status test_device_open(const ac_log *log, ac_device **device)
{
    const char *validation = getenv("AUTOCHROME_VALIDATION");
    ac_device_params params = {
        .validation = validation && *validation && strcmp(validation, "0") != 0,
        .cache_dir = "",
    };
    return ac_device_open(&params, log, device);
}

double test_tolerance(const ac_device *device, double half)
{
    const char *conv = getenv("AUTOCHROME_CONV");
    bool stored = false;
    if (ac_lower_stores_half(device, NULL, &stored) != AC_OK || !stored)
        return 1e-4;
    /* Cooperative matrices round the weights as well: twice the squared error. So does conv_gpu,
     * and stays below `half` all the same in what the tests force. */
    return conv && strcmp(conv, "matrix") == 0 ? 1.5 * half : half;
}

ac_status test_session_run(ac_device *device, const ac_model *model, int n, int h, int w,
                           const float *lightness, const ac_log *log, ac_shape *shape,
                           double **result)
{
    ac_status status = AC_OK;
    ac_session *session = NULL;
    float *values = NULL;
    ac_session_params params = {
        .device = device, .model = model, .n = n, .height = h, .width = w, .guarded = true};
    *result = NULL;
    TRY(ac_session_create(&params, log, &session));
    *shape = ac_session_output_shape(session);
    size_t count = (size_t)ac_shape_count(*shape);
    values = malloc(count * sizeof(*values));
    TRY(values ? AC_OK : AC_ERR_MEMORY);
    memset(values, 0xff, count * sizeof(*values)); /* NaN: what is not written is seen */
    TRY(ac_session_run(session, lightness, values));
    if (!ac_session_guards_hold(session))
        TRY(ac_fail(log, AC_ERR_DEVICE, "a kernel wrote behind its tensor"));
    *result = malloc(count * sizeof(**result));
    TRY(*result ? AC_OK : AC_ERR_MEMORY);
    for (size_t i = 0; i < count; i++)
        (*result)[i] = values[i];
fail:
    free(values);
    ac_session_destroy(&session);
    return status;
}
