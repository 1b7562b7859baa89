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

ac_status ac_blocks_find(const uint32_t *from, int count, int sources, ac_block **blocks,
                         int *block_count, bool *taken)
{
    /* The last block that was begun with a source, so that parts find theirs. */
    int *open = malloc(((size_t)sources + 1) * sizeof(*open)), found = 0, room = 0, whole = 0;
    ac_block *list = NULL;

    *blocks = NULL;
    *block_count = 0;
    if (!open)
        return AC_ERR_MEMORY;
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
        if (b < 0 || memcmp(list[b].from, parts, sizeof(parts)) != 0 || list[b].to[lane] >= 0) {
            if (found == room) {
                ac_block *more = realloc(list, (room ? 2 * (size_t)room : 1024) * sizeof(*more));

                if (!more) {
                    free(list);
                    free(open);
                    return AC_ERR_MEMORY;
                }
                list = more;
                room = room ? 2 * room : 1024;
            }
            b = open[parts[key]] = found++;
            memcpy(list[b].from, parts, sizeof(parts));
            memset(list[b].to, -1, sizeof(list[b].to));
        }
        list[b].to[lane] = i;
    }
    free(open);
    for (int b = 0; b < found; b++)
        if (is_complete(&list[b])) {
            for (int j = 0; j < 4; j++)
                taken[list[b].to[j]] = true;
            list[whole++] = list[b];
        }
    if (!whole) {
        free(list);
        list = NULL;
    }
    *blocks = list;
    *block_count = whole;
    return AC_OK;
}
