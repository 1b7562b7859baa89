/* autochrome devices: the Vulkan devices there are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/output.h"
#include "vk/device.h"

typedef struct options {
    ac_common_options common;
    bool json;
} options;

static const ac_option table[] = {
    {"json", 0, AC_OPTION_FLAG, NULL, offsetof(options, json), 0, 0,
     "Print JSON, with all that is known of each device."},
    {NULL},
};

static const char *const type_names[] = {
    [AC_DEVICE_OTHER] = "other",       [AC_DEVICE_INTEGRATED] = "integrated",
    [AC_DEVICE_DISCRETE] = "discrete", [AC_DEVICE_VIRTUAL] = "virtual",
    [AC_DEVICE_CPU] = "processor",
};

/* As VK_API_VERSION_MAJOR and the like take it apart. */
static void format_version(uint32_t version, char text[32])
{
    snprintf(text, 32, "%u.%u.%u", version >> 22 & 0x7f, version >> 12 & 0x3ff, version & 0xfff);
}

static void print_features(const ac_device_info *d)
{
    const struct {
        bool has;
        const char *name;
    } features[] = {
        {d->fp16_storage, "16-bit float storage"},
        {d->fp16_arithmetic, "16-bit float arithmetic"},
        {d->int8_storage, "8-bit storage"},
        {d->cooperative_matrix, "cooperative matrices"},
        {d->subgroup_broadcast, "subgroup broadcast"},
        {d->subgroup_control, "subgroup size control"},
        {d->timestamps, "timestamps"},
    };
    const char *separator = "";

    printf("     features  ");
    for (size_t i = 0; i < sizeof(features) / sizeof(*features); i++) {
        if (!features[i].has)
            continue;
        printf("%s%s", separator, features[i].name);
        separator = ", ";
    }
    puts(*separator ? "" : "none of those that make it faster");
}

static void print_device(const ac_device_info *d, bool chosen)
{
    char version[32], memory[32], free_memory[32], shared[32];

    format_version(d->api_version, version);
    printf("%c %2d  %s\n", chosen ? '*' : ' ', d->index, d->name);
    printf("     driver    %s, Vulkan %s\n", d->driver, version);
    printf("     %s\n", d->reason);
    if (!d->usable)
        return;
    printf("     memory    %s, %s free\n", ac_format_bytes(d->memory, memory, sizeof(memory)),
           ac_format_bytes(d->memory_free, free_memory, sizeof(free_memory)));
    print_features(d);
    printf("     groups    subgroups of %u", d->subgroup_size);
    if (d->subgroup_control && d->subgroup_min != d->subgroup_max)
        printf(" (%u to %u)", d->subgroup_min, d->subgroup_max);
    printf(", %u invocations and %s shared a workgroup\n", d->max_invocations,
           ac_format_bytes(d->shared_memory, shared, sizeof(shared)));
}

static json_t *device_json(const ac_device_info *d, bool chosen)
{
    char version[32];

    format_version(d->api_version, version);
    return json_pack(
        "{s:i, s:s, s:s, s:s, s:s, s:b, s:b, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b,"
        " s:I, s:I, s:I, s:I, s:b, s:b, s:I, s:I, s:[I,I,I], s:b, s:b, s:b, s:b, s:b}",
        "index", d->index, "name", d->name, "driver", d->driver, "api_version", version, "type",
        type_names[d->type], "usable", d->usable, "chosen", chosen, "reason", d->reason,
        "vendor_id", (json_int_t)d->vendor_id, "device_id", (json_int_t)d->device_id, "memory",
        (json_int_t)d->memory, "memory_free", (json_int_t)d->memory_free, "max_allocation",
        (json_int_t)d->max_allocation, "max_storage_range", (json_int_t)d->max_storage_range,
        "max_texel_elements", (json_int_t)d->max_texel_elements, "unified_memory",
        d->unified_memory, "host_pages", (json_int_t)d->host_pages, "subgroup_size",
        (json_int_t)d->subgroup_size, "subgroup_min", (json_int_t)d->subgroup_min, "subgroup_max",
        (json_int_t)d->subgroup_max, "subgroup_control", d->subgroup_control, "subgroup_broadcast",
        d->subgroup_broadcast, "shared_memory", (json_int_t)d->shared_memory, "max_invocations",
        (json_int_t)d->max_invocations, "max_groups", (json_int_t)d->max_groups[0],
        (json_int_t)d->max_groups[1], (json_int_t)d->max_groups[2], "fp16_storage", d->fp16_storage,
        "fp16_arithmetic", d->fp16_arithmetic, "int8_storage", d->int8_storage,
        "cooperative_matrix", d->cooperative_matrix, "timestamps", d->timestamps);
}

static ac_status print_json(const ac_device_info *list, int count, int chosen, const ac_log *log)
{
    json_t *devices = json_array();

    for (int i = 0; i < count; i++)
        json_array_append_new(devices, device_json(&list[i], list[i].index == chosen));
    return ac_output_json(json_pack("{s:o, s:o}", "chosen",
                                    chosen < 0 ? json_null() : json_integer(chosen), "devices",
                                    devices),
                          log);
}

static ac_status run(const ac_context *context, const void *opaque)
{
    const options *o = opaque;
    ac_device_info *list = NULL;
    ac_status status;
    int count, chosen;

    TRY(ac_device_list(context->log, &list, &count, &chosen));
    if (o->json)
        TRY(print_json(list, count, chosen, context->log));
    for (int i = 0; i < count && !o->json; i++)
        print_device(&list[i], list[i].index == chosen);
    if (!count)
        status = ac_fail(context->log, AC_ERR_DEVICE,
                         "no Vulkan device; install a driver, or mesa-vulkan-drivers to compute on "
                         "the processor");
    else if (chosen < 0)
        status = ac_fail(context->log, AC_ERR_DEVICE, "none of the Vulkan devices can be used");
fail:
    free(list);
    return status;
}

const ac_command ac_command_devices = {
    .name = "devices",
    .summary = "list the Vulkan devices and which one would be chosen",
    .description = "Lists the Vulkan devices of this machine with their drivers, memory and the "
                   "features that are used. The one with a star is used unless --device says "
                   "otherwise.",
    .options = table,
    .size = sizeof(options),
    .run = run,
};
