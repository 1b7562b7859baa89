#include "vk/internal.h"

#include <stdatomic.h>
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
    case AC_BUFFER_SHARED:
        return memory_type(device, allowed, host, unified ? local | cached : cached);
    default:
        return unified ? memory_type(device, allowed, local | host, cached)
                       : memory_type(device, allowed, 0, local);
    }
}

#define HUGE_PAGE ((size_t)2 << 20)

/* Zeroed memory of the host's, in pages as large as it has: a network goes through tens of MiB at
 * once, and looking up where small pages are takes a processor time. A device's own memory is in
 * files with llvmpipe, which are in small pages. */
static void *take_pages(size_t size)
{
    size_t spare = size >= HUGE_PAGE ? HUGE_PAGE : 0, head;
    char *pages =
        mmap(NULL, size + spare, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (pages == MAP_FAILED)
        return NULL;
    if (!spare)
        return pages;
    head = (HUGE_PAGE - (uintptr_t)pages % HUGE_PAGE) % HUGE_PAGE;
    if (head)
        munmap(pages, head);
    if (head < spare)
        munmap(pages + head + size, spare - head);
    madvise(pages + head, size, MADV_HUGEPAGE); /* no more than advice: it may fail */
    return pages + head;
}

/* Whether a buffer's memory is the host's. */
static bool takes_pages(const ac_device *device, ac_buffer_kind kind)
{
    return device->info.host_pages &&
           (device->info.type == AC_DEVICE_CPU || kind == AC_BUFFER_SHARED);
}

bool ac_device_shares_memory(const ac_device *device)
{
    return device->info.unified_memory || device->info.host_pages;
}

/* Memory types that pages of the host may have. */
static uint32_t page_types(const ac_device *device, const void *pages)
{
    VkMemoryHostPointerPropertiesEXT may = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_HOST_POINTER_PROPERTIES_EXT};
    VkResult result = device->GetMemoryHostPointerPropertiesEXT(
        device->handle, VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT, pages, &may);

    return result == VK_SUCCESS ? may.memoryTypeBits : 0;
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

static void count_memory(ac_device *device, int64_t bytes)
{
    uint64_t used = atomic_fetch_add(&device->memory_used, (uint64_t)bytes) + (uint64_t)bytes;
    uint64_t peak = atomic_load(&device->memory_peak);

    while (used > peak && !atomic_compare_exchange_weak(&device->memory_peak, &peak, used))
        ;
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
    VkImportMemoryHostPointerInfoEXT import = {
        .sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_HOST_POINTER_INFO_EXT,
        .pNext = info.pNext,
        .handleType = VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT};
    VkMemoryPropertyFlags flags;
    int type;

    device->GetBufferMemoryRequirements(device->handle, buffer->handle, &needs);
    if (takes_pages(device, buffer->kind)) {
        needs.size += (0 - needs.size) % device->info.host_pages;
        buffer->pages = take_pages(needs.size);
        if (!buffer->pages)
            return AC_ERR_DEVICE_MEMORY;
        buffer->page_bytes = needs.size;
        needs.memoryTypeBits &= page_types(device, buffer->pages);
        import.pHostPointer = buffer->pages;
        info.pNext = &import;
    }
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
    count_memory(device, (int64_t)needs.size);
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

    if (buffer->pages)
        return AC_OK; /* they are zero as they come */
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
    const VkExternalMemoryBufferCreateInfo pages = {
        .sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO,
        .handleTypes = VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT};
    ac_buffer *buffer = calloc(1, sizeof(*buffer));
    VkBufferCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
        .pNext = takes_pages(device, kind) ? &pages : NULL,
        .usage = AC_VK_BUFFER_USAGE |
                 (device->info.addresses ? VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT : 0U)};
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
    if (status == AC_ERR_DEVICE_MEMORY && kind != AC_BUFFER_SHARED) {
        ac_fail(device->log, status,
                "device %s has no %.1f MiB for %s: %.1f MiB are taken, %.1f MiB the device has",
                device->info.name, (double)size / (1 << 20), name,
                (double)(device->memory_used - buffer->allocated) / (1 << 20),
                (double)device->info.memory / (1 << 20));
    }
    TRY(status);
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
    if (buffer->pages)
        munmap(buffer->pages, buffer->page_bytes);
    count_memory(buffer->device, -(int64_t)buffer->allocated);
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
