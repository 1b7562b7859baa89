#include "vk/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Mesa whose llvmpipe reads and writes through addresses by the processor's gathers and scatters,
 * which take half the time of texel fetches and storage buffers' writes; 22.3 takes twice that
 * time. */
#define FIRST_MESA 25

static bool has_extension(const ac_instance *instance, VkPhysicalDevice handle, const char *name)
{
    VkExtensionProperties *list = NULL;
    uint32_t count = 0;
    bool found = false;

    if (instance->EnumerateDeviceExtensionProperties(handle, NULL, &count, NULL) != VK_SUCCESS)
        return false;
    list = calloc(count ? count : 1, sizeof(*list));
    if (!list)
        return false;
    if (instance->EnumerateDeviceExtensionProperties(handle, NULL, &count, list) == VK_SUCCESS)
        for (uint32_t i = 0; i < count && !found; i++)
            found = strcmp(list[i].extensionName, name) == 0;
    free(list);
    return found;
}

/* Whether buffers may have the host's memory, and of what alignment. */
static void read_host_memory(const ac_instance *instance, VkPhysicalDevice handle,
                             ac_device_info *info)
{
    const VkPhysicalDeviceExternalBufferInfo buffer = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_BUFFER_INFO,
        .usage = AC_VK_BUFFER_USAGE,
        .handleType = VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT};
    VkExternalBufferProperties takes = {.sType = VK_STRUCTURE_TYPE_EXTERNAL_BUFFER_PROPERTIES};
    VkPhysicalDeviceExternalMemoryHostPropertiesEXT host = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_MEMORY_HOST_PROPERTIES_EXT};
    VkPhysicalDeviceProperties2 all = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
                                       .pNext = &host};
    const VkExternalMemoryFeatureFlags wanted = VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT;

    if (!has_extension(instance, handle, VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME))
        return;
    instance->GetPhysicalDeviceExternalBufferProperties(handle, &buffer, &takes);
    instance->GetPhysicalDeviceProperties2(handle, &all);
    if (takes.externalMemoryProperties.externalMemoryFeatures & wanted)
        info->host_pages = (uint32_t)host.minImportedHostPointerAlignment;
}

static ac_device_type type_of(VkPhysicalDeviceType type)
{
    switch (type) {
    case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
        return AC_DEVICE_INTEGRATED;
    case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
        return AC_DEVICE_DISCRETE;
    case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
        return AC_DEVICE_VIRTUAL;
    case VK_PHYSICAL_DEVICE_TYPE_CPU:
        return AC_DEVICE_CPU;
    default:
        return AC_DEVICE_OTHER;
    }
}

static void read_memory(const ac_instance *instance, VkPhysicalDevice handle, ac_device_info *info)
{
    VkPhysicalDeviceMemoryBudgetPropertiesEXT budget = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT};
    VkPhysicalDeviceMemoryProperties2 memory = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2};
    const VkMemoryPropertyFlags unified =
        VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT | VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT |
        VK_MEMORY_PROPERTY_HOST_COHERENT_BIT | VK_MEMORY_PROPERTY_HOST_CACHED_BIT;
    bool has_budget = has_extension(instance, handle, VK_EXT_MEMORY_BUDGET_EXTENSION_NAME);
    uint32_t largest = 0;

    if (has_budget)
        memory.pNext = &budget;
    instance->GetPhysicalDeviceMemoryProperties2(handle, &memory);
    for (uint32_t i = 0; i < memory.memoryProperties.memoryHeapCount; i++) {
        const VkMemoryHeap *heap = &memory.memoryProperties.memoryHeaps[i];

        if ((heap->flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) && heap->size > info->memory) {
            info->memory = heap->size;
            largest = i;
        }
    }
    info->memory_free = info->memory;
    if (has_budget && budget.heapBudget[largest] > 0) {
        uint64_t used = budget.heapUsage[largest], all = budget.heapBudget[largest];

        info->memory_free = all > used ? all - used : 0;
    }
    for (uint32_t i = 0; i < memory.memoryProperties.memoryTypeCount; i++) {
        const VkMemoryType *type = &memory.memoryProperties.memoryTypes[i];

        if (type->heapIndex == largest && (type->propertyFlags & unified) == unified)
            info->unified_memory = true;
    }
}

