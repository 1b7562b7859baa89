#include "vk/internal.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The device that `select` means: an index, or the only or best one whose name contains it. */
static ac_status select_device(const char *select, const ac_device_info *infos, int count,
                               int chosen, const ac_log *log, int *index)
{
    char *end = NULL;
    long number;

    if (count == 0)
        return ac_fail(log, AC_ERR_DEVICE,
                       "no Vulkan device on this machine: install your GPU's driver, or "
                       "mesa-vulkan-drivers for one that runs on the processor");
    if (!select || !*select) {
        if (chosen < 0)
            return ac_fail(log, AC_ERR_DEVICE,
                           "none of the %d Vulkan devices is usable: see `autochrome devices`",
                           count);
        *index = chosen;
        return AC_OK;
    }
    number = strtol(select, &end, 10);
    if (*end == '\0') {
        if (number < 0 || number >= count)
            return ac_fail(log, AC_ERR_ARGUMENT,
                           "there is no device %s: this machine has devices 0 to %d, see "
                           "`autochrome devices`",
                           select, count - 1);
        *index = (int)number;
    } else {
        *index = -1;
        for (int i = 0; i < count && *index < 0; i++)
            if (infos[i].usable && strcasestr(infos[i].name, select))
                *index = i;
        if (*index < 0)
            return ac_fail(log, AC_ERR_ARGUMENT,
                           "no device has '%s' in its name: see `autochrome devices`", select);
    }
    if (!infos[*index].usable)
        return ac_fail(log, AC_ERR_UNSUPPORTED, "device %d (%s) is %s", *index, infos[*index].name,
                       infos[*index].reason);
    return AC_OK;
}

static uint32_t compute_family(const ac_instance *instance, VkPhysicalDevice physical)
{
    VkQueueFamilyProperties families[32];
    uint32_t count = 32;

    instance->GetPhysicalDeviceQueueFamilyProperties(physical, &count, families);
    for (uint32_t i = 0; i < count; i++)
        if (families[i].queueFlags & VK_QUEUE_COMPUTE_BIT)
            return i;
    return 0;
}

static ac_status create_device(ac_device *device)
{
    const float priority = 1;
    const VkDeviceQueueCreateInfo queue = {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
                                           .queueFamilyIndex = device->queue_family,
                                           .queueCount = 1,
                                           .pQueuePriorities = &priority};
    bool control = device->info.subgroup_control;
    const char *extensions[3];
    uint32_t extension_count = 0;
    VkPhysicalDeviceSubgroupSizeControlFeatures sizes = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES,
        .subgroupSizeControl = VK_TRUE,
        .computeFullSubgroups = VK_TRUE};
    VkPhysicalDeviceVulkan12Features twelve = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
        .pNext = control ? &sizes : NULL,
        .bufferDeviceAddress = device->info.addresses};
    const VkPhysicalDeviceFeatures features = {.shaderInt64 = device->info.int64};
#ifdef VK_KHR_cooperative_matrix
    VkPhysicalDeviceCooperativeMatrixFeaturesKHR matrices = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_KHR,
        .pNext = twelve.pNext,
        .cooperativeMatrix = VK_TRUE};

    if (device->info.matrix[0]) {
        twelve.pNext = &matrices;
        twelve.vulkanMemoryModel = VK_TRUE;
        twelve.shaderFloat16 = VK_TRUE;
        extensions[extension_count++] = VK_KHR_COOPERATIVE_MATRIX_EXTENSION_NAME;
    }
#endif
    if (control && device->info.api_version < VK_API_VERSION_1_3)
        extensions[extension_count++] = VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME;
    if (device->info.host_pages)
        extensions[extension_count++] = VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME;
    const VkDeviceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
                                     .pNext = &twelve,
                                     .pEnabledFeatures = &features,
                                     .queueCreateInfoCount = 1,
                                     .pQueueCreateInfos = &queue,
                                     .enabledExtensionCount = extension_count,
                                     .ppEnabledExtensionNames = extensions};
    VkResult result = device->instance.CreateDevice(device->physical, &info, NULL, &device->handle);

    if (result != VK_SUCCESS) {
        device->handle = VK_NULL_HANDLE;
        return ac_vk_fail(device, result, "opening the device");
    }
