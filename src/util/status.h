/* Status codes: what a function that can fail returns. */
#ifndef AC_UTIL_STATUS_H
#define AC_UTIL_STATUS_H

typedef enum ac_status {
    AC_OK = 0,
    AC_END = -1,             /* no more items: the end of a film, a closed queue; not a failure */
    AC_ERR_MEMORY = -2,      /* host memory ran out */
    AC_ERR_IO = -3,          /* reading or writing a file failed */
    AC_ERR_FORMAT = -4,      /* a file or text is not what it claims to be */
    AC_ERR_ARGUMENT = -5,    /* the caller (or the person at the command line) asked for nonsense */
    AC_ERR_UNSUPPORTED = -6, /* valid, but this build, device or container cannot do it */
    AC_ERR_DEVICE = -7,      /* the Vulkan device, driver or loader failed */
    AC_ERR_DEVICE_MEMORY = -8,
    AC_ERR_DEVICE_LOST = -9,
    AC_ERR_CANCELLED = -10, /* stopped on request (SIGINT) */
} ac_status;

/* Evaluates x once; when it is not AC_OK, stores it in the local `status` and jumps to `fail`. */
#define TRY(x)                                                                                     \
    do {                                                                                           \
        status = (x);                                                                              \
        if (status != AC_OK)                                                                       \
            goto fail;                                                                             \
    } while (0)

#endif
