#include <stdio.h>
#include <string.h>

#include "nn/net_read.h"

static const struct {
    const char *name;
    unsigned bit;
} arguments[] = {
    {"kernel", AC_ARG_KERNEL},     {"stride", AC_ARG_STRIDE},
    {"padding", AC_ARG_PADDING},   {"output_padding", AC_ARG_OUTPUT_PADDING},
    {"dilation", AC_ARG_DILATION}, {"groups", AC_ARG_GROUPS},
    {"bias", AC_ARG_BIAS},         {"eps", AC_ARG_EPS},
    {"slope", AC_ARG_SLOPE},       {"factor", AC_ARG_FACTOR},
    {"mode", AC_ARG_MODE},         {"count_padding", AC_ARG_COUNT_PADDING},
};

enum { ARGUMENT_COUNT = sizeof(arguments) / sizeof(arguments[0]) };

/* "kernel, stride, padding" */
static const char *list(unsigned bits, char *text, size_t size)
{
    size_t used = 0;

    snprintf(text, size, "none");
    for (int i = 0; i < ARGUMENT_COUNT; i++)
        if (bits & arguments[i].bit && used < size)
            used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "",
                                     arguments[i].name);
    return text;
}

static ac_status read_flag(ac_net_reader *r, const ac_token *token, const char *what, bool *flag)
{
    int value = 0;
    ac_status status = ac_net_read_int(r, token, what, 0, 1, &value);

    *flag = value == 1;
    return status;
}

/* Splits "a:b:c:d" or "axb" at the first separator; false when there is none. */
static bool split(ac_token *token, char separator, ac_token *part)
{
    const char *found = memchr(token->text, separator, (size_t)token->size);

    if (!found)
        return false;
    *part = *token;
    part->size = (int)(found - token->text);
    token->text = found + 1;
    token->size -= part->size + 1;
    return true;
}

/* K or HEIGHTxWIDTH */
static ac_status read_pair(ac_net_reader *r, const ac_token *token, const char *what, int low,
                           int high, int pair[2])
{
    ac_token first, rest = *token;
    ac_status status = AC_OK;

    if (token->kind != AC_TOKEN_WORD || !split(&rest, 'x', &first))
        first = rest;
    TRY(ac_net_read_int(r, &first, what, low, high, &pair[0]));
    TRY(ac_net_read_int(r, &rest, what, low, high, &pair[1]));
fail:
    return status;
}

/* P or TOP:LEFT:BOTTOM:RIGHT */
static ac_status read_padding(ac_net_reader *r, const ac_token *token, int padding[4])
{
    const char *what = "padding (one number or top:left:bottom:right)";
    ac_token part, rest = *token;
    ac_status status = AC_OK;
    int parts = 0;

    while (token->kind == AC_TOKEN_WORD && parts < 3 && split(&rest, ':', &part))
        TRY(ac_net_read_int(r, &part, what, 0, AC_NET_MAX_PADDING, &padding[parts++]));
    if (parts != 0 && parts != 3)
        return ac_net_read_fail(r, "padding must be one number or top:left:bottom:right, not %.*s",
                                token->size < 60 ? token->size : 60, token->text);
    TRY(ac_net_read_int(r, &rest, what, 0, AC_NET_MAX_PADDING, &padding[3]));
    if (!parts)
        padding[0] = padding[1] = padding[2] = padding[3];
fail:
    return status;
}

static ac_status read_mode(ac_net_reader *r, const ac_token *token, bool *bilinear)
{
    char shown[80];

    *bilinear = ac_token_is(token, "bilinear");
    if (!*bilinear && !ac_token_is(token, "nearest"))
        return ac_net_read_fail(r, "mode must be nearest or bilinear, not %s",
                                ac_token_show(token, shown));
    return AC_OK;
}

