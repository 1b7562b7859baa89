#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "train/chart.h"
#include "train/report_internal.h"
#include "util/file.h"
#include "util/text.h"

#define SHEET_BYTES (12 << 20) /* of all sheets in the page; a third more as base64 */

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
    "thead th,.epochs td{white-space:nowrap}\n"
    ".epochs th,.epochs td{text-align:right;font-variant-numeric:tabular-nums}\n"
    ".epochs div{max-height:32em;overflow:auto}.best td{font-weight:700}\n"
    ".chart{width:100%;height:auto}\n"
    "summary{cursor:pointer;padding:.4em 0}\n"
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

/* The JPEG file as an image within the page. */
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
    fprintf(out, "<img alt=\"%s\" src=\"data:image/jpeg;base64,", text);
    put_base64(out, data, size);
    fputs("\">\n", out);
fail:
    if (fd >= 0)
        close(fd);
    free(data);
    return status;
}

/* The row with the lowest validation loss, NULL: none has one. */
static const ac_report_row *find_best(const ac_report_rows *rows)
{
    const ac_report_row *best = NULL;

    for (int64_t i = 0; i < rows->count; i++)
        if (isfinite(rows->data[i].validation) &&
            (!best || rows->data[i].validation < best->validation))
            best = &rows->data[i];
    return best;
}

static void put_summary(FILE *out, const ac_report_params *params, const ac_report_rows *rows,
                        int epoch, double baseline)
{
    const ac_report_row *last = rows->count ? &rows->data[rows->count - 1] : NULL;
    const ac_report_row *best = find_best(rows);

    fprintf(out, "<p>Epoch %d of %d", epoch, params->epochs);
    if (last)
        fprintf(out, ", %lld steps, %.0f min", (long long)last->step, last->seconds / 60);
    if (best)
        fprintf(out, ". Lowest validation loss: %.5g, in epoch %d", best->validation, best->epoch);
    if (isfinite(baseline))
        fprintf(out, ". Gray pictures: %.5g", baseline);
    fputs(".</p>\n", out);
}

/* What the table says of an epoch. */
typedef struct epoch_sum {
    double loss; /* sum of the finite ones */
    int64_t losses;
    double validation; /* the last one, NaN: none */
} epoch_sum;

static void put_number(FILE *out, double value)
{
    fputs("<td>", out);
    if (isfinite(value))
        fprintf(out, "%.5g", value);
    fputs("</td>", out);
}

static void put_epoch(FILE *out, const epoch_sum *sum, const ac_report_row *end, bool best)
{
    long long seconds = isfinite(end->seconds) ? llround(end->seconds) : 0;

    fprintf(out, "<tr%s><td>%d</td><td>%lld</td>", best ? " class=\"best\"" : "", end->epoch,
            (long long)end->step);
    put_number(out, sum->losses ? sum->loss / (double)sum->losses : NAN);
    put_number(out, sum->validation);
    put_number(out, end->rate);
    fprintf(out, "<td>%lld:%02lld:%02lld</td></tr>\n", seconds / 3600, seconds / 60 % 60,
            seconds % 60);
}

static void put_epochs(FILE *out, const ac_report_rows *rows, int best)
{
    epoch_sum sum = {.validation = NAN};

    fputs("<h2>Epochs</h2>\n<div class=\"epochs\"><div><table>\n<thead><tr><th>epoch</th>"
          "<th>step</th><th>mean loss</th><th>validation loss</th><th>learning rate</th>"
          "<th>time</th></tr></thead>\n<tbody>\n",
          out);
    for (int64_t i = 0; i < rows->count; i++) {
        const ac_report_row *row = &rows->data[i];

        if (isfinite(row->loss)) {
            sum.loss += row->loss;
            sum.losses++;
        }
        if (isfinite(row->validation))
            sum.validation = row->validation;
        if (i + 1 < rows->count && row[1].epoch == row->epoch)
            continue;
        put_epoch(out, &sum, row, row->epoch == best);
        sum = (epoch_sum){.validation = NAN};
    }
    fputs("</tbody>\n</table></div></div>\n", out);
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

/* Bytes of an epoch's sheet, 0 where there is none. */
static int64_t sheet_size(const ac_report_params *params, int epoch, const ac_log *log)
{
    char *path = ac_report_path(params->dir, log, "sheets/epoch_%03d.jpg", epoch);
    struct stat info;
    bool there = path && stat(path, &info) == 0 && S_ISREG(info.st_mode);

    free(path);
    return there ? info.st_size : 0;
}

static ac_status put_sheet(FILE *out, const ac_report_params *params, int epoch, bool open,
                           const ac_log *log)
{
    char *path = ac_report_path(params->dir, log, "sheets/epoch_%03d.jpg", epoch);
    ac_status status;
    char text[64];

    TRY(path ? AC_OK : AC_ERR_MEMORY);
    snprintf(text, sizeof(text), "Input, Actual, Predicted after epoch %d", epoch);
    fprintf(out, "<details%s><summary>Epoch %d</summary>\n", open ? " open" : "", epoch);
    TRY(put_image(out, path, text, log));
    fputs("</details>\n", out);
fail:
    free(path);
    return status;
}

/* Every so manyeth epoch, counted back from the last, and the first, so that all fit. */
static int find_stride(const ac_report_params *params, int last, const ac_log *log)
{
    int64_t total = 0, first = sheet_size(params, 1, log);
    int stride = 1;

    for (;; stride++) {
        total = (last - 1) % stride ? first : 0;
        for (int epoch = last; epoch > 0 && total <= SHEET_BYTES; epoch -= stride)
            total += sheet_size(params, epoch, log);
        if (total <= SHEET_BYTES || stride >= last)
            return stride;
    }
}

/* The latest first, and open. An epoch without a sheet is left out. */
static ac_status put_sheets(FILE *out, const ac_report_params *params, int last, const ac_log *log)
{
    int stride = find_stride(params, last, log), count = 0;
    ac_status status = AC_OK;

    for (int epoch = last; epoch > 0; epoch--) {
        if (((last - epoch) % stride && epoch != 1) || !sheet_size(params, epoch, log))
            continue;
        if (!count++)
            fputs("<h2>Pictures</h2>\n", out);
        TRY(put_sheet(out, params, epoch, count == 1, log));
    }
    if (count && stride > 1)
        fputs("<p>The sheets of all epochs are in the folder sheets beside this page.</p>\n", out);
fail:
    return status;
}

static ac_status put_page(FILE *out, const ac_report_params *params, const ac_report_rows *rows,
                          int epoch, double baseline, const ac_log *log)
{
    const ac_report_row *best = find_best(rows);
    ac_status status;

    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width\">\n<title>",
          out);
    ac_text_put_xml(out, params->title, 0);
    fprintf(out, "</title>\n%s</head>\n<body>\n<h1>", style);
    ac_text_put_xml(out, params->title, 0);
    fputs("</h1>\n", out);
    put_summary(out, params, rows, epoch, baseline);
    TRY(ac_chart_draw_svg(
        &(ac_chart_params){
            .title = params->title, .rows = rows->data, .count = rows->count, .baseline = baseline},
        log, out));
    TRY(put_sheets(out, params, epoch, log));
    put_epochs(out, rows, best ? best->epoch : 0);
    put_settings(out, params);
    fputs("</body>\n</html>\n", out);
fail:
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
