/* What a batch colours, and where each of it goes. */
#ifndef AC_CLI_BATCH_ITEMS_H
#define AC_CLI_BATCH_ITEMS_H

#include <stdbool.h>
#include <stddef.h>

#include "util/log.h"

typedef struct ac_batch_item {
    char *input, *output;
    bool frames; /* output is a folder, or a pattern, of frames */
} ac_batch_item;

typedef struct ac_batch_items {
    ac_batch_item *items;
    size_t count;
    /* Bytes of outputs that are the folder for all of them; folders below it are made for each. 0:
     * a single job whose output is just what it says. */
    size_t folder;
} ac_batch_items;

typedef struct ac_batch_request {
    char *const *names;
    int name_count;
    const char *list;   /* of more names, "-": standard input; NULL: none */
    const char *output; /* the folder, or the output of a single job */
    const char *format; /* NULL: as inputs are */
    bool recursive;
} ac_batch_request;

/* Whether that is more than one job with its output. */
bool ac_batch_is_wanted(const ac_batch_request *request);

/* Finds all that is to be coloured, in the order of names; within a folder in natural order. A file
 * that is reached twice is one item. Nothing is opened: what is not there fails later, by itself.
 * AC_ERR_ARGUMENT when two outputs would be the same, or an output is an input.
 * ac_batch_items_uninit() in any case. */
ac_status ac_batch_items_find(const ac_batch_request *request, const ac_log *log,
                              ac_batch_items *items);
void ac_batch_items_uninit(ac_batch_items *items);

#endif
