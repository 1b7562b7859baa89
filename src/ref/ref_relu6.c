#include <math.h>

#include "ref/ref.h"

void ac_ref_relu6(ac_shape shape, double *x)
{
    for (int64_t i = 0; i < ac_shape_count(shape); i++)
        x[i] = fmin(fmax(x[i], 0), 6);
}
