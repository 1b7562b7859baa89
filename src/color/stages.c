#include "color/stages.h"

#include <math.h>

#include "common/push_color.h"
#include "lightness_address_spv.h"
#include "lightness_spv.h"
#include "merge_spv.h"
#include "merge_texel_spv.h"

#define LOCAL 64

uint32_t ac_plane_row(int width, int depth)
{
    return ((uint32_t)width * (uint32_t)ac_sample_bytes(depth) + 3) & ~3u;
}

uint64_t ac_plane_bytes(int height, int width, int depth)
{
    return (uint64_t)height * ac_plane_row(width, depth);
}

int ac_chroma_size(int luma_size, int shift)
{
    return (luma_size + (1 << shift) - 1) >> shift;
}

static int luma_words(const ac_picture_format *format, uint32_t row)
{
    return (int)(row ? row : ac_plane_row(format->width, format->depth)) / 4;
}

static ac_status dispatch(ac_device *device, ac_commands *commands, const ac_kernel_params *params,
                          const ac_binding *bindings, const void *push, int turns, uint64_t items)
{
    const ac_kernel *kernel;
    ac_status status = ac_kernel_get(device, params, &kernel);
    uint64_t each = LOCAL * (uint64_t)turns;
    uint32_t groups[2];

    if (status != AC_OK)
        return status;
    ac_groups_fold((items + each - 1) / each, groups);
    return ac_commands_dispatch(commands, kernel, bindings, push, groups[0], groups[1], 1);
}

ac_status ac_lightness_record(ac_device *device, ac_commands *commands,
                              const ac_lightness_params *p)
{
    const ac_levels levels = ac_levels_get(&p->format);
    int turns = ac_device_turns(device);
    const ac_kernel_params kernel = {.name = "lightness",
                                     AC_KERNEL_ADDRESSES(device, lightness),
                                     .binding_count = 2,
                                     .push_size = sizeof(struct lightness_push),
                                     .constant_count = 3,
                                     .constants = {LOCAL, turns, ac_sample_bytes(p->format.depth)}};
    const struct lightness_push push = {.in_h = p->format.height,
                                        .in_w = p->format.width,
                                        .in_row = luma_words(&p->format, p->luma_row),
                                        .out_h = p->out_h,
                                        .out_w = p->out_w,
                                        .step_y = (float)p->step_y,
                                        .step_x = (float)p->step_x,
                                        .zero = (float)levels.luma_zero,
                                        .per_step = (float)(1 / levels.luma_steps)};
    const ac_binding bindings[] = {p->luma, p->picture};

    return dispatch(device, commands, &kernel, bindings, &push, turns,
                    (uint64_t)p->out_h * (uint64_t)p->out_w);
}

/* Distance of a chroma sample's centre from that of its first luma sample. Unspecified is what MPEG
 * has: with the left column, between the rows (H.273, ChromaLocInfo 0). */
static double offset_of(int location, int shift, bool vertical)
{
    bool first =
        vertical ? location == 3 || location == 4 : location != 2 && location != 4 && location != 6;
    bool last = vertical && (location == 5 || location == 6);
    int size = 1 << shift;

    return first ? 0 : last ? size - 1 : 0.5 * (size - 1);
}

ac_status ac_merge_record(ac_device *device, ac_commands *commands, const ac_merge_params *p)
{
    const ac_levels luma = ac_levels_get(&p->format), chroma = ac_levels_get(&p->out);
    const double(*m)[3] = p->space.rgb_from_xyz;
    int out_h = ac_chroma_size(p->format.height, p->out.chroma_shift_y);
    int out_w = ac_chroma_size(p->format.width, p->out.chroma_shift_x);
    uint32_t row = ac_plane_row(out_w, p->out.depth) / 4;
    int word = 4 / ac_sample_bytes(p->out.depth); /* samples */
    double step = (1 << p->out.chroma_shift_x) / p->step_x;
    bool texel = ac_device_prefers_texels(device, (uint64_t)p->ab_h * (uint64_t)p->ab_w);
    const ac_kernel_params kernel = {
        .name = "merge",
        .code = texel ? merge_texel_spv : merge_spv,
        .code_size = texel ? sizeof(merge_texel_spv) : sizeof(merge_spv),
        .binding_count = 5,
        .texel_mask = texel ? 1 << 1 : 0,
        .push_size = sizeof(struct merge_push),
        .constant_count = 6,
        .constants = {LOCAL, ac_sample_bytes(p->format.depth), ac_sample_bytes(p->out.depth),
                      p->out.chroma_shift_y, p->out.chroma_shift_x,
                      4 + (int)ceil((word - 1) * step)}};
    const struct merge_push push = {
        .in_h = p->format.height,
        .in_w = p->format.width,
        .in_row = luma_words(&p->format, p->luma_row),
        .out_h = out_h,
        .out_w = out_w,
        .out_row = (int)row,
        .ab_h = p->ab_h,
        .ab_w = p->ab_w,
        .ab_per_luma_y = (float)(1 / p->step_y),
        .ab_per_luma_x = (float)(1 / p->step_x),
        .zero = (float)luma.luma_zero,
        .per_step = (float)(1 / luma.luma_steps),
        .chroma_zero = (float)chroma.chroma_zero,
        .chroma_steps = (float)chroma.chroma_steps,
        .chroma_low = (float)chroma.chroma_low,
        .chroma_high = (float)chroma.chroma_high,
        .offset_y = (float)offset_of(p->out.chroma_location, p->out.chroma_shift_y, true),
        .offset_x = (float)offset_of(p->out.chroma_location, p->out.chroma_shift_x, false),
        .kr = (float)p->space.kr,
        .kb = (float)p->space.kb,
        .saturation = (float)p->saturation,
        .m00 = (float)m[0][0],
        .m01 = (float)m[0][1],
        .m02 = (float)m[0][2],
        .m10 = (float)m[1][0],
        .m11 = (float)m[1][1],
        .m12 = (float)m[1][2],
        .m20 = (float)m[2][0],
        .m21 = (float)m[2][1],
        .m22 = (float)m[2][2]};
    const ac_binding bindings[] = {p->luma, p->colours, p->cb, p->cr, p->flags};

    return dispatch(device, commands, &kernel, bindings, &push, 1, (uint64_t)out_h * row);
}
