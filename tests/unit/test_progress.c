#include "test.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/progress.h"

typedef struct screen {
    double time;
    atomic_int ahead; /* seconds to add, where another thread looks at the clock too */
    char *text;
    size_t size, seen;
    FILE *stream;
    ac_progress *progress;
} screen;

static double hand(void *opaque)
{
    screen *s = opaque;

    return s->time + atomic_load(&s->ahead);
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

/* Lines that come from another thread are read through a pipe, which waits for them. */
static void open_piped(screen *s, bool terminal, int *from)
{
    int ends[2];

    *s = (screen){.time = 1000};
    CHECK_INT(pipe(ends), 0);
    *from = ends[0];
    s->stream = fdopen(ends[1], "w");
    CHECK_INT(
        ac_progress_create(
            &(ac_progress_params){.stream = s->stream, .terminal = terminal, .clock = {hand, s}},
            &s->progress),
        AC_OK);
}

static void expect_piped(int from, const char *text)
{
    char found[100] = "";
    size_t count = 0;

    while (count < strlen(text)) {
        ssize_t more = read(from, found + count, strlen(text) - count);

        if (more <= 0)
            break;
        count += (size_t)more;
    }
    CHECK_STR(found, text);
}

static void test_stage(void)
{
    screen s;
    int from;

    open_piped(&s, true, &from);
    ac_progress_stage(s.progress, "reading %s", "data");
    atomic_store(&s.ahead, 2);
    expect_piped(from, "\rreading data, 2 s\033[K");
    atomic_store(&s.ahead, 75);
    expect_piped(from, "\rreading data, 1 min\033[K");
    /* A job may begin meanwhile, and its lines come instead. */
    ac_progress_begin(s.progress, 10);
    ac_progress_stage(s.progress, "the first frame");
    atomic_store(&s.ahead, 80);
    expect_piped(from, "\rthe first frame, 5 s\033[K");
    ac_progress_text(s.progress, 1, 10, "too early"); /* but the stage is over */
    atomic_store(&s.ahead, 85);
    ac_progress_text(s.progress, 1, 10, "frame one");
    expect_piped(from, "\rframe one, 2 min left\033[K");
    ac_progress_end(s.progress);
    expect_piped(from, "\r\033[K");
    ac_progress_destroy(&s.progress);
    fclose(s.stream);
    close(from);

    open_piped(&s, false, &from);
    ac_progress_stage(s.progress, "listing");
    atomic_store(&s.ahead, 9);
    ac_progress_stage(s.progress, "reading");
    atomic_store(&s.ahead, 10);
    expect_piped(from, "reading, 1 s\n");
    ac_progress_destroy(&s.progress);
    fclose(s.stream);
    close(from);
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

/* Lines in the job's own words. */
static void test_text(void)
{
    screen s;

    open_screen(&s, true);
    ac_progress_begin(s.progress, 0);
    s.time += 1.9;
    ac_progress_text(s.progress, 1, 100, "epoch %d/%d", 1, 30);
    expect(&s, "");
    s.time += 0.1;
    ac_progress_text(s.progress, 4, 100, "epoch %d/%d, loss %.5f", 1, 30, 0.01234);
    expect(&s, "\repoch 1/30, loss 0.01234, 48 s left\033[K");
    s.time += 0.2;
    ac_progress_text(s.progress, 5, 100, "too early");
    expect(&s, "");
    ac_progress_message(s.progress, "a message");
    expect(&s, "\r\033[Ka message\nepoch 1/30, loss 0.01234, 48 s left");
    s.time += 997.8;
    ac_progress_text(s.progress, 10, 100, "slow");
    expect(&s, "\rslow, 2 h 30 min left\033[K");
    s.time += 1000;
    ac_progress_text(s.progress, 80, 100, "fast");
    expect(&s, "\rfast, 8 min left\033[K");
    /* Nothing done, or more than all: nobody knows. */
    s.time += 1;
    ac_progress_text(s.progress, 0, 100, "none");
    expect(&s, "\rnone\033[K");
    s.time += 1;
    ac_progress_text(s.progress, 101, 100, "more");
    expect(&s, "\rmore\033[K");
    ac_progress_end(s.progress);
    expect(&s, "\r\033[K");
    ac_progress_text(s.progress, 1, 2, "over");
    expect(&s, "");
    close_screen(&s);
}

/* Ten seconds from line to line in a file; a text of any length is cut. */
static void test_plain_text(void)
{
    char text[400], line[258] = "";
    screen s;

    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    memcpy(line, text, 255);
    strcpy(line + 255, "\n");
    open_screen(&s, false);
    ac_progress_begin(s.progress, 0);
    s.time += 9.9;
    ac_progress_text(s.progress, 1, 2, "early");
    expect(&s, "");
    s.time += 0.1;
    ac_progress_text(s.progress, 1, 2, "half");
    expect(&s, "half, 10 s left\n");
    s.time += 10;
    ac_progress_text(s.progress, 1, 2, "%s", text);
    expect(&s, line);
    close_screen(&s);
}

static void test_nobody(void)
{
    ac_progress_text(NULL, 1, 2, "nobody");
    ac_progress_begin(NULL, 1);
    ac_progress_update(NULL, 1);
    ac_progress_message(NULL, "nobody");
    ac_progress_end(NULL);
}

typedef struct told {
    int times;
    int64_t done, total;
    double seconds;
} told;

static void tell(void *opaque, int64_t done, int64_t total, double seconds)
{
    told *t = opaque;

    *t = (told){t->times + 1, done, total, seconds};
}

/* A program that listens hears of it once a second, whatever people are shown. */
static void test_listen(void)
{
    told t = {0};
    screen s;

    open_screen(&s, false);
    ac_progress_listen(s.progress, tell, &t);
    ac_progress_begin(s.progress, 50);
    for (int i = 0; i < 10; i++) {
        ac_progress_update(s.progress, i);
        s.time += 0.25;
    }
    CHECK_INT(t.times, 2);
    CHECK_INT(t.done, 8);
    CHECK_INT(t.total, 50);
    CHECK_NEAR(t.seconds, 2, 1e-9);
    ac_progress_end(s.progress);
    ac_progress_update(s.progress, 10);
    CHECK_INT(t.times, 2);
    ac_progress_begin(s.progress, 0);
    s.time += 5;
    ac_progress_update(s.progress, 1);
    CHECK_INT(t.times, 3);
    CHECK_INT(t.total, 0);
    ac_progress_listen(s.progress, NULL, NULL);
    s.time += 3;
    ac_progress_update(s.progress, 2);
    CHECK_INT(t.times, 3);
    expect(&s, "");
    ac_progress_end(s.progress);
    close_screen(&s);
}

int main(void)
{
    test_terminal();
    test_stage();
    test_unknown_total();
    test_plain();
    test_recent_speed();
    test_text();
    test_plain_text();
    test_listen();
    test_nobody();
    return test_end();
}
