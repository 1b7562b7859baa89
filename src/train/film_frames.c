#include "train/film_frames.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "media/rgb.h"
#include "train/overhear.h"
#include "train/scenes.h"
#include "util/file.h"

#define KEPT       (AC_SCENES_DELAY + 1) /* frames that wait for their verdict */
#define NAME_SHOWN 60                    /* characters of the film's name in that of its folder */

typedef struct search {
    const ac_film_frames_params *params;
    const ac_log *log;
    char *folder, *index; /* paths */
    ac_film_frame *frames;
    int count, size;
    ac_scenes *scenes;
    ac_rgb_reader *reader;
    ac_frame *kept[KEPT]; /* ring of the frames read last, as they were decoded */
    int64_t read, judged;
    int gray;
    ac_status reading; /* what came of reading and converting frames: the film is broken, not the
                        * search */
} search;

static ac_status no_memory(const search *s)
{
    return ac_fail(s->log, AC_ERR_MEMORY, "%s: out of memory", s->params->film);
}

static ac_status add_frame(search *s, const char *name, double time)
{
    char *path = NULL;

    if (s->count == s->size) {
        int size = s->size ? 2 * s->size : 64;
        ac_film_frame *grown = realloc(s->frames, (size_t)size * sizeof(*grown));

        if (!grown)
            return no_memory(s);
        s->frames = grown;
        s->size = size;
    }
    if (asprintf(&path, "%s/%s", s->folder, name) < 0)
        return no_memory(s);
    s->frames[s->count++] = (ac_film_frame){path, time};
    return AC_OK;
}

/* ---- the folder ---- */

