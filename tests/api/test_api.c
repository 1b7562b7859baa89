/* The library as others use it: its header and what it exports, nothing else. */
#include "test.h"

#include <autochrome.h>
#include <stdlib.h>

typedef struct heard {
    int errors;
    char text[1024]; /* the last error */
} heard;

static void hear(void *opaque, autochrome_level level, const char *text)
{
    heard *h = opaque;

    if (level != AUTOCHROME_LEVEL_ERROR)
        return;
    h->errors++;
    snprintf(h->text, sizeof(h->text), "%s", text);
}

#define WIDTH  41
#define HEIGHT 27

typedef struct picture {
    unsigned char luma[HEIGHT * WIDTH], cb[HEIGHT * WIDTH], cr[HEIGHT * WIDTH];
} picture;

static void draw(picture *p, int seed)
{
    for (int i = 0; i < HEIGHT * WIDTH; i++) {
        p->luma[i] = (unsigned char)(16 + (i * 7 + i / WIDTH * (31 + seed)) % 220);
        p->cb[i] = p->cr[i] = 0;
    }
}

static autochrome_frame frame_of(picture *p)
{
    return (autochrome_frame){.luma = p->luma,
                              .luma_stride = WIDTH,
                              .cb = p->cb,
                              .cr = p->cr,
                              .cb_stride = WIDTH,
                              .cr_stride = WIDTH};
}

static autochrome_status colour(autochrome *ac, picture *p)
{
    const autochrome_frame frame = frame_of(p);

    return autochrome_colour_frame(ac, &frame);
}

/* One error, and what it says. */
static void expect_error(heard *h, autochrome_status status, autochrome_status wanted,
                         const char *says)
{
    CHECK_INT(status, wanted);
    CHECK_INT(h->errors, 1);
    CHECK_HAS(h->text, says);
    *h = (heard){0};
}

static void test_wrong_use(autochrome *ac, heard *h)
{
    autochrome_format format;
    picture p;

    autochrome_format_default(&format, WIDTH, HEIGHT);
    draw(&p, 0);
    expect_error(h, colour(ac, &p), AUTOCHROME_ERROR_ARGUMENT, "no film was begun");
    expect_error(h, autochrome_begin(ac, &format), AUTOCHROME_ERROR_ARGUMENT, "no model");
    expect_error(h, autochrome_load(ac, "/no/such.safetensors"), AUTOCHROME_ERROR_IO,
                 "/no/such.safetensors");
    expect_error(h, autochrome_load(ac, "landmark"), AUTOCHROME_ERROR_FORMAT, "without weights");
    CHECK_INT(autochrome_load(ac, NULL), AUTOCHROME_OK);
    format.depth = 7;
    expect_error(h, autochrome_begin(ac, &format), AUTOCHROME_ERROR_ARGUMENT, "depth");
    format.depth = 8;
    format.width = 0;
    expect_error(h, autochrome_begin(ac, &format), AUTOCHROME_ERROR_ARGUMENT, "width");
    format.width = WIDTH;
    format.matrix = 0;
    expect_error(h, autochrome_begin(ac, &format), AUTOCHROME_ERROR_ARGUMENT, "matrix");
    format.matrix = 1;
    format.saturation = NAN;
    expect_error(h, autochrome_begin(ac, &format), AUTOCHROME_ERROR_ARGUMENT, "saturation");
}

/* Colours of the first frame and the second of a film. */
static void test_film(autochrome *ac)
{
    autochrome_format format;
    picture p, again;
    int colourful = 0;

    autochrome_format_default(&format, WIDTH, HEIGHT);
    format.chroma_shift_x = format.chroma_shift_y = 0;
    CHECK_INT(autochrome_begin(ac, &format), AUTOCHROME_OK);
    draw(&p, 0);
    CHECK_INT(colour(ac, &p), AUTOCHROME_OK);
    for (int i = 0; i < HEIGHT * WIDTH; i++)
        colourful += p.cb[i] != 128 || p.cr[i] != 128;
    CHECK(colourful > HEIGHT * WIDTH / 2);

    /* A film begun anew knows nothing of the one before; the same frame has the same colours. */
    draw(&again, 5);
    CHECK_INT(colour(ac, &again), AUTOCHROME_OK);
    CHECK_INT(autochrome_begin(ac, &format), AUTOCHROME_OK);
    draw(&again, 0);
    CHECK_INT(colour(ac, &again), AUTOCHROME_OK);
    CHECK(!memcmp(&p, &again, sizeof(p)));

    format.saturation = 0;
    CHECK_INT(autochrome_begin(ac, &format), AUTOCHROME_OK);
    CHECK_INT(colour(ac, &again), AUTOCHROME_OK);
    for (int i = 0; i < HEIGHT * WIDTH; i++)
        if (again.cb[i] != 128 || again.cr[i] != 128) {
            CHECK(!"saturation 0 is gray");
            break;
        }
}

