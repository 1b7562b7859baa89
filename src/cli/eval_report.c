#include "cli/eval_report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/output.h"
#include "train/settings.h"
#include "util/file.h"
#include "util/text.h"

#define NAME_WIDTH 22

/* Characters, less those that continue one. */
static int text_width(const char *text)
{
    int width = 0;

    for (; *text; text++)
        width += (*text & 0xc0) != 0x80;
    return width;
}

static const char *after_characters(const char *text, int count)
{
    for (; *text && count; count--)
        do
            text++;
        while ((*text & 0xc0) == 0x80);
    return text;
}

/* The file's name without its folders, in NAME_WIDTH columns: both ends of a longer one, since what
 * tells files apart is a number at the end as often as a word at the beginning. */
static void print_name(const char *path)
{
    char clean[1024];
    int width, head = NAME_WIDTH / 2;

    ac_text_clean(ac_path_name(path), false, clean, sizeof(clean));
    width = text_width(clean);
    if (width <= NAME_WIDTH) {
        printf("%s%*s", clean, NAME_WIDTH - width, "");
        return;
    }
    printf("%.*s\xe2\x80\xa6%s", (int)(after_characters(clean, head) - clean), clean,
           after_characters(clean, width - (NAME_WIDTH - head - 1)));
}

static void print_number(double value, int width, int digits)
{
    if (isnan(value))
        printf("%*s", width, "-");
    else
        printf("%*.*f", width, digits, value);
}

static void print_figures(double loss, double psnr, double ab_error, double ciede2000,
                          double colourfulness, double truth, double ratio)
{
    print_number(loss, 10, 5);
    print_number(psnr, 7, 2);
    print_number(ab_error, 9, 2);
    print_number(ciede2000, 10, 2);
    print_number(colourfulness, 7, 1);
    print_number(truth, 7, 1);
    print_number(ratio, 7, 3);
    putchar('\n');
}

/* Loss in parts of that of the same left gray; NaN of gray pictures, where it is about nothing. */
static double ratio_of(const double *f, bool gray)
{
    return gray ? NAN : f[AC_FIGURE_LOSS] / f[AC_FIGURE_GRAY_LOSS];
}

static void print_measured(const double *f, bool gray)
{
    print_figures(f[AC_FIGURE_LOSS], f[AC_FIGURE_PSNR], f[AC_FIGURE_AB_ERROR],
                  f[AC_FIGURE_CIEDE2000], f[AC_FIGURE_COLOURFULNESS],
                  f[AC_FIGURE_TRUE_COLOURFULNESS], ratio_of(f, gray));
}

static void print_films(const ac_evaluation *e, int films)
{
    printf("\n%-*s%10s%10s%10s%10s%10s\n", NAME_WIDTH, "film over time", "frames", "CDC", "true",
           "static", "true");
    for (int i = 0; i < e->count; i++) {
        const double *f = e->items[i].figures;

        if (!e->items[i].film)
            continue;
        print_name(e->items[i].path);
        printf("%10lld", (long long)e->items[i].frames);
        print_number(f[AC_FIGURE_CDC], 10, 5);
        print_number(f[AC_FIGURE_TRUE_CDC], 10, 5);
        print_number(f[AC_FIGURE_STATIC_CHANGE], 10, 3);
        print_number(f[AC_FIGURE_TRUE_STATIC_CHANGE], 10, 3);
        putchar('\n');
    }
    if (films > 1) {
        printf("%-*s", NAME_WIDTH + 10, "mean");
        print_number(e->mean[AC_FIGURE_CDC], 10, 5);
        print_number(e->mean[AC_FIGURE_TRUE_CDC], 10, 5);
        print_number(e->mean[AC_FIGURE_STATIC_CHANGE], 10, 3);
        print_number(e->mean[AC_FIGURE_TRUE_STATIC_CHANGE], 10, 3);
        putchar('\n');
    }
}

int ac_eval_mean_count(const ac_evaluation *e)
{
    return e->gray == e->count ? e->count : e->count - e->gray;
}

