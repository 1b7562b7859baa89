/* All operations but convolutions. */
#include <string.h>

#include "common/push_nn.h"
#include "eltwise_half_spv.h"
#include "eltwise_spv.h"
#include "eltwise_texel_spv.h"
#include "gather_half_spv.h"
#include "gather_spv.h"
#include "global_avgpool_half_spv.h"
#include "global_avgpool_spv.h"
#include "nn/lower.h"
#include "pack_address_spv.h"
#include "pack_half_spv.h"
#include "pack_spv.h"
#include "pool_half_spv.h"
#include "pool_spv.h"
#include "unpack_address_spv.h"
#include "unpack_half_spv.h"
#include "unpack_spv.h"
#include "upsample_half_spv.h"
#include "upsample_spv.h"

#define LOCAL AC_LOWER_LOCAL

static uint64_t plane_of(ac_shape shape)
{
    return (uint64_t)shape.h * (uint64_t)shape.w;
}

static ac_status pool_dispatch(ac_lowering *l, const ac_step *step, const ac_kernel_params *params,
                               struct pool_push *push)
{
    const ac_value *in = &l->plan->values[step->inputs[0]];
    const ac_value *out = &l->plan->values[step->output];
    const ac_kernel *kernel;
    ac_binding bindings[2];
    ac_status status = ac_kernel_get(l->device, params, &kernel);

    if (status != AC_OK)
        return status;
    push->in_h = in->shape.h;
    push->in_w = in->shape.w;
    push->out_h = out->shape.h;
    push->out_w = out->shape.w;
    push->quads = in->quads;
    bindings[0] = ac_lower_value(l, step->inputs[0], &push->x_base, &push->x_batch);
    bindings[1] = ac_lower_value(l, step->output, &push->y_base, &push->y_batch);
    return ac_lower_dispatch(l, kernel, bindings, push, ac_lower_groups(plane_of(out->shape)),
                             (uint64_t)in->quads * (uint64_t)in->shape.n);
}

ac_status ac_lower_pool(ac_lowering *l, const ac_step *step)
{
    const ac_op_params *p = &step->node->params;
    const ac_kernel_params params = {
        .name = "pool",
        AC_LOWER_CODE(l, pool),
        .binding_count = 2,
        .push_size = sizeof(struct pool_push),
        .constant_count = 3,
        .constants = {LOCAL, step->kind == AC_OP_AVGPOOL2D, p->count_padding}};
    struct pool_push push = {.kernel_y = p->kernel[0],
                             .kernel_x = p->kernel[1],
                             .stride_y = p->stride[0],
                             .stride_x = p->stride[1],
                             .pad_y = p->padding[0],
                             .pad_x = p->padding[1],
                             .pad_bottom = p->padding[2],
                             .pad_right = p->padding[3]};

    return pool_dispatch(l, step, &params, &push);
}

ac_status ac_lower_upsample(ac_lowering *l, const ac_step *step)
{
    const ac_op_params *p = &step->node->params;
    const ac_kernel_params params = {.name = "upsample",
                                     AC_LOWER_CODE(l, upsample),
                                     .binding_count = 2,
                                     .push_size = sizeof(struct pool_push),
                                     .constant_count = 2,
                                     .constants = {LOCAL, p->bilinear}};
    struct pool_push push = {.stride_y = p->factor, .stride_x = p->factor};

    return pool_dispatch(l, step, &params, &push);
}

ac_status ac_lower_plane(ac_lowering *l, const ac_step *step, bool sum)
{
    const ac_value *in = &l->plan->values[step->inputs[0]];
    const ac_kernel_params params = {.name = "global_avgpool",
                                     AC_LOWER_CODE(l, global_avgpool),
                                     .binding_count = 2,
                                     .push_size = sizeof(struct plane_push),
                                     .constant_count = 3,
                                     .constants = {LOCAL, sum, step->accumulate}};
    struct plane_push push = {.pixels = (int)plane_of(in->shape), .quads = in->quads};
    const ac_kernel *kernel;
    ac_binding bindings[2];
    ac_status status = ac_kernel_get(l->device, &params, &kernel);

    if (status != AC_OK)
        return status;
    bindings[0] = ac_lower_value(l, step->inputs[0], &push.a_base, &push.a_batch);
    bindings[1] = ac_lower_value(l, step->output, &push.y_base, &push.y_batch);
    return ac_lower_dispatch_grid(l, kernel, bindings, &push, (uint64_t)in->quads,
                                  (uint64_t)in->shape.n, 1);
}

ac_status ac_lower_global_avgpool(ac_lowering *l, const ac_step *step)
{
    return ac_lower_plane(l, step, false);
}

