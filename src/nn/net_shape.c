#include <stdlib.h>
#include <string.h>

#include "nn/net_read.h"
#include "util/math.h"

ac_status ac_net_check_colours(const ac_net *net, const ac_log *log)
{
    int channels = net->channels[net->node_count];

    if (!net->has_output)
        return ac_fail(log, AC_ERR_FORMAT,
                       "%s: the network has no output line (output ab scale=...), so it cannot "
                       "colour; it may be part of another",
                       net->where);
    if (channels != 2)
        return ac_fail(log, AC_ERR_FORMAT,
                       "%s: the network makes %d channel%s; to colour it must make 2, a and b",
                       net->where, channels, channels == 1 ? "" : "s");
    return AC_OK;
}

/* n * c * h * w is small enough that bytes and offsets cannot overflow later. */
static bool countable(ac_shape s)
{
    int64_t count = (int64_t)s.n * s.c;

    return !__builtin_mul_overflow(count, (int64_t)s.h, &count) &&
           !__builtin_mul_overflow(count, (int64_t)s.w, &count) && count <= INT64_MAX / 16;
}

ac_status ac_net_shapes(const ac_net *net, int n, int h, int w, const ac_log *log, ac_shape *shapes)
{
    char why[256] = "";

    if (n < 1 || h < 1 || w < 1)
        return ac_fail(log, AC_ERR_ARGUMENT, "%s: an input of %dx%dx%d is nothing", net->where, n,
                       h, w);
    shapes[0] = (ac_shape){n, net->channels[0], h, w};
    for (int i = 0; i < net->node_count; i++) {
        const ac_node *node = &net->nodes[i];
        ac_shape in[AC_NET_MAX_INPUTS], out;

        for (int j = 0; j < node->input_count; j++)
            in[j] = shapes[node->inputs[j]];
        out = (ac_shape){n, net->channels[i + 1], in[0].h, in[0].w};
        if (ac_ops[node->kind]->shape &&
            !ac_ops[node->kind]->shape(node, in, &out, why, sizeof(why)))
            return ac_fail(log, AC_ERR_ARGUMENT, "%s:%d: %s: %s (network input %dx%d)", net->where,
                           node->line, ac_ops[node->kind]->name, why, h, w);
        if (!countable(out))
            return ac_fail(log, AC_ERR_ARGUMENT,
                           "%s:%d: %s: a result of %dx%dx%dx%d values is too large (network input "
                           "%dx%d)",
                           net->where, node->line, ac_ops[node->kind]->name, out.n, out.c, out.h,
                           out.w, h, w);
        shapes[i + 1] = out;
    }
    return AC_OK;
}

/* How much smaller than the network's input a value is, down / up in lowest terms, along one axis;
 * down 0: it is 1x1 whatever the input. */
typedef struct level {
    int64_t down, up;
} level;

/* In an add, what is 1x1 says nothing of the plane. */
static level input_level(const ac_node *node, const level *levels)
{
    for (int i = 0; i < node->input_count; i++)
        if (levels[node->inputs[i]].down)
            return levels[node->inputs[i]];
    return (level){0, 1};
}

/* Along one axis; false when a level or the multiple goes beyond the limit: *line has the node's.
 */
static bool measure_axis(const ac_net *net, int axis, level *levels, int64_t *multiple, int *line)
{
    *multiple = 1;
    levels[0] = (level){1, 1};
    for (int i = 0; i < net->node_count; i++) {
        const ac_node *node = &net->nodes[i];
        level at = input_level(node, levels);
        int down[2] = {1, 1}, up[2] = {1, 1};

        if (ac_ops[node->kind]->scale)
            ac_ops[node->kind]->scale(node, down, up);
        at.down *= down[axis];
        at.up *= up[axis];
        if (at.down) {
            int64_t divisor = ac_common_divisor(at.down, at.up);

            at.down /= divisor;
            at.up /= divisor;
            *multiple *= at.down / ac_common_divisor(*multiple, at.down);
        } else {
            at.up = 1;
        }
        levels[i + 1] = at;
        *line = node->line;
        if (*multiple > AC_NET_MAX_MULTIPLE || at.up > AC_NET_MAX_MULTIPLE)
            return false;
    }
    return true;
}

ac_status ac_net_measure_multiple(ac_net *net, const ac_log *log)
{
    level *levels = calloc((size_t)net->node_count + 1, sizeof(*levels));
    ac_status status = AC_OK;

    if (!levels)
        return ac_fail(log, AC_ERR_MEMORY, "%s: out of memory", net->where);
    for (int axis = 0; axis < 2 && status == AC_OK; axis++) {
        int64_t multiple;
        int line;

        if (measure_axis(net, axis, levels, &multiple, &line))
            net->multiple[axis] = (int)multiple;
        else
            status = ac_fail(log, AC_ERR_FORMAT,
                             "%s:%d: the strides up to here make the picture more than %d times "
                             "smaller or larger",
                             net->where, line, AC_NET_MAX_MULTIPLE);
    }
    free(levels);
    return status;
}

void ac_net_multiple(const ac_net *net, int *y, int *x)
{
    *y = net->multiple[0];
    *x = net->multiple[1];
}

void ac_net_find_used(const ac_net *net, bool *used)
{
    memset(used, 0, (size_t)net->node_count * sizeof(*used));
    used[net->node_count] = true;
    for (int i = net->node_count - 1; i >= 0; i--)
        for (int k = 0; k < net->nodes[i].input_count && used[i + 1]; k++)
            used[net->nodes[i].inputs[k]] = true;
}

bool ac_param_is_trained(const ac_param_info *info)
{
    return strncmp(info->suffix, "running_", strlen("running_")) != 0;
}

int ac_node_params(const ac_node *node, int in_channels, ac_param_info infos[5])
{
    const ac_op *op = ac_ops[node->kind];

    return op->params ? op->params(node, in_channels, infos) : 0;
}

int64_t ac_node_macs(const ac_node *node, ac_shape in, ac_shape out)
{
    const ac_op *op = ac_ops[node->kind];

    return op->macs ? op->macs(node, in, out) : 0;
}

int64_t ac_net_parameters(const ac_net *net)
{
    int64_t sum = 0; /* 4096 nodes of at most 2^48 weights */

    for (int i = 0; i < net->node_count; i++) {
        ac_param_info infos[5];
        int count = ac_node_params(&net->nodes[i], net->channels[net->nodes[i].inputs[0]], infos);

        for (int j = 0; j < count; j++) {
            int64_t product = 1;

            for (int k = 0; k < infos[j].rank; k++)
                product *= infos[j].dims[k];
            if (ac_param_is_trained(&infos[j]))
                sum += product;
        }
    }
    return sum;
}
