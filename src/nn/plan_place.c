/* Where values lie: memory is shared by values that are never needed at the same time. Largest
 * first, each at the lowest place that is free all the time it lives (greedy by size, as in
 * Pisarchyk and Lee 2020, "Efficient Memory Management for Deep Neural Net Inference"). */
#include <stdlib.h>
#include <string.h>

#include "nn/plan.h"

typedef struct placed {
    int *list; /* roots, by offset within an arena */
    int count;
} placed;

static void find_lifetimes(ac_plan *plan)
{
    for (int v = 0; v < plan->value_count; v++) {
        plan->values[v].first = plan->step_count;
        plan->values[v].last = -1;
    }
    plan->values[plan->values[0].root].first = -1;
    for (int s = 0; s < plan->step_count; s++) {
        const ac_step *step = &plan->steps[s];

        if (step->output >= 0) {
            ac_value *out = &plan->values[plan->values[step->output].root];

            out->first = out->first < s ? out->first : s;
            out->last = out->last > s ? out->last : s;
        }
        for (int i = 0; i < step->input_count; i++) {
            ac_value *in = &plan->values[plan->values[step->inputs[i]].root];

            in->last = in->last > s ? in->last : s;
        }
    }
    plan->values[plan->values[plan->output].root].last = plan->step_count;
    for (int v = 0; v < plan->value_count && plan->guard; v++) {
        plan->values[v].first = -1;
        plan->values[v].last = plan->step_count;
    }
}

static bool overlap_in_time(const ac_value *a, const ac_value *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* The lowest offset in the arena where `value` fits among those that live at the same time. */
static uint64_t lowest_offset(const ac_plan *plan, const placed *arena, const ac_value *value)
{
    uint64_t offset = 0;

    for (int i = 0; i < arena->count; i++) {
        const ac_value *other = &plan->values[arena->list[i]];

        if (!overlap_in_time(value, other))
            continue;
        if (offset + value->size <= other->offset)
            break;
        if (other->offset + other->size > offset)
            offset = other->offset + other->size;
    }
    return offset;
}

static void insert_sorted(const ac_plan *plan, placed *arena, int root)
{
    int at = arena->count++;

    while (at > 0 && plan->values[arena->list[at - 1]].offset > plan->values[root].offset) {
        arena->list[at] = arena->list[at - 1];
        at--;
    }
    arena->list[at] = root;
}

static ac_status place_root(ac_plan *plan, placed *arenas, int root, uint64_t max_arena)
{
    ac_value *value = &plan->values[root];
    int a;

    for (a = 0; a < plan->arena_count; a++) {
        value->offset = lowest_offset(plan, &arenas[a], value);
        if (value->offset + value->size <= max_arena || value->offset == 0)
            break;
    }
    if (!arenas[a].list) { /* a new one */
        arenas[a].list = calloc((size_t)plan->value_count, sizeof(*arenas[a].list));
        if (!arenas[a].list)
            return AC_ERR_MEMORY;
        plan->arena_count++;
        value->offset = 0;
    }
    value->arena = a;
    if (value->offset + value->size > plan->arena_sizes[a])
        plan->arena_sizes[a] = value->offset + value->size;
    insert_sorted(plan, &arenas[a], root);
    return AC_OK;
}

/* Roots, largest first; equal sizes in their own order, so that plans are the same everywhere. */
static int collect_roots(ac_plan *plan, int *roots)
{
    int count = 0;

    for (int v = 0; v < plan->value_count; v++) {
        ac_value *value = &plan->values[v];
        int at;

        if (value->root != v || value->quads == 0)
            continue;
        value->size = ac_plan_vec_bytes(plan) * (uint64_t)value->shape.n * (uint64_t)value->quads *
                      (uint64_t)value->shape.h * (uint64_t)value->shape.w;
        if (value->size > plan->largest_value)
            plan->largest_value = value->size;
        value->size = (value->size + AC_PLAN_ALIGNMENT - 1) & ~(uint64_t)(AC_PLAN_ALIGNMENT - 1);
        value->size += plan->guard;
        if (value->last < value->first)
            value->last = value->first; /* written, never read */
        for (at = count++; at > 0 && plan->values[roots[at - 1]].size < value->size; at--)
            roots[at] = roots[at - 1];
        roots[at] = v;
    }
    return count;
}

ac_status ac_plan_place(ac_plan *plan, uint64_t max_arena, const ac_log *log)
{
    int *roots = calloc((size_t)plan->value_count, sizeof(*roots));
    placed *arenas = calloc((size_t)plan->value_count, sizeof(*arenas));
    ac_status status = AC_OK;
    int count = 0;

    plan->arena_count = 0;
    plan->activation_bytes = 0;
    plan->largest_value = 0;
    plan->arena_sizes = calloc((size_t)plan->value_count, sizeof(*plan->arena_sizes));
    if (!roots || !arenas || !plan->arena_sizes) {
        status = AC_ERR_MEMORY;
        goto fail;
    }
    find_lifetimes(plan);
    count = collect_roots(plan, roots);
    for (int i = 0; i < count; i++)
        TRY(place_root(plan, arenas, roots[i], max_arena));
    for (int a = 0; a < plan->arena_count; a++)
        plan->activation_bytes += plan->arena_sizes[a];
fail:
    for (int a = 0; arenas && a < plan->arena_count; a++)
        free(arenas[a].list);
    free(arenas);
    free(roots);
    return status == AC_ERR_MEMORY ? ac_fail(log, status, "out of memory") : status;
}

uint64_t ac_plan_vec_bytes(const ac_plan *plan)
{
    return plan->half ? 8 : 16;
}

ac_status ac_plan_store_half(ac_plan *plan, uint64_t max_arena, const ac_log *log)
{
    plan->half = true;
    return ac_plan_guard(plan, plan->guard, max_arena, log);
}

ac_status ac_plan_guard(ac_plan *plan, uint64_t guard, uint64_t max_arena, const ac_log *log)
{
    plan->guard = guard;
    free(plan->arena_sizes);
    plan->arena_sizes = NULL;
    return ac_plan_place(plan, max_arena, log);
}