/* 10 bits, 4:2:0, rows with room behind them, which must stay as it is. */
static void test_deep(autochrome *ac)
{
    enum { STRIDE = WIDTH + 5, CHROMA_ROWS = (HEIGHT + 1) / 2, CHROMA_WIDTH = (WIDTH + 1) / 2 };
    static unsigned short luma[HEIGHT * STRIDE], cb[CHROMA_ROWS * STRIDE], cr[CHROMA_ROWS * STRIDE];
    autochrome_frame frame = {.luma = luma,
                              .luma_stride = STRIDE * 2,
                              .cb = cb,
                              .cr = cr,
                              .cb_stride = STRIDE * 2,
                              .cr_stride = STRIDE * 2};
    autochrome_format format;
    int wrong = 0;

    autochrome_format_default(&format, WIDTH, HEIGHT);
    format.depth = 10;
    for (int i = 0; i < HEIGHT * STRIDE; i++)
        luma[i] = (unsigned short)(64 + i * 13 % 876);
    memset(cb, 0xee, sizeof(cb));
    memset(cr, 0xee, sizeof(cr));
    CHECK_INT(autochrome_begin(ac, &format), AUTOCHROME_OK);
    CHECK_INT(autochrome_colour_frame(ac, &frame), AUTOCHROME_OK);
    for (int y = 0; y < CHROMA_ROWS; y++)
        for (int x = 0; x < STRIDE; x++) {
            int value = cb[y * STRIDE + x];

            wrong += x < CHROMA_WIDTH ? value < 64 || value > 960 : value != 0xeeee;
        }
    CHECK_INT(wrong, 0);
}

static void test_frame_errors(autochrome *ac, heard *h)
{
    autochrome_format format;
    autochrome_frame frame;
    picture p;

    autochrome_format_default(&format, WIDTH, HEIGHT);
    CHECK_INT(autochrome_begin(ac, &format), AUTOCHROME_OK);
    draw(&p, 0);
    frame = frame_of(&p);
    frame.cr = NULL;
    expect_error(h, autochrome_colour_frame(ac, &frame), AUTOCHROME_ERROR_ARGUMENT, "NULL");
    frame = frame_of(&p);
    frame.luma_stride = WIDTH - 1;
    expect_error(h, autochrome_colour_frame(ac, &frame), AUTOCHROME_ERROR_ARGUMENT, "stride");
    CHECK_INT(colour(ac, &p), AUTOCHROME_OK); /* the film goes on */
    CHECK_INT(autochrome_load(ac, "default"), AUTOCHROME_OK);
    expect_error(h, colour(ac, &p), AUTOCHROME_ERROR_ARGUMENT, "no film was begun");
}

int main(void)
{
    const char *needs = getenv("AC_TEST_NEEDS");
    FILE *driver = needs ? fopen(needs, "r") : NULL;
    heard h = {0};
    autochrome_params params = {.message = hear, .opaque = &h};
    autochrome *ac;

    if (needs && !driver) {
        printf("skipped: no %s\n", needs);
        return 77;
    }
    if (driver)
        fclose(driver);
    CHECK_STR(autochrome_version(), AC_VERSION);
    params.device = "no such device";
    expect_error(&h, autochrome_open(&params, &ac), AUTOCHROME_ERROR_ARGUMENT, "no such device");
    CHECK(!ac);
    params.device = NULL;
    CHECK_INT(autochrome_open(&params, &ac), AUTOCHROME_OK);
    if (!ac)
        return test_end();
    test_wrong_use(ac, &h);
    test_film(ac);
    test_deep(ac);
    test_frame_errors(ac, &h);
    CHECK_INT(h.errors, 0);
    autochrome_close(&ac);
    CHECK(!ac);
    autochrome_close(&ac);
    autochrome_close(NULL);
    CHECK_INT(autochrome_open(NULL, &ac), AUTOCHROME_OK); /* nobody listens */
    CHECK_INT(autochrome_load(ac, "/no/such"), AUTOCHROME_ERROR_IO);
    autochrome_close(&ac);
    return test_end();
}
