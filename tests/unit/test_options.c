#include "test.h"

#include <stdlib.h>

#include "cli/options.h"

typedef struct options {
    ac_common_options common;
    const char *text;
    int whole, size[2];
    double number, time;
    bool flag;
    ac_option_sizes many;
    ac_option_texts several;
} options;

static const ac_option table[] = {
    {"text", 't', AC_OPTION_TEXT, "FILE", offsetof(options, text), 0, 0, "A text."},
    {"whole", 'w', AC_OPTION_INTEGER, "N", offsetof(options, whole), 8, 8192, "A whole number."},
    {"number", 0, AC_OPTION_NUMBER, "F", offsetof(options, number), 0, 4, "A number."},
    {"time", 0, AC_OPTION_TIME, "TIME", offsetof(options, time), 0, 1e5, "A time."},
    {"size", 0, AC_OPTION_SIZE, "N|HxW", offsetof(options, size), 1, 8192, "A size."},
    {"many", 0, AC_OPTION_SIZES, "N|HxW,...", offsetof(options, many), 1, 8192, "Sizes."},
    {"several", 's', AC_OPTION_TEXTS, "X", offsetof(options, several), 0, 0, "Texts."},
    {"flag", 'f', AC_OPTION_FLAG, NULL, offsetof(options, flag), 0, 0, "A flag."},
    {NULL},
};

static const ac_command command = {
    .name = "try",
    .usage = "INPUT",
    .operand = "INPUT",
    .summary = "try",
    .description = "Tries.",
    .options = table,
    .size = sizeof(options),
};

/* Words of `line`, separated by one space, as argv of the command. */
static ac_status parse_for(const ac_command *to, const char *line, options *o)
{
    static char words[1024];
    static char *argv[128]; /* operands point into it */
    char *next = words;
    ac_log log = test_log();
    int argc = 0;

    *o = (options){.whole = 256};
    test_log_clear();
    snprintf(words, sizeof(words), "try %s", line);
    while (next)
        argv[argc++] = strsep(&next, " ");
    argv[argc] = NULL;
    return ac_options_parse(to, argc, argv, &log, o);
}

static ac_status parse(const char *line, options *o)
{
    return parse_for(&command, line, o);
}

static void wrong(const char *line, const char *message)
{
    options o;

    if (!CHECK_INT(parse(line, &o), AC_ERR_ARGUMENT))
        fprintf(stderr, "    for: %s\n", line);
    CHECK_INT(test_state.messages, 1);
    CHECK_HAS(test_state.message, message);
    CHECK_HAS(test_state.message, "; see autochrome try --help");
}

static void test_right(void)
{
    options o;

    CHECK_INT(parse("a.mp4", &o), AC_OK);
    CHECK_STR(o.common.operand, "a.mp4");
    CHECK_INT(o.whole, 256);
    CHECK_INT(parse("-t x --whole=8 --number .5 -f --time 1:02:03.25 --size 192x256 in -vvq", &o),
              AC_OK);
    CHECK_STR(o.text, "x");
    CHECK_INT(o.whole, 8);
    CHECK_NEAR(o.number, 0.5, 0);
    CHECK_NEAR(o.time, 3723.25, 0);
    CHECK_INT(o.size[0], 192);
    CHECK_INT(o.size[1], 256);
    CHECK(o.flag && o.common.quiet && !o.common.help);
    CHECK_INT(o.common.verbose, 2);
    CHECK_STR(o.common.operand, "in");
    CHECK_INT(parse("--size 37 --time 90 -w 8192 --number 4 -- --flag", &o), AC_OK);
    CHECK_INT(o.size[0], 37);
    CHECK_INT(o.size[1], 37);
    CHECK_NEAR(o.time, 90, 0);
    CHECK_STR(o.common.operand, "--flag");
    CHECK_INT(parse("--who 9 --time 01:30.5 in", &o), AC_OK); /* shortened */
    CHECK_INT(o.whole, 9);
    CHECK_NEAR(o.time, 90.5, 0);
    CHECK_INT(parse("--help --whole nonsense", &o), AC_OK);
    CHECK(o.common.help);
}

static void test_repeated(void)
{
    char line[512] = "in";
    options o;

    CHECK_INT(parse("in", &o), AC_OK);
    CHECK_INT(o.several.count, 0);
    CHECK_INT(parse("-s a=1 in --several b -s a=1", &o), AC_OK);
    CHECK_INT(o.several.count, 3);
    CHECK_STR(o.several.items[0], "a=1");
    CHECK_STR(o.several.items[1], "b");
    CHECK_STR(o.several.items[2], "a=1");
    wrong("in --several ", "--several must not be empty");
    for (int i = 0; i < AC_OPTION_MAX_TEXTS; i++)
        strcat(line, " -sx");
    CHECK_INT(parse(line, &o), AC_OK);
    CHECK_INT(o.several.count, AC_OPTION_MAX_TEXTS);
    strcat(line, " -sx");
    wrong(line, "--several is given more than 64 times");
}

