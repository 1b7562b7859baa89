/* What Mesa's llvmpipe only takes from its environment: 512-bit vectors, and how many threads. */
#include <stdio.h>
#include <stdlib.h>

#include "util/thread.h"
#include "vk/internal.h"

/* Mesa 22.3 and 25.0 gain by them. 26.1 and 26.2 overrun their stack when they compile a texel
 * fetch that wide; what lies between was not tried. */
#define LAST_MESA 25

#if defined(__x86_64__)
static bool processor_has_them(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

bool ac_processor_scatters(void)
{
    return processor_has_them() && __builtin_cpu_is("intel");
}
#else
static bool processor_has_them(void)
{
    return false;
}

bool ac_processor_scatters(void)
{
    return false;
}
#endif

bool ac_device_is_llvmpipe(const ac_device_info *info, int *mesa)
{
    return sscanf(info->driver, "llvmpipe Mesa %d.", mesa) == 1;
}

bool ac_device_bears_wide(void)
{
    ac_device_info *list;
    int count, chosen, mesa;
    bool bears = false;

    if (ac_device_list(NULL, &list, &count, &chosen))
        return false; /* what opens a device says why */
    for (int i = 0; i < count; i++)
        if (ac_device_is_llvmpipe(&list[i], &mesa))
            bears = mesa <= LAST_MESA;
    free(list);
    return bears;
}

/* llvmpipe divides each dispatch among its threads once. With as many as there are processors all
 * wait for the one whose processor is taken; with two more there is something to take over. On two
 * processors 4 threads make 35 ms of what 2 make 61 of (the default model at 192x256), 6 no less.
 */
static void take_threads(void)
{
    char count[16];

    snprintf(count, sizeof(count), "%d", ac_thread_processors() + 2);
    setenv("LP_NUM_THREADS", count, 0);
}

void ac_device_prepare(void)
{
    const char *mesa = getenv("MESA_SHADER_CACHE_DIR");
    char *own = ac_cache_dir(), *folder = NULL;

    take_threads();
    /* Mesa's cache on disk does not tell the widths apart: without a folder of its own, code of the
     * other width would be run. */
    if (processor_has_them() && !getenv("LP_NATIVE_VECTOR_WIDTH") && (mesa || own) &&
        ac_device_bears_wide() &&
        asprintf(&folder, "%s/%s", mesa ? mesa : own, mesa ? "autochrome-512" : "mesa-512") > 0 &&
        setenv("MESA_SHADER_CACHE_DIR", folder, 1) == 0)
        setenv("LP_NATIVE_VECTOR_WIDTH", "512", 1);
    free(folder);
    free(own);
}