static ac_status read_value(ac_net_reader *r, unsigned bit, const ac_token *value, ac_op_params *p)
{
    const int size = AC_NET_MAX_KERNEL;

    switch (bit) {
    case AC_ARG_KERNEL:
        return read_pair(r, value, "kernel", 1, size, p->kernel);
    case AC_ARG_STRIDE:
        return read_pair(r, value, "stride", 1, size, p->stride);
    case AC_ARG_PADDING:
        return read_padding(r, value, p->padding);
    case AC_ARG_OUTPUT_PADDING:
        return read_pair(r, value, "output_padding", 0, AC_NET_MAX_PADDING, p->output_padding);
    case AC_ARG_DILATION:
        return read_pair(r, value, "dilation", 1, size, p->dilation);
    case AC_ARG_GROUPS:
        return ac_net_read_int(r, value, "groups", 1, AC_NET_MAX_CHANNELS, &p->groups);
    case AC_ARG_BIAS:
        return read_flag(r, value, "bias", &p->bias);
    case AC_ARG_EPS:
        return ac_net_read_float(r, value, "eps", 1e-12, 1, &p->eps);
    case AC_ARG_SLOPE:
        return ac_net_read_float(r, value, "slope", -100, 100, &p->slope);
    case AC_ARG_FACTOR:
        return ac_net_read_int(r, value, "factor", 1, AC_NET_MAX_FACTOR, &p->factor);
    case AC_ARG_MODE:
        return read_mode(r, value, &p->bilinear);
    default:
        return read_flag(r, value, "count_padding", &p->count_padding);
    }
}

/* NAME=VALUE; the token looked at is the `=`. */
static ac_status read_named(ac_net_reader *r, const ac_op *op, const ac_token *name,
                            unsigned *given, ac_op_params *params)
{
    char known[256], shown[80];
    unsigned bit = 0;

    for (int i = 0; i < ARGUMENT_COUNT; i++)
        if (ac_token_is(name, arguments[i].name))
            bit = arguments[i].bit;
    if (!(bit & op->arguments))
        return ac_net_read_fail(r, "%s has no argument %s; it takes: %s", op->name,
                                ac_token_show(name, shown),
                                list(op->arguments, known, sizeof(known)));
    if (bit & *given)
        return ac_net_read_fail(r, "%s is given twice", ac_token_show(name, shown));
    *given |= bit;
    ac_net_read_next(r);
    if (r->token.kind != AC_TOKEN_WORD)
        return ac_net_read_fail(r, "a value is missing after %.*s=", name->size, name->text);
    return read_value(r, bit, &r->token, params);
}

static ac_status unknown_name(ac_net_reader *r, const ac_token *name)
{
    char shown[80];
    int line = ac_net_read_find_line(r, name);

    ac_token_show(name, shown);
    if (line)
        return ac_net_read_fail(r,
                                "%s is used before line %d defines it; a network has no loops: "
                                "move that line up",
                                shown, line);
    return ac_net_read_fail(r, "there is no %s above this line", shown);
}

static ac_status read_input(ac_net_reader *r, const ac_op *op, const ac_token *name,
                            const ac_token *own, ac_node *node)
{
    char shown[80];
    ac_net_name *found = ac_net_name_find(r, name->text, name->size);

    if (found && found->value >= 0) {
        if (node->input_count == op->max_inputs)
            return ac_net_read_fail(r, "%s takes %s%d input%s", op->name,
                                    op->min_inputs < op->max_inputs ? "at most " : "",
                                    op->max_inputs, op->max_inputs > 1 ? "s" : "");
        node->inputs[node->input_count++] = found->value;
        return AC_OK;
    }
    if (found)
        return ac_net_read_fail(
            r, "%s (line %d) is inside a chain; only the value at a line's end has a name",
            ac_token_show(name, shown), found->line);
    if (name->size == own->size && !memcmp(name->text, own->text, (size_t)own->size))
        return ac_net_read_fail(r, "%s is used in its own definition; a network has no loops",
                                ac_token_show(name, shown));
    return unknown_name(r, name);
}

