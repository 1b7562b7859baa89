/* Gradients of src/ref where a function has a kink, as PyTorch 1.13 computes them: differences
 * (tests/op/test_ref_grad.c) cannot tell what they are there. */
#include "test.h"

#include "ref/ref.h"

static const double x[] = {-1, 0, 1, 6, 7};
static const double dy[] = {2, 2, 2, 2, 2};
static const ac_shape row = {1, 1, 1, 5};

static void check_row(const double *dx, const double *expected, const char *what)
{
    for (int i = 0; i < 5; i++)
        if (!CHECK_NEAR(dx[i], expected[i], 0))
            fprintf(stderr, "    %s at %g\n", what, x[i]);
}

static void test_activations(void)
{
    double relu[5] = {0};
    double relu6[5] = {0};
    double leaky[5] = {0};
    ac_ref_relu_grad(row, x, dy, relu);
    check_row(relu, (double[]){0, 0, 2, 2, 2}, "relu");
    ac_ref_relu6_grad(row, x, dy, relu6);
    check_row(relu6, (double[]){0, 0, 2, 0, 0}, "relu6");
    ac_ref_leaky_relu_grad(row, 0.25, x, dy, leaky);
    check_row(leaky, (double[]){0.5, 0.5, 2, 2, 2}, "leaky_relu");
}

/* The first of equal values gets all; what is there already stays. */
static void test_maxpool(void)
{
    const ac_ref_pool pool = {.kernel = {2, 2}, .stride = {1, 1}, .padding = {0, 0, 0, 1}};
    const ac_shape in = {1, 1, 3, 3};
    const ac_shape out = {1, 1, 2, 3};
    const double plane[] = {5, 5, 1, 5, 1, 1, 5, 5, 1};
    const double by_out[] = {1, 2, 4, 8, 16, 32};
    double dx[9] = {100};
    ac_ref_maxpool2d_grad(&pool, in, plane, out, by_out, dx);
    const double expected[] = {101, 2, 4, 8, 0, 32, 0, 16, 0};
    for (int i = 0; i < 9; i++)
        CHECK_NEAR(dx[i], expected[i], 0);
}

int main(void)
{
    test_activations();
    test_maxpool();
    return test_end();
}
