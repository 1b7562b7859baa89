/* Options of the command line. A command's table says all there is to know of each option; what
 * getopt_long() wants and what --help prints are both made from it. */
#ifndef AC_CLI_OPTIONS_H
#define AC_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "util/log.h"

typedef enum ac_option_type {
    AC_OPTION_FLAG,    /* bool; takes no argument, as does: */
    AC_OPTION_COUNT,   /* int; how many times it was given */
    AC_OPTION_TEXT,    /* const char *; not empty */
    AC_OPTION_TEXTS,   /* ac_option_texts; may be given several times */
    AC_OPTION_INTEGER, /* int */
    AC_OPTION_NUMBER,  /* double */
    AC_OPTION_TIME,    /* double, seconds: 90, 1:30, 0:01:30.5 */
    AC_OPTION_SIZE,    /* int[2], height and width: 256 or 192x256 */
    AC_OPTION_SIZES,   /* ac_option_sizes; commas between them, may be given several times */
} ac_option_type;

/* What an option that may be repeated was given, in order. */
#define AC_OPTION_MAX_TEXTS 64
typedef struct ac_option_texts {
    int count;
    const char *items[AC_OPTION_MAX_TEXTS];
} ac_option_texts;

#define AC_OPTION_MAX_SIZES 32
typedef struct ac_option_sizes {
    int count;
    int items[AC_OPTION_MAX_SIZES][2]; /* height, width */
} ac_option_sizes;

typedef struct ac_option {
    const char *name; /* the long one; NULL ends a table */
    char letter;      /* 0: there is only the long one */
    ac_option_type type;
    const char *argument; /* its name in --help, "N"; NULL for those that take none */
    size_t offset;        /* of the value in the command's struct */
    double min, max;      /* of numbers, times and sizes, both allowed */
    const char *help;
} ac_option;

/* What every command takes; the first member of each command's struct. */
typedef struct ac_common_options {
    bool help, quiet;
    int verbose;
    /* What is given without an option, and the first of it; NULL: none. More than one only for
     * commands that take several. */
    char *const *operands;
    int operand_count;
    const char *operand;
} ac_common_options;

struct ac_context;

typedef struct ac_command {
    const char *name;
    const char *usage;   /* what follows the name and the options: "INPUT -o OUTPUT" */
    const char *operand; /* "INPUT", which must be given; NULL: the command takes none */
    bool several;        /* one operand or more */
    bool optional;       /* none will do too */
    const char *summary; /* one line, for the list of commands */
    const char *description;
    const ac_option *options; /* in the order of --help; the common ones follow by themselves */
    size_t size;              /* of the command's struct */
    const void *defaults;     /* its first contents; NULL: all zero */
    ac_status (*run)(const struct ac_context *context, const void *options);
} ac_command;

/* Reads argv (argv[0] is the command's name) into `options`, command->size bytes that hold the
 * defaults. Texts point into argv. Wrong use is AC_ERR_ARGUMENT, with one message that names the
 * option. Nothing after --help is looked at. */
ac_status ac_options_parse(const ac_command *command, int argc, char **argv, const ac_log *log,
                           void *options);
void ac_options_print_help(const ac_command *command, FILE *stream);

/* Writes text in lines of at most 79 columns, all but the first indented; `column` is where the
 * first one begins. */
void ac_options_print_wrapped(const char *text, int column, int indent, FILE *stream);

#endif