/* An input's name or the number of channels. */
static ac_status read_positional(ac_net_reader *r, const ac_op *op, bool chained,
                                 const ac_token *word, const ac_token *own, ac_node *node)
{
    char shown[80];

    if (op->takes_channels && word->text[0] >= '0' && word->text[0] <= '9') {
        if (node->params.channels)
            return ac_net_read_fail(r, "a second number of channels, %s; write NAME=%.*s",
                                    ac_token_show(word, shown), word->size < 40 ? word->size : 40,
                                    word->text);
        return ac_net_read_int(r, word, "the number of channels", 1, AC_NET_MAX_CHANNELS,
                               &node->params.channels);
    }
    if (chained)
        return ac_net_read_fail(
            r, "%s in a chain works on the value before it: take %s out of the brackets", op->name,
            ac_token_show(word, shown));
    return read_input(r, op, word, own, node);
}

static ac_status read_list(ac_net_reader *r, const ac_op *op, bool chained, const ac_token *own,
                           ac_node *node, unsigned *given)
{
    char shown[80];
    ac_status status = AC_OK;

    ac_net_read_next(r); /* over the opening bracket */
    while (!ac_token_is(&r->token, ")")) {
        ac_token word = r->token;

        if (word.kind != AC_TOKEN_WORD)
            return ac_net_read_fail(r, "an argument of %s or ')' must stand where %s is", op->name,
                                    ac_token_show(&word, shown));
        ac_net_read_next(r);
        if (ac_token_is(&r->token, "=")) {
            TRY(read_named(r, op, &word, given, &node->params));
            ac_net_read_next(r);
        } else if (*given) {
            return ac_net_read_fail(r, "%s must stand before the named arguments",
                                    ac_token_show(&word, shown));
        } else {
            TRY(read_positional(r, op, chained, &word, own, node));
        }
        if (ac_token_is(&r->token, ",")) {
            ac_net_read_next(r);
            if (ac_token_is(&r->token, ")"))
                return ac_net_read_fail(r, "an argument is missing after the last ','");
        } else if (!ac_token_is(&r->token, ")")) {
            return ac_net_read_fail(r, "',' or ')' must stand where %s is",
                                    ac_token_show(&r->token, shown));
        }
    }
    ac_net_read_next(r);
fail:
    return status;
}

ac_status ac_net_read_arguments(ac_net_reader *r, const ac_op *op, bool chained,
                                const ac_token *own, ac_node *node)
{
    ac_op_params *p = &node->params;
    ac_status status = AC_OK;
    unsigned given = 0;
    char missing[256];

    *p = (ac_op_params){
        .stride = {1, 1},
        .dilation = {1, 1},
        .groups = 1,
        .bias = op->arguments & AC_ARG_BIAS,
        .eps = 1e-5f,
        .slope = 0.01f,
        .factor = 2,
        .count_padding = true,
    };
    if (ac_token_is(&r->token, "("))
        TRY(read_list(r, op, chained, own, node, &given));
    if (node->input_count < op->min_inputs)
        return ac_net_read_fail(r, "%s needs %d input%s, as in %s(x%s%s)", op->name, op->min_inputs,
                                op->min_inputs > 1 ? "s" : "", op->name,
                                op->min_inputs > 1 ? ", y" : "",
                                op->takes_channels ? ", 32, kernel=3" : "");
    if (op->takes_channels && !p->channels)
        return ac_net_read_fail(r, "%s needs the number of channels after its input", op->name);
    if (op->required & ~given)
        return ac_net_read_fail(r, "%s needs %s=...", op->name,
                                list(op->required & ~given, missing, sizeof(missing)));
    /* Pools go on by a whole window unless told otherwise. */
    if (!op->takes_channels && op->arguments & AC_ARG_STRIDE && !(given & AC_ARG_STRIDE))
        memcpy(p->stride, p->kernel, sizeof(p->stride));
fail:
    return status;
}
