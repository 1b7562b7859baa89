#include "nn/op_window.h"

#include <limits.h>
#include <stdio.h>

bool ac_size_set(int *to, int64_t value, char *why, size_t why_size)
{
    if (value < 1 || value > INT_MAX) {
        snprintf(why, why_size, "the result would have a side of %lld (1 to %d can be)",
                 (long long)value, INT_MAX);
        return false;
    }
    *to = (int)value;
    return true;
}

bool ac_window_shape(const ac_node *node, const ac_shape *in, ac_shape *out, char *why,
                     size_t why_size)
{
    const ac_op_params *p = &node->params;
    const int size[2] = {in->h, in->w};
    int *const result[2] = {&out->h, &out->w};

    for (int i = 0; i < 2; i++) {
        int64_t padded = (int64_t)size[i] + p->padding[i] + p->padding[i + 2];
        int64_t window = (int64_t)p->dilation[i] * (p->kernel[i] - 1) + 1;

        if (window > padded) {
            snprintf(why, why_size,
                     "its window is %lld %s, but the input (%dx%d) has only %lld with padding",
                     (long long)window, i ? "wide" : "high", in->h, in->w, (long long)padded);
            return false;
        }
        if (!ac_size_set(result[i], (padded - window) / p->stride[i] + 1, why, why_size))
            return false;
    }
    return true;
}

void ac_window_scale(const ac_node *node, int down[2], int up[2])
{
    for (int i = 0; i < 2; i++) {
        down[i] = node->params.stride[i];
        up[i] = 1;
    }
}

int ac_window_conv_channels(const ac_node *node, const int *in, char *why, size_t why_size)
{
    const ac_op_params *p = &node->params;

    if (in[0] % p->groups || p->channels % p->groups) {
        snprintf(why, why_size, "groups=%d does not divide its %d channels %s", p->groups,
                 in[0] % p->groups ? in[0] : p->channels, in[0] % p->groups ? "in" : "out");
        return 0;
    }
    return p->channels;
}

int ac_window_pool_channels(const ac_node *node, const int *in, char *why, size_t why_size)
{
    const ac_op_params *p = &node->params;

    for (int i = 0; i < 4; i++)
        if (p->padding[i] > p->kernel[i % 2] / 2) {
            snprintf(why, why_size, "a padding of %d is more than half of the kernel (%dx%d)",
                     p->padding[i], p->kernel[0], p->kernel[1]);
            return 0;
        }
    return in[0];
}

int ac_window_conv_params(const ac_node *node, int dim0, int dim1, ac_param_info infos[5])
{
    const ac_op_params *p = &node->params;

    infos[0] = (ac_param_info){"weight", 4, {dim0, dim1, p->kernel[0], p->kernel[1]}};
    infos[1] = (ac_param_info){"bias", 1, {p->channels}};
    return p->bias ? 2 : 1;
}

int64_t ac_mul_saturated(int64_t a, int64_t b)
{
    int64_t product;

    return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}
