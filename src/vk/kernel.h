/* Compute shaders with their specialization constants: kernels. */
#ifndef AC_VK_KERNEL_H
#define AC_VK_KERNEL_H

#include <stddef.h>

#include "vk/device.h"

#define AC_KERNEL_MAX_BINDINGS  12
#define AC_KERNEL_MAX_CONSTANTS 24
#define AC_KERNEL_MAX_PUSH      128 /* bytes, what every Vulkan device has */

typedef struct ac_kernel ac_kernel;

typedef struct ac_kernel_params {
    const char *name; /* of the shader, for messages and the profile */
    /* SPIR-V, static. With a texel_mask two modules, before them the number of the first one's
     * words: one that reads texel buffers, and one that reads and writes through addresses, which
     * come as 64-bit numbers of all bindings behind the push constants; see
     * shaders/common/vectors.glsl. With `addresses` one, which takes them. */
    const uint32_t *code;
    size_t code_size;    /* bytes */
    int binding_count;   /* set 0, bindings 0.. */
    bool addresses;      /* the only module takes them, on devices that have them */
    unsigned texel_mask; /* bit i: binding i is a samplerBuffer (rgba32f), else a storage buffer;
                          * on devices that take addresses all are storage buffers */
    int push_size;       /* bytes */
    int constant_count;  /* specialization constants, constant_id 0.. */
    int32_t constants[AC_KERNEL_MAX_CONSTANTS];
    int subgroup_size; /* full subgroups of this size are required, 0: any */
} ac_kernel_params;

/* Kernels belong to the device and live as long as it; the same params give the same kernel. The
 * driver goes on compiling it meanwhile: what is wrong with it, ac_commands_dispatch() says. */
ac_status ac_kernel_get(ac_device *device, const ac_kernel_params *params,
                        const ac_kernel **kernel);

const ac_kernel_params *ac_kernel_get_params(const ac_kernel *kernel);
/* Of a shader that is there twice, as name_address too: what of ac_kernel_params says so. */
#define AC_KERNEL_ADDRESSES(device, name)                                                          \
    .addresses = ac_device_get_info(device)->addresses,                                            \
    .code = ac_device_get_info(device)->addresses ? name##_address_spv : name##_spv,               \
    .code_size =                                                                                   \
        ac_device_get_info(device)->addresses ? sizeof(name##_address_spv) : sizeof(name##_spv)

/* It reads and writes through addresses, of two modules by the second. */
bool ac_kernel_takes_addresses(const ac_kernel *kernel);

#endif
