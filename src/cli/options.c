#include "cli/options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_OPTIONS 64
#define LINE_WIDTH  79
#define HELP_COLUMN 28

static const ac_option common_options[] = {
    {"quiet", 'q', AC_OPTION_FLAG, NULL, offsetof(ac_common_options, quiet), 0, 0,
     "Print errors and warnings only, and no progress."},
    {"verbose", 'v', AC_OPTION_COUNT, NULL, offsetof(ac_common_options, verbose), 0, 0,
     "Print the choices made too (device, encoder); twice: what helps to find faults."},
    {"help", 'h', AC_OPTION_FLAG, NULL, offsetof(ac_common_options, help), 0, 0,
     "Print this text."},
    {NULL},
};

/* All options of a command, its own first. */
static int collect(const ac_command *command, const ac_option *all[MAX_OPTIONS])
{
    int count = 0;

    for (const ac_option *o = command->options; o && o->name && count < MAX_OPTIONS; o++)
        all[count++] = o;
    for (const ac_option *o = common_options; o->name && count < MAX_OPTIONS; o++)
        all[count++] = o;
    return count;
}

static ac_status wrong_use(const ac_command *command, const ac_log *log, const char *what,
                           const char *name, const char *why)
{
    return ac_fail(log, AC_ERR_ARGUMENT, "%s%s%s; see autochrome %s --help", what, name, why,
                   command->name);
}

static ac_status wrong_value(const ac_command *command, const ac_option *option, const char *text,
                             const char *expected, const ac_log *log)
{
    return ac_fail(log, AC_ERR_ARGUMENT, "--%s: '%s' is not %s; see autochrome %s --help",
                   option->name, text, expected, command->name);
}

/* A plain decimal number, all of text: no spaces, no hexadecimal, no "nan". */
static bool parse_number(const char *text, const char **end, double *value)
{
    char *stop;

    if (!isdigit((unsigned char)text[strspn(text, "+-.")]) || strspn(text, "+-") > 1)
        return false;
    if (text[strspn(text, "+-")] == '0' &&
        tolower((unsigned char)text[strspn(text, "+-") + 1]) == 'x')
        return false;
    *value = strtod(text, &stop);
    *end = stop;
    return isfinite(*value);
}

static ac_status set_number(const ac_command *command, const ac_option *option, const char *text,
                            const ac_log *log, void *target)
{
    bool whole = option->type == AC_OPTION_INTEGER;
    const char *end;
    char expected[96];
    double value;

    if (parse_number(text, &end, &value) && !*end && value >= option->min && value <= option->max &&
        (!whole || value == floor(value))) {
        if (whole)
            *(int *)target = (int)value;
        else
            *(double *)target = value;
        return AC_OK;
    }
    snprintf(expected, sizeof(expected), "a %snumber from %.10g to %.10g", whole ? "whole " : "",
             option->min, option->max);
    return wrong_value(command, option, text, expected, log);
}

/* Up to three numbers with colons between them; minutes and seconds after a colon are below 60. */
static bool parse_time(const char *text, double *seconds)
{
    double value, total = 0;
    const char *end;

    for (int part = 0; part < 3; part++) {
        if (!isdigit((unsigned char)*text) && *text != '.')
            return false;
        if (!parse_number(text, &end, &value) || (part && value >= 60))
            return false;
        total = total * 60 + value;
        if (!*end) {
            *seconds = total;
            return true;
        }
        /* Only the last part has a fraction. */
        if (*end != ':' || value != floor(value))
            return false;
        text = end + 1;
    }
    return false;
}

static bool parse_side(const char *text, const char **end, const ac_option *option, int *side)
{
    char *stop;
    long value;

    if (!isdigit((unsigned char)*text))
        return false;
    errno = 0;
    value = strtol(text, &stop, 10);
    *end = stop;
    if (errno || (double)value < option->min || (double)value > option->max)
        return false;
    *side = (int)value;
    return true;
}

