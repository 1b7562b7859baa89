#include "video/temporal.h"

#include <stdlib.h>
#include <string.h>

#include "common/push_color.h"
#include "frame_difference_spv.h"
#include "temporal_spv.h"

#define LOCAL 64

struct ac_temporal {
    ac_temporal_params params;
    ac_buffer *ring, *differences, *colours;
    int64_t count; /* of frames so far */
};

ac_status ac_temporal_create(const ac_temporal_params *params, ac_temporal **result)
{
    ac_temporal *t = calloc(1, sizeof(*t));
    uint64_t picture = 16 * (uint64_t)params->h * (uint64_t)params->w;
    ac_status status = AC_OK;

    *result = NULL;
    if (!t)
        return ac_fail(ac_device_get_log(params->device), AC_ERR_MEMORY, "out of memory");
    t->params = *params;
    TRY(ac_buffer_create(params->device, AC_BUFFER_DEVICE, picture * (uint64_t)params->frames,
                         "the last frames", &t->ring));
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

ac_status ac_temporal_record(const ac_temporal *t, ac_commands *commands, ac_binding frame)
{
    const ac_temporal_params *p = &t->params;
    const struct temporal_push push = {p->h, p->w, p->frames};
    const ac_kernel_params difference = {.name = "frame_difference",
                                         .code = frame_difference_spv,
                                         .code_size = sizeof(frame_difference_spv),
                                         .binding_count = 4,
                                         .push_size = sizeof(push),
                                         .constant_count = 1,
                                         .constants = {LOCAL}};
    const ac_kernel_params temporal = {.name = "temporal",
                                       .code = temporal_spv,
                                       .code_size = sizeof(temporal_spv),
                                       .binding_count = 6,
                                       .push_size = sizeof(push),
                                       .constant_count = 1,
                                       .constants = {LOCAL}};
    const ac_binding ring = {t->ring, 0, 0}, differences = {t->differences, 0, 0};
    const ac_binding colours = {t->colours, 0, 0};
    uint32_t groups[2];
    const ac_kernel *kernel;
    ac_status status = AC_OK;

    ac_groups_fold(((uint64_t)p->h * (uint64_t)p->w + LOCAL - 1) / LOCAL, groups);
    ac_commands_barrier(commands);
    TRY(ac_kernel_get(p->device, &difference, &kernel));
    TRY(ac_commands_dispatch(commands, kernel, (ac_binding[]){frame, p->picture, ring, differences},
                             &push, 1, 1, 1));
    ac_commands_barrier(commands);
    TRY(ac_kernel_get(p->device, &temporal, &kernel));
    TRY(ac_commands_dispatch(commands, kernel,
                             (ac_binding[]){frame, p->ab, p->picture, differences, ring, colours},
                             &push, groups[0], groups[1], 1));
fail:
    return status;
}

ac_binding ac_temporal_colours(const ac_temporal *t)
{
    return (ac_binding){t->colours, 0, 0};
}
