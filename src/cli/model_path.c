#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "nn/net.h"

static ac_status fail_memory(const ac_log *log)
{
    return ac_fail(log, AC_ERR_MEMORY, "out of memory");
}

static ac_status copy_path(const char *name, const ac_log *log, char **path)
{
    *path = strdup(name);
    return *path ? AC_OK : fail_memory(log);
}

/* *path, if `folder`/`name``extension` is there; stays NULL if not. */
static ac_status look_in(const char *folder, const char *name, const char *extension,
                         const ac_log *log, char **path)
{
    if (!folder || !*folder)
        return AC_OK;
    if (asprintf(path, "%s/%s%s", folder, name, extension) < 0) {
        *path = NULL;
        return fail_memory(log);
    }
    if (access(*path, F_OK) != 0) {
        free(*path);
        *path = NULL;
    }
    return AC_OK;
}

/* The first of a file called `name`, a model and a description of that name; *path stays NULL when
 * there is none. A folder that happens to have a model's name does not hide it. */
static ac_status find(const char *name, const ac_log *log, char **path)
{
    const char *folders[] = {getenv("AUTOCHROME_MODELS"), AC_SAMPLES_DIR "/models",
                             AC_DATA_DIR "/models"};
    const char *net_folders[] = {AC_SAMPLES_DIR "/nets", AC_DATA_DIR "/nets"};
    ac_status status = AC_OK;
    struct stat info;
    bool there = stat(name, &info) == 0;

    *path = NULL;
    if (strchr(name, '/') || (there && !S_ISDIR(info.st_mode)))
        return there ? copy_path(name, log, path) : AC_OK;
    for (size_t i = 0; !*path && i < sizeof(folders) / sizeof(*folders); i++)
        TRY(look_in(folders[i], name, ".safetensors", log, path));
    for (size_t i = 0; !*path && i < sizeof(net_folders) / sizeof(*net_folders); i++)
        TRY(look_in(net_folders[i], name, AC_NET_EXTENSION, log, path));
    if (!*path && there)
        TRY(copy_path(name, log, path));
fail:
    return status;
}

ac_status ac_model_locate(const char *name, const ac_log *log, char **path)
{
    ac_status status = AC_OK;
    bool description;

    TRY(find(name, log, path));
    description = *path && ac_net_is_description(*path);
    if (*path && !description)
        return AC_OK;
    free(*path);
    *path = NULL;
    if (description)
        status = ac_fail(log, AC_ERR_FORMAT,
                         "%s: is a network's description without weights; a model is needed, which "
                         "tools/pt2safetensors.py makes of PyTorch's weights",
                         name);
    else if (strchr(name, '/') || strchr(name, '.'))
        status = ac_fail(log, AC_ERR_IO, "model %s: %s", name, strerror(ENOENT));
    else
        status = ac_fail(log, AC_ERR_IO,
                         "model '%s' is neither a file nor one of those in " AC_SAMPLES_DIR
                         "/models; AUTOCHROME_MODELS may name another folder",
                         name);
fail:
    return status;
}

ac_status ac_network_locate(const char *name, const ac_log *log, char **path)
{
    ac_status status = AC_OK;

    TRY(find(name, log, path));
    if (!*path && (strchr(name, '/') || strchr(name, '.')))
        status = ac_fail(log, AC_ERR_IO, "%s: %s", name, strerror(ENOENT));
    else if (!*path)
        status = ac_fail(log, AC_ERR_IO,
                         "'%s' is neither a file, nor a model in " AC_SAMPLES_DIR
                         "/models, nor a network in " AC_SAMPLES_DIR "/nets",
                         name);
fail:
    return status;
}