/* *end is where the size ends. */
static bool parse_size(const char *text, const char **end, const ac_option *option, int size[2])
{
    if (!parse_side(text, end, option, &size[0]))
        return false;
    size[1] = size[0];
    return **end != 'x' || parse_side(*end + 1, end, option, &size[1]);
}

static ac_status add_sizes(const ac_command *command, const ac_option *option, const char *text,
                           const ac_log *log, ac_option_sizes *sizes)
{
    const char *end = text;
    char expected[96];

    for (;; end++) {
        if (sizes->count == AC_OPTION_MAX_SIZES) {
            snprintf(expected, sizeof(expected), " has more than %d sizes", AC_OPTION_MAX_SIZES);
            return wrong_use(command, log, "--", option->name, expected);
        }
        if (!parse_size(end, &end, option, sizes->items[sizes->count]) || (*end && *end != ','))
            break;
        sizes->count++;
        if (!*end)
            return AC_OK;
    }
    snprintf(expected, sizeof(expected), "sizes (N or HxW, sides from %.10g to %.10g)", option->min,
             option->max);
    return wrong_value(command, option, text, expected, log);
}

static ac_status add_text(const ac_command *command, const ac_option *option, const char *text,
                          const ac_log *log, ac_option_texts *texts)
{
    char why[48];

    if (!*text)
        return wrong_use(command, log, "--", option->name, " must not be empty");
    if (texts->count == AC_OPTION_MAX_TEXTS) {
        snprintf(why, sizeof(why), " is given more than %d times", AC_OPTION_MAX_TEXTS);
        return wrong_use(command, log, "--", option->name, why);
    }
    texts->items[texts->count++] = text;
    return AC_OK;
}

static ac_status set_value(const ac_command *command, const ac_option *option, const char *text,
                           const ac_log *log, void *options)
{
    char *target = (char *)options + option->offset;
    const char *end;
    char expected[96];

    switch (option->type) {
    case AC_OPTION_FLAG:
        *(bool *)target = true;
        return AC_OK;
    case AC_OPTION_COUNT:
        ++*(int *)target;
        return AC_OK;
    case AC_OPTION_TEXT:
        if (!*text)
            return wrong_use(command, log, "--", option->name, " must not be empty");
        *(const char **)target = text;
        return AC_OK;
    case AC_OPTION_TEXTS:
        return add_text(command, option, text, log, (ac_option_texts *)target);
    case AC_OPTION_INTEGER:
    case AC_OPTION_NUMBER:
        return set_number(command, option, text, log, target);
    case AC_OPTION_TIME:
        if (parse_time(text, (double *)target) && *(double *)target >= option->min &&
            *(double *)target <= option->max)
            return AC_OK;
        return wrong_value(command, option, text, "a time in seconds or as h:mm:ss.mmm", log);
    case AC_OPTION_SIZE:
        if (parse_size(text, &end, option, (int *)target) && !*end)
            return AC_OK;
        snprintf(expected, sizeof(expected), "a size (N or HxW, sides from %.10g to %.10g)",
                 option->min, option->max);
        return wrong_value(command, option, text, expected, log);
    case AC_OPTION_SIZES:
        return add_sizes(command, option, text, log, (ac_option_sizes *)target);
    }
    return AC_ERR_ARGUMENT;
}

/* What getopt_long() found wrong; `value` is what it returned. It leaves in optopt a letter, the
 * number of a long option (see ac_options_parse()) or, for an unknown long one, 0. */
static ac_status wrong_option(const ac_command *command, const ac_option *const *all, char **argv,
                              int value, const ac_log *log)
{
    char letter[3] = {'-', '?', '\0'};

    if (optopt > CHAR_MAX && value == ':')
        return wrong_use(command, log, "--", all[optopt - CHAR_MAX - 1]->name,
                         " needs an argument");
    if (optopt > CHAR_MAX)
        return wrong_use(command, log, "--", all[optopt - CHAR_MAX - 1]->name,
                         " takes no argument");
    if (!optopt)
        return wrong_use(command, log, "", argv[optind - 1],
                         " is not an option, or short for more than one");
    letter[1] = (char)optopt;
    return wrong_use(command, log, letter, "",
                     value == ':' ? " needs an argument" : " is not an option");
}