static void read_properties(const ac_instance *instance, VkPhysicalDevice handle,
                            ac_device_info *info)
{
    VkPhysicalDeviceSubgroupSizeControlProperties sizes = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES};
    VkPhysicalDeviceMaintenance3Properties maintenance = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES};
    VkPhysicalDeviceVulkan11Properties eleven = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_PROPERTIES, .pNext = &maintenance};
    VkPhysicalDeviceDriverProperties driver = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES, .pNext = &eleven};
    VkPhysicalDeviceProperties2 all = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
                                       .pNext = &driver};
    const VkPhysicalDeviceLimits *limits = &all.properties.limits;
    const VkSubgroupFeatureFlags wanted =
        VK_SUBGROUP_FEATURE_BASIC_BIT | VK_SUBGROUP_FEATURE_BALLOT_BIT;
    uint64_t align;
    int mesa;

    if (info->subgroup_control)
        maintenance.pNext = &sizes;
    instance->GetPhysicalDeviceProperties2(handle, &all);
    snprintf(info->name, sizeof(info->name), "%s", all.properties.deviceName);
    snprintf(info->driver, sizeof(info->driver), "%.60s %.180s", driver.driverName,
             driver.driverInfo);
    info->driver_version = all.properties.driverVersion;
    info->vendor_id = all.properties.vendorID;
    info->device_id = all.properties.deviceID;
    memcpy(info->pipeline_cache_uuid, all.properties.pipelineCacheUUID, VK_UUID_SIZE);
    info->type = type_of(all.properties.deviceType);

    info->max_allocation = maintenance.maxMemoryAllocationSize;
    info->max_storage_range = limits->maxStorageBufferRange;
    info->max_texel_elements = limits->maxTexelBufferElements;
    align = limits->minStorageBufferOffsetAlignment;
    if (limits->minTexelBufferOffsetAlignment > align)
        align = limits->minTexelBufferOffsetAlignment;
    info->min_binding_alignment = align < 16 ? 16 : align;
    info->shared_memory = limits->maxComputeSharedMemorySize;
    info->max_invocations = limits->maxComputeWorkGroupInvocations;
    memcpy(info->max_groups, limits->maxComputeWorkGroupCount, sizeof(info->max_groups));
    info->timestamps = limits->timestampComputeAndGraphics;
    info->timestamp_period = limits->timestampPeriod;

    info->addresses = info->addresses && limits->maxPushConstantsSize >= 256 &&
                      ac_device_is_llvmpipe(info, &mesa) && mesa >= FIRST_MESA &&
                      ac_processor_scatters();
    info->subgroup_size = eleven.subgroupSize;
    info->subgroup_min = info->subgroup_control ? sizes.minSubgroupSize : eleven.subgroupSize;
    info->subgroup_max = info->subgroup_control ? sizes.maxSubgroupSize : eleven.subgroupSize;
    if (info->subgroup_control && !(sizes.requiredSubgroupSizeStages & VK_SHADER_STAGE_COMPUTE_BIT))
        info->subgroup_control = false;
    info->subgroup_broadcast = (eleven.subgroupSupportedStages & VK_SHADER_STAGE_COMPUTE_BIT) &&
                               (eleven.subgroupSupportedOperations & wanted) == wanted;
}

static void read_features(const ac_instance *instance, VkPhysicalDevice handle,
                          ac_device_info *info)
{
    VkPhysicalDeviceSubgroupSizeControlFeatures sizes = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES};
    VkPhysicalDeviceVulkan12Features twelve = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES};
    VkPhysicalDeviceVulkan11Features eleven = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES, .pNext = &twelve};
    VkPhysicalDeviceFeatures2 all = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
                                     .pNext = &eleven};
    bool has_sizes = info->api_version >= VK_API_VERSION_1_3 ||
                     has_extension(instance, handle, VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME);

    if (has_sizes)
        twelve.pNext = &sizes;
    instance->GetPhysicalDeviceFeatures2(handle, &all);
    info->subgroup_control = has_sizes && sizes.subgroupSizeControl && sizes.computeFullSubgroups;
    info->fp16_storage = eleven.storageBuffer16BitAccess;
    info->fp16_arithmetic = twelve.shaderFloat16;
    info->int8_storage = twelve.storageBuffer8BitAccess;
    info->addresses = twelve.bufferDeviceAddress && all.features.shaderInt64;
    info->int64 = all.features.shaderInt64;
    info->cooperative_matrix = has_extension(instance, handle, "VK_KHR_cooperative_matrix");
}

