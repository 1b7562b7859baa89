#include "vk/internal.h"

#include <stdlib.h>
#include <string.h>

#define POOL_SETS    64
#define POOL_MARKS   64
#define MAX_GROUPS_X 32768 /* 65535 is what every device has */

struct ac_commands {
    ac_device *device;
    VkCommandPool pool;
    VkCommandBuffer buffer;
    VkFence fence;
    bool submitted;

    VkDescriptorPool *set_pools; /* POOL_SETS sets each */
    int set_pool_count, set_count;
    VkBufferView *views;
    int view_count, view_room;
    VkQueryPool *mark_pools; /* POOL_MARKS marks each */
    int mark_pool_count, mark_count;
};

ac_status ac_commands_create(ac_device *device, ac_commands **result)
{
    const VkCommandPoolCreateInfo pool = {.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                          .queueFamilyIndex = device->queue_family};
    const VkFenceCreateInfo fence = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    VkCommandBufferAllocateInfo buffer = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                          .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
                                          .commandBufferCount = 1};
    ac_commands *commands = calloc(1, sizeof(*commands));
    ac_status status = AC_OK;
    VkResult made;

    *result = NULL;
    if (!commands)
        return ac_fail(device->log, AC_ERR_MEMORY, "out of memory");
    commands->device = device;
    made = device->CreateCommandPool(device->handle, &pool, NULL, &commands->pool);
    if (made == VK_SUCCESS) {
        buffer.commandPool = commands->pool;
        made = device->AllocateCommandBuffers(device->handle, &buffer, &commands->buffer);
    }
    if (made == VK_SUCCESS)
        made = device->CreateFence(device->handle, &fence, NULL, &commands->fence);
    if (made != VK_SUCCESS) {
        status = ac_vk_fail(device, made, "making a command buffer");
        ac_commands_destroy(&commands);
    }
    *result = commands;
    return status;
}

static void drop_views(ac_commands *commands)
{
    for (int i = 0; i < commands->view_count; i++)
        commands->device->DestroyBufferView(commands->device->handle, commands->views[i], NULL);
    commands->view_count = 0;
}

void ac_commands_destroy(ac_commands **pointer)
{
    ac_commands *commands = *pointer;
    ac_device *device;

    if (!commands)
        return;
    device = commands->device;
    if (commands->submitted)
        device->WaitForFences(device->handle, 1, &commands->fence, VK_TRUE, UINT64_MAX);
    drop_views(commands);
    for (int i = 0; i < commands->set_pool_count; i++)
        device->DestroyDescriptorPool(device->handle, commands->set_pools[i], NULL);
    for (int i = 0; i < commands->mark_pool_count; i++)
        device->DestroyQueryPool(device->handle, commands->mark_pools[i], NULL);
    device->DestroyFence(device->handle, commands->fence, NULL);
    device->DestroyCommandPool(device->handle, commands->pool, NULL);
    free(commands->set_pools);
    free(commands->views);
    free(commands->mark_pools);
    free(commands);
    *pointer = NULL;
}

ac_status ac_commands_begin(ac_commands *commands)
{
    ac_device *device = commands->device;
    const VkCommandBufferBeginInfo info = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
    ac_status status = ac_commands_wait(commands);
    VkResult result;

    if (status != AC_OK)
        return status;
    drop_views(commands);
    for (int i = 0; i < commands->set_pool_count; i++)
        device->ResetDescriptorPool(device->handle, commands->set_pools[i], 0);
    commands->set_count = 0;
    commands->mark_count = 0;
    result = device->ResetCommandPool(device->handle, commands->pool, 0);
    if (result == VK_SUCCESS)
        result = device->BeginCommandBuffer(commands->buffer, &info);
    if (result != VK_SUCCESS)
        return ac_vk_fail(device, result, "beginning a command buffer");
    ac_commands_barrier(commands);
    return AC_OK;
}

static ac_status grow_set_pools(ac_commands *commands)
{
    ac_device *device = commands->device;
    const VkDescriptorPoolSize sizes[] = {
        {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, POOL_SETS * AC_KERNEL_MAX_BINDINGS},
        {VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER, POOL_SETS * AC_KERNEL_MAX_BINDINGS}};
    const VkDescriptorPoolCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
                                             .maxSets = POOL_SETS,
                                             .poolSizeCount = 2,
                                             .pPoolSizes = sizes};
    VkDescriptorPool *more = realloc(commands->set_pools, (size_t)(commands->set_pool_count + 1) *
                                                              sizeof(VkDescriptorPool));
    VkResult result;

    if (!more)
        return ac_fail(device->log, AC_ERR_MEMORY, "out of memory");
    commands->set_pools = more;
    result =
        device->CreateDescriptorPool(device->handle, &info, NULL, &more[commands->set_pool_count]);
    if (result != VK_SUCCESS)
        return ac_vk_fail(device, result, "making descriptors");
    commands->set_pool_count++;
    return AC_OK;
}

