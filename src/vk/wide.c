/* 512-bit vectors of Mesa's llvmpipe, which takes 256 unless its environment says otherwise. */
#include <stdio.h>
#include <stdlib.h>

#include "vk/internal.h"

#if defined(__x86_64__)
static bool processor_has_them(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#else
static bool processor_has_them(void)
{
    return false;
}
#endif

void ac_device_prepare(void)
{
    const char *mesa = getenv("MESA_SHADER_CACHE_DIR");
    char *own = ac_cache_dir(), *folder = NULL;

    /* Mesa's cache on disk does not tell the widths apart: without a folder of its own, code of the
     * other width would be run. */
    if (processor_has_them() && !getenv("LP_NATIVE_VECTOR_WIDTH") && (mesa || own) &&
        asprintf(&folder, "%s/%s", mesa ? mesa : own, mesa ? "autochrome-512" : "mesa-512") > 0 &&
        setenv("MESA_SHADER_CACHE_DIR", folder, 1) == 0)
        setenv("LP_NATIVE_VECTOR_WIDTH", "512", 1);
    free(folder);
    free(own);
}
