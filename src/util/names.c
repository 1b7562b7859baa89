#include "util/names.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "util/file.h"

static const char *const picture_extensions[] = {
    "jpg", "jpeg", "jpe", "jfif", "png",  "webp", "bmp",  "tif", "tiff",
    "gif", "ppm",  "pgm", "pnm",  "pam",  "tga",  "jp2",  "j2k", "dpx",
    "exr", "qoi",  "psd", "jxl",  "avif", "heic", "heif", NULL};
static const char *const film_extensions[] = {
    "mp4", "m4v", "mkv", "webm", "mov",  "qt",  "avi", "mpg", "mpeg", "m1v",  "m2v",
    "vob", "ts",  "m2t", "m2ts", "mts",  "wmv", "asf", "flv", "f4v",  "ogv",  "ogg",
    "3gp", "3g2", "mxf", "dv",   "divx", "y4m", "nut", "ivf", "rm",   "rmvb", NULL};

const char *ac_name_extension(const char *path)
{
    const char *name = ac_path_name(path), *dot = strrchr(name, '.');

    return dot && dot != name ? dot + 1 : "";
}

static bool is_one_of(const char *text, const char *const *list)
{
    for (; *list; list++)
        if (!strcasecmp(text, *list))
            return true;
    return false;
}

bool ac_name_is_picture(const char *path)
{
    return is_one_of(ac_name_extension(path), picture_extensions);
}

bool ac_name_is_film(const char *path)
{
    return is_one_of(ac_name_extension(path), film_extensions);
}

static bool is_digit(char c)
{
    return isdigit((unsigned char)c);
}

int ac_name_compare(const char *a, const char *b)
{
    const char *whole_a = a, *whole_b = b;

    while (*a && *b) {
        if (is_digit(*a) && is_digit(*b)) {
            size_t length_a, length_b;
            int order;

            while (*a == '0')
                a++;
            while (*b == '0')
                b++;
            length_a = strspn(a, "0123456789");
            length_b = strspn(b, "0123456789");
            if (length_a != length_b)
                return length_a < length_b ? -1 : 1;
            order = strncmp(a, b, length_a);
            if (order)
                return order;
            a += length_a;
            b += length_b;
        } else if (*a != *b) {
            return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
        } else {
            a++;
            b++;
        }
    }
    if (*a || *b)
        return *a ? 1 : -1;
    return strcmp(whole_a, whole_b); /* "01" and "1" */
}