#define LOAD(name)                                                                                 \
    device->name = (PFN_vk##name)device->instance.GetDeviceProcAddr(device->handle, "vk" #name);
    AC_VK_DEVICE_FUNCTIONS(LOAD)
#undef LOAD
    device->GetDeviceQueue(device->handle, device->queue_family, 0, &device->queue);
    return AC_OK;
}

/* Reads AUTOCHROME_FAULT for a device that is opened. */
static void plan_fault(ac_device *device)
{
    static atomic_int opened;
    const char *text = getenv("AUTOCHROME_FAULT");
    int number = 0, devices = 1, order = atomic_fetch_add(&opened, 1);
    char kind[8];

    if (!text || sscanf(text, "%7[a-z]:%d:%d", kind, &number, &devices) < 2 || number < 1 ||
        order >= devices)
        return;
    device->fault = strcmp(kind, "memory") ? VK_ERROR_DEVICE_LOST : VK_ERROR_OUT_OF_DEVICE_MEMORY;
    device->faultless = number - 1;
}

ac_status ac_device_open(const ac_device_params *params, const ac_log *log, ac_device **result)
{
    ac_status status = AC_OK;
    VkPhysicalDevice *handles = NULL;
    ac_device_info *infos = NULL;
    ac_device *device = calloc(1, sizeof(*device));
    VkPhysicalDeviceMemoryProperties2 memory = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2};
    int count = 0, chosen = -1, index = -1;

    *result = NULL;
    if (!device)
        return ac_fail(log, AC_ERR_MEMORY, "out of memory");
    device->log = log;
    device->faultless = -1;
    if (!params->helper)
        plan_fault(device);
    TRY(ac_instance_open(&device->instance, params->validation, log));
    TRY(ac_instance_devices(&device->instance, log, &handles, &infos, &count, &chosen));
    TRY(select_device(params->select, infos, count, chosen, log, &index));
    device->physical = handles[index];
    device->info = infos[index];
    device->queue_family = compute_family(&device->instance, device->physical);
    device->instance.GetPhysicalDeviceMemoryProperties2(device->physical, &memory);
    device->memory = memory.memoryProperties;
    TRY(create_device(device));
    TRY(ac_pipeline_cache_open(device, params->cache_dir));
    TRY(ac_pipelines_open(device, !params->helper));
    ac_log_print(log, AC_LOG_VERBOSE, "device %d: %s, %s", index, device->info.name,
                 device->info.driver);
    free(handles);
    free(infos);
    *result = device;
    return AC_OK;

fail:
    free(handles);
    free(infos);
    ac_device_close(&device);
    return status;
}

void ac_device_close(ac_device **pointer)
{
    ac_device *device = *pointer;

    if (!device)
        return;
    if (device->handle) {
        device->DeviceWaitIdle(device->handle);
        ac_pipelines_close(device);
        ac_pipeline_cache_close(device);
        while (device->kernels) {
            ac_kernel *kernel = device->kernels;

            device->kernels = kernel->next;
            device->DestroyPipeline(device->handle, kernel->pipeline, NULL);
            device->DestroyPipelineLayout(device->handle, kernel->layout, NULL);
            device->DestroyDescriptorSetLayout(device->handle, kernel->set_layout, NULL);
            free(kernel);
        }
        device->DestroyDevice(device->handle, NULL);
    }
    ac_instance_close(&device->instance);
    free(device->cache_dir);
    free(device->cache_path);
    free(device);
    *pointer = NULL;
}

const ac_device_info *ac_device_get_info(const ac_device *device)
{
    return &device->info;
}

bool ac_device_prefers_texels(const ac_device *device, uint64_t elements)
{
    return device->info.type == AC_DEVICE_CPU && device->info.int64 &&
           elements <= device->info.max_texel_elements;
}

int ac_device_turns(const ac_device *device)
{
    return device->info.type == AC_DEVICE_CPU ? 16 : 1;
}

const ac_log *ac_device_get_log(const ac_device *device)
{
    return device->log;
}

int ac_device_validation_messages(const ac_device *device)
{
    return __atomic_load_n(&device->instance.validation_messages, __ATOMIC_RELAXED);
}

uint64_t ac_device_memory_used(const ac_device *device, uint64_t *peak)
{
    if (peak)
        *peak = device->memory_peak;
    return device->memory_used;
}

uint64_t ac_device_memory_usable(const ac_device *device)
{
    uint64_t free = device->info.memory_free, used = device->memory_used;

    free = free > used ? free - used : 0;
    return free - free / 16;
}