static ac_status take_operands(const ac_command *command, int count, char **words,
                               const ac_log *log, ac_common_options *common)
{
    int most = !command->operand ? 0 : command->several ? count : 1;

    if (count > most)
        return wrong_use(command, log, "'", words[most], "' is too much");
    if (command->operand && !count && !command->optional)
        return wrong_use(command, log, "no ", command->operand, " given");
    for (int i = 0; i < count; i++)
        if (!*words[i])
            return wrong_use(command, log, "no ", command->operand, " given: a name is empty");
    common->operands = words;
    common->operand_count = count;
    common->operand = count ? words[0] : NULL;
    return AC_OK;
}

ac_status ac_options_parse(const ac_command *command, int argc, char **argv, const ac_log *log,
                           void *options)
{
    const ac_option *all[MAX_OPTIONS];
    struct option longs[MAX_OPTIONS + 1] = {0};
    char letters[2 * MAX_OPTIONS + 2] = ":";
    ac_common_options *common = options;
    int count = collect(command, all), found;
    size_t n = 1;

    for (int i = 0; i < count; i++) {
        longs[i] = (struct option){all[i]->name, all[i]->argument ? required_argument : no_argument,
                                   NULL, CHAR_MAX + 1 + i};
        if (all[i]->letter)
            letters[n++] = all[i]->letter;
        if (all[i]->letter && all[i]->argument)
            letters[n++] = ':';
    }
    letters[n] = '\0';

    opterr = 0;
    optind = 0; /* glibc: from the beginning, with its inner state made new */
    while ((found = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
        int i = found - CHAR_MAX - 1;
        ac_status status;

        if (found == '?' || found == ':')
            return wrong_option(command, all, argv, found, log);
        if (found <= CHAR_MAX) {
            for (i = 0; i < count && all[i]->letter != found; i++)
                ;
            if (i == count)
                return AC_ERR_ARGUMENT;
        }
        status = set_value(command, all[i], optarg, log, options);
        if (status)
            return status;
        if (common->help)
            return AC_OK;
    }
    return take_operands(command, argc - optind, argv + optind, log, options);
}

void ac_options_print_wrapped(const char *text, int column, int indent, FILE *stream)
{
    bool first = true;

    while (*text) {
        int word = (int)strcspn(text, " \n");

        if (!first && column + 1 + word > LINE_WIDTH) {
            fprintf(stream, "\n%*s", indent, "");
            column = indent;
            first = true;
        }
        column += fprintf(stream, "%s%.*s", first ? "" : " ", word, text);
        first = false;
        text += word;
        if (*text == '\n') { /* a paragraph ends */
            fprintf(stream, "\n\n%*s", indent, "");
            column = indent;
            first = true;
        }
        if (*text)
            text++;
    }
    fputc('\n', stream);
}

void ac_options_print_help(const ac_command *command, FILE *stream)
{
    const ac_option *all[MAX_OPTIONS];
    int count = collect(command, all);

    fprintf(stream, "usage: autochrome %s [OPTION]...%s%s\n\n", command->name,
            command->usage ? " " : "", command->usage ? command->usage : "");
    ac_options_print_wrapped(command->description, 0, 0, stream);
    fputc('\n', stream);
    for (int i = 0; i < count; i++) {
        char letter[] = {'-', all[i]->letter, ',', ' ', '\0'};
        int column = fprintf(stream, "  %s--%s%s%s", all[i]->letter ? letter : "    ", all[i]->name,
                             all[i]->argument ? " " : "", all[i]->argument ? all[i]->argument : "");

        if (column + 2 > HELP_COLUMN) {
            fputc('\n', stream);
            column = 0;
        }
        fprintf(stream, "%*s", HELP_COLUMN - column, "");
        ac_options_print_wrapped(all[i]->help, HELP_COLUMN, HELP_COLUMN, stream);
    }
}