static void test_sizes(void)
{
    static const char *const bad[] = {"0", "x", "1,", ",1", "1,,2", "1;2", "8x", "8x9x7", "8193"};
    char line[512] = "in --many 1";
    options o;

    CHECK_INT(parse("in", &o), AC_OK);
    CHECK_INT(o.many.count, 0);
    CHECK_INT(parse("in --many 8,9x10 --many 7", &o), AC_OK);
    if (CHECK_INT(o.many.count, 3)) {
        CHECK_INT(o.many.items[0][0], 8);
        CHECK_INT(o.many.items[0][1], 8);
        CHECK_INT(o.many.items[1][0], 9);
        CHECK_INT(o.many.items[1][1], 10);
        CHECK_INT(o.many.items[2][0], 7);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        char text[64];

        snprintf(text, sizeof(text), "in --many %s", bad[i]);
        wrong(text, "is not sizes (N or HxW, sides from 1 to 8192)");
    }
    for (int i = 1; i < AC_OPTION_MAX_SIZES; i++)
        strcat(line, ",1");
    CHECK_INT(parse(line, &o), AC_OK);
    CHECK_INT(o.many.count, AC_OPTION_MAX_SIZES);
    strcat(line, ",1");
    wrong(line, "--many has more than 32 sizes");
}

static void test_wrong(void)
{
    static const char *const numbers[] = {"-1", "7",   "8193", "1e9", "x",    "10x", "10.5",
                                          "",   "nan", "inf",  "--",  "0x10", "+",   "99999999999"};
    static const char *const times[] = {
        "-1", "1:60", "1:2:3:4", "x", ":30", "1:", "", "1.5:3", "nan", "1e9", "1:-2", "0x9"};
    static const char *const sizes[] = {"0", "-1", "8193", "10x", "x10", "10x0", "10x10x10", "1.5"};
    char line[128];

    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
        snprintf(line, sizeof(line), "in --whole %s", numbers[i]);
        wrong(line, "is not a whole number from 8 to 8192");
    }
    for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
        snprintf(line, sizeof(line), "in --time %s", times[i]);
        wrong(line, "is not a time in seconds or as h:mm:ss.mmm");
    }
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        snprintf(line, sizeof(line), "in --size %s", sizes[i]);
        wrong(line, "is not a size");
    }
    wrong("in --number -0.1", "--number: '-0.1' is not a number from 0 to 4");
    wrong("in --number 4.01", "--number: '4.01' is not a number from 0 to 4");
    wrong("in --text ", "--text must not be empty");
    wrong("in -t", "-t needs an argument");
    wrong("in --text", "--text needs an argument");
    wrong("in --flag=3", "--flag takes no argument");
    wrong("in --bogus", "--bogus is not an option");
    wrong("in -x", "-x is not an option");
    wrong("in -fx", "-x is not an option");
    wrong("in -fxf", "-x is not an option");
    wrong("in --t", "--t is not an option, or short for more than one");
    wrong("", "no INPUT given");
    wrong("-f", "no INPUT given");
    wrong("-f ", "no INPUT given: a name is empty");
    wrong("one two", "'two' is too much");
}

static void test_no_operand(void)
{
    ac_command bare = command;
    char *argv[] = {"try", "word", NULL};
    ac_log log = test_log();
    options o = {0};

    bare.operand = NULL;
    CHECK_INT(ac_options_parse(&bare, 1, argv, &log, &o), AC_OK);
    CHECK_INT(ac_options_parse(&bare, 2, argv, &log, &o), AC_ERR_ARGUMENT);
}

static void test_several(void)
{
    ac_command data = command;
    options o;

    data.operand = "DATA";
    data.several = true;
    CHECK_INT(parse_for(&data, "one", &o), AC_OK);
    CHECK_INT(o.common.operand_count, 1);
    CHECK_INT(parse_for(&data, "one -f two --whole 9 three -- --flag", &o), AC_OK);
    CHECK_INT(o.whole, 9);
    if (CHECK_INT(o.common.operand_count, 4)) {
        CHECK_STR(o.common.operand, "one");
        CHECK_STR(o.common.operands[0], "one");
        CHECK_STR(o.common.operands[1], "two");
        CHECK_STR(o.common.operands[2], "three");
        CHECK_STR(o.common.operands[3], "--flag");
    }
    CHECK_INT(parse_for(&data, "-f", &o), AC_ERR_ARGUMENT);
    CHECK_HAS(test_state.message, "no DATA given");
    CHECK_INT(parse_for(&data, "one  two", &o), AC_ERR_ARGUMENT);
    CHECK_HAS(test_state.message, "no DATA given: a name is empty");
    data.optional = true;
    CHECK_INT(parse_for(&data, "-f", &o), AC_OK);
    CHECK_INT(o.common.operand_count, 0);
    CHECK_INT(parse_for(&data, "one two", &o), AC_OK);
    CHECK_INT(o.common.operand_count, 2);
}

static void test_help(void)
{
    char *text = NULL, *line;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    ac_options_print_help(&command, stream);
    fclose(stream);
    CHECK_HAS(text, "usage: autochrome try [OPTION]... INPUT\n\nTries.\n\n");
    CHECK_HAS(text, "\n  -t, --text FILE           A text.\n");
    CHECK_HAS(text, "\n      --size N|HxW          A size.\n");
    CHECK_HAS(text, "\n  -h, --help                Print this text.\n");
    for (char *rest = text; (line = strsep(&rest, "\n"));)
        CHECK(strlen(line) < 80);
    free(text);
}

int main(void)
{
    test_right();
    test_repeated();
    test_sizes();
    test_wrong();
    test_no_operand();
    test_several();
    test_help();
    return test_end();
}
