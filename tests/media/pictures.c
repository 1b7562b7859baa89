/* Reads colour pictures and scales them: src/media/rgb.h without the rest of the program. For
 * test_rgb.py beside it.
 *
 * usage: pictures read INPUT [PREFIX]            frames go to PREFIX0.rgb, PREFIX1.rgb ...
 *        pictures scale INPUT X Y W H TO_W TO_H OUTPUT.png|.jpg
 * Prints what the reader says, one "name: value" a line; messages go to standard error. Exits with
 * the negated ac_status. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "media/media.h"
#include "media/rgb.h"

static void write_message(void *opaque, ac_log_level level, const char *message)
{
    static const char *const names[] = {"error", "warning", "info", "verbose", "debug"};

    (void)opaque;
    fprintf(stderr, "%s: %s\n", names[level], message);
}

static const ac_log log_to_stderr = {.write = write_message, .level = AC_LOG_INFO};

static void save(const ac_rgb *picture, const char *prefix, int number)
{
    char path[1000];
    FILE *file;

    snprintf(path, sizeof(path), "%s%d.rgb", prefix, number);
    file = fopen(path, "wb");
    if (!file || fwrite(picture->data, 3 * (size_t)picture->width, (size_t)picture->height, file) !=
                     (size_t)picture->height)
        exit(100);
    fclose(file);
}

static ac_status read_all(const char *input, const char *prefix)
{
    ac_rgb_reader *reader = NULL;
    const ac_rgb_reader_info *info;
    ac_status status;
    ac_rgb picture = {0};
    double time = 0;
    int count = 0;

    TRY(ac_rgb_reader_open(input, 2, &log_to_stderr, &reader));
    info = ac_rgb_reader_get_info(reader);
    printf("info: %dx%d still %d gray %d fps %.3f seconds %.3f\n", info->width, info->height,
           info->still, info->gray, info->fps, info->seconds);
    while ((status = ac_rgb_reader_next(reader, &picture, &time)) == AC_OK) {
        printf("frame %d: %dx%d at %.3f\n", count, picture.width, picture.height, time);
        if (prefix)
            save(&picture, prefix, count);
        count++;
        ac_rgb_free(&picture);
    }
    printf("frames: %d\ndamage: %lld\n", count, (long long)ac_rgb_reader_damage(reader));
    if (status == AC_END)
        status = AC_OK;
fail:
    ac_rgb_reader_close(&reader);
    return status;
}

static ac_status scale(char **arguments)
{
    ac_rgb_reader *reader = NULL;
    ac_rgb from = {0}, to = {0};
    ac_status status;
    double time;
    int n[6];

    for (int i = 0; i < 6; i++)
        n[i] = (int)strtol(arguments[1 + i], NULL, 10);
    TRY(ac_rgb_reader_open(arguments[0], 1, &log_to_stderr, &reader));
    TRY(ac_rgb_reader_next(reader, &from, &time));
    TRY(ac_rgb_scale(&from, n[0], n[1], n[2], n[3], n[4], n[5], &log_to_stderr, &to));
    if (strstr(arguments[7], ".jpg"))
        TRY(ac_rgb_write_jpeg(&to, arguments[7], &log_to_stderr));
    else
        TRY(ac_rgb_write_png(&to, arguments[7], &log_to_stderr));
fail:
    ac_rgb_free(&from);
    ac_rgb_free(&to);
    ac_rgb_reader_close(&reader);
    return status;
}

int main(int argc, char **argv)
{
    ac_media_redirect_log(&log_to_stderr);
    if (argc >= 3 && !strcmp(argv[1], "read"))
        return -(int)read_all(argv[2], argc > 3 ? argv[3] : NULL);
    if (argc == 10 && !strcmp(argv[1], "scale"))
        return -(int)scale(argv + 2);
    return 100;
}
