/* A training step taken apart, for measuring. */
#include <stdio.h>
#include <stdlib.h>

#include "train/internal.h"

static ac_part *add(const ac_train_session *s, ac_part *parts, int *count, int begin, int end,
                    const char *name)
{
    ac_part *part = &parts[*count];

    *part = (ac_part){.begin = begin, .end = end};
    snprintf(part->name, sizeof(part->name), "%s", name);
    ac_part_describe_calls(s->calls, part);
    /* Barriers alone are no part: nothing is done there. */
    if (*part->kernels)
        ++*count;
    return part;
}

static uint64_t buffer_bytes(const ac_buffer *buffer)
{
    return buffer ? ac_buffer_size(buffer) : 0;
}

/* Reads and writes weights, both moments and their average, reads the gradient twice: for its norm
 * too. */
static uint64_t update_bytes(const ac_train_session *s)
{
    uint64_t bytes = 2 * buffer_bytes(s->states[AC_TRAIN_GRADIENT]);

    bytes += 2 * buffer_bytes(s->states[AC_TRAIN_WEIGHTS]);
    bytes += 2 * buffer_bytes(s->states[AC_TRAIN_MOMENT1]);
    bytes += 2 * buffer_bytes(s->states[AC_TRAIN_MOMENT2]);
    return bytes + 2 * buffer_bytes(s->states[AC_TRAIN_AVERAGE]);
}

ac_status ac_train_session_parts(const ac_train_session *s, ac_part **result, int *count)
{
    const ac_plan *plan = s->plan;
    ac_part *parts = calloc((size_t)plan->step_count + 4, sizeof(*parts));
    uint64_t output = 4 * (uint64_t)ac_shape_count(plan->values[plan->output].shape);

    *result = parts;
    *count = 0;
    if (!parts)
        return ac_fail(s->log, AC_ERR_MEMORY, "out of memory");
    /* The gradient is set to zero, the weights are read, where each comes from, and written. */
    add(s, parts, count, s->begin, s->call_count, "weights")->bytes =
        buffer_bytes(s->states[AC_TRAIN_GRADIENT]) + buffer_bytes(s->packing) +
        2 * buffer_bytes(s->regions[AC_REGION_PACKED]);
    add(s, parts, count, s->forward, s->steps[0], "input")->bytes =
        2 * buffer_bytes(s->slots[0][0]);
    for (int i = 0; i < plan->step_count; i++) {
        ac_part *part = add(s, parts, count, s->steps[i], s->steps[i + 1], "");

        if (i != plan->loss_step) {
            ac_part_describe_step(plan, &plan->steps[i], part);
            continue;
        }
        snprintf(part->name, sizeof(part->name), "loss");
        part->bytes = 3 * output; /* the result and the colours, and the gradient */
    }
    add(s, parts, count, s->update, s->begin, "optimiser")->bytes = update_bytes(s);
    return AC_OK;
}

ac_status ac_train_session_record_part(ac_train_session *s, const ac_part *part,
                                       ac_commands *commands)
{
    ac_status status = ac_train_record(s, commands, part->begin, part->end, 0);

    /* Sections of a step are recorded apart otherwise, and have no barriers between them. */
    if (status == AC_OK)
        ac_commands_barrier(commands);
    return status;
}
