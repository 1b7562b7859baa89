#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "train/report_internal.h"
#include "util/file.h"

static const char header[] = "epoch,step,loss,validation_loss,learning_rate,seconds\n";

ac_status ac_report_rows_add(ac_report_rows *rows, const ac_report_row *row, const ac_log *log)
{
    if (rows->count == rows->room) {
        int64_t room = rows->room ? 2 * rows->room : 1024;
        ac_report_row *data = realloc(rows->data, (size_t)room * sizeof(*data));

        if (!data)
            return ac_fail(log, AC_ERR_MEMORY, "out of memory for %lld steps of a training",
                           (long long)room);
        rows->data = data;
        rows->room = room;
    }
    rows->data[rows->count++] = *row;
    return AC_OK;
}

/* An empty field is NaN; moves on past the comma or the end of the line. */
static bool read_field(char **at, char end, double *value)
{
    char *from = *at;

    *value = NAN;
    if (*from != end) {
        *value = strtod(from, at);
        if (*at == from || **at != end)
            return false;
    }
    ++*at;
    return true;
}

static bool read_row(char *line, ac_report_row *row)
{
    double epoch, step;
    char *at = line;

    if (!read_field(&at, ',', &epoch) || !read_field(&at, ',', &step) ||
        !read_field(&at, ',', &row->loss) || !read_field(&at, ',', &row->validation) ||
        !read_field(&at, ',', &row->rate) || !read_field(&at, '\n', &row->seconds))
        return false;
    if (!(epoch >= 1 && epoch <= 1e9 && step >= 1 && step <= 1e15))
        return false;
    row->epoch = (int)epoch;
    row->step = (int64_t)step;
    return true;
}

ac_status ac_report_csv_read(const char *path, int64_t last, const ac_log *log,
                             ac_report_rows *rows)
{
    FILE *file = fopen(path, "re");
    ac_status status = AC_OK;
    char *line = NULL;
    size_t size = 0;
    int64_t before = 0;

    if (!file && errno == ENOENT)
        return AC_OK;
    if (!file)
        return ac_fail(log, AC_ERR_IO, "%s: %s", path, strerror(errno));
    if (getline(&line, &size, file) < 0 || strcmp(line, header) != 0)
        goto fail;
    while (getline(&line, &size, file) >= 0) {
        ac_report_row row;

        if (!read_row(line, &row) || row.step <= before || row.step > last)
            break;
        TRY(ac_report_rows_add(rows, &row, log));
        before = row.step;
    }
fail:
    if (status == AC_OK && ferror(file))
        status = ac_fail(log, AC_ERR_IO, "%s: reading failed: %s", path, strerror(errno));
    free(line);
    fclose(file);
    return status;
}

int ac_report_csv_line(const ac_report_row *row, char *line, size_t size)
{
    char validation[32] = "";

    if (!isnan(row->validation))
        snprintf(validation, sizeof(validation), "%.9g", row->validation);
    return snprintf(line, size, "%d,%lld,%.9g,%s,%.9g,%.9g\n", row->epoch, (long long)row->step,
                    row->loss, validation, row->rate, row->seconds);
}

ac_status ac_report_csv_write(const char *path, const ac_report_rows *rows, const ac_log *log)
{
    ac_file_writer *writer = NULL;
    ac_status status;
    char line[256];

    TRY(ac_file_writer_create(path, log, &writer));
    TRY(ac_file_writer_write(writer, header, strlen(header)));
    for (int64_t i = 0; i < rows->count; i++) {
        int length = ac_report_csv_line(&rows->data[i], line, sizeof(line));

        TRY(ac_file_writer_write(writer, line, (size_t)length));
    }
    status = ac_file_writer_commit(&writer);
fail:
    ac_file_writer_destroy(&writer);
    return status;
}
