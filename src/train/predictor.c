#include "train/predictor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/session.h"
#include "util/math.h"

#define SESSIONS     6         /* that are kept */
#define BATCH_PIXELS (1 << 19) /* of a run */

typedef struct slot {
    ac_session *session; /* NULL: free */
    int n, height, width;
    int64_t used; /* number of the run that used it last */
} slot;

struct ac_predictor {
    ac_device *device;
    const ac_model *model;
    const ac_log *log;
    slot slots[SESSIONS];
    int64_t runs;
};

ac_status ac_predictor_create(ac_device *device, const ac_model *model, const ac_log *log,
                              ac_predictor **predictor)
{
    *predictor = calloc(1, sizeof(**predictor));
    if (!*predictor)
        return ac_fail(log, AC_ERR_MEMORY, "out of memory");
    (*predictor)->device = device;
    (*predictor)->model = model;
    (*predictor)->log = log;
    return AC_OK;
}

static void drop_sessions(ac_predictor *p)
{
    for (int i = 0; i < SESSIONS; i++)
        ac_session_destroy(&p->slots[i].session);
}

void ac_predictor_destroy(ac_predictor **predictor)
{
    if (!*predictor)
        return;
    drop_sessions(*predictor);
    free(*predictor);
    *predictor = NULL;
}

int ac_predictor_batch(int height, int width)
{
    int64_t pixels = (int64_t)height * width, count = BATCH_PIXELS / (pixels > 0 ? pixels : 1);

    return count > AC_PREDICTOR_MAX_BATCH ? AC_PREDICTOR_MAX_BATCH : count > 1 ? (int)count : 1;
}

/* Makes room where sessions of other sizes take the device's memory. Only a picture by itself is
 * worth a message: several can be run one by one. */
static ac_status make_session(ac_predictor *p, int n, int height, int width, ac_session **session)
{
    const ac_session_params params = {
        .device = p->device, .model = p->model, .n = n, .height = height, .width = width};
    ac_status status = ac_session_create(&params, NULL, session);

    if (status == AC_OK || n > 1)
        return status;
    drop_sessions(p);
    return ac_session_create(&params, p->log, session);
}

static ac_status get_session(ac_predictor *p, int n, int height, int width, ac_session **session)
{
    slot *oldest = &p->slots[0], *s;
    ac_status status;

    for (int i = 0; i < SESSIONS; i++) {
        s = &p->slots[i];
        if (s->session && s->n == n && s->height == height && s->width == width) {
            s->used = p->runs;
            *session = s->session;
            return AC_OK;
        }
        if (!s->session || (oldest->session && s->used < oldest->used))
            oldest = s;
    }
    ac_session_destroy(&oldest->session);
    status = make_session(p, n, height, width, session);
    if (status == AC_OK)
        *oldest = (slot){*session, n, height, width, p->runs};
    return status;
}

void ac_planes_enlarge(const float *from, int from_height, int from_width, double step_y,
                       double step_x, int planes, float *to, int height, int width)
{
    for (int c = 0; c < planes; c++, from += (size_t)from_height * (size_t)from_width)
        for (int y = 0; y < height; y++) {
            double v = fmin(fmax((y + 0.5) / step_y - 0.5, 0), from_height - 1);
            int top = (int)v, bottom = top + 1 < from_height ? top + 1 : top;
            const float *a = from + (size_t)top * (size_t)from_width;
            const float *b = from + (size_t)bottom * (size_t)from_width;
            float fy = (float)(v - top);

            for (int x = 0; x < width; x++) {
                double u = fmin(fmax((x + 0.5) / step_x - 0.5, 0), from_width - 1);
                int left = (int)u, right = left + 1 < from_width ? left + 1 : left;
                float fx = (float)(u - left);
                float above = a[left] + fx * (a[right] - a[left]);
                float below = b[left] + fx * (b[right] - b[left]);

                *to++ = above + fy * (below - above);
            }
        }
}

static ac_status run_batch(ac_predictor *p, ac_session *session, const float *const *lightness,
                           int count, int height, int width, float *const *ab)
{
    ac_shape out = ac_session_output_shape(session);
    size_t in_size = (size_t)height * (size_t)width;
    size_t out_size = (size_t)out.c * (size_t)out.h * (size_t)out.w;
    float *in = malloc((size_t)count * in_size * sizeof(*in));
    float *result = malloc((size_t)count * out_size * sizeof(*result));
    ac_status status = AC_OK;
    double step_y, step_x;

    if (!in || !result) {
        status = ac_fail(p->log, AC_ERR_MEMORY, "out of memory");
        goto fail;
    }
    for (int i = 0; i < count; i++)
        memcpy(in + (size_t)i * in_size, lightness[i], in_size * sizeof(*in));
    TRY(ac_session_run(session, in, result));
    if (ac_values_find_bad(result, (int64_t)((size_t)count * out_size), false) >= 0) {
        status = ac_fail(p->log, AC_ERR_DEVICE,
                         "%s: the network's colours are not finite, they would make no picture",
                         p->model->net->where);
        goto fail;
    }
    ac_session_step(session, &step_y, &step_x);
    for (int i = 0; i < count; i++)
        ac_planes_enlarge(result + (size_t)i * out_size, out.h, out.w, step_y, step_x, 2, ab[i],
                          height, width);
fail:
    free(in);
    free(result);
    return status;
}

ac_status ac_predictor_run(ac_predictor *p, const float *const *lightness, int count, int height,
                           int width, float *const *ab)
{
    int batch = ac_predictor_batch(height, width);
    ac_session *session = NULL;
    ac_status status = AC_OK;

    for (int i = 0; i < count;) {
        /* A session for what is left of a batch would be used once: those go one by one. */
        int n = count - i >= batch ? batch : 1;

        p->runs++;
        if (n > 1 && get_session(p, n, height, width, &session) != AC_OK)
            n = 1;
        if (n == 1)
            TRY(get_session(p, 1, height, width, &session));
        TRY(run_batch(p, session, lightness + i, n, height, width, ab + i));
        i += n;
    }
fail:
    return status;
}
