/* As it is defined, with cooperative matrices or without, or by minimal filtering? What is faster
 * depends on sizes, memory and driver, so it is measured, once. */
#include <stdio.h>

#include "nn/conv.h"
#include "util/clock.h"
#include "vk/choices.h"

#define LEAST_MACS  4000000 /* of a convolution that is worth measuring */
#define LEAST_QUADS 8   /* of input and output: transforms cost more than they save with fewer */
#define LONG        0.3 /* seconds after which nothing is measured again */
#define RUNS        9   /* at most */
#define SIZES       2   /* of tiles that are tried */
#define WAYS        4   /* most that there are to choose from */

typedef struct probe {
    ac_lowering lowering;
    ac_buffer *regions[AC_REGION_COUNT];
    ac_commands *commands;
} probe;

static ac_status take(probe *p, ac_region region, uint64_t bytes)
{
    return bytes == 0 ? AC_OK
                      : ac_buffer_create(p->lowering.device, AC_BUFFER_DEVICE, bytes,
                                         "a measurement", &p->regions[region]);
}

/* Writes into the convolution's output, which holds nothing yet, or adds to the gradients, which
 * every step sets to zero first. */
static ac_status prepare(const ac_conv *c, int way, probe *p)
{
    const ac_lowering *l = c->l;
    ac_conv conv = *c;
    ac_status status = AC_OK;

    p->lowering = (ac_lowering){.device = l->device,
                                .log = l->log,
                                .model = l->model,
                                .plan = l->plan,
                                .arenas = l->arenas,
                                .choice = l->choice,
                                .places = l->places,
                                .gradients = l->gradients};
    conv.l = &p->lowering;
    TRY(c->step->pass == AC_PASS_WEIGHT ? ac_conv_lower_weight_gradient(&conv, way)
                                        : ac_conv_lower(&conv, way));
    TRY(take(p, AC_REGION_CONSTANTS, 4 * p->lowering.constants.count));
    TRY(take(p, AC_REGION_PACKED, 4 * p->lowering.packed.count));
    TRY(take(p, AC_REGION_WORK, p->lowering.work_bytes));
    TRY(take(p, AC_REGION_SCRATCH, p->lowering.scratch_bytes));
    TRY(ac_commands_create(l->device, &p->commands));
    TRY(ac_commands_begin(p->commands));
    TRY(ac_calls_record(p->lowering.calls.items, p->lowering.calls.count, p->regions, p->commands));
    TRY(ac_commands_end(p->commands));
fail:
    return status;
}

static void release(probe *p)
{
    ac_commands_destroy(&p->commands);
    for (int i = 0; i < AC_REGION_COUNT; i++)
        ac_buffer_destroy(&p->regions[i]);
    ac_lower_free(&p->lowering);
}

static ac_status run(probe *p, double *seconds)
{
    double begin = ac_clock_now((ac_clock){0});
    ac_status status = AC_OK;

    TRY(ac_commands_run(p->commands));
    *seconds = ac_clock_now((ac_clock){0}) - begin;
fail:
    return status;
}

static void name_way(int way, char *text, size_t size)
{
    if (way > 0)
        snprintf(text, size, "with tiles of %d", way);
    else
        snprintf(text, size, "as defined%s", way == AC_CONV_PLAIN_WAY ? ", without matrices" : "");
}

/* Runs of all in turns, after one of each in which drivers compile. */
static ac_status measure(const ac_conv *c, const int ways[], int count, int *best)
{
    probe probes[WAYS] = {0};
    double least[WAYS], seconds, spent = 0;
    char name[40];
    int first = 0;
    ac_status status = AC_OK;

    for (int i = 0; i < count; i++)
        TRY(prepare(c, ways[i], &probes[i]));
    for (int i = 0; i < count; i++) {
        TRY(run(&probes[i], &seconds));
        least[i] = 1e9;
    }
    for (int n = 0; n < RUNS && spent < LONG; n++)
        for (int i = 0; i < count; i++) {
            TRY(run(&probes[i], &seconds));
            least[i] = seconds < least[i] ? seconds : least[i];
            spent += seconds;
        }
    for (int i = 0; i < count; i++) {
        first = least[i] < least[first] ? i : first;
        name_way(ways[i], name, sizeof(name));
        ac_log_print(c->l->log, AC_LOG_DEBUG, "'%s': %.3f ms %s", c->step->node->name,
                     1e3 * least[i], name);
    }
    *best = ways[first];
fail:
    for (int i = 0; i < count; i++)
        release(&probes[i]);
    return status;
}

static void name_of(const ac_conv *c, const int ways[WAYS], char *text, size_t size)
{
    const ac_op_params *p = &c->step->node->params;
    const ac_shape *in = &c->in->shape, *out = &c->out->shape;

    /* u: under t, caches have what was measured when each phase had tiles of its own. */
    snprintf(text, size, "%s %dx%dx%dx%d %dx%dx%d %c%dx%d s%dx%d d%dx%d p%dx%d %d%d m%d,%d k%d%s",
             c->step->pass == AC_PASS_WEIGHT ? "gradient" : "conv", in->n, in->c, in->h, in->w,
             out->c, out->h, out->w, c->y.transposed ? 'u' : 'c', p->kernel[0], p->kernel[1],
             p->stride[0], p->stride[1], p->dilation[0], p->dilation[1], p->padding[0],
             p->padding[1], (int)c->step->activation, c->step->accumulate, ways[1], ways[2],
             (int)c->l->choice,
             !c->l->plan->half           ? ""
             : ac_conv_takes_matrices(c) ? " half matrix"
                                         : " half");
}

ac_status ac_conv_choose_way(const ac_conv *c, int *way)
{
    int ways[WAYS] = {0}, count = 1, found;
    char name[160];
    ac_status status = AC_OK;

    *way = 0;
    if (c->l->choice == AC_CONV_DIRECT)
        return AC_OK;
    if (c->l->filtering >= 0) {
        *way = ac_winograd_most(c, c->l->filtering);
        return AC_OK;
    }
    if (c->in->quads >= LEAST_QUADS && c->out->quads >= LEAST_QUADS)
        count += ac_winograd_best(c, ways + count, SIZES);
    if (ac_conv_takes_matrices(c))
        ways[count++] = AC_CONV_PLAIN_WAY;
    if (count == 1 || ac_node_macs(c->step->node, c->in->shape, c->out->shape) < LEAST_MACS)
        return AC_OK;
    name_of(c, ways, name, sizeof(name));
    status = ac_choices_find(c->l->device, name, &found);
    if (status == AC_ERR_IO)
        return AC_OK;
    if (status == AC_END) {
        TRY(measure(c, ways, count, &found));
        ac_choices_settle(c->l->device, name, &found);
        status = AC_OK;
    }
    for (int i = 0; i < count; i++)
        *way = found == ways[i] ? found : *way;
fail:
    return status;
}
