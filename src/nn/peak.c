#include "nn/peak.h"

#include <stdio.h>
#include <string.h>

#include "common/push_peak.h"
#include "peak_copy_spv.h"
#include "peak_copy_texel_spv.h"
#include "peak_fma_spv.h"
#include "util/clock.h"
#include "vk/commands.h"

#define LOCAL       64
#define STEPS       16
#define LONG_ENOUGH 0.02 /* seconds, against what a submission costs */
#define TRIES       4
#define MAX_TURNS   (1 << 20)
#define COPY_BYTES  ((uint64_t)64 << 20) /* more than caches hold */

/* Seconds of the fastest of some runs of what is recorded. */
static ac_status time_commands(ac_commands *commands, int tries, double *seconds)
{
    ac_status status = AC_OK;

    *seconds = 1e9;
    for (int i = 0; i < tries; i++) {
        double begin = ac_clock_now((ac_clock){0}), took;

        TRY(ac_commands_run(commands));
        took = ac_clock_now((ac_clock){0}) - begin;
        if (took < *seconds)
            *seconds = took;
    }
fail:
    return status;
}

typedef struct fma_run {
    ac_commands *commands;
    const ac_kernel *kernel;
    ac_buffer *buffer;
    uint32_t groups;
} fma_run;

static ac_status record_fma(const fma_run *r, int turns)
{
    const struct peak_push push = {.count = turns, .factor = 0.5F, .addend = 1};
    const ac_binding binding = {r->buffer, 0, 0};
    ac_status status = AC_OK;

    TRY(ac_commands_begin(r->commands));
    TRY(ac_commands_dispatch(r->commands, r->kernel, &binding, &push, r->groups, 1, 1));
    TRY(ac_commands_end(r->commands));
fail:
    return status;
}

static ac_status measure_fma(fma_run *r, ac_device *device, int chains, ac_peak *peak)
{
    const ac_kernel_params params = {.name = "peak_fma",
                                     .code = peak_fma_spv,
                                     .code_size = sizeof(peak_fma_spv),
                                     .binding_count = 1,
                                     .push_size = sizeof(struct peak_push),
                                     .constant_count = 3,
                                     .constants = {LOCAL, chains, STEPS}};
    double seconds = 0, flops;
    ac_status status = AC_OK;
    int turns = 4;

    TRY(ac_kernel_get(device, &params, &r->kernel));
    TRY(record_fma(r, turns));
    TRY(time_commands(r->commands, 2, &seconds));
    while (seconds < LONG_ENOUGH && turns < MAX_TURNS) {
        turns *= seconds < LONG_ENOUGH / 8 ? 8 : 2;
        TRY(record_fma(r, turns));
        TRY(time_commands(r->commands, 1, &seconds));
    }
    TRY(time_commands(r->commands, TRIES, &seconds));
    flops = 2.0 * 4 * chains * STEPS * turns * LOCAL * r->groups / seconds;
    if (flops > peak->flops) {
        peak->flops = flops;
        snprintf(peak->fma, sizeof(peak->fma), "peak_fma %d chains", 4 * chains);
    }
fail:
    return status;
}

static ac_status measure_all_fma(ac_device *device, ac_commands *commands, ac_peak *peak)
{
    static const int chains[] = {2, 3, 4, 6};
    bool cpu = ac_device_get_info(device)->type == AC_DEVICE_CPU;
    fma_run r = {.commands = commands, .groups = cpu ? 256 : 8192};
    ac_status status = AC_OK;

    TRY(ac_buffer_create(device, AC_BUFFER_DEVICE, 4 * (uint64_t)LOCAL * r.groups,
                         "results of the peak's measurement", &r.buffer));
    for (size_t i = 0; i < sizeof(chains) / sizeof(*chains); i++)
        TRY(measure_fma(&r, device, chains[i], peak));
fail:
    /* The recording points to the buffer, and begins anew before it is run again. */
    ac_buffer_destroy(&r.buffer);
    return status;
}

