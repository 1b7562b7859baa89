#include "vk/internal.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALIDATION_LAYER "VK_LAYER_KHRONOS_validation"

static VKAPI_ATTR VkBool32 VKAPI_CALL validation_message(
    VkDebugUtilsMessageSeverityFlagBitsEXT severity, VkDebugUtilsMessageTypeFlagsEXT types,
    const VkDebugUtilsMessengerCallbackDataEXT *data, void *opaque)
{
    ac_instance *instance = opaque;

    (void)severity;
    (void)types;
    __atomic_add_fetch(&instance->validation_messages, 1, __ATOMIC_RELAXED);
    ac_log_print(instance->log, AC_LOG_ERROR, "Vulkan validation: %s", data->pMessage);
    return VK_FALSE;
}

static ac_status load_library(ac_instance *instance, const ac_log *log)
{
    instance->library = dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!instance->library)
        return ac_fail(
            log, AC_ERR_DEVICE,
            "no Vulkan loader on this machine (libvulkan.so.1): install libvulkan1 and a "
            "driver, mesa-vulkan-drivers for one that needs no GPU");
    /* Object and function pointers have the same size on every system that has dlsym. */
    *(void **)&instance->GetInstanceProcAddr = dlsym(instance->library, "vkGetInstanceProcAddr");
    if (!instance->GetInstanceProcAddr)
        return ac_fail(log, AC_ERR_DEVICE,
                       "libvulkan.so.1 has no vkGetInstanceProcAddr: reinstall "
                       "libvulkan1");
#define LOAD(name) instance->name = (PFN_vk##name)instance->GetInstanceProcAddr(NULL, "vk" #name);
    AC_VK_GLOBAL_FUNCTIONS(LOAD)
#undef LOAD
    if (!instance->EnumerateInstanceVersion ||
        instance->EnumerateInstanceVersion(&instance->api_version) != VK_SUCCESS ||
        instance->api_version < VK_API_VERSION_1_2)
        return ac_fail(log, AC_ERR_DEVICE,
                       "the Vulkan loader is older than 1.2: install a newer libvulkan1");
    if (instance->api_version > VK_API_VERSION_1_3)
        instance->api_version = VK_API_VERSION_1_3;
    return AC_OK;
}

static bool has_validation_layer(const ac_instance *instance)
{
    VkLayerProperties layers[64];
    uint32_t count = 64;

    if (instance->EnumerateInstanceLayerProperties(&count, layers) < 0)
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(layers[i].layerName, VALIDATION_LAYER) == 0)
            return true;
    return false;
}

static ac_status create_instance(ac_instance *instance, bool validation, const ac_log *log)
{
    static const char *const layers[] = {VALIDATION_LAYER};
    static const char *const extensions[] = {VK_EXT_DEBUG_UTILS_EXTENSION_NAME};
    static const VkValidationFeatureEnableEXT enables[] = {
        VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT};
    const VkApplicationInfo application = {.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
                                           .pApplicationName = "autochrome",
                                           .apiVersion = instance->api_version};
    const VkDebugUtilsMessengerCreateInfoEXT messenger = {
        .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
        .messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT |
                           VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
        .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT |
                       VK_DEBUG_UTILS_MESSAGE_TYPE_PERFORMANCE_BIT_EXT,
        .pfnUserCallback = validation_message,
        .pUserData = instance};
    const VkValidationFeaturesEXT features = {.sType = VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT,
                                              .pNext = &messenger,
                                              .enabledValidationFeatureCount = 1,
                                              .pEnabledValidationFeatures = enables};
    const VkInstanceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
                                       .pNext = validation ? &features : NULL,
                                       .pApplicationInfo = &application,
                                       .enabledLayerCount = validation,
                                       .ppEnabledLayerNames = layers,
                                       .enabledExtensionCount = validation,
                                       .ppEnabledExtensionNames = extensions};
    VkResult result = instance->CreateInstance(&info, NULL, &instance->handle);

    if (result == VK_ERROR_INCOMPATIBLE_DRIVER)
        return ac_fail(log, AC_ERR_DEVICE,
                       "no Vulkan driver on this machine: install the one of your GPU, or "
                       "mesa-vulkan-drivers, which needs none");
    if (result != VK_SUCCESS)
        return ac_fail(log, AC_ERR_DEVICE, "Vulkan does not start: %s", ac_vk_result_name(result));