#ifdef VK_KHR_cooperative_matrix
/* The largest matrices of float16 with sums in float32 that subgroups multiply. */
static void read_matrices(const ac_instance *instance, VkPhysicalDevice handle,
                          ac_device_info *info)
{
    VkPhysicalDeviceCooperativeMatrixFeaturesKHR matrices = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_KHR};
    VkPhysicalDeviceVulkan12Features twelve = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES, .pNext = &matrices};
    VkPhysicalDeviceFeatures2 all = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
                                     .pNext = &twelve};
    PFN_vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR get =
        (PFN_vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR)instance->GetInstanceProcAddr(
            instance->handle, "vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR");
    VkCooperativeMatrixPropertiesKHR shapes[64];
    uint32_t count = sizeof(shapes) / sizeof(*shapes);
    int64_t most = 0;

    if (!info->cooperative_matrix || !info->subgroup_control || !get)
        return;
    instance->GetPhysicalDeviceFeatures2(handle, &all);
    if (!matrices.cooperativeMatrix || !twelve.vulkanMemoryModel || !twelve.shaderFloat16)
        return;
    for (uint32_t i = 0; i < count; i++)
        shapes[i] = (VkCooperativeMatrixPropertiesKHR){
            .sType = VK_STRUCTURE_TYPE_COOPERATIVE_MATRIX_PROPERTIES_KHR};
    if (get(handle, &count, shapes) < 0)
        return;
    for (uint32_t i = 0; i < count; i++) {
        const VkCooperativeMatrixPropertiesKHR *s = &shapes[i];
        int64_t size = (int64_t)s->MSize * s->NSize * s->KSize;

        if (s->AType != VK_COMPONENT_TYPE_FLOAT16_KHR ||
            s->BType != VK_COMPONENT_TYPE_FLOAT16_KHR ||
            s->CType != VK_COMPONENT_TYPE_FLOAT32_KHR ||
            s->ResultType != VK_COMPONENT_TYPE_FLOAT32_KHR || s->scope != VK_SCOPE_SUBGROUP_KHR ||
            s->MSize > AC_DEVICE_MATRIX_MAX || s->NSize > AC_DEVICE_MATRIX_MAX ||
            s->KSize > AC_DEVICE_MATRIX_MAX || s->NSize % 4 || s->KSize % 8 || size <= most)
            continue;
        most = size;
        info->matrix[0] = (int)s->MSize;
        info->matrix[1] = (int)s->NSize;
        info->matrix[2] = (int)s->KSize;
    }
}
#endif

static void read_device(const ac_instance *instance, VkPhysicalDevice handle, int index,
                        ac_device_info *info)
{
    VkPhysicalDeviceProperties basic;
    VkQueueFamilyProperties families[32];
    uint32_t family_count = 32;

    memset(info, 0, sizeof(*info));
    info->index = index;
    instance->GetPhysicalDeviceProperties(handle, &basic);
    snprintf(info->name, sizeof(info->name), "%s", basic.deviceName);
    info->api_version =
        basic.apiVersion < instance->api_version ? basic.apiVersion : instance->api_version;
    info->type = type_of(basic.deviceType);
    if (basic.apiVersion < VK_API_VERSION_1_2) {
        snprintf(info->reason, sizeof(info->reason), "not usable: Vulkan %u.%u, 1.2 is needed",
                 VK_API_VERSION_MAJOR(basic.apiVersion), VK_API_VERSION_MINOR(basic.apiVersion));
        return;
    }
    read_features(instance, handle, info);
    read_properties(instance, handle, info);
#ifdef VK_KHR_cooperative_matrix
    read_matrices(instance, handle, info);
#endif
    read_memory(instance, handle, info);
    read_host_memory(instance, handle, info);
    instance->GetPhysicalDeviceQueueFamilyProperties(handle, &family_count, families);
    for (uint32_t i = 0; i < family_count; i++)
        if (families[i].queueFlags & VK_QUEUE_COMPUTE_BIT)
            info->usable = true;
    if (!info->usable)
        snprintf(info->reason, sizeof(info->reason), "not usable: it has no compute queue");
}

