/* What was measured to be fastest on a device, and which kernels its driver has compiled, kept on
 * disk: names and small numbers. */
#ifndef AC_VK_CHOICES_H
#define AC_VK_CHOICES_H

#include "vk/device.h"

/* AC_END: nothing is known of the name, but can be kept; AC_ERR_IO, without a message: nothing can
 * be kept, so that what is measured now would not be what is measured the next time. */
ac_status ac_choices_find(const ac_device *device, const char *name, int *value);
/* Keeps *value, unless another program did in between: then that one's is *value. Equal programs
 * so make equal choices from then on. */
void ac_choices_settle(const ac_device *device, const char *name, int *value);

#endif