void ac_eval_print(const ac_evaluation *e)
{
    const double *mean = e->mean;
    char name[40];
    bool over_time = false; /* there are figures of it */
    int films = 0;

    for (int i = 0; i < e->count; i++) {
        films += e->items[i].film;
        over_time |= !isnan(e->items[i].figures[AC_FIGURE_CDC]) && e->items[i].film;
    }
    printf("%-*s%10s%7s%9s%10s%7s%7s%7s\n", NAME_WIDTH,
           !films             ? "picture"
           : films < e->count ? "picture or film"
                              : "film",
           "RGB loss", "PSNR", "ab error", "CIEDE2000", "colour", "true", "ratio");
    for (int i = 0; i < e->count; i++) {
        print_name(e->items[i].path);
        print_measured(e->items[i].figures, e->items[i].gray);
    }
    if (films && over_time)
        print_films(e, films);
    snprintf(name, sizeof(name), "mean of %d", ac_eval_mean_count(e));
    printf("\n%-*s", NAME_WIDTH, name);
    print_measured(mean, e->gray == e->count);
    printf("%-*s", NAME_WIDTH, "the same left gray");
    print_figures(mean[AC_FIGURE_GRAY_LOSS], mean[AC_FIGURE_GRAY_PSNR],
                  mean[AC_FIGURE_GRAY_AB_ERROR], mean[AC_FIGURE_GRAY_CIEDE2000], 0,
                  mean[AC_FIGURE_TRUE_COLOURFULNESS], e->gray == e->count ? NAN : 1);
}

static void add_figures(json_t *object, const double *f, bool gray, bool over_time)
{
    static const struct {
        const char *name;
        ac_figure figure;
    } own[] =
        {
            {"loss", AC_FIGURE_LOSS},
            {"psnr", AC_FIGURE_PSNR},
            {"ab_error", AC_FIGURE_AB_ERROR},
            {"ciede2000", AC_FIGURE_CIEDE2000},
            {"colourfulness", AC_FIGURE_COLOURFULNESS},
            {"true_colourfulness", AC_FIGURE_TRUE_COLOURFULNESS},
        },
      time[] = {
          {"cdc", AC_FIGURE_CDC},
          {"true_cdc", AC_FIGURE_TRUE_CDC},
          {"static_change", AC_FIGURE_STATIC_CHANGE},
          {"true_static_change", AC_FIGURE_TRUE_STATIC_CHANGE},
      };

    for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
        json_object_set_new(object, own[i].name, ac_json_real(f[own[i].figure]));
    json_object_set_new(object, "colourfulness_difference",
                        ac_json_real(f[AC_FIGURE_COLOURFULNESS] - f[AC_FIGURE_TRUE_COLOURFULNESS]));
    json_object_set_new(object, "ratio", ac_json_real(ratio_of(f, gray)));
    json_object_set_new(object, "baseline",
                        json_pack("{s:o, s:o, s:o, s:o}", "loss",
                                  ac_json_real(f[AC_FIGURE_GRAY_LOSS]), "psnr",
                                  ac_json_real(f[AC_FIGURE_GRAY_PSNR]), "ab_error",
                                  ac_json_real(f[AC_FIGURE_GRAY_AB_ERROR]), "ciede2000",
                                  ac_json_real(f[AC_FIGURE_GRAY_CIEDE2000])));
    for (size_t i = 0; over_time && i < sizeof(time) / sizeof(*time); i++)
        json_object_set_new(object, time[i].name, ac_json_real(f[time[i].figure]));
}

static json_t *item_json(const ac_evaluated *item)
{
    json_t *object = json_pack("{s:o, s:i, s:i, s:b}", "file", ac_output_json_text(item->path),
                               "width", item->width, "height", item->height, "gray", item->gray);

    if (item->film)
        json_object_set_new(object, "frames", json_integer(item->frames));
    add_figures(object, item->figures, item->gray, item->film);
    return object;
}

json_t *ac_eval_json(const ac_evaluation *e)
{
    json_t *pictures = json_array(), *films = json_array(), *mean = json_object();

    for (int i = 0; i < e->count; i++)
        json_array_append_new(e->items[i].film ? films : pictures, item_json(&e->items[i]));
    json_object_set_new(mean, "count", json_integer(ac_eval_mean_count(e)));
    add_figures(mean, e->mean, e->gray == e->count, json_array_size(films) > 0);
    return json_pack("{s:o, s:o, s:o, s:i, s:i, s:I, s:f}", "pictures", pictures, "films", films,
                     "mean", mean, "gray", e->gray, "unreadable", e->unreadable, "frames",
                     (json_int_t)e->frames, "seconds", e->seconds);
}
