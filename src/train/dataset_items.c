/* From files to items. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "train/dataset_items.h"
#include "train/film_frames.h"

ac_status ac_dataset_no_memory(const ac_log *log)
{
    return ac_fail(log, AC_ERR_MEMORY, "out of memory for the list of pictures");
}

/* Takes over path and name. */
static ac_status add_item(ac_dataset *d, ac_dataset_side side, char *path, char *name, int group)
{
    ac_item_list *list = &d->sides[side];

    if (list->count == list->size) {
        int size = list->size ? 2 * list->size : 256;
        ac_dataset_item *grown = realloc(list->items, (size_t)size * sizeof(*grown));

        if (!grown) {
            free(path);
            free(name);
            return ac_dataset_no_memory(d->log);
        }
        list->items = grown;
        list->size = size;
    }
    list->items[list->count].path = path;
    list->items[list->count].name = name;
    list->items[list->count].group = group;
    atomic_init(&list->items[list->count].state, AC_ITEM_UNKNOWN);
    list->count++;
    d->groups[group].count++;
    return AC_OK;
}

/* The group of a folder or film, a new one where there is none yet. */
static ac_status find_group(ac_dataset *d, const char *name, int *group)
{
    struct stat info;
    ac_file_id id;

    if (stat(name, &info))
        return ac_fail(d->log, AC_ERR_IO, "%s: cannot be examined: %s", name, strerror(errno));
    id = (ac_file_id){info.st_dev, info.st_ino};
    for (*group = d->group_count - 1; *group >= 0; --*group)
        if (d->groups[*group].id.inode == id.inode && d->groups[*group].id.device == id.device)
            return AC_OK;
    if (d->group_count == d->group_size) {
        int size = d->group_size ? 2 * d->group_size : 16;
        ac_group *grown = realloc(d->groups, (size_t)size * sizeof(*grown));

        if (!grown)
            return ac_dataset_no_memory(d->log);
        d->groups = grown;
        d->group_size = size;
    }
    *group = d->group_count;
    d->groups[*group] = (ac_group){.id = id, .name = strdup(name)};
    if (!d->groups[*group].name)
        return ac_dataset_no_memory(d->log);
    d->group_count++;
    return AC_OK;
}

/* "12.500" to "12.5", "10.000" to "10" */
static void cut_zeros(char *number)
{
    size_t length = strlen(number);

    while (length && number[length - 1] == '0')
        length--;
    if (length && number[length - 1] == '.')
        length--;
    number[length] = '\0';
}

static ac_status add_film(ac_dataset *d, const ac_dataset_params *params, const char *film,
                          ac_dataset_side side)
{
    ac_film_frames_params wanted = {
        .film = film,
        .frames_dir = params->frames_dir,
        .every = params->every,
        .side = params->frame_side,
        .cancel = params->cancel,
        .progress = params->progress,
    };
    ac_film_frame *frames = NULL;
    int count = 0, group;
    bool broken = false;
    ac_status status;

    TRY(ac_film_frames_get(&wanted, d->log, &frames, &count, &broken));
    if (broken)
        atomic_fetch_add(&d->broken, 1);
    if (count)
        TRY(find_group(d, film, &group));
    for (int i = 0; i < count; i++) {
        char *name = NULL, time[40];

        snprintf(time, sizeof(time), "%.3f", frames[i].time);
        cut_zeros(time);
        if (asprintf(&name, "%s at %s s", film, time) < 0) {
            status = ac_dataset_no_memory(d->log);
            goto fail;
        }
        status = add_item(d, side, frames[i].path, name, group);
        frames[i].path = NULL;
        if (status)
            goto fail;
    }
fail:
    ac_film_frames_free(&frames, count);
    return status;
}

/* *last: the folder of the still before, "" when there was none, and its group: most lie in the
 * same one. */
static ac_status add_still(ac_dataset *d, const char *path, ac_dataset_side side, char **last,
                           int *last_group)
{
    const char *slash = strrchr(path, '/');
    char *folder = !slash          ? strdup(".")
                   : slash == path ? strdup("/")
                                   : strndup(path, (size_t)(slash - path));
    char *copy = strdup(path);
    ac_status status = AC_OK;

    if (!folder || !copy) {
        status = ac_dataset_no_memory(d->log);
        goto fail;
    }
    if (!*last || strcmp(*last, folder) != 0) {
        TRY(find_group(d, folder, last_group));
        free(*last);
        *last = folder;
        folder = NULL;
    }
    status = add_item(d, side, copy, NULL, *last_group);
    copy = NULL;
fail:
    free(folder);
    free(copy);
    return status;
}

ac_status ac_dataset_expand(ac_dataset *d, const ac_dataset_params *params,
                            const ac_source *sources, int count, ac_dataset_side side)
{
    ac_status status = AC_OK;
    char *last = NULL;
    int group = 0;

    for (int i = 0; !status && i < count; i++)
        status = sources[i].film ? add_film(d, params, sources[i].path, side)
                                 : add_still(d, sources[i].path, side, &last, &group);
    free(last);
    return status;
}

static void free_item(ac_dataset_item *item)
{
    free(item->path);
    free(item->name);
}

void ac_item_list_free(ac_item_list *list)
{
    for (int i = 0; i < list->count; i++)
        free_item(&list->items[i]);
    free(list->items);
    *list = (ac_item_list){0};
}

void ac_item_list_filter(ac_item_list *list, const bool *keep)
{
    int count = 0;

    for (int i = 0; i < list->count; i++)
        if (keep[i])
            list->items[count++] = list->items[i];
        else
            free_item(&list->items[i]);
    list->count = count;
}
