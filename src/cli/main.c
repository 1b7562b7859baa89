/* The program: finds the command, reads its options, runs it, makes its status an exit status. */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/output.h"
#include "vk/device.h"

#define EXIT_WRONG_USE 2

/* Blocks from this size on are given back to the system when they are freed: frames of 4K, and what
 * is computed from them. The C library's own limit grows to 32 MiB, and the holes stay. */
#define LARGE_BLOCK (8 << 20)

static const ac_command *const commands[] = {
    &ac_command_bench,   &ac_command_colorize,
    &ac_command_devices, &ac_command_eval,
    &ac_command_inspect, &ac_command_jobs,
    &ac_command_join,    &ac_command_run,
    &ac_command_train,   NULL,
};

static atomic_bool interrupted;

static void interrupt(int number)
{
    (void)number;
    atomic_store(&interrupted, true);
}

/* The first Ctrl-C asks for an orderly end; the handler is gone by then, so the second one kills.
 */
static void handle_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = interrupt, .sa_flags = (int)SA_RESETHAND}, before;

    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
        sigaction(numbers[i], &action, &before);
        if (before.sa_handler == SIG_IGN) /* as nohup and a shell's & want it */
            sigaction(numbers[i], &before, NULL);
    }
    /* `autochrome inspect ... | head` is told of the closed pipe by a failed write. */
    signal(SIGPIPE, SIG_IGN);
}

ac_status ac_context_wrong_use(const ac_context *context, const char *what)
{
    return ac_fail(context->log, AC_ERR_ARGUMENT, "%s; see autochrome %s --help", what,
                   context->command->name);
}

bool ac_validation_wanted(bool option)
{
    const char *variable = getenv("AUTOCHROME_VALIDATION");

    return option || (variable && *variable && strcmp(variable, "0") != 0);
}

ac_status ac_output_check(const char *output, const char *input, const char *what,
                          const ac_log *log)
{
    struct stat a, b;

    if (stat(output, &a) || stat(input, &b) || a.st_dev != b.st_dev || a.st_ino != b.st_ino)
        return AC_OK;
    return ac_fail(log, AC_ERR_ARGUMENT, "%s: is %s itself; name another file to write", output,
                   what);
}

/* Where one of these was closed, the next file to be opened would be taken for it: a film could be
 * written into it. Here it is opened so that using it fails. */
static void keep_standard_files(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

static const ac_command *find_command(const char *name)
{
    for (size_t i = 0; commands[i]; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static void print_help(void)
{
    printf("usage: autochrome COMMAND [OPTION]...\n\n");
    ac_options_print_wrapped("Colours black-and-white film with a neural network on any Vulkan "
                             "device. The luma, the sound and all else stay as they are.",
                             0, 0, stdout);
    printf("\ncommands:\n");
    for (size_t i = 0; commands[i]; i++)
        printf("  %-10s %s\n", commands[i]->name, commands[i]->summary);
    printf("\n'autochrome COMMAND --help' or 'autochrome help COMMAND' tells more of one;\n"
           "'autochrome --version' prints the version.\n");
}

static ac_status unknown_command(const char *name, const ac_log *log)
{
    return ac_fail(log, AC_ERR_ARGUMENT, "'%s' is not a command; see autochrome --help", name);
}

static ac_status run_command(const ac_command *command, int argc, char **argv, ac_console *console)
{
    ac_context context = {.command = command, .log = &console->log, .cancel = &interrupted};
    ac_common_options *options = calloc(1, command->size);
    ac_status status;

    if (!options)
        return ac_fail(&console->log, AC_ERR_MEMORY, "out of memory");
    if (command->defaults)
        memcpy(options, command->defaults, command->size);
    TRY(ac_options_parse(command, argc, argv, &console->log, options));
    if (options->help) {
        ac_options_print_help(command, stdout);
    } else {
        if (options->quiet)
            console->log.level = AC_LOG_WARNING;
        else if (options->verbose)
            console->log.level = options->verbose > 1 ? AC_LOG_DEBUG : AC_LOG_VERBOSE;
        context.progress = options->quiet ? NULL : console->progress;
        ac_device_prepare();
        status = command->run(&context, options);
    }
fail:
    free(options);
    return status;
}

static ac_status run(int argc, char **argv, ac_console *console)
{
    const ac_log *log = &console->log;
    const ac_command *command;

    if (argc < 2)
        return ac_fail(log, AC_ERR_ARGUMENT, "no command given; see autochrome --help");
    if (strcmp(argv[1], "--version") == 0) {
        printf("autochrome %s\n", AC_VERSION);
        return AC_OK;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        (strcmp(argv[1], "help") == 0 && argc == 2)) {
        print_help();
        return AC_OK;
    }
    if (strcmp(argv[1], "help") == 0) {
        command = find_command(argv[2]);
        if (!command)
            return unknown_command(argv[2], log);
        ac_options_print_help(command, stdout);
        return AC_OK;
    }
    command = find_command(argv[1]);
    if (!command)
        return unknown_command(argv[1], log);
    return run_command(command, argc - 1, argv + 1, console);
}

int main(int argc, char **argv)
{
    ac_console console;
    ac_status status;

    keep_standard_files();
    mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK);
    ac_output_watch_json();
    if (ac_console_open(&console)) {
        fputs("autochrome: error: out of memory\n", stderr);
        return EXIT_FAILURE;
    }
    handle_signals();
    status = run(argc, argv, &console);
    errno = 0; /* what an earlier write said is lost */
    if ((fflush(stdout) || ferror(stdout)) && !status)
        status = ac_fail(&console.log, AC_ERR_IO, "cannot write to standard output: %s",
                         errno ? strerror(errno) : "nobody reads it any more, or the disk is full");
    ac_console_close(&console);
    if (status == AC_ERR_ARGUMENT)
        return EXIT_WRONG_USE;
    return status ? EXIT_FAILURE : EXIT_SUCCESS;
}