static ac_status find_folder(search *s)
{
    const char *film = s->params->film;
    char *whole = realpath(film, NULL), *key = NULL, name[NAME_SHOWN + 1];
    struct stat info;
    ac_status status = AC_OK;

    if (!whole || stat(whole, &info)) {
        status = ac_fail(s->log, AC_ERR_IO, "%s: cannot be opened: %s", film, strerror(errno));
        goto fail;
    }
    snprintf(name, sizeof(name), "%s", ac_path_name(film));
    for (char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
            *c = '_';
    if (asprintf(&key, "%s %lld %lld.%09ld", whole, (long long)info.st_size,
                 (long long)info.st_mtim.tv_sec, info.st_mtim.tv_nsec) < 0) {
        key = NULL;
        status = no_memory(s);
        goto fail;
    }
    if (asprintf(&s->folder, "%s/%s-%016llx", s->params->frames_dir, name,
                 (unsigned long long)XXH64(key, strlen(key), 0)) < 0) {
        s->folder = NULL;
        status = no_memory(s);
        goto fail;
    }
    if (asprintf(&s->index, "%s/index", s->folder) < 0) {
        s->index = NULL;
        status = no_memory(s);
    }
fail:
    free(whole);
    free(key);
    return status;
}

static ac_status make_folders(const search *s)
{
    int error = 0;

    for (char *slash = s->folder; slash && !error;) {
        slash = strchr(slash + 1, '/');
        if (slash)
            *slash = '\0';
        if (mkdir(s->folder, 0777) && errno != EEXIST)
            error = errno;
        if (error)
            ac_fail(s->log, AC_ERR_IO, "%s: cannot be made: %s", s->folder, strerror(error));
        if (slash)
            *slash = '/';
    }
    return error ? AC_ERR_IO : AC_OK;
}

static ac_status remove_files(const search *s, const ac_log *log)
{
    DIR *folder;
    const struct dirent *entry;

    if (unlink(s->index) && errno != ENOENT)
        return ac_fail(log, AC_ERR_IO, "%s: cannot be removed: %s", s->index, strerror(errno));
    folder = opendir(s->folder);
    if (!folder)
        return ac_fail(log, AC_ERR_IO, "%s: cannot be read: %s", s->folder, strerror(errno));
    while ((entry = readdir(folder)))
        if (isdigit((unsigned char)entry->d_name[0]) && strstr(entry->d_name, ".png"))
            unlinkat(dirfd(folder), entry->d_name, 0);
    closedir(folder);
    return AC_OK;
}

/* What a search that was killed, or one with other parameters, left. */
static ac_status clear_folder(const search *s)
{
    ac_status status = make_folders(s);

    return status ? status : remove_files(s, s->log);
}

/* Of a search that came to no end; folders with something else in them stay. */
static void remove_folder(const search *s)
{
    if (!remove_files(s, NULL) && !rmdir(s->folder))
        rmdir(s->params->frames_dir);
}

/* ---- the index ---- */

static void write_head(const search *s, char *text, size_t size)
{
    snprintf(text, size, "autochrome frames 1\nevery %.9g side %d\n", s->params->every,
             s->params->side);
}

static ac_status write_index(const search *s)
{
    ac_file_writer *file = NULL;
    char line[200];
    ac_status status;

    TRY(ac_file_writer_create(s->index, s->log, &file));
    write_head(s, line, sizeof(line));
    TRY(ac_file_writer_write(file, line, strlen(line)));
    for (int i = 0; i < s->count; i++) {
        snprintf(line, sizeof(line), "%s %.3f\n", ac_path_name(s->frames[i].path),
                 s->frames[i].time);
        TRY(ac_file_writer_write(file, line, strlen(line)));
    }
    snprintf(line, sizeof(line), "end %d\n", s->count);
    TRY(ac_file_writer_write(file, line, strlen(line)));
    TRY(ac_file_writer_commit(&file));
fail:
    ac_file_writer_destroy(&file);
    return status;
}

static void forget_frames(search *s)
{
    ac_film_frames_free(&s->frames, s->count);
    s->count = s->size = 0;
}

/* Lines of the index behind its head. *found: there is one that can be used, whole, and so are the
 * files that it names. */
static ac_status read_lines(search *s, FILE *file, bool *found)
{
    char line[200], name[104], rest[2];
    ac_status status = AC_OK;
    double time;
    int count;

    while (!status && fgets(line, sizeof(line), file)) {
        if (sscanf(line, "end %d %1s", &count, rest) == 1) {
            *found = count == s->count && !fgets(line, sizeof(line), file);
            break;
        }
        if (sscanf(line, "%99[0-9].png %lf %1s", name, &time, rest) != 2 || !isfinite(time))
            break;
        memcpy(name + strlen(name), ".png", sizeof(".png"));
        status = add_frame(s, name, time);
        if (!status && access(s->frames[s->count - 1].path, R_OK))
            break;
    }
    return status;
}

static ac_status read_index(search *s, bool *found)
{
    FILE *file = fopen(s->index, "re");
    char head[200], line[200];
    ac_status status = AC_OK;
    size_t length;

    *found = false;
    if (!file)
        return AC_OK;
    write_head(s, head, sizeof(head));
    length = fread(line, 1, strlen(head), file);
    if (length == strlen(head) && !memcmp(line, head, length))
        status = read_lines(s, file, found);
    fclose(file);
    if (!*found)
        forget_frames(s);
    return status;
}

/* ---- the search ---- */

static ac_status keep_frame(search *s, const ac_rgb *frame, double time)
{
    int shorter = frame->width < frame->height ? frame->width : frame->height,
        side = s->params->side;
    char name[40];
    ac_rgb smaller = {0};
    ac_status status;

    snprintf(name, sizeof(name), "%06d.png", s->count + 1);
    TRY(add_frame(s, name, time));
    if (side > 0 && side < shorter) {
        double scale = (double)side / shorter;

        TRY(ac_rgb_scale(frame, 0, 0, frame->width, frame->height,
                         (int)fmax(lrint(frame->width * scale), 1),
                         (int)fmax(lrint(frame->height * scale), 1), s->log, &smaller));
        frame = &smaller;
    }
    TRY(ac_rgb_write_png(frame, s->frames[s->count - 1].path, s->log));
fail:
    ac_rgb_free(&smaller);
    return status;
}

/* Converting a frame takes longer than decoding it: only candidates are. */
static ac_status offer(search *s, const ac_frame *frame)
{
    ac_thumbnail thumbnail;
    ac_scenes_verdict verdict;
    ac_rgb picture;
    ac_status status = AC_OK;

    s->reading = ac_rgb_reader_convert(s->reader, frame, &picture);
    if (s->reading)
        return AC_OK;
    ac_thumbnail_make(&picture, &thumbnail);
    verdict = ac_scenes_offer(s->scenes, &thumbnail);
    s->gray += verdict == AC_SCENES_GRAY;
    if (verdict == AC_SCENES_TAKE)
        status = keep_frame(s, &picture, ac_frame_time(frame));
    ac_rgb_free(&picture);
    return status;
}

/* Verdicts fall on one frame after the other. */
static ac_status obey(search *s, ac_scenes_verdict verdict)
{
    ac_frame **frame = &s->kept[s->judged % KEPT];
    ac_status status = AC_OK;

    if (verdict == AC_SCENES_LATER)
        return AC_OK;
    if (verdict == AC_SCENES_CANDIDATE)
        status = offer(s, *frame);
    ac_frame_free(frame);
    s->judged++;
    return status;
}

/* Takes over the frame. */
static ac_status look_at(search *s, ac_frame *frame)
{
    uint8_t luma[AC_SCENES_SIDE * AC_SCENES_SIDE];

    s->kept[s->read++ % KEPT] = frame;
    s->reading = ac_rgb_reader_shrink_luma(s->reader, frame, AC_SCENES_SIDE, luma);
    if (s->reading)
        return AC_OK;
    return obey(s, ac_scenes_next(s->scenes, luma, ac_frame_time(frame)));
}

/* Reads the film to its end. */
static ac_status read_film(search *s)
{
    const ac_rgb_reader_info *info = ac_rgb_reader_get_info(s->reader);
    const char *name = ac_path_name(s->params->film);
    int64_t total = llrint(info->fps * info->seconds);
    ac_frame *frame = NULL;
    ac_status status = AC_OK;

    ac_progress_begin(s->params->progress, total);
    while (!status && !s->reading) {
        s->reading = ac_rgb_reader_next_frame(s->reader, &frame);
        if (s->reading)
            break;
        status = look_at(s, frame);
        ac_progress_text(s->params->progress, s->read, total,
                         "looking for scenes in %.40s, frame %lld, %d taken", name,
                         (long long)s->read, s->count);
        if (!status && s->params->cancel && atomic_load(s->params->cancel))
            status = AC_ERR_CANCELLED;
    }
    ac_progress_end(s->params->progress);
    if (s->reading == AC_END)
        s->reading = AC_OK;
    while (!status && !s->reading && s->judged < s->read)
        status = obey(s, ac_scenes_end(s->scenes));
    return status;
}
static void tell(const search *s)
{
    int scenes = ac_scenes_count(s->scenes);
    char gray[40] = "";

    if (s->gray)
        snprintf(gray, sizeof(gray), ", %d passed over as gray", s->gray);
    ac_log_print(s->log, AC_LOG_INFO, "%s: %d of %lld frames taken, %d scene%s%s", s->params->film,
                 s->count, (long long)s->read, scenes, scenes == 1 ? "" : "s", gray);
}

static ac_status search_film(search *s, bool *broken)
{
    ac_overheard heard;
    ac_status status;

    TRY(clear_folder(s));
    s->scenes = ac_scenes_create(s->params->every);
    if (!s->scenes) {
        status = no_memory(s);
        goto fail;
    }
    ac_overhear(&heard, s->log);
    s->reading = ac_rgb_reader_open(s->params->film, 0, &heard.log, &s->reader);
    if (!s->reading)
        status = read_film(s);
    if (!status && s->reading == AC_ERR_MEMORY)
        status = ac_fail(s->log, s->reading, "%s", heard.text);
    if (status)
        goto fail;
    if (s->reading) {
        *broken = true;
        forget_frames(s);
        ac_log_print(s->log, AC_LOG_WARNING, "%s; the film is left out", heard.text);
        goto fail;
    }
    TRY(write_index(s));
    tell(s);
fail:
    ac_rgb_reader_close(&s->reader);
    if (status || *broken)
        remove_folder(s);
    return status;
}

ac_status ac_film_frames_get(const ac_film_frames_params *params, const ac_log *log,
                             ac_film_frame **frames, int *count, bool *broken)
{
    search s = {.params = params, .log = log};
    bool found = false;
    ac_status status;

    *frames = NULL;
    *count = 0;
    *broken = false;
    TRY(find_folder(&s));
    TRY(read_index(&s, &found));
    if (!found)
        TRY(search_film(&s, broken));
    if (!s.count && !*broken)
        ac_log_print(log, AC_LOG_WARNING, "%s: no frame of it has colours; the film is left out",
                     params->film);
    *frames = s.frames;
    *count = s.count;
    s.frames = NULL;
fail:
    if (s.frames)
        forget_frames(&s);
    for (int i = 0; i < KEPT; i++)
        ac_frame_free(&s.kept[i]);
    ac_scenes_destroy(&s.scenes);
    free(s.folder);
    free(s.index);
    return status;
}

void ac_film_frames_free(ac_film_frame **frames, int count)
{
    for (int i = 0; i < count; i++)
        free((*frames)[i].path);
    free(*frames);
    *frames = NULL;
}
