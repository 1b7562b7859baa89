#include "test.h"

#include "train/loss.h"
#include "util/random.h"

#define DELTA 1.5

/* Differences that both parts of every loss see, none of them where a part ends. */
static const double places[] = {-40, -2, -1.4, -0.3, 0, 0.2, 1.3, 1.7, 3, 90};
#define PLACES ((int)(sizeof(places) / sizeof(*places)))

static void test_table(void)
{
    CHECK(ac_loss_find("mse") == &ac_loss_mse);
    CHECK(ac_loss_find("huber") == &ac_loss_huber);
    CHECK(ac_loss_find("hube") == NULL);
    CHECK(ac_loss_find("") == NULL);
    CHECK_INT(ac_loss_mse.shader_kind, 0);
    CHECK_INT(ac_loss_huber.shader_kind, 1);
    for (int i = 0; ac_losses[i]; i++) {
        CHECK(*ac_losses[i]->help);
        CHECK(ac_loss_find(ac_losses[i]->name) == ac_losses[i]);
    }
}

/* What torch.nn.MSELoss() and HuberLoss(delta=1.5) make of ({a, b}, {0, 0}). */
static void test_values(void)
{
    CHECK_NEAR(ac_loss_mse.value((double[]){3, -4}, DELTA), 12.5, 0);
    CHECK_NEAR(ac_loss_huber.value((double[]){1, -0.5}, DELTA), 0.3125, 0);
    CHECK_NEAR(ac_loss_huber.value((double[]){3, -4}, DELTA), 4.125, 0);
    CHECK_NEAR(ac_loss_huber.value((double[]){1.5, -1.5}, DELTA), 1.125, 0);
}

/* The derivative by d[k] against the central difference. */
static void check_derivative(const ac_loss *loss, const double d[2], int k)
{
    double step = 1e-5;
    double to[2];
    double more[2] = {d[0], d[1]};
    double less[2] = {d[0], d[1]};
    more[k] += step;
    less[k] -= step;
    loss->gradient(d, DELTA, to);
    double difference = (loss->value(more, DELTA) - loss->value(less, DELTA)) / (2 * step);
    if (!CHECK_NEAR(to[k], difference, 1e-6))
        fprintf(stderr, "    %s at %g, %g\n", loss->name, d[0], d[1]);
}

static void test_gradients(void)
{
    for (int i = 0; ac_losses[i]; i++)
        for (int a = 0; a < PLACES; a++)
            for (int b = 0; b < PLACES; b++)
                for (int k = 0; k < 2; k++)
                    check_derivative(ac_losses[i], (double[]){places[a], places[b]}, k);
}

enum { COUNT = 3, H = 5, W = 7, PLANE = H * W, VALUES = COUNT * 2 * PLANE };

static void draw(const char *name, float *to)
{
    uint64_t stream = ac_random_stream(1, name);
    for (int i = 0; i < VALUES; i++)
        to[i] = (float)(200 * ac_random_uniform(stream, (uint64_t)i) - 100);
}

static void test_mean(void)
{
    static float ab[VALUES];
    static float truth[VALUES];
    ac_loss_params params = {.loss = &ac_loss_mse};
    double sum = 0;
    draw("ab", ab);
    draw("truth", truth);
    for (int i = 0; i < VALUES; i++)
        sum += pow((double)ab[i] - (double)truth[i], 2);
    CHECK_NEAR(ac_loss_measure(&params, ab, truth, COUNT, H, W), sum / VALUES, 1e-9);
    CHECK_NEAR(ac_loss_measure(&params, truth, truth, COUNT, H, W), 0, 0);
}

/* The weight of one pixel, whose true colour is a, b. */
static double weight_of(const float *weights, float a, float b)
{
    ac_loss_params params = {.loss = &ac_loss_mse, .weights = weights};
    float truth[2] = {a, b};
    float ab[2] = {a, b + 1}; /* a loss of 1/2 */
    return 2 * ac_loss_measure(&params, ab, truth, 1, 1, 1);
}

static void test_weights(void)
{
    float weights[AC_RARE_BINS * AC_RARE_BINS];
    for (int i = 0; i < AC_RARE_BINS * AC_RARE_BINS; i++)
        weights[i] = (float)i;
    CHECK_NEAR(weight_of(weights, -120, -120), 0, 0);
    CHECK_NEAR(weight_of(weights, -111, -115), 0, 0);
    CHECK_NEAR(weight_of(weights, -110, -110), AC_RARE_BINS + 1, 0);
    CHECK_NEAR(weight_of(weights, 0, 10), 12 * AC_RARE_BINS + 13, 0);
    CHECK_NEAR(weight_of(weights, -1, 9), 11 * AC_RARE_BINS + 12, 0);
    CHECK_NEAR(weight_of(weights, 119, 119), AC_RARE_BINS * AC_RARE_BINS - 1, 0);
    CHECK_NEAR(weight_of(weights, 127, -128), 23 * AC_RARE_BINS, 0);
    CHECK_NEAR(weight_of(weights, -128, 300), 23, 0);
}

int main(void)
{
    test_table();
    test_values();
    test_gradients();
    test_mean();
    test_weights();
    return test_end();
}
