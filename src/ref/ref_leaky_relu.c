#include "ref/ref.h"

void ac_ref_leaky_relu(ac_shape shape, double slope, double *x)
{
    for (int64_t i = 0; i < ac_shape_count(shape); i++)
        x[i] = x[i] > 0 ? x[i] : slope * x[i];
}