static ac_status add_view(ac_commands *commands, const ac_binding *binding, uint64_t size,
                          const char *name, VkBufferView *view)
{
    ac_device *device = commands->device;
    const VkBufferViewCreateInfo info = {.sType = VK_STRUCTURE_TYPE_BUFFER_VIEW_CREATE_INFO,
                                         .buffer = binding->buffer->handle,
                                         .format = VK_FORMAT_R32G32B32A32_SFLOAT,
                                         .offset = binding->offset,
                                         .range = size};
    VkResult result;

    if (commands->view_count == commands->view_room) {
        int room = commands->view_room ? 2 * commands->view_room : 32;
        VkBufferView *more = realloc(commands->views, (size_t)room * sizeof(VkBufferView));

        if (!more)
            return ac_fail(device->log, AC_ERR_MEMORY, "out of memory");
        commands->views = more;
        commands->view_room = room;
    }
    result = device->CreateBufferView(device->handle, &info, NULL, view);
    if (result != VK_SUCCESS)
        return ac_vk_fail(device, result, name);
    commands->views[commands->view_count++] = *view;
    return AC_OK;
}

static ac_status make_set(ac_commands *commands, const ac_kernel *kernel,
                          const ac_binding *bindings, VkDescriptorSet *set)
{
    ac_device *device = commands->device;
    const ac_kernel_params *params = &kernel->params;
    VkDescriptorBufferInfo buffers[AC_KERNEL_MAX_BINDINGS];
    VkBufferView views[AC_KERNEL_MAX_BINDINGS];
    VkWriteDescriptorSet writes[AC_KERNEL_MAX_BINDINGS] = {0};
    VkDescriptorSetAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
                                        .descriptorSetCount = 1,
                                        .pSetLayouts = &kernel->set_layout};
    ac_status status = AC_OK;
    VkResult result;

    if (commands->set_count == commands->set_pool_count * POOL_SETS)
        TRY(grow_set_pools(commands));
    info.descriptorPool = commands->set_pools[commands->set_count / POOL_SETS];
    result = device->AllocateDescriptorSets(device->handle, &info, set);
    if (result != VK_SUCCESS)
        return ac_vk_fail(device, result, params->name);
    commands->set_count++;
    for (int i = 0; i < params->binding_count; i++) {
        const ac_binding *b = &bindings[i];
        uint64_t size = b->size ? b->size : b->buffer->size - b->offset;
        bool texel = (params->texel_mask >> i) & 1 && !kernel->addresses;

        writes[i] =
            (VkWriteDescriptorSet){.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
                                   .dstSet = *set,
                                   .dstBinding = (uint32_t)i,
                                   .descriptorCount = 1,
                                   .descriptorType = texel ? VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER
                                                           : VK_DESCRIPTOR_TYPE_STORAGE_BUFFER};
        if (texel) {
            TRY(add_view(commands, b, size, params->name, &views[i]));
            writes[i].pTexelBufferView = &views[i];
        } else {
            buffers[i] = (VkDescriptorBufferInfo){b->buffer->handle, b->offset, size};
            writes[i].pBufferInfo = &buffers[i];
        }
    }
    device->UpdateDescriptorSets(device->handle, (uint32_t)params->binding_count, writes, 0, NULL);
fail:
    return status;
}

static void push_constants(ac_commands *commands, const ac_kernel *kernel,
                           const ac_binding *bindings, const void *push)
{
    unsigned char bytes[AC_KERNEL_MAX_PUSH + 8 * AC_KERNEL_MAX_BINDINGS] = {0};
    int own = kernel->params.push_size;

    if (kernel->push_size == 0)
        return;
    memcpy(bytes, push, (size_t)own);
    for (int i = 0; i < kernel->params.binding_count && kernel->addresses; i++) {
        VkDeviceAddress address = bindings[i].buffer->address + bindings[i].offset;

        memcpy(bytes + AC_ADDRESSES_AT(own) + (size_t)i * sizeof(address), &address,
               sizeof(address));
    }
    commands->device->CmdPushConstants(commands->buffer, kernel->layout,
                                       VK_SHADER_STAGE_COMPUTE_BIT, 0, (uint32_t)kernel->push_size,
                                       bytes);
}

