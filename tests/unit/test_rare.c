/* Weights for rare colours. */
#include "test.h"

#include "train/rare.h"

/* Mean weight over the colours as they were counted. */
static double mean_weight(const uint64_t *counts, const float *weights)
{
    double total = 0, sum = 0;

    for (int i = 0; i < AC_RARE_COUNT; i++) {
        total += (double)counts[i];
        sum += (double)counts[i] * (double)weights[i];
    }
    return sum / total;
}

static void test_bins(void)
{
    CHECK_INT(ac_rare_bin(-120, -120), 0);
    CHECK_INT(ac_rare_bin(-110.001F, -120), 0);
    CHECK_INT(ac_rare_bin(-110, -109), AC_RARE_BINS + 1);
    CHECK_INT(ac_rare_bin(0, 0), 12 * AC_RARE_BINS + 12);
    CHECK_INT(ac_rare_bin(-0.001F, 0), 11 * AC_RARE_BINS + 12);
    CHECK_INT(ac_rare_bin(119.9F, 119.9F), AC_RARE_COUNT - 1);
    CHECK_INT(ac_rare_bin(500, -500), 23 * AC_RARE_BINS);
    CHECK_INT(ac_rare_bin(NAN, NAN) / AC_RARE_COUNT, 0);
}

static void test_counts(void)
{
    /* Two pictures of three pixels: all a, then all b. */
    static const float ab[] = {1, 2, 55, 3, 4, -55, 1, 1, 1, 1, 1, 1};
    uint64_t counts[AC_RARE_COUNT] = {0};

    ac_rare_add(ab, 2, 3, counts);
    CHECK_INT(counts[ac_rare_bin(0, 0)], 5);
    CHECK_INT(counts[ac_rare_bin(55, -55)], 1);
}

static void test_weights(void)
{
    uint64_t counts[AC_RARE_COUNT] = {0};
    float weights[AC_RARE_COUNT], strong[AC_RARE_COUNT];
    int gray = ac_rare_bin(0, 0), red = ac_rare_bin(60, 40), never = ac_rare_bin(-119, -119);

    ac_rare_weights(counts, 0.5, weights);
    CHECK_NEAR(weights[gray], 1, 0); /* nothing was counted */

    counts[gray] = 990000;
    counts[red] = 10000;
    ac_rare_weights(counts, 0, weights);
    for (int i = 0; i < AC_RARE_COUNT; i++)
        CHECK_NEAR(weights[i], 1, 1e-6);

    ac_rare_weights(counts, 0.5, weights);
    ac_rare_weights(counts, 1, strong);
    CHECK(weights[red] > 10 * weights[gray]);
    CHECK(strong[red] / strong[gray] > weights[red] / weights[gray]);
    /* Without smoothing it would be 99 times. */
    CHECK(strong[red] > 50 * strong[gray] && strong[red] < 150 * strong[gray]);
    CHECK(isfinite(strong[never]) && strong[never] >= strong[red]);
    CHECK_NEAR(mean_weight(counts, weights), 1, 1e-6);
    CHECK_NEAR(mean_weight(counts, strong), 1, 1e-6);
    for (int i = 0; i < AC_RARE_COUNT; i++)
        CHECK(weights[i] > 0 && isfinite(weights[i]));
}

int main(void)
{
    test_bins();
    test_counts();
    test_weights();
    return test_end();
}
