#include "train/report.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "train/chart.h"
#include "train/report_internal.h"

struct ac_report {
    ac_report_params params; /* its texts are copies */
    const ac_log *log;
    ac_report_rows rows;
    FILE *csv;
};

char *ac_report_path(const char *dir, const ac_log *log, const char *format, ...)
{
    char name[64], *path;
    va_list args;

    va_start(args, format);
    vsnprintf(name, sizeof(name), format, args);
    va_end(args);
    if (asprintf(&path, "%s/%s", dir, name) >= 0)
        return path;
    ac_fail(log, AC_ERR_MEMORY, "out of memory");
    return NULL;
}

static ac_status copy_params(ac_report *report, const ac_report_params *from)
{
    ac_report_params *to = &report->params;
    ac_report_setting *settings =
        calloc((size_t)from->setting_count + 1, sizeof(ac_report_setting));

    *to = *from;
    to->dir = strdup(from->dir);
    to->title = strdup(from->title);
    to->settings = settings;
    to->setting_count = 0;
    if (!to->dir || !to->title || !settings)
        return ac_fail(report->log, AC_ERR_MEMORY, "out of memory");
    for (int i = 0; i < from->setting_count; i++) {
        settings[i].name = strdup(from->settings[i].name);
        settings[i].value = strdup(from->settings[i].value);
        to->setting_count++;
        if (!settings[i].name || !settings[i].value)
            return ac_fail(report->log, AC_ERR_MEMORY, "out of memory");
    }
    return AC_OK;
}

/* Sheets of epochs that this run has not reached are those of another one. */
static ac_status remove_sheets(const ac_report *report, int after)
{
    char *path = ac_report_path(report->params.dir, report->log, "sheets");
    DIR *dir;

    if (!path)
        return AC_ERR_MEMORY;
    dir = opendir(path);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        int epoch, length = 0;

        if (sscanf(entry->d_name, "epoch_%9d.jpg%n", &epoch, &length) == 1 && length &&
            !entry->d_name[length] && epoch > after)
            unlinkat(dirfd(dir), entry->d_name, 0);
    }
    if (dir)
        closedir(dir);
    free(path);
    return AC_OK;
}

/* log.csv with the rows that count, open at its end. */
static ac_status open_csv(ac_report *report, const char *path)
{
    const ac_report_rows *rows = &report->rows;
    int64_t resumed = report->params.resumed;
    ac_status status = AC_OK;

    if (resumed > 0) {
        TRY(ac_report_csv_read(path, resumed, report->log, &report->rows));
        if (rows->count < resumed)
            ac_log_print(report->log, AC_LOG_WARNING,
                         "%s: %lld of the %lld steps so far are there; it goes on without the rest",
                         path, (long long)rows->count, (long long)resumed);
    }
    TRY(ac_report_csv_write(path, rows, report->log));
    report->csv = fopen(path, "ae");
    if (!report->csv)
        return ac_fail(report->log, AC_ERR_IO, "%s: %s", path, strerror(errno));
    /* A row is there as soon as its step is over. */
    setvbuf(report->csv, NULL, _IOLBF, 1024);
fail:
    return status;
}

ac_status ac_report_open(const ac_report_params *params, const ac_log *log, ac_report **report)
{
    ac_report *r = calloc(1, sizeof(*r));
    char *path = NULL;
    ac_status status;

    *report = NULL;
    if (!r)
        return ac_fail(log, AC_ERR_MEMORY, "out of memory");
    r->log = log;
    TRY(copy_params(r, params));
    path = ac_report_path(params->dir, log, "log.csv");
    TRY(path ? AC_OK : AC_ERR_MEMORY);
    TRY(open_csv(r, path));
    TRY(remove_sheets(r, r->rows.count ? r->rows.data[r->rows.count - 1].epoch : 0));
    *report = r;
    r = NULL;
fail:
    free(path);
    ac_report_close(&r);
    return status;
}

void ac_report_close(ac_report **report)
{
    ac_report *r = report ? *report : NULL;

    if (!r)
        return;
    for (int i = 0; r->params.settings && i < r->params.setting_count; i++) {
        free((char *)r->params.settings[i].name);
        free((char *)r->params.settings[i].value);
    }
    free((ac_report_setting *)r->params.settings);
    free((char *)r->params.dir);
    free((char *)r->params.title);
    free(r->rows.data);
    if (r->csv)
        fclose(r->csv);
    free(r);
    *report = NULL;
}

ac_status ac_report_step(ac_report *report, const ac_report_row *row)
{
    ac_status status;
    char line[256];

    ac_report_csv_line(row, line, sizeof(line));
    TRY(ac_report_rows_add(&report->rows, row, report->log));
    if (fputs(line, report->csv) < 0 || ferror(report->csv))
        return ac_fail(report->log, AC_ERR_IO, "%s/log.csv: writing failed: %s", report->params.dir,
                       strerror(errno));
fail:
    return status;
}

static ac_status draw_chart(const ac_report *report, double baseline)
{
    char *path = ac_report_path(report->params.dir, report->log, "curve.png");
    ac_rgb chart = {0};
    ac_status status;

    TRY(path ? AC_OK : AC_ERR_MEMORY);
    TRY(ac_chart_draw(&(ac_chart_params){.title = report->params.title,
                                         .rows = report->rows.data,
                                         .count = report->rows.count,
                                         .baseline = baseline},
                      report->log, &chart));
    status = ac_rgb_write_png(&chart, path, report->log);
fail:
    ac_rgb_free(&chart);
    free(path);
    return status;
}

static ac_status draw_sheet(const ac_report *report, int epoch, const ac_sheet_row *rows, int count)
{
    const ac_log *log = report->log;
    const char *dir = report->params.dir;
    char *sheets = ac_report_path(dir, log, "sheets");
    char *kept = ac_report_path(dir, log, "sheets/epoch_%03d.jpg", epoch);
    char *latest = ac_report_path(dir, log, "sheet.png"), *title = NULL;
    ac_rgb sheet = {0};
    ac_status status;

    if (asprintf(&title, "%.200s, epoch %d", report->params.title, epoch) < 0)
        title = NULL;
    TRY(sheets && kept && latest && title ? AC_OK : AC_ERR_MEMORY);
    if (mkdir(sheets, 0777) != 0 && errno != EEXIST)
        TRY(ac_fail(log, AC_ERR_IO, "%s: %s", sheets, strerror(errno)));
    TRY(ac_sheet_draw(rows, count, title, log, &sheet));
    TRY(ac_rgb_write_jpeg(&sheet, kept, log));
    status = ac_rgb_write_png(&sheet, latest, log);
fail:
    ac_rgb_free(&sheet);
    free(sheets);
    free(kept);
    free(latest);
    free(title);
    return status;
}

ac_status ac_report_epoch(ac_report *report, int epoch, const ac_sheet_row *rows, int count,
                          double baseline)
{
    ac_status status;

    TRY(draw_chart(report, baseline));
    if (rows)
        TRY(draw_sheet(report, epoch, rows, count));
    status = ac_report_html_write(&report->params, &report->rows, epoch, baseline, report->log);
fail:
    return status;
}
