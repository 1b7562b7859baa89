#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"

/* *path, if `folder`/`name`.safetensors is there; stays NULL if not. */
static ac_status look_in(const char *folder, const char *name, const ac_log *log, char **path)
{
    if (!folder || !*folder)
        return AC_OK;
    if (asprintf(path, "%s/%s.safetensors", folder, name) < 0) {
        *path = NULL;
        return ac_fail(log, AC_ERR_MEMORY, "out of memory");
    }
    if (access(*path, F_OK) != 0) {
        free(*path);
        *path = NULL;
    }
    return AC_OK;
}

ac_status ac_model_locate(const char *name, const ac_log *log, char **path)
{
    const char *folders[] = {getenv("AUTOCHROME_MODELS"), AC_SAMPLES_DIR "/models",
                             AC_DATA_DIR "/models"};
    ac_status status;

    *path = NULL;
    if (access(name, F_OK) == 0) {
        *path = strdup(name);
        return *path ? AC_OK : ac_fail(log, AC_ERR_MEMORY, "out of memory");
    }
    for (size_t i = 0; !*path && !strchr(name, '/') && i < sizeof(folders) / sizeof(*folders);
         i++) {
        status = look_in(folders[i], name, log, path);
        if (status)
            return status;
    }
    if (*path)
        return AC_OK;
    if (strchr(name, '/') || strchr(name, '.'))
        return ac_fail(log, AC_ERR_IO, "model %s: %s", name, strerror(errno));
    return ac_fail(log, AC_ERR_IO,
                   "model '%s' is neither a file nor one of those in %s; "
                   "AUTOCHROME_MODELS may name another folder",
                   name, folders[1]);
}
