/* src/ref against PyTorch: the smaller of the whole networks and the default model, without a
 * device. */
#include <stdio.h>
#include <stdlib.h>

#include "cases.h"
#include "nets.h"
#include "ref_net.h"

#define TOLERANCE       1e-6 /* golden values are rounded to float */
#define MODEL_TOLERANCE 1e-5 /* PyTorch computed these in float32 */
#define MAX_PIXELS      10000

static ac_status compute(void *opaque, const ac_model *model, int h, int w, const float *lightness,
                         const ac_log *log, ac_shape *shape, double **result)
{
    (void)opaque;
    return ref_net_run(model, 1, h, w, lightness, log, shape, result);
}

int main(void)
{
    ac_log log = test_log();
    int passed = 0;
    int failed = 0;
    nets_check(MAX_PIXELS, TOLERANCE, compute, NULL, &log, &passed, &failed);
    model_check(MODEL_TOLERANCE, compute, NULL, &log, &passed, &failed);
    printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 && passed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
