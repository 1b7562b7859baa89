/* What the files of the data set share, and the loader looks at. */
#ifndef AC_TRAIN_DATASET_ITEMS_H
#define AC_TRAIN_DATASET_ITEMS_H

#include <sys/stat.h>

#include "train/dataset.h"
#include "train/sources.h"

typedef enum ac_item_state {
    AC_ITEM_UNKNOWN, /* not drawn yet */
    AC_ITEM_GOOD,
    AC_ITEM_GRAY,
    AC_ITEM_BROKEN,
} ac_item_state;

typedef struct ac_dataset_item {
    char *path;
    char *name; /* of a film's frame; NULL: the path */
    int group;
    atomic_int state; /* ac_item_state */
} ac_dataset_item;

typedef struct ac_item_list {
    ac_dataset_item *items;
    int count, size;
} ac_item_list;

/* A file or folder, under whatever name. */
typedef struct ac_file_id {
    dev_t device;
    ino_t inode;
} ac_file_id;

typedef struct ac_group {
    ac_file_id id; /* of the folder or the film */
    char *name;
    int count; /* items, of both sides */
} ac_group;

struct ac_dataset {
    const ac_log *log;
    ac_item_list sides[2]; /* ac_dataset_side */
    ac_group *groups;
    int group_count, group_size;
    atomic_int gray, broken;
    atomic_bool enlarged_shown; /* a picture smaller than the view was named */
    uint64_t hash;
};

ac_status ac_dataset_no_memory(const ac_log *log);

/* dataset_items.c: adds the items of files, taking frames from films. */
ac_status ac_dataset_expand(ac_dataset *dataset, const ac_dataset_params *params,
                            const ac_source *sources, int count, ac_dataset_side side);
void ac_item_list_free(ac_item_list *list);
/* Keeps the items for which keep[i], in their order. */
void ac_item_list_filter(ac_item_list *list, const bool *keep);

/* dataset_split.c */
/* Takes files out of *sources that are among `validation` too. */
ac_status ac_dataset_take_out(const ac_source *validation, int validation_count, ac_source *sources,
                              int *count, const ac_log *log);
/* Moves whole groups of the training side to the other, about `part` of the items. */
ac_status ac_dataset_split(ac_dataset *dataset, double part, uint64_t seed);
/* Leaves `part` of the training side. */
ac_status ac_dataset_thin_out(ac_dataset *dataset, double part, uint64_t seed);
/* 0 .. count - 1 in an order drawn from `stream` (Fisher, Yates 1938; Durstenfeld 1964): for i from
 * count - 1 down to 1, entries i and value(count - 1 - i) % (i + 1) change places. */
void ac_dataset_shuffle(int *order, int count, uint64_t stream);

/* For the loader: an item turned out to be so. True for the first one to say that it cannot be
 * used. Any thread. */
bool ac_dataset_mark(ac_dataset *dataset, ac_dataset_side side, int item, ac_item_state state);

#endif
