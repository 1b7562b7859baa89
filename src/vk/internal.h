/* What the files of src/vk share: the loaded functions, the device, its parts. */
#ifndef AC_VK_INTERNAL_H
#define AC_VK_INTERNAL_H

#define VK_NO_PROTOTYPES
#include <vulkan/vulkan.h>

#include "vk/commands.h"

#define AC_VK_GLOBAL_FUNCTIONS(X)                                                                  \
    X(EnumerateInstanceVersion)                                                                    \
    X(EnumerateInstanceLayerProperties)                                                            \
    X(CreateInstance)

#define AC_VK_INSTANCE_FUNCTIONS(X)                                                                \
    X(DestroyInstance)                                                                             \
    X(EnumeratePhysicalDevices)                                                                    \
    X(GetPhysicalDeviceProperties)                                                                 \
    X(GetPhysicalDeviceProperties2)                                                                \
    X(GetPhysicalDeviceFeatures2)                                                                  \
    X(GetPhysicalDeviceMemoryProperties2)                                                          \
    X(GetPhysicalDeviceQueueFamilyProperties)                                                      \
    X(GetPhysicalDeviceExternalBufferProperties)                                                   \
    X(EnumerateDeviceExtensionProperties)                                                          \
    X(CreateDevice)                                                                                \
    X(GetDeviceProcAddr)

#define AC_VK_DEVICE_FUNCTIONS(X)                                                                  \
    X(DestroyDevice)                                                                               \
    X(GetDeviceQueue)                                                                              \
    X(DeviceWaitIdle)                                                                              \
    X(CreatePipelineCache)                                                                         \
    X(DestroyPipelineCache)                                                                        \
    X(GetPipelineCacheData)                                                                        \
    X(CreateShaderModule)                                                                          \
    X(DestroyShaderModule)                                                                         \
    X(CreateDescriptorSetLayout)                                                                   \
    X(DestroyDescriptorSetLayout)                                                                  \
    X(CreatePipelineLayout)                                                                        \
    X(DestroyPipelineLayout)                                                                       \
    X(CreateComputePipelines)                                                                      \
    X(DestroyPipeline)                                                                             \
    X(CreateBuffer)                                                                                \
    X(DestroyBuffer)                                                                               \
    X(GetBufferMemoryRequirements)                                                                 \
    X(GetBufferDeviceAddress)                                                                      \
    X(GetMemoryHostPointerPropertiesEXT)                                                           \
    X(AllocateMemory)                                                                              \
    X(FreeMemory)                                                                                  \
    X(BindBufferMemory)                                                                            \
    X(MapMemory)                                                                                   \
    X(CreateBufferView)                                                                            \
    X(DestroyBufferView)                                                                           \
    X(CreateDescriptorPool)                                                                        \
    X(DestroyDescriptorPool)                                                                       \
    X(ResetDescriptorPool)                                                                         \
    X(AllocateDescriptorSets)                                                                      \
    X(UpdateDescriptorSets)                                                                        \
    X(CreateCommandPool)                                                                           \
    X(DestroyCommandPool)                                                                          \
    X(ResetCommandPool)                                                                            \
    X(AllocateCommandBuffers)                                                                      \
    X(BeginCommandBuffer)                                                                          \
    X(EndCommandBuffer)                                                                            \
    X(CmdBindPipeline)                                                                             \
    X(CmdBindDescriptorSets)                                                                       \
    X(CmdPushConstants)                                                                            \
    X(CmdDispatch)                                                                                 \
    X(CmdCopyBuffer)                                                                               \
    X(CmdFillBuffer)                                                                               \
    X(CmdPipelineBarrier)                                                                          \
    X(CmdResetQueryPool)                                                                           \
    X(CmdWriteTimestamp)                                                                           \
    X(CreateQueryPool)                                                                             \
    X(DestroyQueryPool)                                                                            \
    X(GetQueryPoolResults)                                                                         \
    X(CreateFence)                                                                                 \
    X(DestroyFence)                                                                                \
    X(ResetFences)                                                                                 \
    X(WaitForFences)                                                                               \
    X(QueueSubmit)

/* Of all buffers, but for SHADER_DEVICE_ADDRESS, which is added where the device has it. */
#define AC_VK_BUFFER_USAGE                                                                         \
    (VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_UNIFORM_TEXEL_BUFFER_BIT |               \
     VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT)

#define AC_VK_DECLARE(name) PFN_vk##name name;

