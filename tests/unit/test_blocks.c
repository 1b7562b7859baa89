/* Copies by blocks of 4 x 4. */
#include <stdlib.h>
#include <string.h>

#include "nn/blocks.h"
#include "test.h"

#define ROWS    8 /* of a matrix of ROWS x COLUMNS, which is transposed */
#define COLUMNS 12
#define COUNT   (ROWS * COLUMNS / 4)

static void transpose(uint32_t *from)
{
    for (int column = 0; column < COLUMNS; column++)
        for (int row = 0; row < ROWS; row++)
            from[column * ROWS + row] = (uint32_t)(row * COLUMNS + column) + 1;
}

/* Every vec4 that is taken is what `from` says, and is so once; how many blocks there are. */
static int check_blocks(const uint32_t *from, int count, bool *taken)
{
    int32_t to[4 * 2 * COUNT];
    ac_block *blocks;
    int found;

    memset(to, -1, sizeof(to));
    CHECK_INT(ac_blocks_find(from, count, ROWS * COLUMNS / 4, &blocks, &found, taken), AC_OK);
    CHECK((blocks == NULL) == (found == 0));
    for (int b = 0; b < found; b++)
        for (int j = 0; j < 4; j++)
            for (int k = 0; k < 4; k++) {
                int32_t *value = &to[4 * blocks[b].to[j] + k];

                CHECK_INT(*value, -1);
                *value = blocks[b].from[k] < 0 ? 0 : 4 * blocks[b].from[k] + j + 1;
            }
    for (int i = 0; i < 4 * count; i++)
        CHECK_INT(to[i], taken[i / 4] ? (int)from[i] : -1);
    free(blocks);
    return found;
}

static void test_transposed(void)
{
    uint32_t from[4 * COUNT];
    bool taken[COUNT];

    transpose(from);
    CHECK_INT(check_blocks(from, COUNT, taken), COUNT / 4);
    for (int i = 0; i < COUNT; i++)
        CHECK(taken[i]);
}

static void test_incomplete(void)
{
    uint32_t from[4 * COUNT];
    bool taken[COUNT];

    transpose(from);
    from[5] = 0; /* the others of its block have a source there */
    CHECK_INT(check_blocks(from, COUNT, taken), COUNT / 4 - 1);
    CHECK(!taken[1] && taken[0]);
    for (int column = 0; column < 4; column++) /* now none of them has */
        from[column * ROWS + 5] = 0;
    CHECK_INT(check_blocks(from, COUNT, taken), COUNT / 4);
}

static void test_others(void)
{
    uint32_t from[4 * COUNT] = {0};
    bool taken[COUNT];

    CHECK_INT(check_blocks(from, COUNT, taken), 0);
    for (int i = 0; i < 4 * COUNT; i++) /* as they lie */
        from[i] = (uint32_t)i + 1;
    CHECK_INT(check_blocks(from, COUNT, taken), 0);
}

/* A weight is packed for the forward pass and for a gradient. */
static void test_twice(void)
{
    uint32_t from[2 * 4 * COUNT];
    bool taken[2 * COUNT];

    transpose(from);
    transpose(from + 4 * COUNT);
    CHECK_INT(check_blocks(from, 2 * COUNT, taken), 2 * COUNT / 4);
}

int main(void)
{
    test_transposed();
    test_incomplete();
    test_others();
    test_twice();
    return test_end();
}