ac_status ac_lower_relayout(ac_lowering *l, const ac_step *step)
{
    const ac_value *in = &l->plan->values[step->inputs[0]];
    const ac_value *out = &l->plan->values[step->output];
    const ac_kernel_params params = {.name = "gather",
                                     AC_LOWER_CODE(l, gather),
                                     .binding_count = 3,
                                     .push_size = sizeof(struct plane_push),
                                     .constant_count = 2,
                                     .constants = {LOCAL, step->accumulate}};
    struct plane_push push = {.pixels = (int)plane_of(in->shape), .quads = out->quads};
    const ac_kernel *kernel;
    ac_binding bindings[3];
    ac_status status = AC_OK;
    void *memory;
    int *map;

    TRY(ac_kernel_get(l->device, &params, &kernel));
    TRY(ac_lower_words(l, AC_REGION_CONSTANTS, 4 * (uint64_t)out->quads, &bindings[1], &memory));
    map = memory;
    for (int i = 0; i < 4 * out->quads; i++)
        map[i] = -1;
    for (int c = 0; c < out->shape.c; c++)
        map[out->map[c]] = in->map[c];
    bindings[0] = ac_lower_value(l, step->inputs[0], &push.a_base, &push.a_batch);
    bindings[2] = ac_lower_value(l, step->output, &push.y_base, &push.y_batch);
    TRY(ac_lower_dispatch(l, kernel, bindings, &push, ac_lower_groups(plane_of(in->shape)),
                          (uint64_t)out->quads * (uint64_t)in->shape.n));
fail:
    return status;
}

ac_status ac_lower_combine(ac_lowering *l, const ac_step *step, int a, int b,
                           const ac_binding *affine, ac_activation activation)
{
    const ac_value *out = &l->plan->values[step->output];
    bool add = b >= 0;
    int stretched = add && plane_of(l->plan->values[b].shape) == 1 && plane_of(out->shape) > 1;
    bool texel = ac_lower_value_in_texels(l, &l->plan->values[a]) &&
                 (!add || ac_lower_value_in_texels(l, &l->plan->values[b]));
    bool half = l->plan->half;
    const ac_kernel_params params = {.name = "eltwise",
                                     .code = texel  ? eltwise_texel_spv
                                             : half ? eltwise_half_spv
                                                    : eltwise_spv,
                                     .code_size = texel  ? sizeof(eltwise_texel_spv)
                                                  : half ? sizeof(eltwise_half_spv)
                                                         : sizeof(eltwise_spv),
                                     .texel_mask = texel ? 7 : 0,
                                     .binding_count = 4,
                                     .push_size = sizeof(struct plane_push),
                                     .subgroup_size = ac_lower_subgroup(l, texel),
                                     .constant_count = 4,
                                     .constants = {ac_lower_local(l, texel),
                                                   add ? 1 + stretched : 0, affine != NULL,
                                                   (int32_t)activation}};
    struct plane_push push = {.pixels = (int)plane_of(out->shape),
                              .quads = out->quads,
                              .n = out->shape.n,
                              .splits = ac_lower_runs(l, out),
                              .slope = step->slope};
    const ac_kernel *kernel;
    ac_binding bindings[4];
    ac_status status = AC_OK;

    TRY(ac_kernel_get(l->device, &params, &kernel));
    bindings[0] = ac_lower_value(l, a, &push.a_base, &push.a_batch);
    bindings[1] = bindings[0];
    if (add)
        bindings[1] = ac_lower_value(l, b, &push.b_base, &push.b_batch);
    bindings[2] = affine ? *affine : bindings[0];
    bindings[3] = ac_lower_value(l, step->output, &push.y_base, &push.y_batch);
    TRY(ac_lower_dispatch_grid(l, kernel, bindings, &push, (uint64_t)push.quads,
                               (uint64_t)push.splits, 1));
fail:
    return status;
}

/* A batch norm's scale and shift, [2][quads] vec4 among the packed weights. */
static ac_status pack_norm(ac_lowering *l, const ac_step *step, ac_binding *affine)
{
    const ac_value *out = &l->plan->values[step->output];
    void *memory = NULL;
    ac_status status =
        ac_lower_words(l, AC_REGION_PACKED, 8 * (uint64_t)out->quads, affine, &memory);
    float *to = memory;

    for (int c = 0; status == AC_OK && c < out->shape.c; c++) {
        double scale, shift;

        ac_lower_norm(l, step->norm, c, &scale, &shift);
        to[out->map[c]] = (float)scale;
        to[4 * out->quads + out->map[c]] = (float)shift;
    }
    return status;
}

/* One dispatch: output = a [+ b], with the step's norm and activation if `last`. */
static ac_status eltwise(ac_lowering *l, const ac_step *step, int a, int b, bool last)
{
    bool affine = last && step->norm;
    ac_binding packed;
    ac_status status = AC_OK;

    if (affine)
        TRY(pack_norm(l, step, &packed));
    TRY(ac_lower_combine(l, step, a, b, affine ? &packed : NULL,
                         last ? step->activation : AC_ACTIVATION_NONE));
fail:
    return status;
}

