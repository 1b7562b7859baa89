/* libav*'s messages: kept from standard error, and quoted in ours where they say why. */
#include <libavutil/error.h>
#include <libavutil/log.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "media/internal.h"

/* libav has one callback a process, which gets no opaque pointer. */
static const ac_log *redirected;

/* libav prints a line in pieces; codec threads print at the same time. */
static _Thread_local struct {
    char text[1024];
    int prefix; /* libav's: the next piece begins a line */
} line = {.prefix = 1};

/* First error of libav on this thread since ac_av_forget(). */
static _Thread_local char first_error[200];

/* Where to note what a decoder or a demuxer complains of: some say in no other way that what they
 * hand out is damaged. A decoder's threads work on copies of its context. NULL for all others. */
static ac_complaints *complaints_of(void *object)
{
    const AVClass *class = object ? *(const AVClass **)object : NULL;

    if (class && class == avcodec_get_class())
        return ((AVCodecContext *)object)->opaque;
    if (class && class == avformat_get_class())
        return ((AVFormatContext *)object)->opaque;
    return NULL;
}

static void remember(void *object, const char *text)
{
    /* "[libx264 @ 0x55d0c8a0] width not divisible by 2": the part before is of no use. */
    const char *end = text[0] == '[' ? strstr(text, "] ") : NULL;
    ac_complaints *complaints = complaints_of(object);

    text = end ? end + 2 : text;
    if (!first_error[0])
        snprintf(first_error, sizeof(first_error), "%s", text);
    if (complaints) {
        pthread_mutex_lock(&complaints->lock);
        complaints->count++;
        snprintf(complaints->latest.text, sizeof(complaints->latest.text), "%s", text);
        pthread_mutex_unlock(&complaints->lock);
    }
}

unsigned ac_complaints_get(ac_complaints *complaints, ac_av_text *latest)
{
    unsigned count;

    pthread_mutex_lock(&complaints->lock);
    count = complaints->count;
    *latest = complaints->latest;
    pthread_mutex_unlock(&complaints->lock);
    return count;
}

static void callback(void *object, int level, const char *format, va_list args)
{
    size_t used = strlen(line.text);

    if (level > AV_LOG_VERBOSE)
        return;
    av_log_format_line2(object, level, format, args, line.text + used,
                        (int)(sizeof(line.text) - used), &line.prefix);
    used = strlen(line.text);
    if (!used || (line.text[used - 1] != '\n' && used < sizeof(line.text) - 1))
        return;
    while (used && (line.text[used - 1] == '\n' || line.text[used - 1] == '\r'))
        line.text[--used] = '\0';
    if (used && level <= AV_LOG_ERROR)
        remember(object, line.text);
    if (used)
        ac_log_print(redirected, level <= AV_LOG_WARNING ? AC_LOG_VERBOSE : AC_LOG_DEBUG, "%s",
                     line.text);
    line.text[0] = '\0';
}

void ac_media_redirect_log(const ac_log *log)
{
    redirected = log;
    av_log_set_callback(log ? callback : av_log_default_callback);
}

void ac_av_forget(void)
{
    first_error[0] = '\0';
}

ac_av_text ac_av_why(int error)
{
    ac_av_text why;

    if (first_error[0] && error != AVERROR(ENOSPC) && error != AVERROR(EFBIG))
        snprintf(why.text, sizeof(why.text), "%s", first_error);
    else if (av_strerror(error, why.text, sizeof(why.text)) < 0)
        snprintf(why.text, sizeof(why.text), "error %d", error);
    return why;
}

ac_status ac_av_status(int error)
{
    if (error == AVERROR(ENOMEM))
        return AC_ERR_MEMORY;
    if (error == AVERROR_INVALIDDATA || error == AVERROR_PATCHWELCOME)
        return AC_ERR_FORMAT;
    return AC_ERR_IO;
}

ac_status ac_media_no_memory(const ac_log *log, const char *path)
{
    return ac_fail(log, AC_ERR_MEMORY, "%s: out of memory", path);
}

ac_time_text ac_time_show(double seconds)
{
    ac_time_text shown;
    const char *sign = seconds < 0 ? "-" : "";
    long long ms = (long long)((seconds < 0 ? -seconds : seconds) * 1000 + 0.5);

    snprintf(shown.text, sizeof(shown.text), "%s%lld:%02lld:%02lld.%03lld", sign, ms / 3600000,
             ms / 60000 % 60, ms / 1000 % 60, ms % 1000);
    return shown;
}
