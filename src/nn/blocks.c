#include "nn/blocks.h"

#include <stdlib.h>
#include <string.h>

/* What a block would be of which this is a part: its sources, and which of its four; -1: none. */
static int lane_of(const uint32_t from[4], int32_t sources[4])
{
    int lane = -1;

    for (int k = 0; k < 4; k++) {
        int at = (int)from[k] - 1;

        sources[k] = at < 0 ? -1 : at / 4;
        if (at < 0)
            continue;
        if (lane >= 0 && at % 4 != lane)
            return -1;
        lane = at % 4;
    }
    return lane;
}

static bool is_complete(const ac_block *b)
{
    return b->to[0] >= 0 && b->to[1] >= 0 && b->to[2] >= 0 && b->to[3] >= 0;
}

#define ROOM 1024 /* for blocks, at first */

typedef struct list {
    ac_block *blocks;
    int count, room;
} list;

/* Another block with these sources and nothing yet that is made of them; -1: out of memory. */
static int begin_block(list *l, const int32_t sources[4])
{
    if (l->count == l->room) {
        int room = 2 * l->room;
        ac_block *more = realloc(l->blocks, (size_t)room * sizeof(*more));

        if (!more)
            return -1;
        l->blocks = more;
        l->room = room;
    }
    memcpy(l->blocks[l->count].from, sources, 4 * sizeof(*sources));
    memset(l->blocks[l->count].to, -1, sizeof(l->blocks->to));
    return l->count++;
}

static bool goes_on(const ac_block *b, const int32_t sources[4], int lane)
{
    return memcmp(b->from, sources, sizeof(b->from)) == 0 && b->to[lane] < 0;
}

/* Keeps those that are complete. */
static void keep_complete(list *l, bool *taken)
{
    int kept = 0;

    for (int b = 0; b < l->count; b++) {
        if (!is_complete(&l->blocks[b]))
            continue;
        for (int j = 0; j < 4; j++)
            taken[l->blocks[b].to[j]] = true;
        l->blocks[kept++] = l->blocks[b];
    }
    l->count = kept;
}

ac_status ac_blocks_find(const uint32_t *from, int count, int sources, ac_block **blocks,
                         int *block_count, bool *taken)
{
    /* The last block that was begun with a source, so that parts find theirs. */
    int *open = malloc(((size_t)sources + 1) * sizeof(*open));
    list l = {.blocks = malloc(ROOM * sizeof(ac_block)), .room = ROOM};
    ac_status status = open && l.blocks ? AC_OK : AC_ERR_MEMORY;

    *blocks = NULL;
    *block_count = 0;
    TRY(status);
    memset(open, -1, ((size_t)sources + 1) * sizeof(*open));
    for (int i = 0; i < count; i++) {
        int32_t parts[4];
        int lane = lane_of(from + 4 * (size_t)i, parts), key = 0, b;

        taken[i] = false;
        if (lane < 0)
            continue;
        while (parts[key] < 0)
            key++;
        b = open[parts[key]];
        if (b < 0 || !goes_on(&l.blocks[b], parts, lane))
            b = open[parts[key]] = begin_block(&l, parts);
        TRY(b < 0 ? AC_ERR_MEMORY : AC_OK);
        l.blocks[b].to[lane] = i;
    }
    keep_complete(&l, taken);
    if (l.count) {
        *blocks = l.blocks;
        *block_count = l.count;
        l.blocks = NULL;
    }
fail:
    free(open);
    free(l.blocks);
    return status;
}
