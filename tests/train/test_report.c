#include "../unit/test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "train/chart.h"
#include "train/report.h"

#define HEADER "epoch,step,loss,validation_loss,learning_rate,seconds\n"

static char dir[] = "report_XXXXXX";
static int warnings;

static void count_warnings(void *opaque, ac_log_level level, const char *message)
{
    test_log_write(opaque, level, message);
    warnings += level == AC_LOG_WARNING;
}

static const ac_log logger = {count_warnings, NULL, AC_LOG_WARNING};

static const char *path_of(const char *name)
{
    static char path[256];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

/* The whole file with a 0 after it; the caller frees it. "" where there is none. */
static char *read_file(const char *name)
{
    FILE *file = fopen(path_of(name), "rb");
    char *text = calloc(1, 1 << 22);

    if (file) {
        if (fread(text, 1, (1 << 22) - 1, file) == 0)
            text[0] = '\0';
        fclose(file);
    }
    return text;
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(path_of(name), "wb");

    if (!CHECK(file != NULL))
        return;
    fputs(text, file);
    fclose(file);
}

static void expect_file(const char *name, const char *expected)
{
    char *text = read_file(name);

    CHECK_STR(text, expected);
    free(text);
}

static ac_report *open_report(int64_t resumed)
{
    static const ac_report_setting settings[] = {
        {"learning rate", "0.001"},
        {"data <b>", "a \"quoted\" & <script>alert(1)</script>"},
    };
    ac_report *report;

    warnings = 0;
    CHECK_INT(ac_report_open(&(ac_report_params){.dir = dir,
                                                 .title = "<script>x</script>.safetensors",
                                                 .settings = settings,
                                                 .setting_count = 2,
                                                 .epochs = 30,
                                                 .resumed = resumed},
                             &logger, &report),
              AC_OK);
    return report;
}

static void step(ac_report *report, int64_t number, double validation)
{
    CHECK_INT(ac_report_step(report, &(ac_report_row){.epoch = (int)(number + 1) / 2,
                                                      .step = number,
                                                      .loss = 1.0 / (double)number,
                                                      .validation = validation,
                                                      .rate = 1e-3,
                                                      .seconds = 1.5 * (double)number}),
              AC_OK);
}

#define ROW1 "1,1,1,,0.001,1.5\n"
#define ROW2 "1,2,0.5,0.25,0.001,3\n"
#define ROW3 "2,3,0.333333333,,0.001,4.5\n"

static void test_rows(void)
{
    ac_report *report;

    write_file("log.csv", "of another run\n");
    report = open_report(0);
    expect_file("log.csv", HEADER);
    step(report, 1, NAN);
    step(report, 2, 0.25);
    /* It is there before the report is closed. */
    expect_file("log.csv", HEADER ROW1 ROW2);
    step(report, 3, NAN);
    ac_report_close(&report);
    CHECK(report == NULL);
    expect_file("log.csv", HEADER ROW1 ROW2 ROW3);
    CHECK_INT(warnings, 0);
}

static void test_resume(void)
{
    static const struct {
        const char *there;
        int64_t resumed;
        const char *kept;
        int warnings;
    } cases[] = {
        {HEADER ROW1 ROW2 ROW3, 2, HEADER ROW1 ROW2, 0},
        {HEADER ROW1 ROW2 ROW3, 3, HEADER ROW1 ROW2 ROW3, 0},
        /* A line that was being written. */
        {HEADER ROW1 ROW2 "2,3,0.33", 2, HEADER ROW1 ROW2, 0},
        {HEADER ROW1 ROW2 "2,3,0.33", 3, HEADER ROW1 ROW2, 1},
        {HEADER ROW1 "1,2,0.5,0.25,0.001,3", 2, HEADER ROW1, 1},
        {HEADER ROW1 "1,2,zero,,0.001,3\n" ROW3, 3, HEADER ROW1, 1},
        {HEADER ROW2 ROW1, 3, HEADER ROW2, 1},
        {HEADER, 3, HEADER, 1},
        {"", 3, HEADER, 1},
        {"of another program\n" ROW1, 1, HEADER, 1},
        {HEADER "1,1,nan,,0.001,1.5\n", 1, HEADER "1,1,nan,,0.001,1.5\n", 0},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ac_report *report;

        write_file("log.csv", cases[i].there);
        report = open_report(cases[i].resumed);
        expect_file("log.csv", cases[i].kept);
        CHECK_INT(warnings, cases[i].warnings);
        ac_report_close(&report);
    }
}

static void test_resume_nothing(void)
{
    ac_report *report;

    unlink(path_of("log.csv"));
    report = open_report(3);
    expect_file("log.csv", HEADER);
    CHECK_INT(warnings, 1);
    step(report, 4, NAN);
    ac_report_close(&report);
    expect_file("log.csv", HEADER "2,4,0.25,,0.001,6\n");
}

static void test_refused(void)
{
    ac_report *report;

    test_log_clear();
    CHECK_INT(ac_report_open(&(ac_report_params){.dir = "no/such/folder", .title = "", .epochs = 1},
                             &logger, &report),
              AC_ERR_IO);
    CHECK(report == NULL);
    CHECK_INT(test_state.messages, 1);
}

static ac_rgb picture(int width, int height, uint8_t value)
{
    size_t size = (size_t)width * (size_t)height * 3;
    ac_rgb made = {width, height, malloc(size)};

    memset(made.data, value, size);
    return made;
}

static int count_parts(const char *text, const char *part)
{
    int count = 0;

    for (const char *at = text; (at = strstr(at, part)); at++)
        count++;
    return count;
}

static void test_page(void)
{
    ac_sheet_row rows[] = {
        {"<script>\xff.png", picture(20, 30, 0), picture(20, 30, 99), picture(20, 30, 200), 0.01},
        {NULL, picture(1, 400, 0), picture(1, 400, 99), picture(1, 400, 200), NAN},
    };
    ac_report *report;
    char *page;

    mkdir(path_of("sheets"), 0777);
    write_file("sheets/epoch_013.jpg", "of another run");
    write_file("sheets/epoch_1.txt", "not ours");
    report = open_report(0);
    CHECK(access(path_of("sheets/epoch_013.jpg"), F_OK) != 0);
    CHECK(access(path_of("sheets/epoch_1.txt"), F_OK) == 0);
    for (int epoch = 1; epoch <= 13; epoch++) {
        step(report, INT64_C(2) * epoch - 1, NAN);
        step(report, INT64_C(2) * epoch, 1.0 / epoch);
        CHECK_INT(ac_report_epoch(report, epoch, epoch == 12 ? NULL : rows, 2, 0.5), AC_OK);
    }
    ac_report_close(&report);
    page = read_file("report.html");
    CHECK(!strstr(page, "http:") && !strstr(page, "https:") && !strstr(page, "url("));
    CHECK(!strstr(page, "<script") && !strstr(page, "<b>"));
    CHECK(strstr(page, "<title>&lt;script&gt;x&lt;/script&gt;.safetensors</title>") != NULL);
    CHECK(strstr(page, "a &quot;quoted&quot; &amp; &lt;script&gt;") != NULL);
    CHECK(strstr(page, "Epoch 13 of 30, 26 steps") != NULL);
    CHECK(strstr(page, "prefers-color-scheme:dark") != NULL);
    /* Sheets of all epochs but 12, and nothing else is fetched. */
    CHECK_INT(count_parts(page, "src=\"data:image/jpeg;base64,/9j/"), 12);
    CHECK_INT(count_parts(page, "src="), 12);
    CHECK(strstr(page, "Epoch 1<") && strstr(page, "Epoch 11<") && !strstr(page, "Epoch 12<"));
    CHECK(!strstr(page, "sheets of all epochs"));
    CHECK_INT(count_parts(page, "<svg class=\"chart\""), 1);
    CHECK(strstr(page, "<title>loss, smoothed</title>") != NULL);
    CHECK(strstr(page, "<title>epoch 2: validation loss 0.5</title>") != NULL);
    CHECK(strstr(page, "<tr><td>2</td><td>4</td><td>0.29167</td><td>0.5</td>") != NULL);
    CHECK_INT(count_parts(page, "<tr class=\"best\"><td>13</td>"), 1);
    CHECK(strstr(page, "</html>\n") != NULL);
    free(page);
    CHECK(access(path_of("sheet.png"), F_OK) == 0 && access(path_of("curve.png"), F_OK) == 0);
    CHECK(access(path_of("sheets/epoch_002.jpg"), F_OK) == 0);
    for (int i = 0; i < 2; i++) {
        ac_rgb_free(&rows[i].input);
        ac_rgb_free(&rows[i].actual);
        ac_rgb_free(&rows[i].predicted);
    }
}

/* Pixels of the colour in a part of the chart. */
static int64_t count_colour(const ac_rgb *chart, uint32_t rgb)
{
    int64_t count = 0;

    for (int64_t i = 0; i < (int64_t)chart->width * chart->height; i++) {
        const uint8_t *at = chart->data + 3 * i;

        count += ((uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2]) == rgb;
    }
    return count;
}

/* Pixels of the mean of an epoch, which is in no chart without a loss. */
static int64_t dots(const ac_report_row *rows, int64_t count, double baseline)
{
    ac_rgb chart;
    int64_t found;

    CHECK_INT(
        ac_chart_draw(&(ac_chart_params){"chart \xff", rows, count, baseline}, &logger, &chart),
        AC_OK);
    CHECK_INT(chart.width, AC_CHART_WIDTH);
    CHECK_INT(chart.height, AC_CHART_HEIGHT);
    found = count_colour(&chart, 0x1e3a8a);
    ac_rgb_free(&chart);
    return found;
}

/* Sheets that are too much for a page: the last, the first and some between. */
static void test_many_sheets(void)
{
    enum { BYTES = 3 << 20, EPOCHS = 12 };
    char *jpeg = malloc(BYTES + 1), name[64];
    ac_report *report;
    struct stat info;
    char *page;

    memset(jpeg, 'x', BYTES);
    jpeg[BYTES] = '\0';
    report = open_report(0);
    for (int epoch = 1; epoch <= EPOCHS; epoch++) {
        step(report, 2 * epoch - 1, NAN);
        snprintf(name, sizeof(name), "sheets/epoch_%03d.jpg", epoch);
        write_file(name, jpeg);
    }
    CHECK_INT(ac_report_epoch(report, EPOCHS, NULL, 0, NAN), AC_OK);
    ac_report_close(&report);
    CHECK_INT(stat(path_of("report.html"), &info), 0);
    CHECK(info.st_size < 17 << 20);
    page = read_file("report.html");
    CHECK(strstr(page, "Epoch 12<") && !strstr(page, "Epoch 11<"));
    free(page);
    free(jpeg);
}

static void test_charts(void)
{
    const double odd[] = {NAN, INFINITY, -INFINITY, 1e300, -1e300};
    const double constant[] = {0, 5e-324, 1e-12, 0.25, -3, 1e6, 9e29};
    enum { MANY = 1000000 };
    ac_report_row *rows = calloc(MANY, sizeof(*rows));

    CHECK_INT(dots(NULL, 0, NAN), 0);
    CHECK_INT(dots(NULL, 0, 0.1), 0);
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        for (int k = 0; k < 3; k++)
            rows[k] = (ac_report_row){1, k + 1, odd[i], odd[i], odd[i], 0};
        CHECK_INT(dots(rows, 3, odd[i]), 0);
        rows[1].loss = 0.5;
        CHECK(dots(rows, 3, odd[i]) > 0);
    }
    for (size_t i = 0; i < sizeof(constant) / sizeof(constant[0]); i++) {
        for (int k = 0; k < 9; k++)
            rows[k] = (ac_report_row){k + 1, k + 1, constant[i], NAN, constant[i], 0};
        CHECK(dots(rows, 1, NAN) > 0);
        CHECK(dots(rows, 9, constant[i]) > 0);
    }
    /* From the largest to the least, and gaps. */
    for (int k = 0; k < 60; k++)
        rows[k] = (ac_report_row){k + 1, k + 1, k % 7 ? pow(10, 29 - k) : NAN, NAN, 1e-3, 0};
    CHECK(dots(rows, 60, 0.1) > 0);
    for (int k = 0; k < MANY; k++)
        rows[k] = (ac_report_row){k / 1000 + 1, k + 1, 1.0 / (1 + k % 100), 0.3, 1e-3, k};
    CHECK(dots(rows, MANY, 0.1) > 0);
    free(rows);
}

