#include "vk/internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* The first memory type that is allowed and has `required`, those with `preferred` before others.
 */
static int memory_type(const ac_device *device, uint32_t allowed, VkMemoryPropertyFlags required,
                       VkMemoryPropertyFlags preferred)
{
    int best = -1;

    for (uint32_t i = 0; i < device->memory.memoryTypeCount; i++) {
        VkMemoryPropertyFlags flags = device->memory.memoryTypes[i].propertyFlags;

        if (!(allowed & (1u << i)) || (flags & required) != required)
            continue;
        if ((flags & preferred) == preferred)
            return (int)i;
        if (best < 0)
            best = (int)i;
    }
    return best;
}

static int type_for_kind(const ac_device *device, ac_buffer_kind kind, uint32_t allowed)
{
    const VkMemoryPropertyFlags local = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
    const VkMemoryPropertyFlags host =
        VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
    const VkMemoryPropertyFlags cached = VK_MEMORY_PROPERTY_HOST_CACHED_BIT;
    bool unified = device->info.unified_memory;

    switch (kind) {
    case AC_BUFFER_UPLOAD:
        return memory_type(device, allowed, host, unified ? local | cached : 0);
    case AC_BUFFER_DOWNLOAD:
        return memory_type(device, allowed, host, unified ? local | cached : cached);
    default:
        return unified ? memory_type(device, allowed, local | host, cached)
                       : memory_type(device, allowed, 0, local);
    }
}

static ac_status map_memory(ac_buffer *buffer)
{
    const ac_device *device = buffer->device;
    VkResult result =
        device->MapMemory(device->handle, buffer->memory, 0, VK_WHOLE_SIZE, 0, &buffer->map);

    /* llvmpipe (Mesa 22.3) calls an mmap() that failed a success. */
    if (result != VK_SUCCESS || !buffer->map || buffer->map == MAP_FAILED) {
        buffer->map = NULL;
        return AC_ERR_DEVICE_MEMORY;
    }
    return AC_OK;
}

static ac_status bind_memory(ac_buffer *buffer)
{
    ac_device *device = buffer->device;
    VkMemoryRequirements needs;
    const VkMemoryAllocateFlagsInfo addressed = {.sType =
                                                     VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO,
                                                 .flags = VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT};
    const VkBufferDeviceAddressInfo whole = {.sType = VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO,
                                             .buffer = buffer->handle};
    VkMemoryAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                                 .pNext = device->info.addresses ? &addressed : NULL};
    VkMemoryPropertyFlags flags;
    int type;

    device->GetBufferMemoryRequirements(device->handle, buffer->handle, &needs);
    type = type_for_kind(device, buffer->kind, needs.memoryTypeBits);
    if (type < 0)
        return AC_ERR_DEVICE_MEMORY;
    info.allocationSize = needs.size;
    info.memoryTypeIndex = (uint32_t)type;
    if (device->AllocateMemory(device->handle, &info, NULL, &buffer->memory) != VK_SUCCESS) {
        buffer->memory = VK_NULL_HANDLE;
        return AC_ERR_DEVICE_MEMORY;
    }
    buffer->allocated = needs.size;
    device->memory_used += needs.size;
    if (device->memory_used > device->memory_peak)
        device->memory_peak = device->memory_used;
    if (device->BindBufferMemory(device->handle, buffer->handle, buffer->memory, 0) != VK_SUCCESS)
        return AC_ERR_DEVICE_MEMORY;
    if (device->info.addresses)
        buffer->address = device->GetBufferDeviceAddress(device->handle, &whole);
    flags = device->memory.memoryTypes[type].propertyFlags;
    if ((flags & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT) &&
        (buffer->kind != AC_BUFFER_DEVICE || device->info.unified_memory))
        return map_memory(buffer);
    return AC_OK;
}

static ac_status clear(ac_buffer *buffer)
{
    ac_commands *commands = NULL;
    ac_status status = AC_OK;

    if (buffer->map) {
        memset(buffer->map, 0, buffer->size);
        return AC_OK;
    }
    TRY(ac_commands_create(buffer->device, &commands));
    TRY(ac_commands_begin(commands));
    ac_commands_zero(commands, buffer, 0, 0);
    TRY(ac_commands_end(commands));
    TRY(ac_commands_run(commands));
fail:
    ac_commands_destroy(&commands);
    return status;
}

