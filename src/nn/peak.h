/* What a device can do at most, measured on the spot: the yardstick for what kernels make of it. */
#ifndef AC_NN_PEAK_H
#define AC_NN_PEAK_H

#include "vk/device.h"

typedef struct ac_peak {
    double flops;  /* operations a second, two a multiply-add, float */
    double bytes;  /* bytes read and written a second */
    char fma[48];  /* the kernel that was fastest, with its shape: "peak_fma 8 chains" */
    char copy[48]; /* "peak_copy 4", or "vkCmdCopyBuffer" */
} ac_peak;

/* Takes some tenths of a second. The best of a few shapes of peak_fma.comp; of peak_copy.comp and
 * the driver's own copying, from memory to memory. */
ac_status ac_peak_measure(ac_device *device, const ac_log *log, ac_peak *peak);

#endif
