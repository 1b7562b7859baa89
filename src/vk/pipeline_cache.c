/* Compiled pipelines kept on disk: a header of our own in front of what the driver gives, so that a
 * damaged file is recognised before a driver sees it. */
#include "vk/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#define CACHE_MAX_SIZE (256u << 20)

typedef struct cache_header {
    char magic[8];
    uint64_t size; /* bytes that follow */
    uint64_t hash; /* XXH64 of them */
} cache_header;

static const char cache_magic[8] = "ACPIPE1";

char *ac_cache_dir(void)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char *dir = NULL;

    if (cache && cache[0] == '/') {
        if (asprintf(&dir, "%s/autochrome", cache) < 0)
            return NULL;
    } else if (home && home[0] == '/') {
        if (asprintf(&dir, "%s/.cache/autochrome", home) < 0)
            return NULL;
    }
    return dir;
}

static bool make_dirs(const char *path)
{
    char *copy = strdup(path);
    bool ok = copy != NULL;

    for (char *p = copy ? copy + 1 : NULL; ok && *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        ok = mkdir(copy, 0777) == 0 || errno == EEXIST;
        *p = '/';
    }
    ok = ok && (mkdir(copy, 0777) == 0 || errno == EEXIST);
    free(copy);
    return ok;
}

static void *read_file(const char *path, size_t *size)
{
    cache_header header;
    void *data = NULL;
    FILE *file = fopen(path, "rb");

    *size = 0;
    if (!file)
        return NULL;
    if (fread(&header, sizeof(header), 1, file) == 1 &&
        memcmp(header.magic, cache_magic, sizeof(cache_magic)) == 0 &&
        header.size <= CACHE_MAX_SIZE) {
        data = malloc(header.size + 1);
        if (data && (fread(data, 1, header.size + 1, file) != header.size ||
                     XXH64(data, header.size, 0) != header.hash)) {
            free(data);
            data = NULL;
        }
        if (data)
            *size = header.size;
    }
    fclose(file);
    return data;
}

static void write_file(const ac_device *device, const void *data, size_t size, uint64_t hash)
{
    cache_header header = {.size = size, .hash = hash};
    char *temporary = NULL;
    FILE *file = NULL;
    bool ok = false;
    int fd;

    memcpy(header.magic, cache_magic, sizeof(header.magic));
    if (asprintf(&temporary, "%s.XXXXXX", device->cache_path) < 0)
        return;
    fd = mkstemp(temporary);
    if (fd >= 0) {
        file = fdopen(fd, "wb");
        if (!file)
            close(fd);
    }
    if (file) {
        ok = fwrite(&header, sizeof(header), 1, file) == 1 && fwrite(data, 1, size, file) == size;
        ok = fclose(file) == 0 && ok;
        ok = ok && rename(temporary, device->cache_path) == 0;
    }
    if (fd >= 0 && !ok)
        unlink(temporary);
    if (!ok)
        ac_log_print(device->log, AC_LOG_VERBOSE, "%s: the pipeline cache could not be written: %s",
                     device->cache_path, strerror(errno));
    free(temporary);
}

/* "DIR/NAME-VENDOR-DEVICE-DRIVER-UUID-SUBGROUP.TYPE": the last also tells a software driver's
 * vector widths apart. */
static char *file_name(const ac_device *device, const char *dir, const char *name, const char *type)
{
    const ac_device_info *info = &device->info;
    char uuid[2 * VK_UUID_SIZE + 1], *path;

    for (size_t i = 0; i < VK_UUID_SIZE; i++)
        snprintf(uuid + 2 * i, 3, "%02x", info->pipeline_cache_uuid[i]);
    if (asprintf(&path, "%s/%s-%04x-%04x-%08x-%s-%u.%s", dir, name, info->vendor_id,
                 info->device_id, info->driver_version, uuid, info->subgroup_size, type) < 0)
        return NULL;
    return path;
}

char *ac_device_cache_file(const ac_device *device, const char *name)
{
    return device->cache_dir ? file_name(device, device->cache_dir, name, "txt") : NULL;
}

ac_status ac_pipeline_cache_open(ac_device *device, const char *dir)
{
    VkPipelineCacheCreateInfo info = {.sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO};
    char *own = dir ? strdup(dir) : ac_cache_dir();
    void *data = NULL;
    VkResult result;

    if (own && *own && make_dirs(own)) {
        device->cache_dir = own;
        device->cache_path = file_name(device, own, "pipelines", "bin");
    } else {
        free(own);
    }
    if (device->cache_path) {
        data = read_file(device->cache_path, &info.initialDataSize);
        if (!data)
            ac_log_print(device->log, AC_LOG_VERBOSE,
                         "first run on %s with %s: its driver compiles the kernels, which takes "
                         "some seconds; they are kept in %s",
                         device->info.name, device->info.driver, device->cache_dir);
    }
    info.pInitialData = data;
    if (data)
        device->cache_hash = XXH64(data, info.initialDataSize, 0);
    result = device->CreatePipelineCache(device->handle, &info, NULL, &device->cache);
    if (result != VK_SUCCESS && data) {
        info.initialDataSize = 0;
        info.pInitialData = NULL;
        result = device->CreatePipelineCache(device->handle, &info, NULL, &device->cache);
    }
    free(data);
    if (result != VK_SUCCESS) {
        device->cache = VK_NULL_HANDLE;
        return ac_vk_fail(device, result, "making the pipeline cache");
    }
    return AC_OK;
}

void ac_pipeline_cache_close(ac_device *device)
{
    size_t size = 0;
    void *data = NULL;

    if (!device->cache)
        return;
    if (device->cache_path && device->kernels &&
        device->GetPipelineCacheData(device->handle, device->cache, &size, NULL) == VK_SUCCESS &&
        size > 0 && size <= CACHE_MAX_SIZE)
        data = malloc(size);
    if (data &&
        device->GetPipelineCacheData(device->handle, device->cache, &size, data) == VK_SUCCESS) {
        uint64_t hash = XXH64(data, size, 0);

        if (hash != device->cache_hash || access(device->cache_path, F_OK) != 0)
            write_file(device, data, size, hash);
    }
    free(data);
    device->DestroyPipelineCache(device->handle, device->cache, NULL);
    device->cache = VK_NULL_HANDLE;
}
