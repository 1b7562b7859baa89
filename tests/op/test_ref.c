/* src/ref against PyTorch: every case of cases.txt, without a device. Arguments: patterns of
 * cases' names, none for all. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cases.h"
#include "golden.h"
#include "ref_net.h"

#define TOLERANCE 1e-6 /* golden values are rounded to float */

static double check(void *opaque, const test_case *c, const ac_model *model, const float *lightness,
                    const ac_log *log)
{
    double error = HUGE_VAL;
    ac_shape shape;
    double *values = NULL;
    golden_tensor expected;
    if (golden_find(opaque, c->name, &expected) &&
        ref_net_run(model, c->n, c->h, c->w, lightness, log, &shape, &values) == AC_OK)
        error = golden_error(&expected, shape, values);
    free(values);
    return error;
}

int main(int argc, char **argv)
{
    ac_log log = test_log();
    golden *file = golden_open(AC_SOURCE_DIR "/tests/golden/ops.safetensors");
    int result = EXIT_FAILURE;
    if (file)
        result = cases_run(AC_SOURCE_DIR "/tests/op/cases.txt", argc - 1, argv + 1, TOLERANCE,
                           check, file, &log);
    golden_close(&file);
    return result;
}
