#include "util/progress.h"

#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "util/thread.h"

#define FIRST_AFTER     2.0  /* seconds: short jobs show nothing */
#define TERMINAL_PERIOD 0.25 /* seconds between two lines */
#define PLAIN_PERIOD    10.0
#define TELL_PERIOD     1.0
#define MARKS           16 /* the speed shown is that of the last MARKS seconds */

struct ac_progress {
    ac_progress_params params;
    pthread_mutex_t mutex;
    bool running;
    int64_t total, done;
    double began, next; /* clock of the beginning and of the next line to show */
    struct {
        double time;
        int64_t done;
    } marks[MARKS]; /* ring of about one a second */
    int first_mark, mark_count;
    char shown[256]; /* line on the terminal now, "" when there is none */

    void (*tell)(void *opaque, int64_t done, int64_t total, double seconds);
    void *told;       /* opaque of tell() */
    double next_tell; /* clock */

    char stage[200];    /* "" when there is none */
    double stage_began; /* clock */
    ac_thread ticker;   /* shows stages; started with the first one */
    pthread_cond_t wake;
    bool stop;
};

ac_status ac_progress_create(const ac_progress_params *params, ac_progress **progress)
{
    pthread_condattr_t attributes;

    *progress = calloc(1, sizeof(**progress));
    if (!*progress)
        return AC_ERR_MEMORY;
    (*progress)->params = *params;
    pthread_mutex_init(&(*progress)->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&(*progress)->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    return AC_OK;
}

static void clear_line(ac_progress *p)
{
    if (p->shown[0])
        fputs("\r\033[K", p->params.stream);
    p->shown[0] = '\0';
}

void ac_progress_destroy(ac_progress **progress)
{
    if (!*progress)
        return;
    ac_progress_end(*progress);
    pthread_mutex_lock(&(*progress)->mutex);
    (*progress)->stop = true;
    pthread_cond_signal(&(*progress)->wake);
    pthread_mutex_unlock(&(*progress)->mutex);
    ac_thread_join(&(*progress)->ticker);
    pthread_cond_destroy(&(*progress)->wake);
    pthread_mutex_destroy(&(*progress)->mutex);
    free(*progress);
    *progress = NULL;
}

void ac_progress_listen(ac_progress *p,
                        void (*tell)(void *opaque, int64_t done, int64_t total, double seconds),
                        void *opaque)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->mutex);
    p->tell = tell;
    p->told = opaque;
    pthread_mutex_unlock(&p->mutex);
}

void ac_progress_begin(ac_progress *p, int64_t total)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->mutex);
    p->running = true;
    p->stage[0] = '\0';
    p->total = total > 0 ? total : 0;
    p->done = 0;
    p->began = ac_clock_now(p->params.clock);
    p->next = p->began + (p->params.terminal ? FIRST_AFTER : PLAIN_PERIOD);
    p->next_tell = p->began + TELL_PERIOD;
    p->marks[0].time = p->began;
    p->marks[0].done = 0;
    p->first_mark = 0;
    p->mark_count = 1;
    pthread_mutex_unlock(&p->mutex);
}

/* Remembers where the job was about once a second, so that the speed follows the film. */
static void add_mark(ac_progress *p, double now)
{
    int last = (p->first_mark + p->mark_count - 1) % MARKS;

    if (now - p->marks[last].time < 1.0)
        return;
    if (p->mark_count == MARKS) {
        p->first_mark = (p->first_mark + 1) % MARKS;
        p->mark_count--;
    }
    last = (p->first_mark + p->mark_count++) % MARKS;
    p->marks[last].time = now;
    p->marks[last].done = p->done;
}

