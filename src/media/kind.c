/* What is written under which extension. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "media/internal.h"
#include "util/names.h"

bool ac_kind_is_picture(const char *name)
{
    const AVOutputFormat *of = av_guess_format(NULL, name, NULL);

    return of && !strcmp(of->name, "image2");
}

bool ac_kind_is_picture_written(const char *extension)
{
    static const char *const list[] = {"png", "tif", "tiff", "dpx", "exr", "jpg", "jpeg",
                                       "bmp", "tga", "ppm",  "sgi", "jp2", "j2k", NULL};

    for (int i = 0; list[i]; i++)
        if (!strcasecmp(list[i], extension))
            return true;
    return false;
}

static bool is_film_written(const char *name)
{
    const AVOutputFormat *of = av_guess_format(NULL, name, NULL);

    return of && strcmp(of->name, "image2") != 0 && !(of->flags & AVFMT_NOFILE) &&
           of->video_codec != AV_CODEC_ID_NONE;
}

bool ac_media_is_written(const char *path)
{
    return ac_name_is_picture(path) ? ac_kind_is_picture_written(ac_name_extension(path))
                                    : *ac_name_extension(path) && is_film_written(path);
}

char *ac_kind_name_of_format(const char *format)
{
    const AVOutputFormat *of = av_guess_format(format, NULL, NULL);
    const char *end = of && of->extensions ? strchr(of->extensions, ',') : NULL;
    char *name = NULL;
    int length;

    if (!of || !of->extensions || !*of->extensions || !strcmp(of->name, "image2"))
        length = asprintf(&name, "frame.%s", format);
    else
        length =
            asprintf(&name, "film.%.*s", end ? (int)(end - of->extensions) : 99, of->extensions);
    return length < 0 ? NULL : name;
}

ac_status ac_media_read_format(const char *format, const ac_log *log, char **extension,
                               bool *picture)
{
    char *name = ac_kind_name_of_format(format);
    ac_status status = AC_OK;

    *extension = NULL;
    if (!name)
        return ac_media_no_memory(log, format);
    *picture = ac_kind_is_picture(name);
    if (!*picture && !is_film_written(name)) {
        status = ac_fail(log, AC_ERR_ARGUMENT,
                         "--format: FFmpeg knows no container and no kind of pictures '%s'; "
                         "'ffmpeg -muxers' lists containers",
                         format);
    } else {
        *extension = strdup(ac_name_extension(name));
        if (!*extension)
            status = ac_media_no_memory(log, format);
    }
    free(name);
    return status;
}
