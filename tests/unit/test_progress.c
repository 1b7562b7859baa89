#include "test.h"

#include <stdlib.h>

#include "util/progress.h"

typedef struct screen {
    double time;
    char *text;
    size_t size, seen;
    FILE *stream;
    ac_progress *progress;
} screen;

static double hand(void *opaque)
{
    return ((screen *)opaque)->time;
}

static void open_screen(screen *s, bool terminal)
{
    *s = (screen){.time = 1000};
    s->stream = open_memstream(&s->text, &s->size);
    CHECK_INT(
        ac_progress_create(
            &(ac_progress_params){.stream = s->stream, .terminal = terminal, .clock = {hand, s}},
            &s->progress),
        AC_OK);
}

/* What was written since the last call. */
static void expect(screen *s, const char *text)
{
    fflush(s->stream);
    CHECK_STR(s->text + s->seen, text);
    s->seen = s->size;
}

static void close_screen(screen *s)
{
    ac_progress_destroy(&s->progress);
    CHECK(s->progress == NULL);
    fclose(s->stream);
    free(s->text);
}

static void test_terminal(void)
{
    screen s;

    open_screen(&s, true);
    ac_progress_begin(s.progress, 100);
    s.time += 1.9;
    ac_progress_update(s.progress, 10);
    expect(&s, "");
    s.time += 0.1;
    ac_progress_update(s.progress, 20);
    expect(&s, "\rframe 20 of 100, 20.0%, 10.0 fps, 0:08 left\033[K");
    s.time += 0.1;
    ac_progress_update(s.progress, 21);
    expect(&s, "");
    ac_progress_message(s.progress, "a message");
    expect(&s, "\r\033[Ka message\nframe 20 of 100, 20.0%, 10.0 fps, 0:08 left");
    s.time += 1.9;
    ac_progress_update(s.progress, 36);
    expect(&s, "\rframe 36 of 100, 36.0%, 9.00 fps, 0:07 left\033[K");
    ac_progress_end(s.progress);
    expect(&s, "\r\033[K");
    ac_progress_message(s.progress, "another");
    expect(&s, "another\n");
    ac_progress_update(s.progress, 50);
    expect(&s, "");
    close_screen(&s);
}

static void test_unknown_total(void)
{
    screen s;

    open_screen(&s, true);
    ac_progress_begin(s.progress, 0);
    s.time += 10;
    ac_progress_update(s.progress, 5);
    expect(&s, "\rframe 5, 0.50 fps\033[K");
    ac_progress_end(s.progress);
    expect(&s, "\r\033[K");
    /* An estimate that was too low. */
    ac_progress_begin(s.progress, 10);
    s.time += 10;
    ac_progress_update(s.progress, 20);
    expect(&s, "\rframe 20, 2.00 fps\033[K");
    close_screen(&s);
}

static void test_plain(void)
{
    screen s;

    open_screen(&s, false);
    ac_progress_begin(s.progress, 72000);
    for (int second = 1; second < 10; second++) {
        s.time += 1;
        ac_progress_update(s.progress, second * 5);
    }
    expect(&s, "");
    s.time += 1;
    ac_progress_update(s.progress, 50);
    expect(&s, "frame 50 of 72000, 0.1%, 5.00 fps, 3:59:50 left\n");
    ac_progress_message(s.progress, "a message");
    ac_progress_end(s.progress);
    expect(&s, "a message\n");
    close_screen(&s);
}

/* The speed is that of the last seconds, not of the whole film. */
static void test_recent_speed(void)
{
    screen s;
    int64_t done = 0;

    open_screen(&s, false);
    ac_progress_begin(s.progress, 0);
    for (int second = 1; second <= 100; second++) {
        s.time += 1;
        done += second <= 60 ? 1 : 50;
        ac_progress_update(s.progress, done);
    }
    fflush(s.stream);
    CHECK(strstr(s.text, "frame 60, 1.00 fps\n") != NULL);
    CHECK(strstr(s.text, "frame 2060, 50.0 fps\n") != NULL);
    close_screen(&s);
}

static void test_nobody(void)
{
    ac_progress_begin(NULL, 1);
    ac_progress_update(NULL, 1);
    ac_progress_message(NULL, "nobody");
    ac_progress_end(NULL);
}

int main(void)
{
    test_terminal();
    test_unknown_total();
    test_plain();
    test_recent_speed();
    test_nobody();
    return test_end();
}
