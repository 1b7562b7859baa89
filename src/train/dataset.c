#include "train/dataset.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "train/dataset_items.h"

static ac_status check_params(const ac_dataset_params *p, const ac_log *log)
{
    if (p->source_count < 1)
        return ac_fail(log, AC_ERR_ARGUMENT, "no pictures to train on are named");
    if (!(p->validation_split >= 0 && p->validation_split < 1))
        return ac_fail(log, AC_ERR_ARGUMENT,
                       "%g is no part of the pictures for validation: 0 to less than 1 is",
                       p->validation_split);
    if (!(p->fraction > 0 && p->fraction <= 1))
        return ac_fail(log, AC_ERR_ARGUMENT,
                       "%g is no part of the pictures to train on: more than 0, to 1, is",
                       p->fraction);
    if (!(p->every >= 0))
        return ac_fail(log, AC_ERR_ARGUMENT, "frames cannot be taken every %g seconds", p->every);
    if (p->frame_side < 0)
        return ac_fail(log, AC_ERR_ARGUMENT, "frames cannot be kept with a short side of %d",
                       p->frame_side);
    return AC_OK;
}

/* All names, of both sides: a resumed run must find the same ones. */
static ac_status hash_names(ac_dataset *d)
{
    XXH64_state_t *state = XXH64_createState();

    if (!state)
        return ac_dataset_no_memory(d->log);
    XXH64_reset(state, 0);
    for (int side = 0; side < 2; side++) {
        int count = d->sides[side].count;
        uint8_t bytes[4] = {(uint8_t)count, (uint8_t)(count >> 8), (uint8_t)(count >> 16),
                            (uint8_t)(count >> 24)};

        XXH64_update(state, bytes, sizeof(bytes));
        for (int i = 0; i < count; i++) {
            const char *name = ac_dataset_name(d, (ac_dataset_side)side, i);

            XXH64_update(state, name, strlen(name) + 1);
        }
    }
    d->hash = XXH64_digest(state);
    XXH64_freeState(state);
    return AC_OK;
}

static ac_status list_validation(ac_dataset *d, const ac_dataset_params *params, ac_source *sources,
                                 int *count)
{
    ac_source *validation = NULL;
    int validation_count = 0;
    ac_status status;

    TRY(ac_sources_list(params->validation, params->validation_count, d->log, &validation,
                        &validation_count));
    TRY(ac_dataset_take_out(validation, validation_count, sources, count, d->log));
    TRY(ac_dataset_expand(d, params, validation, validation_count, AC_DATASET_VALIDATION));
    if (!d->sides[AC_DATASET_VALIDATION].count)
        status = ac_fail(d->log, AC_ERR_FORMAT,
                         "there is nothing to validate with: its films have no frame with colours");
fail:
    ac_sources_free(&validation, validation_count);
    return status;
}

ac_status ac_dataset_open(const ac_dataset_params *params, const ac_log *log, ac_dataset **dataset)
{
    ac_dataset *d;
    ac_source *sources = NULL;
    int count = 0;
    ac_status status;

    *dataset = NULL;
    status = check_params(params, log);
    if (status)
        return status;
    d = calloc(1, sizeof(*d));
    if (!d)
        return ac_dataset_no_memory(log);
    d->log = log;
    atomic_init(&d->gray, 0);
    atomic_init(&d->broken, 0);
    TRY(ac_sources_list(params->sources, params->source_count, log, &sources, &count));
    if (params->validation_count)
        TRY(list_validation(d, params, sources, &count));
    TRY(ac_dataset_expand(d, params, sources, count, AC_DATASET_TRAINING));
    if (!d->sides[AC_DATASET_TRAINING].count) {
        status = ac_fail(log, AC_ERR_FORMAT,
                         "there is nothing to train on: the films have no frame with colours");
        goto fail;
    }
    if (!params->validation_count && params->validation_split > 0)
        TRY(ac_dataset_split(d, params->validation_split, params->seed));
    if (params->fraction < 1)
        TRY(ac_dataset_thin_out(d, params->fraction, params->seed));
    TRY(hash_names(d));
    *dataset = d;
fail:
    ac_sources_free(&sources, count);
    if (status)
        ac_dataset_close(&d);
    return status;
}

void ac_dataset_close(ac_dataset **dataset)
{
    ac_dataset *d = dataset ? *dataset : NULL;

    if (!d)
        return;
    for (int side = 0; side < 2; side++)
        ac_item_list_free(&d->sides[side]);
    for (int i = 0; i < d->group_count; i++)
        free(d->groups[i].name);
    free(d->groups);
    free(d);
    *dataset = NULL;
}

int ac_dataset_count(const ac_dataset *d, ac_dataset_side side)
{
    return d->sides[side].count;
}

const char *ac_dataset_name(const ac_dataset *d, ac_dataset_side side, int i)
{
    const ac_dataset_item *item = &d->sides[side].items[i];

    return item->name ? item->name : item->path;
}

uint64_t ac_dataset_hash(const ac_dataset *d)
{
    return d->hash;
}

void ac_dataset_left_out(ac_dataset *d, int *gray, int *broken)
{
    *gray = atomic_load(&d->gray);
    *broken = atomic_load(&d->broken);
}

bool ac_dataset_mark(ac_dataset *d, ac_dataset_side side, int item, ac_item_state state)
{
    int unknown = AC_ITEM_UNKNOWN;

    if (!atomic_compare_exchange_strong(&d->sides[side].items[item].state, &unknown, (int)state))
        return false;
    if (state == AC_ITEM_GRAY)
        atomic_fetch_add(&d->gray, 1);
    else if (state == AC_ITEM_BROKEN)
        atomic_fetch_add(&d->broken, 1);
    return state != AC_ITEM_GOOD;
}