/* 75 -> "1:15", 3675 -> "1:01:15" */
static void format_time(double seconds, char *text, size_t size)
{
    long long s = llround(seconds);

    if (s >= 3600)
        snprintf(text, size, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(text, size, "%lld:%02lld", s / 60, s % 60);
}

static void format_line(const ac_progress *p, double now, char *text, size_t size)
{
    double elapsed = now - p->marks[p->first_mark].time;
    double fps = elapsed > 0 ? (double)(p->done - p->marks[p->first_mark].done) / elapsed : 0;
    bool known = p->total && p->done <= p->total;
    char left[32] = "";
    int n;

    if (known)
        n = snprintf(text, size, "frame %lld of %lld, %.1f%%", (long long)p->done,
                     (long long)p->total, 100.0 * (double)p->done / (double)p->total);
    else
        n = snprintf(text, size, "frame %lld", (long long)p->done);
    /* A slow device takes seconds a frame: two digits that say something at any speed. */
    n += snprintf(text + n, size - (size_t)n, fps < 9.95 ? ", %.2f fps" : ", %.1f fps", fps);
    if (known && fps > 0 && (double)(p->total - p->done) / fps < 1e9) {
        format_time((double)(p->total - p->done) / fps, left, sizeof(left));
        snprintf(text + n, size - (size_t)n, ", %s left", left);
    }
}

static size_t terminal_width(FILE *stream)
{
    struct winsize size;
    int fd = fileno(stream);

    if (fd < 0 || ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col < 2)
        return 80;
    return size.ws_col;
}

/* 45 -> "45 s", 720 -> "12 min", 5400 -> "1 h 30 min" */
static void format_rough_time(double seconds, char *text, size_t size)
{
    long long s = llround(seconds), min = llround(seconds / 60);

    if (s < 60)
        snprintf(text, size, "%lld s", s);
    else if (min < 60)
        snprintf(text, size, "%lld min", min);
    else
        snprintf(text, size, "%lld h %lld min", min / 60, min % 60);
}

/* Steps of a training and the measuring between them take very different times: what is left goes
 * by all that was done. */
static void add_time_left(const ac_progress *p, double now, char *text, size_t size)
{
    size_t used = strlen(text);
    char left[64];
    double seconds;

    if (p->done <= 0 || p->done > p->total)
        return;
    seconds = (now - p->began) * (double)(p->total - p->done) / (double)p->done;
    if (seconds >= 1e9)
        return;
    format_rough_time(seconds, left, sizeof(left));
    snprintf(text + used, size - used, ", %s left", left);
}

static void show(ac_progress *p, char *line)
{
    size_t width;

    if (!p->params.terminal) {
        fprintf(p->params.stream, "%s\n", line);
        fflush(p->params.stream);
        return;
    }
    /* A line that wraps could not be rewritten in place. */
    width = terminal_width(p->params.stream);
    if (strlen(line) >= width)
        line[width - 1] = '\0';
    fprintf(p->params.stream, "\r%s\033[K", line);
    fflush(p->params.stream);
    snprintf(p->shown, sizeof(p->shown), "%s", line);
}

/* Whether it is time for a line. */
static bool advance(ac_progress *p, int64_t done, double now)
{
    if (!p->running)
        return false;
    p->stage[0] = '\0';
    p->done = done;
    if (now < p->next)
        return false;
    p->next = now + (p->params.terminal ? TERMINAL_PERIOD : PLAIN_PERIOD);
    return true;
}

void ac_progress_update(ac_progress *p, int64_t done)
{
    char line[sizeof(p->shown)];
    double now;

    if (!p)
        return;
    pthread_mutex_lock(&p->mutex);
    now = ac_clock_now(p->params.clock);
    if (advance(p, done, now)) {
        format_line(p, now, line, sizeof(line));
        show(p, line);
    }
    if (p->running)
        add_mark(p, now);
    if (p->running && p->tell && now >= p->next_tell) {
        p->next_tell = now + TELL_PERIOD;
        p->tell(p->told, done, p->total, now - p->began);
    }
    pthread_mutex_unlock(&p->mutex);
}

void ac_progress_text(ac_progress *p, int64_t done, int64_t total, const char *format, ...)
{
    char line[sizeof(p->shown)];
    va_list args;
    double now;

    if (!p)
        return;
    pthread_mutex_lock(&p->mutex);
    now = ac_clock_now(p->params.clock);
    if (advance(p, done, now)) {
        p->total = total;
        va_start(args, format);
        vsnprintf(line, sizeof(line), format, args);
        va_end(args);
        add_time_left(p, now, line, sizeof(line));
        show(p, line);
    }
    pthread_mutex_unlock(&p->mutex);
}

static void show_stage(ac_progress *p)
{
    double now = ac_clock_now(p->params.clock);
    char line[sizeof(p->shown)], time[40];
    double taken = now - p->stage_began;

    if (!p->stage[0] || now < p->next)
        return;
    /* The seconds that are shown change once in one. */
    p->next = now + (p->params.terminal ? 1 : PLAIN_PERIOD);
    format_rough_time(taken, time, sizeof(time));
    if (taken < 1)
        snprintf(line, sizeof(line), "%s", p->stage);
    else
        snprintf(line, sizeof(line), "%s, %s", p->stage, time);
    show(p, line);
}

static ac_status tick(void *opaque)
{
    ac_progress *p = opaque;
    struct timespec until;

    pthread_mutex_lock(&p->mutex);
    while (!p->stop) {
        show_stage(p);
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += (long)(TERMINAL_PERIOD * 1e9);
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&p->wake, &p->mutex, &until);
    }
    pthread_mutex_unlock(&p->mutex);
    return AC_OK;
}

void ac_progress_stage(ac_progress *p, const char *format, ...)
{
    va_list args;
    bool quiet;

    if (!p)
        return;
    pthread_mutex_lock(&p->mutex);
    quiet = p->stage[0]; /* since the stage before this one, at least */
    va_start(args, format);
    vsnprintf(p->stage, sizeof(p->stage), format, args);
    va_end(args);
    p->stage_began = ac_clock_now(p->params.clock);
    if (!quiet)
        p->next = p->stage_began + (p->params.terminal ? FIRST_AFTER : PLAIN_PERIOD);
    if (!p->ticker.started)
        ac_thread_start(&p->ticker, "progress", tick, p, NULL);
    pthread_mutex_unlock(&p->mutex);
}

void ac_progress_end(ac_progress *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->mutex);
    p->running = false;
    p->stage[0] = '\0';
    clear_line(p);
    fflush(p->params.stream);
    pthread_mutex_unlock(&p->mutex);
}

void ac_progress_message(ac_progress *p, const char *line)
{
    char shown[sizeof(p->shown)];

    if (!p)
        return;
    pthread_mutex_lock(&p->mutex);
    memcpy(shown, p->shown, sizeof(shown));
    clear_line(p);
    fprintf(p->params.stream, "%s\n", line);
    if (shown[0])
        fputs(shown, p->params.stream);
    fflush(p->params.stream);
    memcpy(p->shown, shown, sizeof(shown));
    pthread_mutex_unlock(&p->mutex);
}
