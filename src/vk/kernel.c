#include "vk/internal.h"

#include <stdlib.h>
#include <string.h>

static bool same(const ac_kernel_params *a, const ac_kernel_params *b)
{
    return a->code == b->code && a->binding_count == b->binding_count &&
           a->texel_mask == b->texel_mask && a->addresses == b->addresses &&
           a->push_size == b->push_size && a->subgroup_size == b->subgroup_size &&
           a->constant_count == b->constant_count &&
           memcmp(a->constants, b->constants,
                  (size_t)a->constant_count * sizeof(a->constants[0])) == 0;
}

/* Bytes of push constants, with the addresses. */
static int push_size(const ac_kernel *kernel)
{
    int own = kernel->params.push_size;

    return kernel->addresses ? AC_ADDRESSES_AT(own) + 8 * AC_KERNEL_MAX_BINDINGS : own;
}

static VkResult create_layouts(ac_device *device, ac_kernel *kernel)
{
    const ac_kernel_params *params = &kernel->params;
    VkDescriptorSetLayoutBinding bindings[AC_KERNEL_MAX_BINDINGS] = {0};
    const VkDescriptorSetLayoutCreateInfo set = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
        .bindingCount = (uint32_t)params->binding_count,
        .pBindings = bindings};
    const VkPushConstantRange push = {.stageFlags = VK_SHADER_STAGE_COMPUTE_BIT,
                                      .size = (uint32_t)kernel->push_size};
    const VkPipelineLayoutCreateInfo layout = {.sType =
                                                   VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
                                               .setLayoutCount = 1,
                                               .pSetLayouts = &kernel->set_layout,
                                               .pushConstantRangeCount = push.size > 0,
                                               .pPushConstantRanges = &push};
    VkResult result;

    for (int i = 0; i < params->binding_count; i++) {
        bindings[i].binding = (uint32_t)i;
        bindings[i].descriptorType = (params->texel_mask >> i) & 1 && !kernel->addresses
                                         ? VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER
                                         : VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
        bindings[i].descriptorCount = 1;
        bindings[i].stageFlags = VK_SHADER_STAGE_COMPUTE_BIT;
    }
    result = device->CreateDescriptorSetLayout(device->handle, &set, NULL, &kernel->set_layout);
    if (result != VK_SUCCESS)
        return result;
    return device->CreatePipelineLayout(device->handle, &layout, NULL, &kernel->layout);
}

ac_status ac_kernel_get(ac_device *device, const ac_kernel_params *params, const ac_kernel **result)
{
    ac_kernel *kernel = device->kernels;
    VkResult created;

    while (kernel && !same(&kernel->params, params))
        kernel = kernel->next;
    if (kernel) {
        *result = kernel;
        return AC_OK;
    }
    *result = NULL;
    kernel = calloc(1, sizeof(*kernel));
    if (!kernel)
        return ac_fail(device->log, AC_ERR_MEMORY, "out of memory");
    kernel->params = *params;
    kernel->addresses = params->addresses || (params->texel_mask && device->info.addresses);
    kernel->push_size = push_size(kernel);
    created = create_layouts(device, kernel);
    if (created != VK_SUCCESS) {
        ac_status status = ac_vk_fail(device, created, params->name);

        device->DestroyPipelineLayout(device->handle, kernel->layout, NULL);
        device->DestroyDescriptorSetLayout(device->handle, kernel->set_layout, NULL);
        free(kernel);
        return status;
    }
    kernel->next = device->kernels;
    device->kernels = kernel;
    device->fresh = true;
    ac_pipelines_begin(device, kernel);
    *result = kernel;
    return AC_OK;
}

const ac_kernel_params *ac_kernel_get_params(const ac_kernel *kernel)
{
    return &kernel->params;
}

bool ac_kernel_takes_addresses(const ac_kernel *kernel)
{
    return kernel->addresses;
}