static void keep_copy(double seconds, uint64_t size, const char *name, ac_peak *peak)
{
    double bytes = 2 * (double)size / seconds;

    if (bytes <= peak->bytes)
        return;
    peak->bytes = bytes;
    snprintf(peak->copy, sizeof(peak->copy), "%s", name);
}

static ac_status measure_copy(ac_device *device, ac_commands *commands, ac_buffer *const buffers[2],
                              int run, bool texel, ac_peak *peak)
{
    const ac_kernel_params params = {.name = texel ? "peak_copy_texel" : "peak_copy",
                                     .code = texel ? peak_copy_texel_spv : peak_copy_spv,
                                     .code_size = texel ? sizeof(peak_copy_texel_spv)
                                                        : sizeof(peak_copy_spv),
                                     .binding_count = 2,
                                     .texel_mask = texel,
                                     .push_size = sizeof(struct peak_push),
                                     .constant_count = 2,
                                     .constants = {LOCAL, run}};
    const uint64_t size = ac_buffer_size(buffers[0]);
    const struct peak_push push = {.count = (int)(size / 16)};
    const ac_binding bindings[2] = {{buffers[0], 0, 0}, {buffers[1], 0, 0}};
    const ac_kernel *kernel;
    ac_status status = AC_OK;
    uint32_t groups[2];
    double seconds;
    char name[48];

    TRY(ac_kernel_get(device, &params, &kernel));
    ac_groups_fold(size / 16 / LOCAL / (uint64_t)run, groups);
    TRY(ac_commands_begin(commands));
    TRY(ac_commands_dispatch(commands, kernel, bindings, &push, groups[0], groups[1], 1));
    TRY(ac_commands_end(commands));
    TRY(time_commands(commands, TRIES, &seconds));
    snprintf(name, sizeof(name), "%s x%d", params.name, run);
    keep_copy(seconds, size, name, peak);
fail:
    return status;
}

static ac_status measure_all_copy(ac_device *device, ac_commands *commands, ac_peak *peak)
{
    const ac_device_info *info = ac_device_get_info(device);
    uint64_t size = COPY_BYTES;
    ac_buffer *buffers[2] = {NULL, NULL};
    ac_status status = AC_OK;
    double seconds;

    /* GPUs' caches are larger, and their memory is faster. */
    if (info->type != AC_DEVICE_CPU)
        size *= 4;
    while (size > info->max_storage_range || size > info->max_allocation ||
           4 * size > ac_device_memory_usable(device))
        size /= 2;
    for (int i = 0; i < 2; i++)
        TRY(ac_buffer_create(device, AC_BUFFER_DEVICE, size, "memory to measure the copying of",
                             &buffers[i]));
    for (int run = 1; run <= 4; run *= 2) {
        TRY(measure_copy(device, commands, buffers, run, false, peak));
        if (size / 16 <= info->max_texel_elements)
            TRY(measure_copy(device, commands, buffers, run, true, peak));
    }
    TRY(ac_commands_begin(commands));
    ac_commands_copy(commands, buffers[0], 0, buffers[1], 0, size);
    TRY(ac_commands_end(commands));
    TRY(time_commands(commands, TRIES, &seconds));
    keep_copy(seconds, size, "vkCmdCopyBuffer", peak);
fail:
    for (int i = 0; i < 2; i++)
        ac_buffer_destroy(&buffers[i]);
    return status;
}

ac_status ac_peak_measure(ac_device *device, const ac_log *log, ac_peak *peak)
{
    ac_commands *commands = NULL;
    ac_status status = AC_OK;

    *peak = (ac_peak){0};
    TRY(ac_commands_create(device, &commands));
    TRY(measure_all_fma(device, commands, peak));
    TRY(measure_all_copy(device, commands, peak));
    ac_log_print(log, AC_LOG_VERBOSE, "peak: %.1f GFLOP/s (%s), %.1f GB/s (%s)", peak->flops / 1e9,
                 peak->fma, peak->bytes / 1e9, peak->copy);
fail:
    ac_commands_destroy(&commands);
    return status;
}
