/* Weights in the layouts that kernels read, made anew from the parameters with each step. */
#include <stdlib.h>
#include <string.h>

#include "common/push_train.h"
#include "nn/blocks.h"
#include "repack_spv.h"
#include "repack_texel_spv.h"
#include "train/internal.h"

#define LOCAL AC_LOWER_LOCAL

/* As repack.comp numbers them. */
enum { COPIES, BLOCKS, FLOATS, KINDS };

/* What is to be done, as repack.comp reads it: of each kind the first ivec4 and how many things. */
typedef struct work {
    int32_t *words;
    size_t count;
    int first[KINDS], things[KINDS];
} work;

/* Four packed values are four parameters that lie together. */
static bool is_whole(const uint32_t *from)
{
    return from[0] % 4 == 1 && from[1] == from[0] + 1 && from[2] == from[0] + 2 &&
           from[3] == from[0] + 3;
}

static bool is_empty(const uint32_t *from)
{
    return !from[0] && !from[1] && !from[2] && !from[3];
}

static void begin(work *w, int kind)
{
    w->count = (w->count + 3) / 4 * 4;
    w->first[kind] = (int)(w->count / 4);
}

static void add_copies(work *w, const uint32_t *from, int count, const bool *taken)
{
    int copies = 0;

    begin(w, COPIES);
    for (int i = 0; i < count; i++)
        if (!taken[i] && is_whole(from + 4 * (size_t)i)) {
            w->words[w->count++] = i;
            w->words[w->count++] = (int32_t)(from[4 * (size_t)i] / 4);
            copies++;
        }
    if (copies % 2) {
        w->words[w->count++] = -1;
        w->words[w->count++] = -1;
    }
    w->things[COPIES] = (copies + 1) / 2;
}

static void add_blocks(work *w, const ac_block *blocks, int count)
{
    begin(w, BLOCKS);
    if (count)
        memcpy(w->words + w->count, blocks, (size_t)count * sizeof(*blocks));
    w->count += 8 * (size_t)count;
    w->things[BLOCKS] = count;
}

static void add_floats(work *w, const uint32_t *from, int count, const bool *taken)
{
    begin(w, FLOATS);
    for (int i = 0; i < count; i++) {
        const uint32_t *at = from + 4 * (size_t)i;

        if (taken[i] || is_whole(at) || is_empty(at))
            continue;
        w->words[w->count] = i;
        for (int k = 0; k < 4; k++)
            w->words[w->count + 4 + (size_t)k] = (int32_t)at[k] - 1;
        w->count += 8;
        w->things[FLOATS]++;
    }
}

static ac_status plan_work(const ac_words *packed, int sources, work *w)
{
    int count = (int)(packed->count / 4), block_count = 0;
    bool *taken = calloc((size_t)count + 1, sizeof(*taken));
    ac_block *blocks = NULL;
    ac_status status = taken ? AC_OK : AC_ERR_MEMORY;

    TRY(status);
    TRY(ac_blocks_find(packed->words, count, sources, &blocks, &block_count, taken));
    /* Most that a vec4 takes is 8 words, of floats. */
    w->words = calloc(8 * ((size_t)count + 1), sizeof(*w->words));
    TRY(w->words ? AC_OK : AC_ERR_MEMORY);
    add_copies(w, packed->words, count, taken);
    add_blocks(w, blocks, block_count);
    add_floats(w, packed->words, count, taken);
fail:
    free(taken);
    free(blocks);
    return status;
}

ac_status ac_train_lower_repack(ac_train_session *s, ac_lowering *l)
{
    ac_kernel_params params = {.name = "repack",
                               .binding_count = 3,
                               .push_size = sizeof(struct flat_push),
                               .constant_count = 2,
                               .constants = {LOCAL}};
    ac_binding bindings[3] = {{0}, l->parameters, ac_lower_region(AC_REGION_PACKED, 0, 0)};
    const ac_kernel *kernel;
    ac_status status = AC_OK;
    work w = {0};
    bool texel;

    status = plan_work(&l->packed, (int)(s->row / 4), &w);
    if (status) {
        ac_fail(s->log, status, "out of memory");
        goto fail;
    }
    TRY(ac_buffer_create(s->device, AC_BUFFER_DEVICE, 4 * w.count, "where weights come from",
                         &s->packing));
    TRY(ac_buffer_write(s->packing, 0, w.words, 4 * w.count));
    bindings[0].buffer = s->packing;
    texel = ac_lower_prefers_texels(l, ac_buffer_size(s->packing)) &&
            ac_lower_prefers_texels(l, 4 * (uint64_t)s->row);
    params.code = texel ? repack_texel_spv : repack_spv;
    params.code_size = texel ? sizeof(repack_texel_spv) : sizeof(repack_spv);
    params.texel_mask = texel ? 3 : 0;
    for (int kind = 0; kind < KINDS; kind++) {
        struct flat_push push = {.first = w.first[kind], .count = w.things[kind]};

        if (push.count == 0)
            continue;
        params.constants[1] = kind;
        TRY(ac_kernel_get(l->device, &params, &kernel));
        TRY(ac_lower_dispatch(l, kernel, bindings, &push, ac_lower_groups((uint64_t)push.count),
                              1));
    }
fail:
    free(w.words);
    return status;
}