ac_status ac_lower_eltwise(ac_lowering *l, const ac_step *step)
{
    uint64_t plane = plane_of(l->plan->values[step->output].shape);
    int first = 0;
    bool begun = false;
    ac_status status = AC_OK;

    if (step->relayout)
        return ac_lower_relayout(l, step);
    if (step->kind != AC_OP_ADD)
        return eltwise(l, step, step->inputs[0], -1, true);
    /* Two at a time, beginning with one that has the plane's size. */
    while (plane_of(l->plan->values[step->inputs[first]].shape) != plane)
        first++;
    for (int i = 0, done = 1; i < step->input_count; i++) {
        if (i == first)
            continue;
        done++;
        if (begun)
            TRY(ac_lower_barrier(l));
        TRY(eltwise(l, step, begun ? step->output : step->inputs[first], step->inputs[i],
                    done == step->input_count));
        begun = true;
    }
fail:
    return status;
}

ac_status ac_lower_concat(ac_lowering *l, const ac_step *step)
{
    const ac_value *out = &l->plan->values[step->output];
    uint64_t vec = ac_plan_vec_bytes(l->plan), plane = vec * plane_of(out->shape);
    int quad = 0;

    for (int i = 0; i < step->input_count; i++) {
        const ac_value *in = &l->plan->values[step->inputs[i]];
        int base, batch, to_base, to_batch;
        ac_binding from = ac_lower_value(l, step->inputs[i], &base, &batch);
        ac_binding to = ac_lower_value(l, step->output, &to_base, &to_batch);

        for (int n = 0; n < out->shape.n && (step->copies & (1u << i)); n++) {
            ac_call *call = ac_lower_call(l);

            if (!call)
                return AC_ERR_MEMORY;
            call->kind = AC_CALL_COPY;
            call->copy.from = from.buffer;
            call->copy.from_offset =
                from.offset + vec * ((uint64_t)base + (uint64_t)n * (uint64_t)batch);
            call->copy.to = to.buffer;
            call->copy.to_offset = to.offset +
                                   vec * ((uint64_t)to_base + (uint64_t)n * (uint64_t)to_batch) +
                                   (uint64_t)quad * plane;
            call->copy.size = (uint64_t)in->quads * plane;
        }
        quad += in->quads;
    }
    return AC_OK;
}

static uint64_t picture_groups(int turns, uint64_t pixels)
{
    return ac_lower_groups((pixels + (uint64_t)turns - 1) / (uint64_t)turns);
}

ac_status ac_lower_pack(ac_lowering *l, ac_binding pictures)
{
    const ac_plan *plan = l->plan;
    int turns = ac_device_turns(l->device);
    const ac_kernel_params params = {.name = "pack",
                                     AC_LOWER_ADDRESS_CODE(l, pack),
                                     .binding_count = 2,
                                     .push_size = sizeof(struct picture_push),
                                     .constant_count = 2,
                                     .constants = {LOCAL, turns}};
    struct picture_push push = {.h = plan->height,
                                .w = plan->width,
                                .ph = plan->padded_height,
                                .pw = plan->padded_width,
                                .channels = 1,
                                .scale = plan->net->input_scale,
                                .offset = plan->net->input_offset};
    ac_binding bindings[2] = {pictures};
    const ac_kernel *kernel;
    ac_status status = ac_kernel_get(l->device, &params, &kernel);

    if (status != AC_OK)
        return status;
    bindings[1] = ac_lower_value(l, 0, &push.base, &push.batch);
    return ac_lower_dispatch(l, kernel, bindings, &push,
                             picture_groups(turns, plane_of(plan->values[0].shape)),
                             (uint64_t)plan->n);
}

ac_status ac_lower_unpack(ac_lowering *l, ac_binding pictures)
{
    const ac_plan *plan = l->plan;
    const ac_value *value = &plan->values[plan->output];
    int turns = ac_device_turns(l->device);
    const ac_kernel_params params = {.name = "unpack",
                                     AC_LOWER_ADDRESS_CODE(l, unpack),
                                     .binding_count = 3,
                                     .push_size = sizeof(struct picture_push),
                                     .constant_count = 2,
                                     .constants = {LOCAL, turns}};
    struct picture_push push = {.h = plan->out_height,
                                .w = plan->out_width,
                                .ph = value->shape.h,
                                .pw = value->shape.w,
                                .channels = value->shape.c,
                                .scale = plan->net->output_scale};
    ac_binding bindings[3];
    const ac_kernel *kernel;
    ac_status status = AC_OK;
    void *map;

    TRY(ac_kernel_get(l->device, &params, &kernel));
    TRY(ac_lower_words(l, AC_REGION_CONSTANTS, (uint64_t)value->shape.c, &bindings[1], &map));
    memcpy(map, value->map, (size_t)value->shape.c * sizeof(int));
    bindings[0] = ac_lower_value(l, plan->output, &push.base, &push.batch);
    bindings[2] = pictures;
    TRY(ac_lower_dispatch(l, kernel, bindings, &push,
                          picture_groups(turns, (uint64_t)push.h * (uint64_t)push.w),
                          (uint64_t)plan->n * (uint64_t)value->shape.c));
fail:
    return status;
}
