#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "train/report_internal.h"
#include "util/file.h"
#include "util/text.h"

#define SHEETS 10 /* of the last epochs, beside the first */

static const char style[] =
    "<style>\n"
    ":root{color-scheme:light dark;--paper:#fff;--text:#0f172a;--quiet:#64748b;--line:#e2e8f0}\n"
    "@media (prefers-color-scheme:dark){"
    ":root{--paper:#0f172a;--text:#e2e8f0;--quiet:#94a3b8;--line:#334155}}\n"
    "body{background:var(--paper);color:var(--text);font:16px/1.5 system-ui,sans-serif;"
    "max-width:1200px;margin:2em auto;padding:0 1em}\n"
    "h1{overflow-wrap:anywhere}\n"
    "p{color:var(--quiet)}\n"
    "img{max-width:100%;height:auto;background:#fff;border-radius:8px}\n"
    "table{border-collapse:collapse}\n"
    "th,td{text-align:left;padding:.3em 1.2em .3em 0;border-bottom:1px solid var(--line);"
    "overflow-wrap:anywhere}\n"
    "</style>\n";

/* base64, RFC 4648, section 4. */
static void put_base64(FILE *out, const uint8_t *data, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < size; i += 3) {
        size_t rest = size - i;
        uint32_t bits = (uint32_t)data[i] << 16 | (rest > 1 ? (uint32_t)data[i + 1] << 8 : 0) |
                        (rest > 2 ? data[i + 2] : 0);

        putc(digits[bits >> 18], out);
        putc(digits[bits >> 12 & 63], out);
        putc(rest > 1 ? digits[bits >> 6 & 63] : '=', out);
        putc(rest > 2 ? digits[bits & 63] : '=', out);
    }
}

/* The PNG file as an image within the page. */
static ac_status put_image(FILE *out, const char *path, const char *text, const ac_log *log)
{
    uint8_t *data = NULL;
    ac_status status;
    uint64_t size;
    int fd = -1;

    TRY(ac_file_open(path, log, &fd, &size));
    data = malloc(size);
    TRY(data ? AC_OK : ac_fail(log, AC_ERR_MEMORY, "out of memory for %s", path));
    TRY(ac_file_read(fd, 0, data, size, path, log));
    fprintf(out, "<img alt=\"%s\" src=\"data:image/png;base64,", text);
    put_base64(out, data, size);
    fputs("\">\n", out);
fail:
    if (fd >= 0)
        close(fd);
    free(data);
    return status;
}

static void put_summary(FILE *out, const ac_report_params *params, const ac_report_rows *rows,
                        int epoch, double baseline)
{
    const ac_report_row *last = rows->count ? &rows->data[rows->count - 1] : NULL, *best = NULL;

    for (int64_t i = 0; i < rows->count; i++)
        if (isfinite(rows->data[i].validation) &&
            (!best || rows->data[i].validation < best->validation))
            best = &rows->data[i];
    fprintf(out, "<p>Epoch %d of %d", epoch, params->epochs);
    if (last)
        fprintf(out, ", %lld steps, %.0f min", (long long)last->step, last->seconds / 60);
    if (best)
        fprintf(out, ". Lowest validation loss: %.5g, in epoch %d", best->validation, best->epoch);
    if (isfinite(baseline))
        fprintf(out, ". Gray pictures: %.5g", baseline);
    fputs(".</p>\n", out);
}

static void put_settings(FILE *out, const ac_report_params *params)
{
    if (!params->setting_count)
        return;
    fputs("<h2>Settings</h2>\n<table>\n", out);
    for (int i = 0; i < params->setting_count; i++) {
        fputs("<tr><th>", out);
        ac_text_put_xml(out, params->settings[i].name, 0);
        fputs("</th><td>", out);
        ac_text_put_xml(out, params->settings[i].value, 0);
        fputs("</td></tr>\n", out);
    }
    fputs("</table>\n", out);
}

/* The latest first. An epoch without a sheet is left out. */
static ac_status put_sheets(FILE *out, const ac_report_params *params, int last, const ac_log *log)
{
    ac_status status = AC_OK;
    char *path = NULL;

    fputs("<h2>Pictures</h2>\n", out);
    for (int epoch = last; epoch > 0; epoch--) {
        char text[64];

        if (epoch != 1 && epoch <= last - SHEETS)
            continue;
        free(path);
        path = ac_report_path(params->dir, log, "sheets/epoch_%03d.png", epoch);
        TRY(path ? AC_OK : AC_ERR_MEMORY);
        if (access(path, F_OK) != 0)
            continue;
        snprintf(text, sizeof(text), "Input, Actual, Predicted after epoch %d", epoch);
        fprintf(out, "<h3>Epoch %d</h3>\n", epoch);
        TRY(put_image(out, path, text, log));
    }
fail:
    free(path);
    return status;
}

static ac_status put_page(FILE *out, const ac_report_params *params, const ac_report_rows *rows,
                          int epoch, double baseline, const ac_log *log)
{
    char *curve = ac_report_path(params->dir, log, "curve.png");
    ac_status status;

    TRY(curve ? AC_OK : AC_ERR_MEMORY);
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width\">\n<title>",
          out);
    ac_text_put_xml(out, params->title, 0);
    fprintf(out, "</title>\n%s</head>\n<body>\n<h1>", style);
    ac_text_put_xml(out, params->title, 0);
    fputs("</h1>\n", out);
    put_summary(out, params, rows, epoch, baseline);
    TRY(put_image(out, curve, "Loss and learning rate of every step", log));
    put_settings(out, params);
    TRY(put_sheets(out, params, epoch, log));
    fputs("</body>\n</html>\n", out);
fail:
    free(curve);
    return status;
}

ac_status ac_report_html_write(const ac_report_params *params, const ac_report_rows *rows,
                               int epoch, double baseline, const ac_log *log)
{
    char *path = ac_report_path(params->dir, log, "report.html"), *text = NULL;
    ac_file_writer *writer = NULL;
    ac_status status;
    FILE *out = NULL;
    size_t size = 0;
    bool whole;

    TRY(path ? AC_OK : AC_ERR_MEMORY);
    out = open_memstream(&text, &size);
    TRY(out ? AC_OK : ac_fail(log, AC_ERR_MEMORY, "out of memory for %s", path));
    TRY(put_page(out, params, rows, epoch, baseline, log));
    whole = !ferror(out);
    whole = fclose(out) == 0 && whole;
    out = NULL;
    TRY(whole ? AC_OK : ac_fail(log, AC_ERR_MEMORY, "out of memory for %s", path));
    TRY(ac_file_writer_create(path, log, &writer));
    TRY(ac_file_writer_write(writer, text, size));
    status = ac_file_writer_commit(&writer);
fail:
    if (out)
        fclose(out);
    ac_file_writer_destroy(&writer);
    free(text);
    free(path);
    return status;
}
