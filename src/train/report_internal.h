/* What the report's parts share. */
#ifndef AC_TRAIN_REPORT_INTERNAL_H
#define AC_TRAIN_REPORT_INTERNAL_H

#include "train/report.h"

/* Rows of a log.csv; data is freed by free(). */
typedef struct ac_report_rows {
    ac_report_row *data;
    int64_t count, room;
} ac_report_rows;

/* AC_ERR_MEMORY, logged, when there is no room for one more. */
ac_status ac_report_rows_add(ac_report_rows *rows, const ac_report_row *row, const ac_log *log);
/* Adds the rows of a log.csv up to step `last`; stops, without a message, where it is no row any
 * more. A file that is not there has no rows. */
ac_status ac_report_csv_read(const char *path, int64_t last, const ac_log *log,
                             ac_report_rows *rows);
/* Replaces the file, whole or not at all. */
ac_status ac_report_csv_write(const char *path, const ac_report_rows *rows, const ac_log *log);
/* The row as a line with its end; returns its length. */
int ac_report_csv_line(const ac_report_row *row, char *line, size_t size);

/* Writes report.html of the folder, whole or not at all, with the curve and the sheets that are
 * in it. epoch: the last one that is over. */
ac_status ac_report_html_write(const ac_report_params *params, const ac_report_rows *rows,
                               int epoch, double baseline, const ac_log *log);
/* A path in the run's folder; the caller frees it. NULL, logged, when memory runs out. */
char *ac_report_path(const char *dir, const ac_log *log, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