ac_status ac_buffer_create(ac_device *device, ac_buffer_kind kind, uint64_t size, const char *name,
                           ac_buffer **result)
{
    const VkBufferUsageFlags usage =
        VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_UNIFORM_TEXEL_BUFFER_BIT |
        VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT |
        (device->info.addresses ? VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT : 0U);
    ac_buffer *buffer = calloc(1, sizeof(*buffer));
    VkBufferCreateInfo info = {.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO, .usage = usage};
    ac_status status = AC_OK;

    *result = NULL;
    if (!buffer)
        return ac_fail(device->log, AC_ERR_MEMORY, "out of memory");
    buffer->device = device;
    buffer->kind = kind;
    buffer->size = (size + 15) & ~(uint64_t)15;
    info.size = buffer->size;
    if (size == 0 || buffer->size > device->info.max_allocation ||
        device->CreateBuffer(device->handle, &info, NULL, &buffer->handle) != VK_SUCCESS) {
        buffer->handle = VK_NULL_HANDLE;
        status = AC_ERR_DEVICE_MEMORY;
    } else {
        status = bind_memory(buffer);
    }
    if (status == AC_ERR_DEVICE_MEMORY) {
        ac_fail(device->log, status,
                "device %s has no %.1f MiB for %s: %.1f MiB are taken, %.1f MiB the device has",
                device->info.name, (double)size / (1 << 20), name,
                (double)(device->memory_used - buffer->allocated) / (1 << 20),
                (double)device->info.memory / (1 << 20));
        goto fail;
    }
    TRY(clear(buffer));
    *result = buffer;
    return AC_OK;

fail:
    ac_buffer_destroy(&buffer);
    return status;
}

void ac_buffer_destroy(ac_buffer **pointer)
{
    ac_buffer *buffer = *pointer;

    if (!buffer)
        return;
    if (buffer->handle)
        buffer->device->DestroyBuffer(buffer->device->handle, buffer->handle, NULL);
    if (buffer->memory)
        buffer->device->FreeMemory(buffer->device->handle, buffer->memory, NULL);
    buffer->device->memory_used -= buffer->allocated;
    free(buffer);
    *pointer = NULL;
}

uint64_t ac_buffer_size(const ac_buffer *buffer)
{
    return buffer->size;
}

void *ac_buffer_map(const ac_buffer *buffer)
{
    return buffer->map;
}

/* Copies between a buffer that is not mapped and the host, by way of a staging buffer. */
static ac_status copy_staged(const ac_buffer *buffer, uint64_t offset, void *into, const void *from,
                             uint64_t size)
{
    ac_device *device = buffer->device;
    ac_buffer *staging = NULL;
    ac_commands *commands = NULL;
    ac_status status = AC_OK;

    TRY(ac_buffer_create(device, into ? AC_BUFFER_DOWNLOAD : AC_BUFFER_UPLOAD, size, "staging",
                         &staging));
    TRY(ac_commands_create(device, &commands));
    TRY(ac_commands_begin(commands));
    if (from) {
        memcpy(staging->map, from, size);
        ac_commands_copy(commands, staging, 0, buffer, offset, size);
    } else {
        ac_commands_copy(commands, buffer, offset, staging, 0, size);
    }
    TRY(ac_commands_end(commands));
    TRY(ac_commands_run(commands));
    if (into)
        memcpy(into, staging->map, size);
fail:
    ac_commands_destroy(&commands);
    ac_buffer_destroy(&staging);
    return status;
}

ac_status ac_buffer_write(ac_buffer *buffer, uint64_t offset, const void *data, uint64_t size)
{
    if (size == 0)
        return AC_OK;
    if (buffer->map) {
        memcpy((char *)buffer->map + offset, data, size);
        return AC_OK;
    }
    return copy_staged(buffer, offset, NULL, data, size);
}

ac_status ac_buffer_read(const ac_buffer *buffer, uint64_t offset, void *data, uint64_t size)
{
    if (size == 0)
        return AC_OK;
    if (buffer->map) {
        memcpy(data, (const char *)buffer->map + offset, size);
        return AC_OK;
    }
    return copy_staged(buffer, offset, data, NULL, size);
}

ac_status ac_buffer_fill(ac_buffer *buffer, unsigned char byte)
{
    void *bytes = malloc(buffer->size);
    ac_status status;

    if (!bytes)
        return ac_fail(buffer->device->log, AC_ERR_MEMORY, "out of memory");
    memset(bytes, byte, buffer->size);
    status = ac_buffer_write(buffer, 0, bytes, buffer->size);
    free(bytes);
    return status;
}
