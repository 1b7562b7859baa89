#include "video/temporal.h"

#include <stdlib.h>
#include <string.h>

#include "common/push_color.h"
#include "frame_difference_spv.h"
#include "temporal_frame_address_spv.h"
#include "temporal_frame_spv.h"
#include "temporal_spv.h"
#include "temporal_texel_spv.h"

#define LOCAL 64
#define PARTS 256 /* of a sum, at most: workgroups enough for any device */

struct ac_temporal {
    ac_temporal_params params;
    struct temporal_push push;
    bool texel; /* the ring is read as texels */
    ac_buffer *ring, *partial, *differences, *colours;
    int64_t count; /* of frames so far */
};

ac_status ac_temporal_create(const ac_temporal_params *params, ac_temporal **result)
{
    ac_temporal *t = calloc(1, sizeof(*t));
    int row = (params->w + 3) / 4;
    uint64_t fours = (uint64_t)params->h * (uint64_t)row;
    uint64_t ring = 3 * fours * (uint64_t)params->frames; /* vec4 */
    uint64_t parts = (fours + LOCAL - 1) / LOCAL;
    uint64_t picture = 16 * (uint64_t)params->h * (uint64_t)params->w;
    ac_status status = AC_OK;

    *result = NULL;
    if (!t)
        return ac_fail(ac_device_get_log(params->device), AC_ERR_MEMORY, "out of memory");
    t->params = *params;
    t->push = (struct temporal_push){.h = params->h,
                                     .w = params->w,
                                     .slots = params->frames,
                                     .row = row,
                                     .parts = (int)(parts < PARTS ? parts : PARTS)};
    t->texel = ac_device_prefers_texels(params->device, ring);
    TRY(ac_buffer_create(params->device, AC_BUFFER_DEVICE, 16 * ring, "the last frames", &t->ring));
    TRY(ac_buffer_create(params->device, AC_BUFFER_DEVICE, 4 * (uint64_t)PARTS, "the last frames",
                         &t->partial));
    TRY(ac_buffer_create(params->device, AC_BUFFER_DEVICE, 4 * (uint64_t)params->frames,
                         "the last frames", &t->differences));
    TRY(ac_buffer_create(params->device, AC_BUFFER_DEVICE, picture, "colours", &t->colours));
    *result = t;
    return AC_OK;

fail:
    ac_temporal_destroy(&t);
    return status;
}

void ac_temporal_destroy(ac_temporal **pointer)
{
    ac_temporal *t = *pointer;

    if (!t)
        return;
    ac_buffer_destroy(&t->ring);
    ac_buffer_destroy(&t->partial);
    ac_buffer_destroy(&t->differences);
    ac_buffer_destroy(&t->colours);
    free(t);
    *pointer = NULL;
}

void ac_temporal_next(ac_temporal *t, void *frame)
{
    int frames = t->params.frames;
    int32_t place[AC_TEMPORAL_FRAME_SIZE / 4] = {
        (int32_t)(t->count % frames), (int32_t)(t->count < frames - 1 ? t->count : frames - 1)};

    memcpy(frame, place, sizeof(place));
    t->count++;
}

/* `bindings` has as many as the kernel. */
static ac_status dispatch(const ac_temporal *t, ac_commands *commands, ac_kernel_params params,
                          const ac_binding *bindings, uint64_t groups)
{
    const ac_kernel *kernel;
    ac_status status = AC_OK;
    uint32_t grid[2];

    params.push_size = sizeof(t->push);
    params.constant_count = 1;
    params.constants[0] = LOCAL;
    ac_groups_fold(groups, grid);
    ac_commands_barrier(commands);
    TRY(ac_kernel_get(t->params.device, &params, &kernel));
    TRY(ac_commands_dispatch(commands, kernel, bindings, &t->push, grid[0], grid[1], 1));
fail:
    return status;
}

ac_status ac_temporal_record(const ac_temporal *t, ac_commands *commands, ac_binding frame)
{
    const ac_binding ring = {t->ring, 0, 0}, partial = {t->partial, 0, 0};
    const ac_binding differences = {t->differences, 0, 0}, colours = {t->colours, 0, 0};
    uint64_t fours = (uint64_t)t->push.h * (uint64_t)t->push.row;
    ac_status status = AC_OK;

    TRY(dispatch(t, commands,
                 (ac_kernel_params){.name = "temporal_frame",
                                    AC_KERNEL_ADDRESSES(t->params.device, temporal_frame),
                                    .binding_count = 5},
                 (ac_binding[]){frame, t->params.ab, t->params.picture, ring, partial},
                 (uint64_t)t->push.parts));
    TRY(dispatch(t, commands,
                 (ac_kernel_params){.name = "frame_difference",
                                    .code = frame_difference_spv,
                                    .code_size = sizeof(frame_difference_spv),
                                    .binding_count = 3},
                 (ac_binding[]){frame, partial, differences}, 1));
    TRY(dispatch(t, commands,
                 (ac_kernel_params){.name = "temporal",
                                    .code = t->texel ? temporal_texel_spv : temporal_spv,
                                    .code_size = t->texel ? sizeof(temporal_texel_spv)
                                                          : sizeof(temporal_spv),
                                    .binding_count = 4,
                                    .texel_mask = t->texel ? 1 << 2 : 0},
                 (ac_binding[]){frame, differences, ring, colours}, (fours + LOCAL - 1) / LOCAL));
fail:
    return status;
}

ac_binding ac_temporal_colours(const ac_temporal *t)
{
    return (ac_binding){t->colours, 0, 0};
}
