/* Colours a gray picture with Autochrome's library: a PGM file in, a PPM file out.
 *
 *     cc -std=c11 colour_frame.c -o colour_frame $(pkg-config --cflags --libs autochrome)
 *     ./colour_frame gray.pgm colour.ppm
 */
#include <autochrome.h>
#include <stdio.h>
#include <stdlib.h>

static void say(void *opaque, autochrome_level level, const char *text)
{
    (void)opaque;
    if (level <= AUTOCHROME_LEVEL_WARNING)
        fprintf(stderr, "%s\n", text);
}

/* The gray values of a PGM file of 8 bits, without comments; NULL: it is none. */
static unsigned char *read_pgm(const char *path, int *width, int *height)
{
    FILE *file = fopen(path, "rb");
    unsigned char *gray = NULL;
    size_t count = 0;
    int most = 0;

    *width = *height = 0;
    if (file && fscanf(file, "P5 %5d %5d %3d", width, height, &most) == 3 && most == 255 &&
        *width > 0 && *height > 0 && fgetc(file) != EOF) {
        count = (size_t)*width * (size_t)*height;
        gray = malloc(count);
    }
    if (gray && fread(gray, 1, count, file) != count) {
        free(gray);
        gray = NULL;
    }
    if (file)
        fclose(file);
    return gray;
}

static int to_byte(double value)
{
    return value < 0 ? 0 : value > 255 ? 255 : (int)(value + 0.5);
}

/* As JPEG has it: BT.601, full range. */
static int write_ppm(const char *path, int width, int height, const unsigned char *y,
                     const unsigned char *cb, const unsigned char *cr)
{
    FILE *file = fopen(path, "wb");
    int failed;

    if (!file)
        return -1;
    fprintf(file, "P6\n%d %d\n255\n", width, height);
    for (long i = 0; i < (long)width * height; i++) {
        fputc(to_byte(y[i] + 1.402 * (cr[i] - 128)), file);
        fputc(to_byte(y[i] - 0.344136 * (cb[i] - 128) - 0.714136 * (cr[i] - 128)), file);
        fputc(to_byte(y[i] + 1.772 * (cb[i] - 128)), file);
    }
    failed = ferror(file);
    return fclose(file) || failed ? -1 : 0;
}

static int colour(const unsigned char *gray, int width, int height, unsigned char *cb,
                  unsigned char *cr)
{
    const autochrome_params params = {.message = say};
    const autochrome_frame frame = {.luma = gray,
                                    .luma_stride = width,
                                    .cb = cb,
                                    .cr = cr,
                                    .cb_stride = width,
                                    .cr_stride = width};
    autochrome_format format;
    autochrome *ac;
    int failed;

    autochrome_format_default(&format, width, height);
    format.chroma_shift_x = format.chroma_shift_y = 0;
    format.full_range = 1;
    format.matrix = 5; /* BT.601 */
    format.steady = 1; /* there is no frame before */
    failed = autochrome_open(&params, &ac) || autochrome_load(ac, NULL) ||
             autochrome_begin(ac, &format) || autochrome_colour_frame(ac, &frame);
    autochrome_close(&ac);
    return failed;
}

int main(int argc, char **argv)
{
    unsigned char *gray, *chroma;
    int width, height, failed = 1;
    size_t count;

    if (argc != 3) {
        fprintf(stderr, "usage: colour_frame GRAY.pgm COLOUR.ppm (autochrome %s)\n",
                autochrome_version());
        return 2;
    }
    gray = read_pgm(argv[1], &width, &height);
    if (!gray) {
        fprintf(stderr, "%s: cannot be read as a PGM picture of 8 bits\n", argv[1]);
        return 1;
    }
    count = (size_t)width * (size_t)height;
    chroma = malloc(2 * count);
    if (chroma && !colour(gray, width, height, chroma, chroma + count)) {
        failed = write_ppm(argv[2], width, height, gray, chroma, chroma + count) != 0;
        if (failed)
            fprintf(stderr, "%s: cannot be written\n", argv[2]);
    }
    free(chroma);
    free(gray);
    return failed;
}
