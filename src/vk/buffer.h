/* Device memory. */
#ifndef AC_VK_BUFFER_H
#define AC_VK_BUFFER_H

#include <stddef.h>

#include "vk/device.h"

typedef struct ac_buffer ac_buffer;

typedef enum ac_buffer_kind {
    AC_BUFFER_DEVICE,   /* device-local; mapped only on devices with unified memory */
    AC_BUFFER_UPLOAD,   /* host-visible, written by the host, read by the device */
    AC_BUFFER_DOWNLOAD, /* host-visible and cached, written by the device, read by the host */
    AC_BUFFER_SHARED,   /* the host's own memory or as good, which the device reads where it is;
                         * ac_device_shares_memory(); created without a message when there is
                         * no room */
} ac_buffer_kind;

/* Whether there is AC_BUFFER_SHARED. */
bool ac_device_shares_memory(const ac_device *device);
/* `name` is for messages. Buffers may be created and destroyed by several threads at once. Memory
 * is zeroed. AC_ERR_DEVICE_MEMORY when the device has no room. */
ac_status ac_buffer_create(ac_device *device, ac_buffer_kind kind, uint64_t size, const char *name,
                           ac_buffer **buffer);
void ac_buffer_destroy(ac_buffer **buffer);
uint64_t ac_buffer_size(const ac_buffer *buffer);
/* Mapped for the buffer's whole life and coherent; NULL for device-local memory of its own. */
void *ac_buffer_map(const ac_buffer *buffer);

/* Blocking copies through staging memory where there is need; for weights, tests, results of runs.
 */
ac_status ac_buffer_write(ac_buffer *buffer, uint64_t offset, const void *data, uint64_t size);
ac_status ac_buffer_read(const ac_buffer *buffer, uint64_t offset, void *data, uint64_t size);
/* Sets all bytes; blocks. */
ac_status ac_buffer_fill(ac_buffer *buffer, unsigned char byte);

#endif
