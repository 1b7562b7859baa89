#include "train/dump.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "nn/safetensors.h"

struct ac_dump {
    ac_view_params view;
    const ac_log *log;
    int64_t most, count; /* pictures */
    size_t pixels, ab;   /* floats of one */
    float *lightness, *colours;
};

ac_status ac_dump_create(int64_t most, const ac_view_params *view, const ac_log *log,
                         ac_dump **result)
{
    ac_dump *d = calloc(1, sizeof(*d));

    *result = NULL;
    if (!d)
        return ac_fail(log, AC_ERR_MEMORY, "out of memory");
    d->view = *view;
    d->log = log;
    d->most = most;
    d->pixels = (size_t)view->height * (size_t)view->width;
    d->ab = 2 * (size_t)view->colour_height * (size_t)view->colour_width;
    d->lightness = most <= INT_MAX ? calloc((size_t)most, d->pixels * sizeof(float)) : NULL;
    d->colours = most <= INT_MAX ? calloc((size_t)most, d->ab * sizeof(float)) : NULL;
    if (!d->lightness || !d->colours) {
        ac_dump_destroy(&d);
        return ac_fail(log, AC_ERR_MEMORY,
                       "no memory for the batches of the whole run; --dump-batches is for short "
                       "ones (--steps)");
    }
    *result = d;
    return AC_OK;
}

void ac_dump_destroy(ac_dump **result)
{
    ac_dump *d = *result;

    if (!d)
        return;
    free(d->lightness);
    free(d->colours);
    free(d);
    *result = NULL;
}

void ac_dump_add(ac_dump *d, const ac_batch *batch)
{
    size_t count = d->count + batch->count <= d->most ? (size_t)batch->count : 0;

    memcpy(d->lightness + (size_t)d->count * d->pixels, batch->lightness,
           count * d->pixels * sizeof(float));
    memcpy(d->colours + (size_t)d->count * d->ab, batch->colours, count * d->ab * sizeof(float));
    d->count += (int64_t)count;
}

ac_status ac_dump_write(const ac_dump *d, const char *path)
{
    const int colours[4] = {(int)d->count, 2, d->view.colour_height, d->view.colour_width};
    const int lightness[4] = {(int)d->count, 1, d->view.height, d->view.width};
    const ac_safetensors_source tensors[] = {{"colours", 4, colours, d->colours},
                                             {"lightness", 4, lightness, d->lightness}};
    const char *const metadata[] = {NULL};

    return ac_safetensors_write(path, metadata, 2, tensors, false, d->log);
}
