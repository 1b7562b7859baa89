/* autochrome jobs: what interrupted jobs have left. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cli/command.h"
#include "util/folder.h"
#include "util/text.h"
#include "video/journal.h"

typedef struct options {
    ac_common_options common;
    bool remove;
} options;

static const ac_option table[] = {
    {"remove", 0, AC_OPTION_FLAG, NULL, offsetof(options, remove), 0, 0,
     "Remove them, with what is finished of them. Jobs at work stay."},
    {NULL},
};

/* "film.mkv" of ".film.mkv.autochrome" */
static bool output_name(const char *name, char *output, size_t size)
{
    size_t length = strlen(name), suffix = strlen(AC_JOURNAL_SUFFIX);
    char text[512];

    if (name[0] != '.' || length <= suffix + 1 || length >= sizeof(text) ||
        strcmp(name + length - suffix, AC_JOURNAL_SUFFIX) != 0)
        return false;
    snprintf(text, sizeof(text), "%.*s", (int)(length - suffix - 1), name + 1);
    ac_text_clean(text, false, output, size);
    return true;
}

static void print_time(const char *path)
{
    struct stat info;
    struct tm local;
    char text[64];

    if (!stat(path, &info) && localtime_r(&info.st_mtim.tv_sec, &local) &&
        strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &local))
        printf("  last at work  %s\n", text);
}

static void print_job(const ac_record *record, bool busy, const char *path)
{
    long long frames = (long long)ac_record_frames(record);
    char input[1024];

    ac_text_clean(record->input, false, input, sizeof(input));
    printf("  input         %s\n", input);
    if (!record->count)
        printf("  finished      nothing that is kept here\n");
    else if (record->estimate > 0)
        printf("  finished      %lld of %lld frames\n", frames, (long long)record->estimate);
    else
        printf("  finished      %lld frames\n", frames);
    print_time(path);
    if (busy)
        printf("  a process is at work on it\n");
    else
        printf("  to go on      the same command with --resume\n");
}

/* Tells of one, and removes it if that is wanted. */
static ac_status look(const char *path, const char *output, const options *o, const ac_log *log)
{
    ac_record record = {0};
    ac_status status = AC_OK;
    bool busy = false;

    printf("%s\n", output);
    if (ac_journal_look(path, &record, &busy))
        printf("  nothing that can be gone on with\n");
    else
        print_job(&record, busy, path);
    if (o->remove && !busy) {
        status = ac_journal_discard(path, log);
        if (!status)
            printf("  removed\n");
    }
    ac_record_uninit(&record);
    return status;
}

static ac_status run(const ac_context *context, const void *opaque)
{
    const options *o = opaque;
    const char *folder = o->common.operand ? o->common.operand : ".";
    struct dirent **names = NULL;
    int count = scandir(folder, &names, NULL, alphasort), found = 0;
    ac_status status = AC_OK;

    if (count < 0)
        return ac_fail(context->log, AC_ERR_IO, "%s: cannot be read: %s", folder, strerror(errno));
    for (int i = 0; i < count; i++) {
        char output[1024], *path = NULL;

        if (output_name(names[i]->d_name, output, sizeof(output))) {
            ac_status looked = AC_ERR_MEMORY;

            path = ac_path_join(folder, names[i]->d_name);
            if (path)
                looked = look(path, output, o, context->log);
            if (looked)
                status = looked;
            found++;
        }
        free(path);
        free(names[i]);
    }
    free(names);
    if (!found)
        printf("no unfinished jobs in %s\n", folder);
    return status;
}

const ac_command ac_command_jobs = {
    .name = "jobs",
    .usage = "[DIR]",
    .operand = "DIR",
    .optional = true,
    .summary = "list unfinished jobs",
    .description = "Lists what interrupted jobs have left in the folder DIR (default: this one): "
                   "folders .NAME.autochrome beside the outputs, from which 'autochrome colorize "
                   "--resume' goes on.",
    .options = table,
    .size = sizeof(options),
    .run = run,
};