void ac_groups_fold(uint64_t groups, uint32_t folded[2])
{
    uint64_t x = groups < MAX_GROUPS_X ? groups : MAX_GROUPS_X;

    folded[0] = (uint32_t)x;
    folded[1] = x ? (uint32_t)((groups + x - 1) / x) : 0;
}

ac_status ac_commands_dispatch(ac_commands *commands, const ac_kernel *kernel,
                               const ac_binding *bindings, const void *push, uint32_t groups_x,
                               uint32_t groups_y, uint32_t groups_z)
{
    ac_device *device = commands->device;
    const uint32_t *most = device->info.max_groups;
    VkDescriptorSet set = VK_NULL_HANDLE;
    ac_status status = AC_OK;
    VkResult made;

    if (groups_x > most[0] || groups_y > most[1] || groups_z > most[2])
        return ac_fail(device->log, AC_ERR_UNSUPPORTED,
                       "%s: %u x %u x %u workgroups are more than device %s can start: use a "
                       "smaller --size",
                       kernel->params.name, groups_x, groups_y, groups_z, device->info.name);
    made = ac_pipelines_wait(device, kernel);
    if (made != VK_SUCCESS)
        return ac_vk_fail(device, made, kernel->params.name);
    TRY(make_set(commands, kernel, bindings, &set));
    device->CmdBindPipeline(commands->buffer, VK_PIPELINE_BIND_POINT_COMPUTE, kernel->pipeline);
    device->CmdBindDescriptorSets(commands->buffer, VK_PIPELINE_BIND_POINT_COMPUTE, kernel->layout,
                                  0, 1, &set, 0, NULL);
    push_constants(commands, kernel, bindings, push);
    device->CmdDispatch(commands->buffer, groups_x, groups_y, groups_z);
fail:
    return status;
}

void ac_commands_copy(ac_commands *commands, const ac_buffer *from, uint64_t from_offset,
                      const ac_buffer *to, uint64_t to_offset, uint64_t size)
{
    const VkBufferCopy region = {from_offset, to_offset, size};

    commands->device->CmdCopyBuffer(commands->buffer, from->handle, to->handle, 1, &region);
}

void ac_commands_zero(ac_commands *commands, const ac_buffer *buffer, uint64_t offset,
                      uint64_t size)
{
    commands->device->CmdFillBuffer(commands->buffer, buffer->handle, offset,
                                    size ? size : VK_WHOLE_SIZE, 0);
}

static void barrier(ac_commands *commands, VkPipelineStageFlags to, VkAccessFlags access)
{
    const VkMemoryBarrier memory = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                                    .srcAccessMask =
                                        VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
                                    .dstAccessMask = access};

    commands->device->CmdPipelineBarrier(
        commands->buffer, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT, to,
        0, 1, &memory, 0, NULL, 0, NULL);
}

void ac_commands_barrier(ac_commands *commands)
{
    barrier(commands, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT,
            VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_READ_BIT |
                VK_ACCESS_TRANSFER_WRITE_BIT);
}

static ac_status grow_mark_pools(ac_commands *commands)
{
    ac_device *device = commands->device;
    const VkQueryPoolCreateInfo info = {.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
                                        .queryType = VK_QUERY_TYPE_TIMESTAMP,
                                        .queryCount = POOL_MARKS};
    VkQueryPool *more = realloc(commands->mark_pools,
                                (size_t)(commands->mark_pool_count + 1) * sizeof(VkQueryPool));
    VkResult result;

    if (!more)
        return ac_fail(device->log, AC_ERR_MEMORY, "out of memory");
    commands->mark_pools = more;
    result = device->CreateQueryPool(device->handle, &info, NULL, &more[commands->mark_pool_count]);
    if (result != VK_SUCCESS)
        return ac_vk_fail(device, result, "making timestamps");
    commands->mark_pool_count++;
    return AC_OK;
}

