/* Which items are for training, and which for validation. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/dataset_items.h"
#include "util/random.h"

void ac_dataset_shuffle(int *order, int count, uint64_t stream)
{
    for (int i = 0; i < count; i++)
        order[i] = i;
    for (int i = count - 1; i > 0; i--) {
        int j = (int)(ac_random_value(stream, (uint64_t)(count - 1 - i)) % ((uint64_t)i + 1)),
            kept = order[i];

        order[i] = order[j];
        order[j] = kept;
    }
}

/* ---- the same file on both sides ---- */

static int compare_ids(const void *p, const void *q)
{
    const ac_file_id *a = p, *b = q;

    if (a->inode != b->inode)
        return a->inode < b->inode ? -1 : 1;
    return a->device < b->device ? -1 : a->device > b->device;
}

static bool get_id(const char *path, ac_file_id *id)
{
    struct stat info;

    memset(id, 0, sizeof(*id));
    if (stat(path, &info))
        return false;
    id->device = info.st_dev;
    id->inode = info.st_ino;
    return true;
}

ac_status ac_dataset_take_out(const ac_source *validation, int validation_count, ac_source *sources,
                              int *count, const ac_log *log)
{
    ac_file_id *ids = calloc((size_t)validation_count + 1, sizeof(*ids)), id;
    int before = *count, left = 0, id_count = 0;

    if (!ids)
        return ac_dataset_no_memory(log);
    for (int i = 0; i < validation_count; i++)
        id_count += get_id(validation[i].path, &ids[id_count]);
    qsort(ids, (size_t)id_count, sizeof(*ids), compare_ids);
    for (int i = 0; i < before; i++)
        if (get_id(sources[i].path, &id) &&
            bsearch(&id, ids, (size_t)id_count, sizeof(*ids), compare_ids))
            free(sources[i].path);
        else
            sources[left++] = sources[i];
    *count = left;
    free(ids);
    if (!left)
        return ac_fail(
            log, AC_ERR_ARGUMENT,
            "there is nothing to train on: every file is for validation too; name others "
            "for one of them");
    if (left < before)
        ac_log_print(log, AC_LOG_WARNING, "%d file%s named for validation too, and not trained on",
                     before - left, before - left == 1 ? "" : "s");
    return AC_OK;
}

/* ---- whole groups ---- */

/* Marks groups in the order drawn, those that bring the number nearer to the one wanted, but not
 * all; returns how many items are in them. */
static int choose_groups(const ac_dataset *d, const int *order, int wanted, bool *chosen)
{
    int taken = 0, smallest = -1, left = d->group_count;

    for (int i = 0; i < d->group_count && taken < wanted && left > 1; i++) {
        int count = d->groups[order[i]].count;

        if (abs(taken + count - wanted) < wanted - taken) {
            chosen[order[i]] = true;
            taken += count;
            left--;
        }
    }
    if (taken)
        return taken;
    /* Each is more than twice of what is wanted. */
    for (int i = 0; i < d->group_count; i++)
        if (smallest < 0 || d->groups[order[i]].count < d->groups[smallest].count)
            smallest = order[i];
    chosen[smallest] = true;
    return d->groups[smallest].count;
}

static ac_status move_groups(ac_dataset *d, const bool *chosen)
{
    ac_item_list *from = &d->sides[AC_DATASET_TRAINING], *to = &d->sides[AC_DATASET_VALIDATION];
    int left = 0;

    to->items = calloc((size_t)from->count, sizeof(*to->items));
    if (!to->items)
        return ac_dataset_no_memory(d->log);
    to->size = from->count;
    for (int i = 0; i < from->count; i++)
        if (chosen[from->items[i].group])
            to->items[to->count++] = from->items[i];
        else
            from->items[left++] = from->items[i];
    from->count = left;
    return AC_OK;
}

ac_status ac_dataset_split(ac_dataset *d, double part, uint64_t seed)
{
    int count = d->sides[AC_DATASET_TRAINING].count, taken,
        wanted = (int)fmax(rint(part * count), 1);
    int *order;
    bool *chosen;
    ac_status status;

    if (d->group_count == 1)
        return ac_fail(
            d->log, AC_ERR_ARGUMENT,
            "all pictures come from one folder or film, %s: the two sides would show the "
            "same scenes; name pictures for validation with --val DIR",
            d->groups[0].name);
    order = calloc((size_t)d->group_count, sizeof(*order));
    chosen = calloc((size_t)d->group_count, sizeof(*chosen));
    if (!order || !chosen) {
        status = ac_dataset_no_memory(d->log);
        goto fail;
    }
    ac_dataset_shuffle(order, d->group_count, ac_random_stream(seed, "split"));
    taken = choose_groups(d, order, wanted, chosen);
    TRY(move_groups(d, chosen));
    if (taken < wanted / 2 || taken > 2 * wanted)
        ac_log_print(d->log, AC_LOG_WARNING,
                     "%.3g%% of the pictures are for validation, and not %.3g%%: folders and films "
                     "go to one side as a whole; --val DIR names pictures for it",
                     100.0 * taken / count, 100 * part);
fail:
    free(order);
    free(chosen);
    return status;
}

ac_status ac_dataset_thin_out(ac_dataset *d, double part, uint64_t seed)
{
    ac_item_list *list = &d->sides[AC_DATASET_TRAINING];
    int wanted = (int)fmax(rint(part * list->count), 1);
    int *order = calloc((size_t)list->count, sizeof(*order));
    bool *keep = calloc((size_t)list->count, sizeof(*keep));
    ac_status status = AC_OK;

    if (!order || !keep) {
        status = ac_dataset_no_memory(d->log);
        goto fail;
    }
    ac_dataset_shuffle(order, list->count, ac_random_stream(seed, "fraction"));
    for (int i = 0; i < wanted; i++)
        keep[order[i]] = true;
    ac_item_list_filter(list, keep);
fail:
    free(order);
    free(keep);
    return status;
}
