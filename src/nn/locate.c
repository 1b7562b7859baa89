#include "nn/locate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nn/net.h"
#include "util/data_folder.h"

static ac_status fail_memory(const ac_log *log)
{
    return ac_fail(log, AC_ERR_MEMORY, "out of memory");
}

static ac_status copy_path(const char *name, const ac_log *log, char **path)
{
    *path = strdup(name);
    return *path ? AC_OK : fail_memory(log);
}

/* *path, if `folder`/`inner`/`name``extension` is there; stays NULL if not. */
static ac_status look_in(const char *folder, const char *inner, const char *name,
                         const char *extension, const ac_log *log, char **path)
{
    if (!folder || !*folder)
        return AC_OK;
    if (asprintf(path, "%s/%s%s%s", folder, inner, name, extension) < 0) {
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
 * there is none. A folder that happens to have a model's name does not hide it. data: the program's
 * own folder. */
static ac_status find(const char *name, const char *data, const ac_log *log, char **path)
{
    const char *models = getenv("AUTOCHROME_MODELS");
    ac_status status = AC_OK;
    struct stat info;
    bool there = stat(name, &info) == 0;

    if (strchr(name, '/') || (there && !S_ISDIR(info.st_mode)))
        return there ? copy_path(name, log, path) : AC_OK;
    TRY(look_in(models, "", name, ".safetensors", log, path));
    if (!*path)
        TRY(look_in(data, "models/", name, ".safetensors", log, path));
    if (!*path)
        TRY(look_in(data, "nets/", name, AC_NET_EXTENSION, log, path));
    if (!*path && there)
        TRY(copy_path(name, log, path));
fail:
    return status;
}

ac_status ac_model_locate(const char *name, const ac_log *log, char **path)
{
    char *data = ac_data_folder();
    ac_status status = AC_OK;
    bool description;

    *path = NULL;
    if (!data)
        return fail_memory(log);
    TRY(find(name, data, log, path));
    description = *path && ac_net_is_description(*path);
    if (*path && !description)
        goto fail;
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
                         "model '%s' is neither a file nor one of those in %s/models; "
                         "AUTOCHROME_MODELS may name another folder",
                         name, data);
fail:
    free(data);
    return status;
}

ac_status ac_network_locate(const char *name, const ac_log *log, char **path)
{
    char *data = ac_data_folder();
    ac_status status = AC_OK;

    *path = NULL;
    if (!data)
        return fail_memory(log);
    TRY(find(name, data, log, path));
    if (!*path && (strchr(name, '/') || strchr(name, '.')))
        status = ac_fail(log, AC_ERR_IO, "%s: %s", name, strerror(ENOENT));
    else if (!*path)
        status = ac_fail(log, AC_ERR_IO,
                         "'%s' is neither a file, nor a model in %s/models, nor a network in "
                         "%s/nets",
                         name, data, data);
fail:
    free(data);
    return status;
}