ac_status ac_commands_mark(ac_commands *commands)
{
    ac_device *device = commands->device;
    uint32_t place = (uint32_t)commands->mark_count % POOL_MARKS;
    ac_status status = AC_OK;
    VkQueryPool pool;

    if (!device->info.timestamps)
        return ac_fail(device->log, AC_ERR_UNSUPPORTED, "device %s has no timestamps",
                       device->info.name);
    if (commands->mark_count == commands->mark_pool_count * POOL_MARKS)
        TRY(grow_mark_pools(commands));
    pool = commands->mark_pools[commands->mark_count / POOL_MARKS];
    if (place == 0)
        device->CmdResetQueryPool(commands->buffer, pool, 0, POOL_MARKS);
    device->CmdWriteTimestamp(commands->buffer, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, pool, place);
    commands->mark_count++;
fail:
    return status;
}

int ac_commands_mark_count(const ac_commands *commands)
{
    return commands->mark_count;
}

ac_status ac_commands_end(ac_commands *commands)
{
    VkResult result;

    barrier(commands, VK_PIPELINE_STAGE_HOST_BIT, VK_ACCESS_HOST_READ_BIT);
    result = commands->device->EndCommandBuffer(commands->buffer);
    return result == VK_SUCCESS ? AC_OK
                                : ac_vk_fail(commands->device, result, "ending a command buffer");
}

ac_status ac_commands_submit(ac_commands *commands)
{
    return ac_commands_submit_all(&commands, 1);
}

ac_status ac_commands_submit_all(ac_commands *const *list, int count)
{
    ac_commands *commands = list[count - 1];
    ac_device *device = commands->device;
    VkCommandBuffer buffers[AC_COMMANDS_MAX];
    const VkSubmitInfo info = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                               .commandBufferCount = (uint32_t)count,
                               .pCommandBuffers = buffers};
    ac_status status = ac_commands_wait(commands);
    VkResult result;

    if (status != AC_OK)
        return status;
    for (int i = 0; i < count; i++)
        buffers[i] = list[i]->buffer;
    if (device->fresh)
        ac_kernels_compile(device);
    if (device->faultless == 0)
        return ac_vk_fail(device, device->fault, "submitting work");
    device->faultless -= device->faultless > 0;
    result = device->ResetFences(device->handle, 1, &commands->fence);
    if (result == VK_SUCCESS)
        result = device->QueueSubmit(device->queue, 1, &info, commands->fence);
    if (result != VK_SUCCESS)
        return ac_vk_fail(device, result, "submitting work");
    commands->submitted = true;
    return AC_OK;
}

ac_status ac_commands_wait(ac_commands *commands)
{
    ac_device *device = commands->device;
    VkResult result;

    if (!commands->submitted)
        return AC_OK;
    result = device->WaitForFences(device->handle, 1, &commands->fence, VK_TRUE, UINT64_MAX);
    commands->submitted = false;
    return result == VK_SUCCESS ? AC_OK : ac_vk_fail(device, result, "waiting for the device");
}

ac_status ac_commands_run(ac_commands *commands)
{
    ac_status status = ac_commands_submit(commands);

    return status == AC_OK ? ac_commands_wait(commands) : status;
}

/* The bits of a timestamp that count; the others are zero, and it begins anew after the last. */
static uint64_t timestamp_mask(const ac_device *device)
{
    VkQueueFamilyProperties families[32];
    uint32_t count = 32, bits;

    device->instance.GetPhysicalDeviceQueueFamilyProperties(device->physical, &count, families);
    bits = device->queue_family < count ? families[device->queue_family].timestampValidBits : 64;
    return bits < 64 ? ((uint64_t)1 << bits) - 1 : UINT64_MAX;
}

ac_status ac_commands_read_marks(const ac_commands *commands, double *nanoseconds)
{
    ac_device *device = commands->device;
    uint64_t mask = timestamp_mask(device), times[POOL_MARKS], first = 0;

    for (int begin = 0; begin < commands->mark_count; begin += POOL_MARKS) {
        int left = commands->mark_count - begin, count = left < POOL_MARKS ? left : POOL_MARKS;
        VkResult result =
            device->GetQueryPoolResults(device->handle, commands->mark_pools[begin / POOL_MARKS], 0,
                                        (uint32_t)count, sizeof(times), times, sizeof(times[0]),
                                        VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT);

        if (result != VK_SUCCESS)
            return ac_vk_fail(device, result, "reading timestamps");
        if (begin == 0)
            first = times[0];
        for (int i = 0; i < count; i++)
            nanoseconds[begin + i] =
                (double)((times[i] - first) & mask) * (double)device->info.timestamp_period;
    }
    return AC_OK;
}
