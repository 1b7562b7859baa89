/* Recorded work: written once, submitted as often as wanted. */
#ifndef AC_VK_COMMANDS_H
#define AC_VK_COMMANDS_H

#include "vk/buffer.h"
#include "vk/kernel.h"

typedef struct ac_commands ac_commands;

/* A part of a buffer. size 0: from offset to the end. Offsets are multiples of
 * ac_device_info.min_binding_alignment. */
typedef struct ac_binding {
    const ac_buffer *buffer;
    uint64_t offset, size;
} ac_binding;

ac_status ac_commands_create(ac_device *device, ac_commands **commands);
/* Waits for the work if it is running. */
void ac_commands_destroy(ac_commands **commands);

/* Recording. Between begin and end: */
ac_status ac_commands_begin(ac_commands *commands);
/* bindings has the kernel's binding_count, push its push_size bytes. */
ac_status ac_commands_dispatch(ac_commands *commands, const ac_kernel *kernel,
                               const ac_binding *bindings, const void *push, uint32_t groups_x,
                               uint32_t groups_y, uint32_t groups_z);
/* Spreads `groups` workgroups over x and y, since along x there may be only so many; a few of the
 * last row may have nothing to do. */
void ac_groups_fold(uint64_t groups, uint32_t folded[2]);
void ac_commands_copy(ac_commands *commands, const ac_buffer *from, uint64_t from_offset,
                      const ac_buffer *to, uint64_t to_offset, uint64_t size);
/* Sets bytes to zero; size 0: to the end. */
void ac_commands_zero(ac_commands *commands, const ac_buffer *buffer, uint64_t offset,
                      uint64_t size);
/* What was written before is seen by what comes after. */
void ac_commands_barrier(ac_commands *commands);
/* Notes the time at which all that was recorded before has ended. AC_ERR_UNSUPPORTED on a device
 * whose ac_device_info.timestamps is false. Marks may slow the device down. */
ac_status ac_commands_mark(ac_commands *commands);
int ac_commands_mark_count(const ac_commands *commands); /* since ac_commands_begin() */
/* Makes all results visible to the host. */
ac_status ac_commands_end(ac_commands *commands);

/* Work submitted later begins after earlier work has ended, with its results visible to it. */
ac_status ac_commands_submit(ac_commands *commands);
/* Up to AC_COMMANDS_MAX, one after the other, in one submission; the last of them is waited for,
 * before any is begun anew or destroyed. */
#define AC_COMMANDS_MAX 4
ac_status ac_commands_submit_all(ac_commands *const *list, int count);
/* AC_ERR_DEVICE_LOST with a message when the device is gone. */
ac_status ac_commands_wait(ac_commands *commands);
ac_status ac_commands_run(ac_commands *commands); /* both */
/* Of work that was waited for: nanoseconds from the first mark to each, the first one's 0;
 * ac_commands_mark_count() of them. */
ac_status ac_commands_read_marks(const ac_commands *commands, double *nanoseconds);

#endif