/* A GPU before anything that runs on the processor; of two alike the one with more memory. */
static int choose(ac_device_info *infos, int count)
{
    static const int rank[] = {[AC_DEVICE_OTHER] = 1,
                               [AC_DEVICE_INTEGRATED] = 3,
                               [AC_DEVICE_DISCRETE] = 4,
                               [AC_DEVICE_VIRTUAL] = 2,
                               [AC_DEVICE_CPU] = 0};
    static const char *const kind[] = {[AC_DEVICE_OTHER] = "a device of unknown kind",
                                       [AC_DEVICE_INTEGRATED] = "an integrated GPU",
                                       [AC_DEVICE_DISCRETE] = "a discrete GPU",
                                       [AC_DEVICE_VIRTUAL] = "a virtual GPU",
                                       [AC_DEVICE_CPU] = "software on the processor"};
    int best = -1, usable = 0;

    for (int i = 0; i < count; i++) {
        const ac_device_info *a = &infos[i], *b = best < 0 ? NULL : &infos[best];

        if (!a->usable)
            continue;
        usable++;
        if (!b || rank[a->type] > rank[b->type] ||
            (rank[a->type] == rank[b->type] && a->memory > b->memory))
            best = i;
    }
    for (int i = 0; i < count; i++) {
        ac_device_info *info = &infos[i];

        if (!info->usable)
            continue;
        if (i == best)
            snprintf(info->reason, sizeof(info->reason), "chosen: %s%s", kind[info->type],
                     usable == 1 ? ", the only usable device"
                                 : ", before slower kinds and smaller memories");
        else
            snprintf(info->reason, sizeof(info->reason), "not chosen: %s", kind[info->type]);
    }
    return best;
}

ac_status ac_instance_devices(const ac_instance *instance, const ac_log *log,
                              VkPhysicalDevice **handles, ac_device_info **infos, int *count,
                              int *chosen)
{
    ac_status status = AC_OK;
    uint32_t number = 0;
    VkResult result = instance->EnumeratePhysicalDevices(instance->handle, &number, NULL);

    *handles = NULL;
    *infos = NULL;
    *count = 0;
    *chosen = -1;
    if (result == VK_ERROR_INITIALIZATION_FAILED || result == VK_ERROR_INCOMPATIBLE_DRIVER)
        number = 0; /* drivers are installed for hardware that is not there */
    else if (result != VK_SUCCESS)
        return ac_fail(log, AC_ERR_DEVICE, "Vulkan devices cannot be listed: %s",
                       ac_vk_result_name(result));
    *handles = calloc(number + 1, sizeof(VkPhysicalDevice));
    *infos = calloc(number + 1, sizeof(**infos));
    if (!*handles || !*infos) {
        status = ac_fail(log, AC_ERR_MEMORY, "out of memory");
        goto fail;
    }
    if (number > 0) {
        result = instance->EnumeratePhysicalDevices(instance->handle, &number, *handles);
        if (result != VK_SUCCESS && result != VK_INCOMPLETE) {
            status = ac_fail(log, AC_ERR_DEVICE, "Vulkan devices cannot be listed: %s",
                             ac_vk_result_name(result));
            goto fail;
        }
    }
    for (uint32_t i = 0; i < number; i++)
        read_device(instance, (*handles)[i], (int)i, &(*infos)[i]);
    *count = (int)number;
    *chosen = choose(*infos, (int)number);
    return AC_OK;

fail:
    free(*handles);
    free(*infos);
    *handles = NULL;
    *infos = NULL;
    return status;
}

ac_status ac_device_list(const ac_log *log, ac_device_info **list, int *count, int *chosen)
{
    ac_instance instance;
    VkPhysicalDevice *handles = NULL;
    ac_status status = AC_OK;

    *list = NULL;
    *count = 0;
    *chosen = -1;
    TRY(ac_instance_open(&instance, false, log));
    status = ac_instance_devices(&instance, log, &handles, list, count, chosen);
    free(handles);
    ac_instance_close(&instance);
fail:
    return status;
}
