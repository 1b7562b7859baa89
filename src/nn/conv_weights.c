/* Weights in the layouts that kernels of convolutions read. */
#include <string.h>

#include "nn/conv.h"
#include "util/half.h"

/* The weight from channel ic of its group to output channel oc, batch norm folded in, as a word of
 * the packed weights. */
static uint32_t weight_at(const ac_conv *c, int oc, int ic, int ky, int kx, double scale)
{
    size_t plane = (size_t)c->y.kernel * (size_t)c->x.kernel;
    size_t at;

    if (c->y.transposed) {
        size_t group = (size_t)(oc / c->out_group);

        at = (group * (size_t)c->in_group + (size_t)ic) * (size_t)c->out_group +
             (size_t)(oc % c->out_group);
    } else {
        at = (size_t)oc * (size_t)c->in_group + (size_t)ic;
    }
    return ac_lower_packed_word(c->weight,
                                at * plane + (size_t)ky * (size_t)c->x.kernel + (size_t)kx, scale);
}

/* Into lane k of four zeroes. half: the word is a float, which becomes a float16. */
static void put(uint32_t *vec, int k, bool half, uint32_t word)
{
    if (half)
        vec[k / 2] |= (uint32_t)ac_half_from_float(ac_float_from_bits(word)) << 16 * (k % 2);
    else
        vec[k] = word;
}

static void fill_bias(const ac_conv *c, uint32_t *to)
{
    for (int oc = 0; oc < c->out->shape.c; oc++) {
        double scale, shift, bias;

        ac_lower_norm(c->l, c->step->norm, oc, &scale, &shift);
        if (c->l->places) {
            to[c->out->map[oc]] = ac_lower_packed_word(c->bias, (size_t)oc, 1);
        } else {
            bias = c->bias.values ? c->bias.values[oc] : 0.0;
            to[c->out->map[oc]] = ac_float_bits((float)(bias * scale + shift));
        }
    }
}

/* [tiles][in_quads][taps][v->tile][4] of one phase, as conv_cpu and conv_gpu read them. */
static void fill_gemm(const ac_conv *c, const ac_conv_variant *v, uint32_t *to, int py, int px)
{
    int taps = c->y.taps * c->x.taps, tile = v->tile;

    for (int oc = 0; oc < c->out->shape.c; oc++) {
        double scale, shift;

        ac_lower_norm(c->l, c->step->norm, oc, &scale, &shift);
        for (int q = 0; q < c->in->quads; q++)
            for (int t = 0; t < taps; t++) {
                int ky = ac_conv_kernel_index(&c->y, py, t / c->x.taps);
                int kx = ac_conv_kernel_index(&c->x, px, t % c->x.taps);
                int lane = c->out->map[oc];
                size_t at = (size_t)(lane / tile * c->in->quads + q) * (size_t)taps + (size_t)t;
                uint32_t *vec =
                    to + ac_conv_vec_words(v) * (at * (size_t)tile + (size_t)(lane % tile));

                for (int k = 0; k < 4; k++) {
                    int ic = c->lane_channel[4 * q + k];

                    if (ic >= 0 && ky >= 0 && kx >= 0)
                        put(vec, k, v->half, weight_at(c, oc, ic, ky, kx, scale));
                }
            }
    }
}

/* [in_quads][v->tile][4], of all phases: [phases][taps][out_lanes][4]. */
static void fill_few(const ac_conv *c, const ac_conv_variant *v, uint32_t *to)
{
    int taps = c->y.taps * c->x.taps, phases = c->y.phases * c->x.phases;

    for (int oc = 0; oc < c->out->shape.c; oc++) {
        double scale, shift;

        ac_lower_norm(c->l, c->step->norm, oc, &scale, &shift);
        for (int lane = 0; lane < 4 * c->in->quads; lane++)
            for (int i = 0; i < phases * taps && c->lane_channel[lane] >= 0; i++) {
                int ky = ac_conv_kernel_index(&c->y, i / taps / c->x.phases, i % taps / c->x.taps);
                int kx = ac_conv_kernel_index(&c->x, i / taps % c->x.phases, i % taps % c->x.taps);
                int at = lane / 4 * v->tile + i * c->out_lanes + c->out->map[oc];

                if (ky >= 0 && kx >= 0)
                    to[4 * at + lane % 4] = weight_at(c, oc, c->lane_channel[lane], ky, kx, scale);
            }
    }
}

