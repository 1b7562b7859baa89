/* The learning rate over a run. */
#include "test.h"

#include "train/rate.h"

static void test_constant(void)
{
    const ac_rate_params p = {.kind = AC_RATE_CONSTANT, .rate = 0.001};

    CHECK_NEAR(ac_rate_at(&p, 1, 0, 0), 0.001, 0);
    CHECK_NEAR(ac_rate_at(&p, 1000000, 99, 1), 0.001, 0);
}

static void test_cosine(void)
{
    ac_rate_params p = {.kind = AC_RATE_COSINE, .rate = 2};

    CHECK_NEAR(ac_rate_at(&p, 1, 0, 0), 2, 1e-15);
    CHECK_NEAR(ac_rate_at(&p, 25, 0, 0.25), 1.7071067811865476, 1e-12);
    CHECK_NEAR(ac_rate_at(&p, 50, 0, 0.5), 1, 1e-12);
    CHECK_NEAR(ac_rate_at(&p, 100, 0, 1), 0, 1e-15);
    CHECK_NEAR(ac_rate_at(&p, 100, 0, 1.5), 0, 1e-15);
    p.end = 0.1;
    CHECK_NEAR(ac_rate_at(&p, 1, 0, 0), 2, 1e-15);
    CHECK_NEAR(ac_rate_at(&p, 50, 0, 0.5), 1.1, 1e-12);
    CHECK_NEAR(ac_rate_at(&p, 100, 0, 1), 0.2, 1e-12);
}

static void test_step(void)
{
    const ac_rate_params p = {.kind = AC_RATE_STEP, .rate = 1, .gamma = 0.5, .every = 3};
    static const double expected[] = {1, 1, 1, 0.5, 0.5, 0.5, 0.25};

    for (int epoch = 0; epoch < 7; epoch++)
        CHECK_NEAR(ac_rate_at(&p, 10, epoch, 0.9), expected[epoch], 1e-15);
}

/* Whatever the schedule, the first steps rise to it. */
static void test_warm_up(void)
{
    ac_rate_params p = {.rate = 0.4, .gamma = 0.5, .every = 1, .warm_up = 4};
    static const double part[] = {0.25, 0.5, 0.75, 1, 1, 1};

    for (int kind = 0; kind < AC_RATE_COUNT; kind++) {
        for (int step = 1; step <= 6; step++) {
            double plain;

            p.kind = (ac_rate_kind)kind;
            p.warm_up = 0;
            plain = ac_rate_at(&p, step, 2, 0.3);
            p.warm_up = 4;
            CHECK_NEAR(ac_rate_at(&p, step, 2, 0.3), part[step - 1] * plain, 1e-15);
        }
    }
}

static void test_names(void)
{
    ac_rate_kind kind;

    for (int i = 0; i < AC_RATE_COUNT; i++) {
        CHECK(ac_rate_find(ac_rate_name((ac_rate_kind)i), &kind));
        CHECK_INT(kind, i);
    }
    CHECK(!ac_rate_find("linear", &kind));
    CHECK(!ac_rate_find("", &kind));
}

int main(void)
{
    test_constant();
    test_cosine();
    test_step();
    test_warm_up();
    test_names();
    return test_end();
}
