#include "util/file_set.h"

#include <stdint.h>
#include <stdlib.h>

/* Where it is, or where it would have to be put; size is not 0. */
static size_t place_of(const ac_file_set *s, ac_file_id id)
{
    uint64_t hash = ((uint64_t)id.inode ^ (uint64_t)id.device << 32) * 0x9E3779B97F4A7C15u;
    size_t at = (size_t)(hash >> 32) & (s->size - 1);

    while (s->used[at] && (s->ids[at].inode != id.inode || s->ids[at].device != id.device))
        at = (at + 1) & (s->size - 1);
    return at;
}

static bool grow(ac_file_set *s)
{
    ac_file_set grown = {.count = s->count, .size = s->size ? 2 * s->size : 1024};

    grown.ids = calloc(grown.size, sizeof(*grown.ids));
    grown.used = calloc(grown.size, sizeof(*grown.used));
    if (!grown.ids || !grown.used) {
        ac_file_set_uninit(&grown);
        return false;
    }
    for (size_t i = 0; i < s->size; i++) {
        size_t at;

        if (!s->used[i])
            continue;
        at = place_of(&grown, s->ids[i]);
        grown.ids[at] = s->ids[i];
        grown.used[at] = true;
    }
    ac_file_set_uninit(s);
    *s = grown;
    return true;
}

ac_status ac_file_set_add(ac_file_set *s, const struct stat *info, bool *added)
{
    ac_file_id id = {info->st_dev, info->st_ino};
    size_t at;

    if (2 * (s->count + 1) > s->size && !grow(s))
        return AC_ERR_MEMORY;
    at = place_of(s, id);
    *added = !s->used[at];
    if (*added) {
        s->used[at] = true;
        s->ids[at] = id;
        s->count++;
    }
    return AC_OK;
}

bool ac_file_set_has(const ac_file_set *s, const struct stat *info)
{
    return s->size && s->used[place_of(s, (ac_file_id){info->st_dev, info->st_ino})];
}

void ac_file_set_uninit(ac_file_set *s)
{
    free(s->ids);
    free(s->used);
    *s = (ac_file_set){0};
}
