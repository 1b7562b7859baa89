/* Gives a fuzz target every file that is named, and those in folders that are: the test of a
 * corpus. What goes wrong ends the program, as it does under the fuzzer.
 *
 * usage: fuzz_NAME FILE|FOLDER ... */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

static int replayed;

static void replay_file(const char *path, size_t size)
{
    uint8_t *data = malloc(size ? size : 1); /* of its size, so that what reads beyond is seen */
    FILE *file = fopen(path, "rb");

    FUZZ_CHECK(data && file && fread(data, 1, size, file) == size);
    printf("%s\n", path);
    fflush(stdout);
    LLVMFuzzerTestOneInput(data, size);
    fclose(file);
    free(data);
    replayed++;
}

static void replay(const char *path)
{
    struct dirent **entries;
    struct stat info;
    int count;

    FUZZ_CHECK(!stat(path, &info));
    if (!S_ISDIR(info.st_mode)) {
        replay_file(path, (size_t)info.st_size);
        return;
    }
    count = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        char inner[4096];

        snprintf(inner, sizeof(inner), "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.')
            replay(inner);
        free(entries[i]);
    }
    FUZZ_CHECK(count >= 0);
    free(entries);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        replay(argv[i]);
    printf("%d inputs\n", replayed);
    return replayed ? 0 : 1;
}
