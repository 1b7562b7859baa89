/* Convolutions and transposed convolutions, which become the same kernels. */
#include <stdlib.h>
#include <string.h>

#include "common/push_nn.h"
#include "nn/conv.h"

struct conv_push ac_conv_describe_phase(const ac_conv *c, int py, int px)
{
    return (struct conv_push){.in_h = c->in->shape.h,
                              .in_w = c->in->shape.w,
                              .out_h = c->out->shape.h,
                              .out_w = c->out->shape.w,
                              .grid_h = ac_conv_grid(&c->y, py, c->out->shape.h),
                              .grid_w = ac_conv_grid(&c->x, px, c->out->shape.w),
                              .out_sy = c->y.phases,
                              .out_sx = c->x.phases,
                              .out_y0 = py,
                              .out_x0 = px,
                              .in_y0 = ac_conv_origin(&c->y, py),
                              .in_x0 = ac_conv_origin(&c->x, px),
                              .in_quads = c->in->quads,
                              .out_quads = c->out->quads};
}

static uint64_t parts_of(uint64_t all, int part)
{
    return (all + (uint64_t)part - 1) / (uint64_t)part;
}

ac_status ac_conv_dispatch(ac_lowering *l, const ac_conv_variant *v, const ac_binding *bindings,
                           const struct conv_push *push, uint64_t pixels, int pictures)
{
    uint64_t groups = parts_of(pixels, v->pixels_a_group), tiles = (uint64_t)v->oc_tiles;

    return v->oc_first
               ? ac_lower_dispatch(l, v->kernel, bindings, push, groups * tiles, (uint64_t)pictures)
               : ac_lower_dispatch(l, v->kernel, bindings, push, groups,
                                   tiles * (uint64_t)pictures);
}

static ac_status dispatch_phase(const ac_conv *c, const ac_conv_variant *v, ac_binding weights,
                                ac_binding map, int py, int px)
{
    struct conv_push push = ac_conv_describe_phase(c, py, px);
    uint64_t phase = (uint64_t)py * (uint64_t)c->x.phases + (uint64_t)px;
    uint64_t items = (uint64_t)push.grid_h * (uint64_t)push.grid_w, groups;
    ac_binding bindings[4];

    if (items == 0)
        return AC_OK;
    push.oc_tiles = v->oc_tiles;
    push.count = c->in->shape.n; /* all with the same weights */
    push.w_base = (int)((ac_conv_bias_words(c, v) + phase * ac_conv_phase_words(c, v)) /
                        ac_conv_vec_words(v));
    if (v->layout == AC_CONV_PLAIN) {
        push.w_row = c->in_group;
        push.oc_tiles = c->out_group;
    }
    if (v->layout == AC_CONV_DEPTHWISE || v->layout == AC_CONV_FEW)
        items = parts_of((uint64_t)push.grid_h, v->patch[0]) *
                parts_of((uint64_t)push.grid_w, v->patch[1]);
    bindings[0] = ac_lower_value(c->l, c->step->inputs[0], &push.x_base, &push.x_batch);
    bindings[1] = weights;
    bindings[2] = ac_lower_value(c->l, c->step->output, &push.y_base, &push.y_batch);
    if (v->layout == AC_CONV_PLAIN) {
        bindings[3] = bindings[2];
        bindings[2] = map;
    }
    if (v->layout == AC_CONV_DEPTHWISE) {
        uint32_t most = ac_device_get_info(c->l->device)->max_groups[1];

        groups = parts_of(items * (uint64_t)push.count, v->pixels_a_group);
        /* Software drivers take memory for each workgroup. */
        if (ac_device_get_info(c->l->device)->type == AC_DEVICE_CPU)
            groups = groups < 32 ? parts_of(groups, 4) : parts_of(groups, 16);
        push.splits = (int)(groups > most ? most : groups);
        return ac_lower_dispatch_grid(c->l, v->kernel, bindings, &push, (uint64_t)push.out_quads,
                                      (uint64_t)push.splits, 1);
    }
    return ac_conv_dispatch(c->l, v, bindings, &push, items, c->in->shape.n);
}

int ac_conv_used_lanes(const ac_value *value)
{
    int lanes = 0;

    for (int ch = 0; ch < value->shape.c; ch++)
        if (value->map[ch] % 4 + 1 > lanes)
            lanes = value->map[ch] % 4 + 1;
    return lanes;
}

ac_conv ac_conv_describe(ac_lowering *l, const ac_step *step, int in, int out)
{
    const ac_node *node = step->node;
    ac_conv c = {.l = l,
                 .step = step,
                 .in = &l->plan->values[in],
                 .out = &l->plan->values[out],
                 .y = ac_conv_axis_of(node, 0),
                 .x = ac_conv_axis_of(node, 1),
                 .groups = node->params.groups,
                 .weight = {NULL, -1},
                 .bias = {NULL, -1}};

    c.in_group = c.in->shape.c / c.groups;
    c.out_group = c.out->shape.c / c.groups;
    c.lanes = ac_conv_used_lanes(c.in);
    for (int ch = 0; ch < c.out->shape.c; ch++)
        if (c.out->map[ch] + 1 > c.out_lanes)
            c.out_lanes = c.out->map[ch] + 1;
    return c;
}

/* For conv_direct: where channels lie in the input, then which channels the output's lanes have. */
static ac_status make_maps(const ac_conv *c, ac_binding *binding)
{
    size_t in = (size_t)c->in->shape.c * sizeof(int);
    int *out = ac_lower_lane_channels(c->l, c->out);
    ac_status status = out ? AC_OK : AC_ERR_MEMORY;
    void *to;

    if (status == AC_OK)
        status =
            ac_lower_words(c->l, AC_REGION_CONSTANTS,
                           (uint64_t)c->in->shape.c + 4 * (uint64_t)c->out->quads, binding, &to);
    if (status == AC_OK) {
        memcpy(to, c->in->map, in);
        memcpy((char *)to + in, out, (size_t)c->out->quads * 4 * sizeof(int));
    }
    free(out);
    return status;
}

ac_status ac_conv_lower(const ac_conv *c, int way)
{
    ac_conv plain = *c;
    ac_binding weights, map = {0};
    ac_conv_variant v;
    ac_status status = AC_OK;
    bool few;

    if (way > 0)
        return ac_winograd_lower(c, way);
    plain.plain = way == AC_CONV_PLAIN_WAY;
    c = &plain;
    TRY(ac_conv_choose(c, &v));
    TRY(ac_conv_pack(c, &v, &weights));
    if (v.layout == AC_CONV_PLAIN)
        TRY(make_maps(c, &map));
    few = v.layout == AC_CONV_FEW; /* all phases in one */
    for (int py = 0; py < (few ? 1 : c->y.phases); py++)
        for (int px = 0; px < (few ? 1 : c->x.phases); px++)
            TRY(dispatch_phase(c, &v, weights, map, py, px));
fail:
    return status;
}

ac_status ac_lower_conv(ac_lowering *l, const ac_step *step)
{
    const ac_node *node = step->node;
    ac_conv c = ac_conv_describe(l, step, step->inputs[0], step->output);
    ac_status status = AC_OK;
    int way;

    c.weight = ac_lower_tensor(l, node, "weight");
    if (node->params.bias)
        c.bias = ac_lower_tensor(l, node, "bias");
    c.lane_channel = ac_lower_lane_channels(l, c.in);
    if (!c.lane_channel)
        return AC_ERR_MEMORY;
    TRY(ac_conv_choose_way(&c, &way));
    TRY(ac_conv_lower(&c, way));
fail:
    free(c.lane_channel);
    return status;
}
