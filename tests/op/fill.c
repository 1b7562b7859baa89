#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fill.h"

static uint64_t fnv1a(uint64_t hash, const char *text)
{
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
    return hash;
}

/* to[i] = middle + range * u */
static void fill(const char *prefix, const char *name, const char *suffix, double middle,
                 double range, size_t count, float *to)
{
    uint64_t seed = fnv1a(fnv1a(0xcbf29ce484222325u, prefix), "/");
    seed = fnv1a(seed, name);
    if (*suffix)
        seed = fnv1a(fnv1a(seed, "."), suffix);
    for (size_t i = 0; i < count; i++) {
        uint64_t z = seed + (i + 1) * 0x9e3779b97f4a7c15u;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        z ^= z >> 31;
        double u = (double)(z >> 40) / 8388608 - 1;
        to[i] = (float)(middle + range * u);
    }
}

static double fan_in(const ac_node *node, int in_channels)
{
    const ac_op_params *p = &node->params;
    double places = (double)p->kernel[0] * p->kernel[1];
    if (node->kind == AC_OP_CONV_TRANSPOSE2D)
        places =
            ceil((double)p->kernel[0] / p->stride[0]) * ceil((double)p->kernel[1] / p->stride[1]);
    return places * in_channels / p->groups;
}

static void fill_tensor(const ac_node *node, int in_channels, const ac_tensor *tensor,
                        const char *suffix, const char *prefix)
{
    double middle = 0;
    double range = 0.5;
    size_t count = 1;
    for (int i = 0; i < tensor->rank; i++)
        count *= (size_t)tensor->dims[i];
    if (tensor->rank == 4)
        range = sqrt(3 / fan_in(node, in_channels));
    else if (!strcmp(suffix, "weight") || !strcmp(suffix, "running_var"))
        middle = 1;
    fill(prefix, node->name, suffix, middle, range, count, tensor->data);
}

ac_model *fill_model(const char *text, size_t size, const char *prefix, const ac_log *log)
{
    ac_model *model = NULL;
    if (ac_model_random(text, size, prefix, 1, log, &model) != AC_OK)
        return NULL;
    for (int i = 0; i < model->net->node_count; i++) {
        const ac_node *node = &model->net->nodes[i];
        int in_channels = model->net->channels[node->inputs[0]];
        ac_param_info infos[5];
        int count = ac_node_params(node, in_channels, infos);
        for (int k = 0; k < count; k++) {
            const ac_tensor *tensor = ac_model_find(model, node->name, infos[k].suffix);
            if (!tensor) {
                fprintf(stderr, "%s: no tensor %s.%s\n", prefix, node->name, infos[k].suffix);
                ac_model_destroy(&model);
                return NULL;
            }
            fill_tensor(node, in_channels, tensor, infos[k].suffix, prefix);
        }
    }
    return model;
}

float *fill_lightness(const char *prefix, size_t count)
{
    float *picture = malloc(count * sizeof(*picture));
    if (picture)
        fill(prefix, "L", "", 50, 50, count, picture);
    return picture;
}

float *fill_gradient(const char *prefix, size_t count)
{
    float *gradient = malloc(count * sizeof(*gradient));
    if (gradient)
        fill(prefix, "gradient", "", 0, 1, count, gradient);
    return gradient;
}