#define LOAD(name)                                                                                 \
    instance->name = (PFN_vk##name)instance->GetInstanceProcAddr(instance->handle, "vk" #name);
    AC_VK_INSTANCE_FUNCTIONS(LOAD)
#undef LOAD
    if (validation) {
        PFN_vkCreateDebugUtilsMessengerEXT create =
            (PFN_vkCreateDebugUtilsMessengerEXT)instance->GetInstanceProcAddr(
                instance->handle, "vkCreateDebugUtilsMessengerEXT");

        instance->DestroyDebugUtilsMessengerEXT =
            (PFN_vkDestroyDebugUtilsMessengerEXT)instance->GetInstanceProcAddr(
                instance->handle, "vkDestroyDebugUtilsMessengerEXT");
        if (!create || create(instance->handle, &messenger, NULL, &instance->messenger))
            return ac_fail(log, AC_ERR_DEVICE, "the Vulkan validation layer does not start");
    }
    return AC_OK;
}

ac_status ac_instance_open(ac_instance *instance, bool validation, const ac_log *log)
{
    ac_status status = AC_OK;

    memset(instance, 0, sizeof(*instance));
    instance->log = log;
    TRY(load_library(instance, log));
    if (validation && !has_validation_layer(instance)) {
        status = ac_fail(log, AC_ERR_UNSUPPORTED,
                         "the Vulkan validation layer is not installed: install "
                         "vulkan-validationlayers or go on without --validation");
        goto fail;
    }
    TRY(create_instance(instance, validation, log));
    return AC_OK;

fail:
    ac_instance_close(instance);
    return status;
}

void ac_instance_close(ac_instance *instance)
{
    if (instance->messenger)
        instance->DestroyDebugUtilsMessengerEXT(instance->handle, instance->messenger, NULL);
    if (instance->handle)
        instance->DestroyInstance(instance->handle, NULL);
    if (instance->library)
        dlclose(instance->library);
    memset(instance, 0, sizeof(*instance));
}

const char *ac_vk_result_name(VkResult result)
{
    switch (result) {
    case VK_ERROR_OUT_OF_HOST_MEMORY:
        return "out of host memory";
    case VK_ERROR_OUT_OF_DEVICE_MEMORY:
        return "out of device memory";
    case VK_ERROR_INITIALIZATION_FAILED:
        return "initialisation failed";
    case VK_ERROR_DEVICE_LOST:
        return "the device was lost";
    case VK_ERROR_LAYER_NOT_PRESENT:
        return "a layer is not present";
    case VK_ERROR_EXTENSION_NOT_PRESENT:
        return "an extension is not present";
    case VK_ERROR_FEATURE_NOT_PRESENT:
        return "a feature is not present";
    case VK_ERROR_TOO_MANY_OBJECTS:
        return "too many objects";
    case VK_ERROR_FRAGMENTED_POOL:
    case VK_ERROR_OUT_OF_POOL_MEMORY:
        return "out of descriptor memory";
    case VK_ERROR_INCOMPATIBLE_DRIVER:
        return "no compatible driver";
    default:
        return "unknown error";
    }
}

ac_status ac_vk_fail(const ac_device *device, VkResult result, const char *what)
{
    if (result == VK_ERROR_DEVICE_LOST)
        return ac_fail(
            device->log, AC_ERR_DEVICE_LOST,
            "%s: the device %s was lost (%s): its driver stopped or was reset; run again", what,
            device->info.name, device->info.driver);
    if (result == VK_ERROR_OUT_OF_DEVICE_MEMORY)
        return ac_fail(device->log, AC_ERR_DEVICE_MEMORY,
                       "%s: device %s is out of memory (%.0f MiB taken by this program)", what,
                       device->info.name, (double)device->memory_used / (1 << 20));
    return ac_fail(device->log,
                   result == VK_ERROR_OUT_OF_HOST_MEMORY ? AC_ERR_MEMORY : AC_ERR_DEVICE,
                   "%s: %s (device %s)", what, ac_vk_result_name(result), device->info.name);
}
