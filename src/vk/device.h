/* Vulkan devices: which there are, which is taken, and one opened for compute. */
#ifndef AC_VK_DEVICE_H
#define AC_VK_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "util/log.h"

typedef struct ac_device ac_device;

typedef enum ac_device_type {
    AC_DEVICE_OTHER,
    AC_DEVICE_INTEGRATED,
    AC_DEVICE_DISCRETE,
    AC_DEVICE_VIRTUAL,
    AC_DEVICE_CPU,
} ac_device_type;

#define AC_DEVICE_MATRIX_MAX 32 /* of ac_device_info.matrix */

/* What a device is and can do. Sizes in bytes. */
typedef struct ac_device_info {
    int index; /* as --device takes it */
    char name[256];
    char driver[256];     /* name and version: "llvmpipe Mesa 25.0.7 (LLVM 15.0.6)" */
    uint32_t api_version; /* as VK_MAKE_API_VERSION packs it */
    uint32_t driver_version, vendor_id, device_id;
    uint8_t pipeline_cache_uuid[16];
    ac_device_type type;
    bool usable;      /* Vulkan 1.2 and a compute queue */
    char reason[128]; /* why it would be chosen, or why it is not usable */

    uint64_t memory;                /* largest device-local heap */
    uint64_t memory_free;           /* of it, where the driver tells; else equal to memory */
    uint64_t max_allocation;        /* of one buffer */
    uint64_t max_storage_range;     /* of one storage buffer binding */
    uint32_t max_texel_elements;    /* of one texel buffer binding */
    uint64_t min_binding_alignment; /* of offsets of any binding, a power of two */
    bool unified_memory;            /* device-local memory is host-visible and cached */

    uint32_t subgroup_size; /* of compute shaders when nothing is asked for */
    uint32_t subgroup_min, subgroup_max;
    bool subgroup_control;    /* a size can be required, full subgroups too */
    bool subgroup_broadcast;  /* basic and ballot operations in compute shaders */
    uint32_t shared_memory;   /* of one workgroup */
    uint32_t max_invocations; /* of one workgroup */
    uint32_t max_groups[3];
    uint32_t host_pages; /* what host memory that it takes begins and ends at; 0: it takes none */
    bool addresses;      /* kernels with a texel_mask had better take addresses */
    bool fp16_storage, fp16_arithmetic, int8_storage, int64;
    bool cooperative_matrix;
    /* Rows and columns of float32 sums, and the length of the float16 rows that they are made from,
     * of the cooperative matrices that kernels use; 0: of none, or this build does not know any. */
    int matrix[3];
    bool timestamps;
    float timestamp_period; /* nanoseconds a tick */
} ac_device_info;

/* All devices in the loader's order; *list is the caller's (free()). *chosen: index of the one that
 * would be taken (discrete before integrated before virtual before CPU, then memory), or -1.
 * No Vulkan loader is an error; no device is not (*count 0). */
ac_status ac_device_list(const ac_log *log, ac_device_info **list, int *count, int *chosen);

/* Switches on what drivers only take from the environment, where the user has not: 512-bit vectors
 * and threads of software Vulkan. To be called before there are other threads. */
void ac_device_prepare(void);
/* llvmpipe is among the drivers, of a version that works with 512-bit vectors. */
bool ac_device_bears_wide(void);

/* For ac_progress_stage() while kernels are made and first run. */
#define AC_KERNELS_STAGE "compiling kernels that are new to this device"

typedef struct ac_device_params {
    const char *select;    /* index, or part of a name without regard to case; NULL: choose */
    bool validation;       /* load the validation layer with synchronization checks; its messages
                            * are logged as errors and counted */
    const char *cache_dir; /* for compiled pipelines; NULL: $XDG_CACHE_HOME/autochrome, "": none */
    bool helper;           /* does another device's work: AUTOCHROME_FAULT does not count it */
} ac_device_params;

/* For tests, AUTOCHROME_FAULT=lost:N or memory:N, with :DEVICES after it: the N-th piece of work
 * that is handed to a device, of the first so many devices opened (1), fails as if the device was
 * lost or out of memory, and so does all that follows. The device may be used by one thread at a
 * time, except that buffers' mapped memory is free for all, and ac_commands_wait() may be called
 * from another thread than the one that submits. */
ac_status ac_device_open(const ac_device_params *params, const ac_log *log, ac_device **device);
/* Saves the pipeline cache when it has grown. Everything made from the device must be gone. */
void ac_device_close(ac_device **device);

const ac_device_info *ac_device_get_info(const ac_device *device);
/* A kernel had better read so many vec4s from a texel buffer: the device is a processor, which
 * reads these faster than storage buffers, one can bind them, and kernels that do may have 64-bit
 * numbers, by which they write (shaders/common/store.glsl). */
bool ac_device_prefers_texels(const ac_device *device, uint64_t elements);
/* How many pixels an invocation of a small kernel had better make one after another: software
 * drivers take time for each workgroup. */
int ac_device_turns(const ac_device *device);
const ac_log *ac_device_get_log(const ac_device *device);
/* Messages of the validation layer so far. */
int ac_device_validation_messages(const ac_device *device);
/* Bytes of device memory taken now, and the most there ever were. */
uint64_t ac_device_memory_used(const ac_device *device, uint64_t *peak);
/* A text file for what is learned of this device with this driver, beside its compiled pipelines:
 * "NAME-...", the caller's (free()). NULL: there is no folder for it, or no memory. */
char *ac_device_cache_file(const ac_device *device, const char *name);
/* Free device memory less what drivers and others will want of it. */
uint64_t ac_device_memory_usable(const ac_device *device);

#endif
