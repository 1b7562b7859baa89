#include "train/scenes.h"

#include <stdlib.h>
#include <string.h>

#define CUT_LEAST 10.0
#define CUT_TIMES 3.0
#define BEFORE    6 /* frames whose distances are looked at beside those of the frames after */
#define DELAY     AC_SCENES_DELAY
#define WINDOW    (BEFORE + 1 + DELAY)

/* Thumbnails of the frames taken last; what is nearer to one of them shows the same. */
#define FAMILIAR 32
#define NEAR     4.0

#define COUNT ((size_t)AC_SCENES_SIDE * AC_SCENES_SIDE)

typedef struct seen_frame {
    uint8_t luma[COUNT];
    double time;
    double distance; /* from the frame before; 0 of the first */
} seen_frame;

/* Scenes that fade in from black are gray at first: the next try comes after this part of the
 * usual time. */
#define GRAY_WAIT 0.2

struct ac_scenes {
    double every;
    seen_frame window[WINDOW]; /* ring: frame i is at i % WINDOW */
    int64_t given, judged;     /* frames */
    ac_thumbnail taken[FAMILIAR];
    int64_t taken_count;
    double last; /* time of the last frame taken, or passed over in its place */
    int scenes;
};

ac_scenes *ac_scenes_create(double every)
{
    ac_scenes *s = calloc(1, sizeof(*s));

    if (s)
        s->every = every;
    return s;
}

void ac_scenes_destroy(ac_scenes **scenes)
{
    free(*scenes);
    *scenes = NULL;
}

static const seen_frame *frame(const ac_scenes *s, int64_t i)
{
    return &s->window[i % WINDOW];
}

/* Mean of the absolute differences. */
static double distance(const seen_frame *a, const seen_frame *b)
{
    int sum = 0;

    for (size_t i = 0; i < COUNT; i++)
        sum += abs(a->luma[i] - b->luma[i]);
    return (double)sum / COUNT;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* Median of the distances around frame i, without its own. */
static double usual_distance(const ac_scenes *s, int64_t i)
{
    int64_t first = i - BEFORE < 1 ? 1 : i - BEFORE;
    double around[WINDOW];
    int count = 0;

    for (int64_t k = first; k < s->given && k <= i + DELAY; k++)
        if (k != i)
            around[count++] = frame(s, k)->distance;
    if (!count)
        return 0;
    qsort(around, (size_t)count, sizeof(around[0]), compare);
    return count % 2 ? around[count / 2] : (around[count / 2 - 1] + around[count / 2]) / 2;
}

static bool apart(const ac_scenes *s, int64_t i, int64_t j)
{
    return distance(frame(s, i), frame(s, j)) >= CUT_LEAST;
}

static bool begins_scene(const ac_scenes *s, int64_t i)
{
    if (i == 0)
        return true;
    if (frame(s, i)->distance < CUT_LEAST ||
        frame(s, i)->distance < CUT_TIMES * usual_distance(s, i))
        return false;
    return (i + 1 >= s->given || apart(s, i + 1, i - 1)) && (i < 2 || apart(s, i, i - 2));
}

static bool is_familiar(const ac_scenes *s, const ac_thumbnail *thumbnail)
{
    for (int i = 0; i < FAMILIAR && i < s->taken_count; i++)
        if (ac_thumbnail_distance(&s->taken[i], thumbnail) < NEAR)
            return true;
    return false;
}

static ac_scenes_verdict judge(ac_scenes *s)
{
    int64_t i = s->judged++;
    const seen_frame *f = frame(s, i);
    bool begins = begins_scene(s, i);

    s->scenes += begins;
    if (!begins && !(s->every > 0 && f->time - s->last >= s->every))
        return AC_SCENES_PASS;
    s->last = f->time;
    return AC_SCENES_CANDIDATE;
}

ac_scenes_verdict ac_scenes_next(ac_scenes *s, const uint8_t *luma, double time)
{
    seen_frame *f = &s->window[s->given % WINDOW];

    memcpy(f->luma, luma, COUNT);
    f->time = time;
    f->distance = s->given ? distance(f, frame(s, s->given - 1)) : 0;
    s->given++;
    return s->given - s->judged > DELAY ? judge(s) : AC_SCENES_LATER;
}

ac_scenes_verdict ac_scenes_offer(ac_scenes *s, const ac_thumbnail *thumbnail)
{
    if (ac_thumbnail_is_gray(thumbnail)) {
        s->last -= s->every * (1 - GRAY_WAIT);
        return AC_SCENES_GRAY;
    }
    if (is_familiar(s, thumbnail))
        return AC_SCENES_FAMILIAR;
    s->taken[s->taken_count++ % FAMILIAR] = *thumbnail;
    return AC_SCENES_TAKE;
}

ac_scenes_verdict ac_scenes_end(ac_scenes *s)
{
    return s->judged < s->given ? judge(s) : AC_SCENES_LATER;
}

int ac_scenes_count(const ac_scenes *s)
{
    return s->scenes;
}
