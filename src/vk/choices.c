#include "vk/choices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

/* Opens the file locked; NULL: it cannot be written. */
static FILE *open_locked(const ac_device *device)
{
    char *path = ac_device_cache_file(device, "choices");
    FILE *file = path ? fopen(path, "a+") : NULL;

    free(path);
    if (file && flock(fileno(file), LOCK_EX)) {
        fclose(file);
        file = NULL;
    }
    return file;
}

/* Lines of "NAME = VALUE"; others are passed over. */
static bool find(FILE *file, const char *name, int *value)
{
    char line[256];
    size_t length = strlen(name);

    rewind(file);
    while (fgets(line, sizeof(line), file))
        if (strncmp(line, name, length) == 0 && sscanf(line + length, " = %d", value) == 1)
            return true;
    return false;
}

ac_status ac_choices_find(const ac_device *device, const char *name, int *value)
{
    FILE *file = open_locked(device);
    bool found;

    if (!file)
        return AC_ERR_IO;
    found = find(file, name, value);
    fclose(file);
    return found ? AC_OK : AC_END;
}

void ac_choices_settle(const ac_device *device, const char *name, int *value)
{
    FILE *file = open_locked(device);
    int theirs;

    if (!file)
        return;
    if (find(file, name, &theirs))
        *value = theirs;
    else
        fprintf(file, "%s = %d\n", name, *value);
    fclose(file);
}
