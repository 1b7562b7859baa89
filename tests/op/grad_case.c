#include <stdlib.h>

#include "fill.h"
#include "grad_case.h"

static ac_status output_shape(const ac_net *net, ac_shape in, const ac_log *log, ac_shape *out)
{
    ac_shape *shapes = calloc((size_t)net->node_count + 1, sizeof(*shapes));
    if (!shapes)
        return AC_ERR_MEMORY;
    ac_status status = ac_net_shapes(net, in.n, in.h, in.w, log, shapes);
    *out = shapes[net->node_count];
    free(shapes);
    return status;
}

ac_status grad_case_make(const test_case *c, const ac_model *model, const ac_log *log,
                         grad_case *to)
{
    ac_status status = AC_OK;
    int y = 1;
    int x = 1;
    *to = (grad_case){0};
    ac_net_multiple(model->net, &y, &x);
    to->in = (ac_shape){c->n, 1, (c->h + y - 1) / y * y, (c->w + x - 1) / x * x};
    for (int i = 0; i < model->net->node_count; i++)
        if (model->net->nodes[i].kind == AC_OP_BATCHNORM)
            to->normalises = true;
    if (to->normalises && to->in.n < 2)
        to->in.n = 2;
    TRY(output_shape(model->net, to->in, log, &to->out));
    to->lightness = fill_lightness(c->name, (size_t)ac_shape_count(to->in));
    to->gradient = fill_gradient(c->name, (size_t)ac_shape_count(to->out));
    if (!to->lightness || !to->gradient)
        status = AC_ERR_MEMORY;
fail:
    return status;
}

void grad_case_free(grad_case *c)
{
    free(c->lightness);
    free(c->gradient);
    *c = (grad_case){0};
}
