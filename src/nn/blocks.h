/* Copies that are transpositions of 4 x 4 floats: where what lies together on one side is four rows
 * apart on the other, as input channels and output channels of a weight do, whole vec4s are read
 * and written all the same. */
#ifndef AC_NN_BLOCKS_H
#define AC_NN_BLOCKS_H

#include <stdbool.h>
#include <stdint.h>

#include "util/status.h"

/* Component k of vec4 to[j] is component j of vec4 from[k]; zero where from[k] is -1. */
typedef struct ac_block {
    int32_t from[4], to[4];
} ac_block;

/* Finds such blocks among copies of floats: float i of `count` vec4s is float from[i] - 1 of
 * `sources` vec4s, or zero where from[i] is 0. *blocks is the caller's (free()), NULL where there
 * are none; taken[i]: vec4 i is in a block. AC_ERR_MEMORY without a message. */
ac_status ac_blocks_find(const uint32_t *from, int count, int sources, ac_block **blocks,
                         int *block_count, bool *taken);

#endif
