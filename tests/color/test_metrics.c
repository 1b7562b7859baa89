/* Colours in numbers, against published tables and values worked out by hand. */
#include <stdlib.h>

#include "../unit/test.h"
#include "color/lab.h"
#include "color/metrics.h"

/* Sharma, Wu, Dalal 2005, table 1. */
static const struct {
    double p[3], q[3], difference;
} pairs[] = {
    {{50, 2.6772, -79.7751}, {50, 0, -82.7485}, 2.0425},
    {{50, 3.1571, -77.2803}, {50, 0, -82.7485}, 2.8615},
    {{50, 2.8361, -74.0200}, {50, 0, -82.7485}, 3.4412},
    {{50, -1.3802, -84.2814}, {50, 0, -82.7485}, 1.0000},
    {{50, -1.1848, -84.8006}, {50, 0, -82.7485}, 1.0000},
    {{50, -0.9009, -85.5211}, {50, 0, -82.7485}, 1.0000},
    {{50, 0, 0}, {50, -1, 2}, 2.3669},
    {{50, -1, 2}, {50, 0, 0}, 2.3669},
    {{50, 2.49, -0.001}, {50, -2.49, 0.0009}, 7.1792},
    {{50, 2.49, -0.001}, {50, -2.49, 0.0010}, 7.1792},
    {{50, 2.49, -0.001}, {50, -2.49, 0.0011}, 7.2195},
    {{50, 2.49, -0.001}, {50, -2.49, 0.0012}, 7.2195},
    {{50, -0.001, 2.49}, {50, 0.0009, -2.49}, 4.8045},
    {{50, -0.001, 2.49}, {50, 0.0010, -2.49}, 4.8045},
    {{50, -0.001, 2.49}, {50, 0.0011, -2.49}, 4.7461},
    {{50, 2.5, 0}, {50, 0, -2.5}, 4.3065},
    {{50, 2.5, 0}, {73, 25, -18}, 27.1492},
    {{50, 2.5, 0}, {61, -5, 29}, 22.8977},
    {{50, 2.5, 0}, {56, -27, -3}, 31.9030},
    {{50, 2.5, 0}, {58, 24, 15}, 19.4535},
    {{50, 2.5, 0}, {50, 3.1736, 0.5854}, 1.0000},
    {{50, 2.5, 0}, {50, 3.2972, 0}, 1.0000},
    {{50, 2.5, 0}, {50, 1.8634, 0.5757}, 1.0000},
    {{50, 2.5, 0}, {50, 3.2592, 0.3350}, 1.0000},
    {{60.2574, -34.0099, 36.2677}, {60.4626, -34.1751, 39.4387}, 1.2644},
    {{63.0109, -31.0961, -5.8663}, {62.8187, -29.7946, -4.0864}, 1.2630},
    {{61.2901, 3.7196, -5.3901}, {61.4292, 2.2480, -4.9620}, 1.8731},
    {{35.0831, -44.1164, 3.7933}, {35.0232, -40.0716, 1.5901}, 1.8645},
    {{22.7233, 20.0904, -46.6940}, {23.0331, 14.9730, -42.5619}, 2.0373},
    {{36.4612, 47.8580, 18.3852}, {36.2715, 50.5065, 21.2231}, 1.4146},
    {{90.8027, -2.0831, 1.4410}, {91.1528, -1.6435, 0.0447}, 1.4441},
    {{90.9257, -0.5406, -0.9208}, {88.6381, -0.8985, -0.7239}, 1.5381},
    {{6.7747, -0.2908, -2.4247}, {5.8714, -0.0985, -2.2286}, 0.6377},
    {{2.0776, 0.0795, -1.1350}, {0.9033, -0.0636, -0.5514}, 0.9082},
};