/* As many pictures as a sheet takes, all of them tall. */
static void test_tall_sheet(void)
{
    ac_rgb tall = picture(384, 768, 99), sheet;
    ac_sheet_row rows[64];

    for (int i = 0; i < 64; i++)
        rows[i] = (ac_sheet_row){"tall", tall, tall, tall, 0.1};
    CHECK_INT(ac_sheet_draw(rows, 64, "tall", &logger, &sheet), AC_OK);
    CHECK(sheet.height > 20000);
    ac_rgb_free(&sheet);
    ac_rgb_free(&tall);
}

static void test_sheets(void)
{
    ac_rgb sheet;

    CHECK_INT(ac_sheet_draw(NULL, 0, "none", &logger, &sheet), AC_OK);
    CHECK(sheet.width > 0 && sheet.height > 0);
    ac_rgb_free(&sheet);
    test_log_clear();
    CHECK_INT(ac_sheet_draw(NULL, 1000, "too many", &logger, &sheet), AC_ERR_ARGUMENT);
    CHECK(sheet.data == NULL);
    CHECK_INT(test_state.messages, 1);
    test_tall_sheet();
}

int main(void)
{
    if (!mkdtemp(dir))
        return 1;
    test_rows();
    test_resume();
    test_resume_nothing();
    test_refused();
    test_page();
    test_many_sheets();
    test_charts();
    test_sheets();
    return test_end();
}
