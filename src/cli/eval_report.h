/* What `autochrome eval` prints of what it measured. */
#ifndef AC_CLI_EVAL_REPORT_H
#define AC_CLI_EVAL_REPORT_H

#include <jansson.h>

#include "train/evaluate.h"

/* A table of pictures, one of what films do over time, means in the last lines; at most 79 columns
 * wide. */
void ac_eval_print(const ac_evaluation *evaluation);

/* How many pictures and films the means are of. */
int ac_eval_mean_count(const ac_evaluation *evaluation);

/* The same as {pictures, films, mean, ...}: a reference of the caller's, NULL when memory runs out.
 * Figures that are not there are null. */
json_t *ac_eval_json(const ac_evaluation *evaluation);

#endif
