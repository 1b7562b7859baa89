/* Pipelines take a driver long to make: where they are not in its cache a tenth of a second each
 * and more. Threads make them one beside the other while the caller prepares what comes next. */
#include <pthread.h>
#include <stdlib.h>

#include "util/thread.h"
#include "vk/internal.h"

#define MAX_THREADS 16

struct ac_pipelines {
    ac_device *device;
    pthread_mutex_t mutex;
    pthread_cond_t change;
    ac_kernel *first, **last; /* those that nobody has begun to make */
    bool closing;
    ac_thread threads[MAX_THREADS];
    int thread_count, most;
};

static VkResult create_pipeline(ac_device *device, ac_kernel *kernel)
{
    const ac_kernel_params *params = &kernel->params;
    VkSpecializationMapEntry entries[AC_KERNEL_MAX_CONSTANTS];
    const VkSpecializationInfo constants = {.mapEntryCount = (uint32_t)params->constant_count,
                                            .pMapEntries = entries,
                                            .dataSize = (size_t)params->constant_count *
                                                        sizeof(params->constants[0]),
                                            .pData = params->constants};
    VkShaderModuleCreateInfo code = {.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
                                     .codeSize = params->code_size,
                                     .pCode = params->code};
    const VkPipelineShaderStageRequiredSubgroupSizeCreateInfo required = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO,
        .requiredSubgroupSize = (uint32_t)params->subgroup_size};
    VkComputePipelineCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
        .stage = {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                  .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                  .pName = "main",
                  .pSpecializationInfo = &constants},
        .layout = kernel->layout};
    VkShaderModule module = VK_NULL_HANDLE;
    VkResult result;

    if (params->texel_mask) {
        uint32_t first = params->code[0];
        bool second = kernel->addresses;

        code.pCode = params->code + 1 + (second ? first : 0);
        code.codeSize = second ? params->code_size - 4 * (size_t)(first + 1) : 4 * (size_t)first;
    }
    for (int i = 0; i < params->constant_count; i++)
        entries[i] = (VkSpecializationMapEntry){.constantID = (uint32_t)i,
                                                .offset = (uint32_t)i * sizeof(int32_t),
                                                .size = sizeof(int32_t)};
    if (params->subgroup_size > 0 && device->info.subgroup_control) {
        info.stage.pNext = &required;
        info.stage.flags = VK_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT;
    }
    result = device->CreateShaderModule(device->handle, &code, NULL, &module);
    if (result != VK_SUCCESS)
        return result;
    info.stage.module = module;
    result = device->CreateComputePipelines(device->handle, device->cache, 1, &info, NULL,
                                            &kernel->pipeline);
    device->DestroyShaderModule(device->handle, module, NULL);
    return result;
}

/* Makes the first pipeline that is wanted. The mutex is held before and after. */
static void make_first(ac_pipelines *p)
{
    ac_kernel *kernel = p->first;
    VkResult made;

    p->first = kernel->next_wanted;
    if (!p->first)
        p->last = &p->first;
    pthread_mutex_unlock(&p->mutex);
    made = create_pipeline(p->device, kernel);
    pthread_mutex_lock(&p->mutex);
    kernel->made = made;
    kernel->pending = false;
    pthread_cond_broadcast(&p->change);
}

static ac_status work(void *opaque)
{
    ac_pipelines *p = opaque;

    pthread_mutex_lock(&p->mutex);
    while (!p->closing)
        if (p->first)
            make_first(p);
        else
            pthread_cond_wait(&p->change, &p->mutex);
    pthread_mutex_unlock(&p->mutex);
    return AC_OK;
}

ac_status ac_pipelines_open(ac_device *device, bool threads)
{
    ac_pipelines *p = calloc(1, sizeof(*p));
    int others = ac_thread_processors() - 1; /* who waits for a pipeline makes some, too */

    if (!p)
        return ac_fail(device->log, AC_ERR_MEMORY, "out of memory");
    p->device = device;
    p->last = &p->first;
    p->most = !threads ? 0 : others < MAX_THREADS ? others : MAX_THREADS;
    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->change, NULL);
    device->pipelines = p;
    return AC_OK;
}

void ac_pipelines_close(ac_device *device)
{
    ac_pipelines *p = device->pipelines;

    if (!p)
        return;
    pthread_mutex_lock(&p->mutex);
    p->closing = true;
    pthread_cond_broadcast(&p->change);
    pthread_mutex_unlock(&p->mutex);
    for (int i = 0; i < p->thread_count; i++)
        (void)ac_thread_join(&p->threads[i]);
    pthread_cond_destroy(&p->change);
    pthread_mutex_destroy(&p->mutex);
    free(p);
    device->pipelines = NULL;
}

void ac_pipelines_begin(ac_device *device, ac_kernel *kernel)
{
    ac_pipelines *p = device->pipelines;

    pthread_mutex_lock(&p->mutex);
    kernel->pending = true;
    *p->last = kernel;
    p->last = &kernel->next_wanted;
    pthread_cond_signal(&p->change);
    pthread_mutex_unlock(&p->mutex);
    /* Without them, who waits makes all. */
    if (p->thread_count < p->most &&
        !ac_thread_start(&p->threads[p->thread_count], "pipelines", work, p, NULL))
        p->thread_count++;
}

VkResult ac_pipelines_wait(ac_device *device, const ac_kernel *kernel)
{
    ac_pipelines *p = device->pipelines;
    VkResult made;

    pthread_mutex_lock(&p->mutex);
    while (kernel->pending)
        if (p->first)
            make_first(p);
        else
            pthread_cond_wait(&p->change, &p->mutex);
    made = kernel->made;
    pthread_mutex_unlock(&p->mutex);
    return made;
}