/* The Vulkan loader and one instance. */
typedef struct ac_instance {
    void *library;
    VkInstance handle;
    VkDebugUtilsMessengerEXT messenger;
    uint32_t api_version;
    const ac_log *log;
    int validation_messages;
    PFN_vkGetInstanceProcAddr GetInstanceProcAddr;
    PFN_vkDestroyDebugUtilsMessengerEXT DestroyDebugUtilsMessengerEXT;
    AC_VK_GLOBAL_FUNCTIONS(AC_VK_DECLARE)
    AC_VK_INSTANCE_FUNCTIONS(AC_VK_DECLARE)
} ac_instance;

/* The loader is opened at run time, so that a machine without one gets a message and not a failure
 * of the dynamic linker. The instance must not move: the validation callback points to it. */
ac_status ac_instance_open(ac_instance *instance, bool validation, const ac_log *log);
void ac_instance_close(ac_instance *instance);

/* The device is Mesa's llvmpipe; of which version, the first number. */
bool ac_device_is_llvmpipe(const ac_device_info *info, int *mesa);
/* The processor has AVX-512, with scatters, and they are fast: Intel's; others were not measured.
 */
bool ac_processor_scatters(void);

/* Devices and what they can do; *handles and *infos are the caller's (free()). */
ac_status ac_instance_devices(const ac_instance *instance, const ac_log *log,
                              VkPhysicalDevice **handles, ac_device_info **infos, int *count,
                              int *chosen);

typedef struct ac_pipelines ac_pipelines; /* see ac_pipelines_begin() */

struct ac_kernel {
    ac_kernel_params params;
    bool addresses; /* takes them, of two modules by the second */
    int push_size;  /* with the addresses, bytes */
    VkDescriptorSetLayout set_layout;
    VkPipelineLayout layout;
    VkPipeline pipeline; /* there after ac_pipelines_wait() */
    bool pending;        /* not yet; this and the next two are pipelines.c's */
    VkResult made;
    struct ac_kernel *next_wanted;
    bool compiled; /* or the driver is left to compile it when it is first dispatched */
    struct ac_kernel *next;
};

struct ac_device {
    ac_instance instance;
    const ac_log *log;
    ac_device_info info;
    VkPhysicalDevice physical;
    VkDevice handle;
    VkQueue queue;
    uint32_t queue_family;
    VkPhysicalDeviceMemoryProperties memory;
    _Atomic uint64_t memory_used, memory_peak;
    int faultless; /* pieces of work till the fault that AUTOCHROME_FAULT wants; negative: none */
    VkResult fault;

    VkPipelineCache cache;
    char *cache_dir, *cache_path; /* NULL: not kept on disk */
    uint64_t cache_hash;

    ac_kernel *kernels;
    ac_pipelines *pipelines;
    bool fresh; /* there are kernels that may have to be compiled */
    AC_VK_DEVICE_FUNCTIONS(AC_VK_DECLARE)
};

struct ac_buffer {
    ac_device *device;
    ac_buffer_kind kind;
    uint64_t size, allocated;
    VkDeviceAddress address; /* where the device takes them */
    VkBuffer handle;
    VkDeviceMemory memory;
    void *map;
    void *pages; /* the buffer's memory where it is the host's, of page_bytes; NULL: the device's */
    size_t page_bytes;
};

/* $XDG_CACHE_HOME/autochrome, or ~/.cache/autochrome (XDG Base Directory Specification): the
 * caller's (free()). NULL: neither is there. */
char *ac_cache_dir(void);

/* Where in the push constants addresses begin, behind a kernel's own of so many bytes. */
#define AC_ADDRESSES_AT(push_size) (((push_size) + 7) & ~7)

/* With no threads, pipelines are made where they are waited for. */
ac_status ac_pipelines_open(ac_device *device, bool threads);
/* Those that nobody has waited for may never be made. */
void ac_pipelines_close(ac_device *device);
/* Has kernel->pipeline made, of a kernel that has all but that. */
void ac_pipelines_begin(ac_device *device, ac_kernel *kernel);
/* How it went. Like all of these, for the device's one thread. */
VkResult ac_pipelines_wait(ac_device *device, const ac_kernel *kernel);

/* Compiles what is not yet of the device's kernels, on all processors, where the driver would do so
 * one after the other when they are first dispatched. What fails is left to the driver. */
void ac_kernels_compile(ac_device *device);

/* Opens device->cache from device->cache_path; a file that is damaged or another device's is
 * ignored. Never fails because of the file. */
ac_status ac_pipeline_cache_open(ac_device *device, const char *dir);
/* Writes the file when its contents have changed, and frees the cache. */
void ac_pipeline_cache_close(ac_device *device);

/* "VK_ERROR_DEVICE_LOST" and the like. */
const char *ac_vk_result_name(VkResult result);
/* Logs "what: result" and returns the matching status. */
ac_status ac_vk_fail(const ac_device *device, VkResult result, const char *what);

#endif