static void test_ciede2000(void)
{
    const float lightness[] = {50, 50}, ab[] = {2.6772F, -1, -79.7751F, 2};
    const float truth[] = {0, 0, -82.7485F, 0};

    for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
        bool right =
            CHECK_NEAR(ac_metric_ciede2000(pairs[i].p, pairs[i].q), pairs[i].difference, 1e-4);

        right &= CHECK_NEAR(ac_metric_ciede2000(pairs[i].q, pairs[i].p), pairs[i].difference, 1e-4);
        if (!right)
            fprintf(stderr, "    pair %zu\n", i + 1);
        CHECK_NEAR(ac_metric_ciede2000(pairs[i].p, pairs[i].p), 0, 1e-12);
    }
    CHECK_NEAR(ac_metric_mean_ciede2000(lightness, ab, truth, 2), (2.0425 + 2.3669) / 2, 1e-4);
}

static void test_errors(void)
{
    const float p[] = {0, 0.5F, 1, 0.25F, 0.25F, 0.25F}, q[] = {0.5F, 0.5F, 0, 0.25F, 0.5F, 0.25F};
    const float ab[] = {10, -10, 3, 4}, truth[] = {8, -5, 3, 5};

    CHECK_NEAR(ac_metric_rgb_loss(p, q, 2), (0.25 + 1 + 0.0625) / 6, 1e-12);
    CHECK_NEAR(ac_metric_rgb_loss(p, p, 2), 0, 0);
    CHECK_NEAR(ac_metric_psnr(0.01), 20, 1e-12);
    CHECK_NEAR(ac_metric_psnr(1), 0, 1e-12);
    CHECK(isinf(ac_metric_psnr(0)));
    CHECK_NEAR(ac_metric_ab_error(ab, truth, 2), (2 + 5 + 0 + 1) / 4.0, 1e-12);
}

/* Two pixels, (255, 0, 0) and (0, 0, 255): rg is 255 and 0, yb 127.5 and -255. Their means are
 * 127.5 and -63.75, their spreads 127.5 and 191.25. */
static void test_colourfulness(void)
{
    const float two[] = {1, 0, 0, 0, 0, 1}, one[] = {0, 1, 0, 0, 1, 0}, gray[] = {0.2F, 0.2F, 0.2F};

    CHECK_NEAR(ac_metric_colourfulness(two, 2),
               sqrt(127.5 * 127.5 + 191.25 * 191.25) + 0.3 * sqrt(127.5 * 127.5 + 63.75 * 63.75),
               1e-9);
    CHECK_NEAR(ac_metric_colourfulness(one, 2), 0.3 * sqrt(255 * 255 + 127.5 * 127.5), 1e-9);
    CHECK_NEAR(ac_metric_colourfulness(gray, 1), 0, 0);
}

static void test_lab(void)
{
    /* Lindbloom's and everybody's values, for D65. */
    static const struct {
        uint8_t rgb[3];
        double lab[3];
    } known[] = {
        {{255, 0, 0}, {53.24, 80.09, 67.20}},
        {{0, 255, 0}, {87.73, -86.18, 83.18}},
        {{0, 0, 255}, {32.30, 79.19, -107.86}},
        {{255, 255, 255}, {100, 0, 0}},
        {{0, 0, 0}, {0, 0, 0}},
        {{119, 119, 119}, {50.03, 0, 0}},
        {{255, 255, 0}, {97.14, -21.55, 94.48}},
        {{0, 255, 255}, {91.11, -48.09, -14.13}},
    };
    uint8_t back[3];
    float l, ab[2], rgb[3];
    int wrong = 0;

    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        ac_lab_from_rgb8(known[i].rgb, 1, &l, ab);
        CHECK_NEAR((double)l, known[i].lab[0], 0.01);
        CHECK_NEAR((double)ab[0], known[i].lab[1], 0.02);
        CHECK_NEAR((double)ab[1], known[i].lab[2], 0.02);
    }
    for (int i = 0; i < 52 * 52 * 52; i++) {
        const uint8_t from[3] = {(uint8_t)(i % 52 * 5), (uint8_t)(i / 52 % 52 * 5),
                                 (uint8_t)(i / 52 / 52 * 5)};

        ac_lab_from_rgb8(from, 1, &l, ab);
        ac_lab_to_rgb(&l, ab, 1, rgb);
        ac_rgb_to_rgb8(rgb, 1, back);
        wrong += memcmp(from, back, 3) != 0;
        for (int k = 0; k < 3; k++)
            wrong += !(fabsf(rgb[k] - (float)from[k] / 255) < 1e-3F);
    }
    CHECK_INT(wrong, 0);
}

