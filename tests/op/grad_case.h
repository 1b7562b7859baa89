/* A case of cases.txt as the tests of gradients take it. */
#ifndef AC_TEST_GRAD_CASE_H
#define AC_TEST_GRAD_CASE_H

#include "cases.h"

/* Height and width are rounded up to multiples of ac_net_multiple(); two pictures at least where
 * there is a batch norm, so that one of 1x1 has something to normalise. */
typedef struct grad_case {
    ac_shape in, out; /* of the network's input and result */
    bool normalises;  /* has a batch norm */
    float *lightness; /* [n][1][h][w] */
    float *gradient;  /* by the result, before the output's scale */
} grad_case;

ac_status grad_case_make(const test_case *c, const ac_model *model, const ac_log *log,
                         grad_case *to);
/* Accepts half-made ones. */
void grad_case_free(grad_case *c);

#endif
