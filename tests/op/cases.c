#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "fill.h"

static void print(void *opaque, ac_log_level level, const char *message)
{
    (void)opaque;
    (void)level;
    fprintf(stderr, "  %s\n", message);
}

ac_log test_log(void)
{
    return (ac_log){print, NULL, getenv("AC_TEST_VERBOSE") ? AC_LOG_DEBUG : AC_LOG_WARNING};
}

static char *read_text(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    size_t room = 1 << 20;
    char *text = malloc(room);
    if (text) {
        size_t size = fread(text, 1, room - 1, file);
        text[size] = '\0';
    }
    (void)fclose(file);
    return text;
}

/* The number after key ("n=") on a case's line, 0 when there is none. */
static int number_after(const char *line, const char *key)
{
    const char *place = strstr(line, key);
    return place ? (int)strtol(place + strlen(key), NULL, 10) : 0;
}

/* Reads the line "case NAME n=.. h=.. w=..", whose parts it ends with NULs. */
static test_case read_head(char *line, char *next)
{
    next[-1] = '\0';
    test_case c = {.name = line + strlen("case "), .text = next};
    c.n = number_after(line, " n=");
    c.h = number_after(line, " h=");
    c.w = number_after(line, " w=");
    line[strlen("case ") + strcspn(c.name, " ")] = '\0';
    return c;
}

static bool add(test_cases *to, test_case c)
{
    test_case *grown = realloc(to->cases, ((size_t)to->count + 1) * sizeof(*grown));
    if (!grown)
        return false;
    to->cases = grown;
    grown[to->count++] = c;
    return c.n > 0 && c.h > 0 && c.w > 0;
}

bool cases_load(const char *path, test_cases *to)
{
    *to = (test_cases){.file = read_text(path)};
    char *line = to->file;
    while (line && *line) {
        char *next = strchr(line, '\n');
        next = next ? next + 1 : line + strlen(line);
        if (!strncmp(line, "case ", strlen("case ")) && !add(to, read_head(line, next))) {
            fprintf(stderr, "%s: %s: n, h or w missing\n", path, line);
            return false;
        }
        line = next;
        if (to->count > 0)
            to->cases[to->count - 1].text_size = (size_t)(line - to->cases[to->count - 1].text);
    }
    if (to->count == 0)
        fprintf(stderr, "%s: no cases\n", path);
    return to->count > 0;
}

void cases_free(test_cases *cases)
{
    free(cases->cases);
    free(cases->file);
    *cases = (test_cases){0};
}

static bool run_case(const test_case *c, double tolerance, case_check *check, void *opaque,
                     const ac_log *log)
{
    double error = HUGE_VAL;
    ac_model *model = fill_model(c->text, c->text_size, c->name, log);
    float *lightness = fill_lightness(c->name, (size_t)c->n * (size_t)c->h * (size_t)c->w);
    if (model && lightness)
        error = check(opaque, c, model, lightness, log);
    free(lightness);
    ac_model_destroy(&model);
    bool ok = error < tolerance; /* false for NaN */
    if (!ok)
        fprintf(stderr, "failed: %s: error %.3g of the largest value\n", c->name, error);
    return ok;
}

static bool wanted(const char *name, int count, char *const *names)
{
    for (int i = 0; i < count; i++)
        if (fnmatch(names[i], name, 0) == 0)
            return true;
    return count == 0;
}

/* Patterns that no case fits, each told: what they meant would be left out unseen. */
static int count_unused(const test_cases *cases, int count, char *const *names)
{
    int unused = 0;
    for (int i = 0; i < count; i++) {
        bool used = false;
        for (int k = 0; k < cases->count; k++)
            used = used || wanted(cases->cases[k].name, 1, &names[i]);
        if (!used)
            fprintf(stderr, "failed: no case fits '%s'\n", names[i]);
        unused += !used;
    }
    return unused;
}

int cases_run(const char *path, int name_count, char *const *names, double tolerance,
              case_check *check, void *opaque, const ac_log *log)
{
    int passed = 0;
    int failed = 0;
    test_cases cases;
    bool loaded = cases_load(path, &cases);
    for (int i = 0; loaded && i < cases.count; i++) {
        if (!wanted(cases.cases[i].name, name_count, names))
            continue;
        if (run_case(&cases.cases[i], tolerance, check, opaque, log))
            passed++;
        else
            failed++;
    }
    failed += loaded ? count_unused(&cases, name_count, names) : 0;
    cases_free(&cases);
    printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 && passed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