static double cdc_of(const uint8_t (*colours)[3], int frames)
{
    enum { PIXELS = 7 };
    uint8_t rgb[3 * PIXELS];
    ac_cdc *cdc = ac_cdc_create();
    double result;

    if (!cdc)
        abort();
    for (int i = 0; i < frames; i++) {
        for (int p = 0; p < 3 * PIXELS; p++)
            rgb[p] = colours[i][p % 3];
        ac_cdc_frame(cdc, rgb, PIXELS);
    }
    result = ac_cdc_result(cdc);
    ac_cdc_destroy(&cdc);
    CHECK(!cdc);
    return result;
}

static void test_cdc(void)
{
    static const uint8_t same[6][3] = {{9, 8, 7}, {9, 8, 7}, {9, 8, 7},
                                       {9, 8, 7}, {9, 8, 7}, {9, 8, 7}};
    static const uint8_t all[6][3] = {{0, 10, 20}, {1, 11, 21}, {2, 12, 22},
                                      {3, 13, 23}, {4, 14, 24}, {5, 15, 25}};
    /* Only red changes, and two apart are always the same. */
    static const uint8_t turns[6][3] = {{0, 0, 0}, {9, 0, 0}, {0, 0, 0},
                                        {9, 0, 0}, {0, 0, 0}, {9, 0, 0}};
    const uint8_t half[][3] = {{0, 0, 0}, {0, 0, 0}, {255, 0, 0}, {0, 0, 0}};
    ac_cdc *cdc = ac_cdc_create();

    CHECK(isnan(cdc_of(same, 0)));
    CHECK(isnan(cdc_of(same, 1)));
    for (int frames = 2; frames <= 6; frames++) {
        CHECK_NEAR(cdc_of(same, frames), 0, 0);
        CHECK_NEAR(cdc_of(all, frames), log(2), 1e-12);
    }
    CHECK_NEAR(cdc_of(turns, 6), log(2) / 3 / 3, 1e-12);
    CHECK_NEAR(cdc_of(turns, 3), log(2) / 3 / 2, 1e-12); /* no frames 4 apart */

    /* Red is 0 in all pixels, then in half of them: the middle is 3/4 and 1/4. */
    if (!cdc)
        abort();
    ac_cdc_frame(cdc, half[0], 2);
    ac_cdc_frame(cdc, half[2], 2);
    CHECK_NEAR(ac_cdc_result(cdc),
               (log(1 / 0.75) + 0.5 * log(0.5 / 0.75) + 0.5 * log(0.5 / 0.25)) / 2 / 3, 1e-12);
    ac_cdc_destroy(&cdc);
}

/* 3x4 pixels; the one at the top right becomes lighter: it and its neighbours do not count. */
static void test_static_change(void)
{
    float before[12] = {0}, now[12] = {0}, ab_before[24] = {0}, ab[24] = {0};
    double sum = 1;
    int64_t pixels = 10;

    now[3] = 1;
    now[8] = 0.99F;
    for (int i = 0; i < 12; i++) {
        ab[i] = 3;
        ab[12 + i] = 4;
    }
    ab[2] = 100; /* beside the light one */
    ab_before[11] = 3;
    ac_metric_static_change(now, ab, before, ab_before, 3, 4, &sum, &pixels);
    CHECK_INT(pixels, 10 + 8);
    CHECK_NEAR(sum, 1 + 7 * 5 + 4, 1e-6);
    now[5] =
        NAN; /* never counts as still: all pixels are beside it but those of the right column */
    ac_metric_static_change(now, ab, before, ab_before, 3, 4, &sum, &pixels);
    CHECK_INT(pixels, 10 + 8 + 1);
    CHECK_NEAR(sum, 1 + 7 * 5 + 4 + 4, 1e-6);
}

int main(void)
{
    test_ciede2000();
    test_errors();
    test_colourfulness();
    test_lab();
    test_cdc();
    test_static_change();
    return test_end();
}