/* [quads][taps][4] of one phase; input and output have the same layout. */
static void fill_depthwise(const ac_conv *c, uint32_t *to, int py, int px)
{
    for (int ch = 0; ch < c->out->shape.c; ch++) {
        int lane = c->out->map[ch];
        double scale, shift;

        ac_lower_norm(c->l, c->step->norm, ch, &scale, &shift);
        for (int t = 0; t < c->y.taps * c->x.taps; t++) {
            int ky = ac_conv_kernel_index(&c->y, py, t / c->x.taps);
            int kx = ac_conv_kernel_index(&c->x, px, t % c->x.taps);

            if (ky >= 0 && kx >= 0)
                to[4 * (lane / 4 * c->y.taps * c->x.taps + t) + lane % 4] =
                    weight_at(c, ch, 0, ky, kx, scale);
        }
    }
}

/* [oc][in_group][taps] of one phase. */
static void fill_direct(const ac_conv *c, uint32_t *to, int py, int px)
{
    int taps = c->y.taps * c->x.taps;

    for (int oc = 0; oc < c->out->shape.c; oc++) {
        double scale, shift;

        ac_lower_norm(c->l, c->step->norm, oc, &scale, &shift);
        for (int ic = 0; ic < c->in_group; ic++)
            for (int t = 0; t < taps; t++) {
                int ky = ac_conv_kernel_index(&c->y, py, t / c->x.taps);
                int kx = ac_conv_kernel_index(&c->x, px, t % c->x.taps);

                if (ky >= 0 && kx >= 0)
                    to[((size_t)oc * (size_t)c->in_group + (size_t)ic) * (size_t)taps + (size_t)t] =
                        weight_at(c, oc, ic, ky, kx, scale);
            }
    }
}

int ac_conv_row(const ac_conv_variant *v)
{
    return v->oc_tiles * v->tile;
}

uint64_t ac_conv_vec_words(const ac_conv_variant *v)
{
    return v->half ? 2 : 4;
}

uint64_t ac_conv_phase_words(const ac_conv *c, const ac_conv_variant *v)
{
    uint64_t taps = (uint64_t)c->y.taps * (uint64_t)c->x.taps, words;

    switch (v->layout) {
    case AC_CONV_GEMM:
        return ac_conv_vec_words(v) * (uint64_t)c->in->quads * taps * (uint64_t)ac_conv_row(v);
    case AC_CONV_FEW: /* of all phases, which are one */
        return 4 * (uint64_t)c->in->quads * (uint64_t)v->tile /
               (uint64_t)(c->y.phases * c->x.phases);
    case AC_CONV_DEPTHWISE:
        return 4 * (uint64_t)c->out->quads * taps;
    default:
        words = (uint64_t)c->out->shape.c * (uint64_t)c->in_group * taps;
        return (words + 3) & ~(uint64_t)3;
    }
}

uint64_t ac_conv_bias_words(const ac_conv *c, const ac_conv_variant *v)
{
    return v->layout == AC_CONV_GEMM ? (uint64_t)ac_conv_row(v) : 4 * (uint64_t)c->out->quads;
}

/* Bias, then the weights of each phase. */
ac_status ac_conv_pack(const ac_conv *c, const ac_conv_variant *v, ac_binding *binding)
{
    uint64_t each = ac_conv_phase_words(c, v), bias = ac_conv_bias_words(c, v);
    uint64_t phases = (uint64_t)c->y.phases * (uint64_t)c->x.phases;
    void *memory = NULL;
    uint32_t *to;
    ac_status status =
        ac_lower_words(c->l, AC_REGION_PACKED, bias + phases * each, binding, &memory);

    if (status != AC_OK)
        return status;
    to = memory;
    fill_bias(c, to);
    to += bias;
    if (v->layout == AC_CONV_FEW) {
        fill_few(c, v, to);
        return AC_OK;
    }
    for (int py = 0; py < c->y.phases; py++)
        for (int px = 0; px < c->x.phases; px++, to += each) {
            if (v->layout == AC_CONV_GEMM)
                fill_gemm(c, v, to, py, px);
            else if (v->layout == AC_CONV_DEPTHWISE)
                fill_depthwise(c, to, py, px);
            else
                fill_direct(c, to, py, px);
        }
    return AC_OK;
}
