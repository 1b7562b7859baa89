#include "nn/conv.h"
#include "util/math.h"

static int floor_mod(int a, int m)
{
    return (a % m + m) % m;
}

/* The first kernel index whose taps fall on input pixels for this phase, or -1. */
static int first_tap(const ac_conv_axis *a, int phase)
{
    for (int k = 0; k < a->kernel && k < a->stride / a->common; k++)
        if (floor_mod(phase + a->padding - k * a->dilation, a->stride) == 0)
            return k;
    return -1;
}

static int phase_taps(const ac_conv_axis *a, int phase)
{
    int first = first_tap(a, phase), step = a->stride / a->common;

    return first < 0 ? 0 : (a->kernel - first + step - 1) / step;
}

ac_conv_axis ac_conv_axis_of(const ac_node *node, int d)
{
    const ac_op_params *p = &node->params;
    ac_conv_axis a = {.kernel = p->kernel[d],
                      .stride = p->stride[d],
                      .dilation = p->dilation[d],
                      .padding = p->padding[d]};

    a.transposed = node->kind == AC_OP_CONV_TRANSPOSE2D;
    a.common = (int)ac_common_divisor(a.stride, a.dilation);
    if (!a.transposed) {
        a.phases = 1;
        a.in_stride = a.stride;
        a.in_dilation = a.dilation;
        a.taps = a.kernel;
        return a;
    }
    a.phases = a.stride;
    a.in_stride = 1;
    a.in_dilation = a.dilation / a.common;
    a.taps = 1;
    for (int phase = 0; phase < a.phases; phase++)
        if (phase_taps(&a, phase) > a.taps)
            a.taps = phase_taps(&a, phase);
    return a;
}

int ac_conv_kernel_index(const ac_conv_axis *a, int phase, int t)
{
    if (!a->transposed)
        return t;
    if (t >= phase_taps(a, phase))
        return -1;
    return first_tap(a, phase) + (phase_taps(a, phase) - 1 - t) * (a->stride / a->common);
}

int ac_conv_origin(const ac_conv_axis *a, int phase)
{
    int first;

    if (!a->transposed)
        return -a->padding;
    first = first_tap(a, phase);
    if (first < 0)
        return 0;
    return (phase + a->padding - first * a->dilation) / a->stride -
           (phase_taps(a, phase) - 1) * a->in_dilation;
}

int ac_conv_grid(const ac_conv_axis *a, int phase, int out)
{
    return out <= phase ? 0 : (out - phase + a->phases - 1) / a->phases;
}

bool ac_conv_bounded(const ac_conv_axis *a, int in, int out)
{
    for (int phase = 0; phase < a->phases; phase++) {
        int first = ac_conv_origin(a, phase);
        int last = first + (ac_conv_grid(a, phase, out) - 1) * a->in_stride +
                   (a->taps - 1) * a->in_dilation;

        if (first < 0 || last >= in)
            return true;
    }
    return false;
}
