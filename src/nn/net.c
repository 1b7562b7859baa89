#include "nn/net.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nn/net_read.h"
#include "util/file.h"

ac_status ac_net_read_fail(const ac_net_reader *r, const char *format, ...)
{
    char message[900];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    return ac_fail(r->log, AC_ERR_FORMAT, "%s:%d: %s", r->where, r->line, message);
}

static ac_status fail_memory(const ac_net_reader *r)
{
    return ac_fail(r->log, AC_ERR_MEMORY, "%s: out of memory", r->where);
}

static ac_status grow_nodes(ac_net_reader *r)
{
    ac_net *net = r->net;
    int capacity = r->node_capacity ? 2 * r->node_capacity : 64;
    size_t count = (size_t)capacity;
    ac_node *nodes;
    int *channels;
    const char **names;

    if (net->node_count < r->node_capacity)
        return AC_OK;
    nodes = realloc(net->nodes, count * sizeof(*nodes));
    if (nodes)
        net->nodes = nodes;
    channels = realloc(net->channels, (count + 1) * sizeof(*channels));
    if (channels)
        net->channels = channels;
    names = realloc((void *)net->names, (count + 1) * sizeof(*names));
    if (names)
        net->names = names;
    if (!nodes || !channels || !names)
        return fail_memory(r);
    r->node_capacity = capacity;
    return AC_OK;
}

static ac_status unknown_operation(ac_net_reader *r, const ac_token *word)
{
    char shown[80], known[512];
    size_t used = 0;

    for (int i = 0; i < AC_OP_COUNT && used < sizeof(known); i++)
        used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s", i ? ", " : "",
                                 ac_ops[i]->name);
    return ac_net_read_fail(r, "unknown operation %s; there are: %s", ac_token_show(word, shown),
                            known);
}

/* The name that a node's tensors have; "" when it has none. */
static ac_status name_tensors(ac_net_reader *r, const ac_token *line_name, bool chained,
                              ac_node *node)
{
    node->name = "";
    if (chained && ac_ops[node->kind]->params)
        return ac_net_name_add(r, line_name, "_bn", -1, &node->name);
    return AC_OK;
}

/* One operation of a chain; line_name is what the line defines. */
static ac_status read_operation(ac_net_reader *r, const ac_token *line_name, bool chained)
{
    char why[256] = "", shown[80];
    int in[AC_NET_MAX_INPUTS] = {0};
    ac_net *net = r->net;
    ac_token word = r->token;
    ac_node *node;
    const ac_op *op;
    ac_status status = AC_OK;
    int kind = 0;

    if (word.kind != AC_TOKEN_WORD)
        return ac_net_read_fail(r, "an operation must stand where %s is",
                                ac_token_show(&word, shown));
    while (kind < AC_OP_COUNT && !ac_token_is(&word, ac_ops[kind]->name))
        kind++;
    if (kind == AC_OP_COUNT)
        return unknown_operation(r, &word);
    op = ac_ops[kind];
    if (chained && !op->chains)
        return ac_net_read_fail(r, "%s cannot stand in a chain; give it a line of its own",
                                op->name);
    if (net->node_count == AC_NET_MAX_NODES)
        return ac_net_read_fail(r, "more than %d operations", AC_NET_MAX_NODES);
    TRY(grow_nodes(r));

    node = &net->nodes[net->node_count];
    *node = (ac_node){.kind = (ac_op_kind)kind, .line = r->line};
    if (chained) {
        node->inputs[0] = net->node_count;
        node->input_count = 1;
    }
    ac_net_read_next(r);
    TRY(ac_net_read_arguments(r, op, chained, line_name, node));
    TRY(name_tensors(r, line_name, chained, node));
    for (int i = 0; i < node->input_count; i++)
        in[i] = net->channels[node->inputs[i]];
    net->channels[net->node_count + 1] =
        op->channels ? op->channels(node, in, why, sizeof(why)) : in[0];
    net->names[net->node_count + 1] = "";
    if (net->channels[net->node_count + 1] < 1)
        return ac_net_read_fail(r, "%s: %s", op->name, why);
    net->node_count++;
fail:
    return status;
}

/* NAME = operation operation ...; the token looked at is the `=`. */
static ac_status read_layer(ac_net_reader *r, const ac_token *name)
{
    ac_net *net = r->net;
    ac_status status = AC_OK;
    int first = net->node_count;
    const char *copy;

    if (!r->has_input)
        return ac_net_read_fail(r, "the input must come first: a line 'input L scale=1 offset=0'");
    ac_net_read_next(r);
    do
        TRY(read_operation(r, name, net->node_count > first));
    while (r->token.kind != AC_TOKEN_END);
    /* Defined only now, so that the line cannot use its own value. */
    TRY(ac_net_name_add(r, name, "", net->node_count, &copy));
    net->names[net->node_count] = copy;
    if (ac_ops[net->nodes[first].kind]->params)
        net->nodes[first].name = copy;
fail:
    return status;
}

/* scale=... and offset=... to the end of the line; offset NULL: only scale. */
static ac_status read_scale(ac_net_reader *r, const char *what, float *scale, float *offset)
{
    bool has_scale = false, has_offset = false;
    ac_status status = AC_OK;
    char shown[80];

    while (r->token.kind != AC_TOKEN_END) {
        bool is_scale = ac_token_is(&r->token, "scale");
        bool is_offset = offset && ac_token_is(&r->token, "offset");
        bool *given = is_scale ? &has_scale : &has_offset;

        if (!is_scale && !is_offset)
            return ac_net_read_fail(r, "after %s NAME may stand scale=NUMBER%s, not %s", what,
                                    offset ? " and offset=NUMBER" : "",
                                    ac_token_show(&r->token, shown));
        if (*given)
            return ac_net_read_fail(r, "%s is given twice", ac_token_show(&r->token, shown));
        *given = true;
        ac_net_read_next(r);
        if (!ac_token_is(&r->token, "="))
            return ac_net_read_fail(r, "'=' must stand where %s is",
                                    ac_token_show(&r->token, shown));
        ac_net_read_next(r);
        TRY(ac_net_read_float(r, &r->token, is_scale ? "scale" : "offset", -1e6, 1e6,
                              is_scale ? scale : offset));
        if (is_scale && *scale == 0)
            return ac_net_read_fail(r, "a scale of 0 leaves nothing of the %s", what);
        ac_net_read_next(r);
    }
fail:
    return status;
}

/* The token looked at is the one after `input`. */
static ac_status read_input_line(ac_net_reader *r)
{
    ac_net *net = r->net;
    ac_token name = r->token;
    ac_status status = AC_OK;

    if (r->has_input)
        return ac_net_read_fail(r, "a second input line");
    TRY(grow_nodes(r));
    TRY(ac_net_name_add(r, &name, "", 0, &net->names[0]));
    net->channels[0] = 1;
    r->has_input = true;
    r->input_line = r->line;
    ac_net_read_next(r);
    TRY(read_scale(r, "input", &net->input_scale, &net->input_offset));
fail:
    return status;
}

static ac_status read_output_line(ac_net_reader *r)
{
    ac_net *net = r->net;
    ac_net_name *named;
    char shown[80];

    if (!r->has_input || !net->node_count)
        return ac_net_read_fail(r, "output before %s",
                                r->has_input ? "any layer" : "the input line");
    if (r->token.kind != AC_TOKEN_WORD)
        return ac_net_read_fail(r, "a name must stand after output (output ab scale=1), not %s",
                                ac_token_show(&r->token, shown));
    named = ac_net_name_find(r, r->token.text, r->token.size);
    /* The word is only a label, but one that names another value shows a mistake. */
    if (named && named->value != net->node_count)
        return ac_net_read_fail(r, "the output is the value of the last line, '%s', not %s",
                                net->names[net->node_count], ac_token_show(&r->token, shown));
    net->has_output = true;
    ac_net_read_next(r);
    return read_scale(r, "output", &net->output_scale, NULL);
}

static ac_status read_lines(ac_net_reader *r)
{
    ac_status status = AC_OK;
    char shown[80];

    while (ac_net_read_line(r)) {
        ac_token word = r->token;

        if (r->net->has_output)
            return ac_net_read_fail(r, "%s after the output line, which must be the last",
                                    ac_token_show(&word, shown));
        ac_net_read_next(r);
        if (word.kind == AC_TOKEN_WORD && ac_token_is(&r->token, "="))
            TRY(read_layer(r, &word));
        else if (ac_token_is(&word, "input"))
            TRY(read_input_line(r));
        else if (ac_token_is(&word, "output"))
            TRY(read_output_line(r));
        else
            return ac_net_read_fail(
                r, "%s: a line is 'input L', 'NAME = operation(...)' or 'output ab'",
                ac_token_show(&word, shown));
    }
    if (!r->has_input)
        return ac_fail(r->log, AC_ERR_FORMAT,
                       "%s: there is no network in it: no line 'input L scale=1'", r->where);
    if (!r->net->node_count)
        return ac_fail(r->log, AC_ERR_FORMAT, "%s: no layer after the input line", r->where);
fail:
    return status;
}

/* A value that nothing uses is most likely a slip of the pen. */
static ac_status warn_unused(const ac_net_reader *r)
{
    const ac_net *net = r->net;
    bool *used = calloc((size_t)net->node_count + 1, sizeof(*used));

    if (!used)
        return fail_memory(r);
    for (int i = 0; i < net->node_count; i++)
        for (int j = 0; j < net->nodes[i].input_count; j++)
            used[net->nodes[i].inputs[j]] = true;
    for (int i = 0; i < net->node_count; i++)
        if (!used[i])
            ac_log_print(r->log, AC_LOG_WARNING, "%s:%d: '%s' is never used", r->where,
                         i ? net->nodes[i - 1].line : r->input_line, net->names[i]);
    free(used);
    return AC_OK;
}

ac_status ac_net_parse(const char *text, size_t size, const char *where, const ac_log *log,
                       ac_net **result)
{
    ac_net_reader r = {.where = where, .log = log};
    ac_status status = AC_OK;

    *result = NULL;
    if (size > AC_NET_MAX_TEXT)
        return ac_fail(log, AC_ERR_FORMAT, "%s: a description of %zu bytes; %d are the most", where,
                       size, AC_NET_MAX_TEXT);
    r.net = calloc(1, sizeof(*r.net));
    if (!r.net)
        return fail_memory(&r);
    r.net->input_scale = r.net->output_scale = 1;
    r.net->text = calloc(1, size + 1);
    r.net->where = strdup(where);
    /* A name is kept once as a value's and once, with "_bn", as a batchnorm's. */
    r.strings = r.net->strings = calloc(2, size + 64);
    r.names = calloc(AC_NET_NAME_SLOTS, sizeof(*r.names));
    r.locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!r.net->text || !r.net->where || !r.strings || !r.names || !r.locale) {
        status = fail_memory(&r);
        goto fail;
    }
    memcpy(r.net->text, text, size);
    TRY(ac_net_read_check_text(&r, r.net->text, size));
    TRY(read_lines(&r));
    TRY(ac_net_measure_multiple(r.net, log));
    TRY(warn_unused(&r));
    *result = r.net;
    r.net = NULL;
fail:
    if (r.locale)
        freelocale(r.locale);
    free(r.names);
    ac_net_destroy(&r.net);
    return status;
}

ac_status ac_net_load(const char *path, const ac_log *log, ac_net **net)
{
    ac_status status = AC_OK;
    char *text = NULL;
    uint64_t size;
    int fd = -1;

    *net = NULL;
    TRY(ac_file_open(path, log, &fd, &size));
    if (size > AC_NET_MAX_TEXT) {
        status =
            ac_fail(log, AC_ERR_FORMAT, "%s: has %" PRIu64 " bytes; a description has at most %d",
                    path, size, AC_NET_MAX_TEXT);
        goto fail;
    }
    text = malloc((size_t)size);
    if (!text) {
        status = ac_fail(log, AC_ERR_MEMORY, "out of memory");
        goto fail;
    }
    TRY(ac_file_read(fd, 0, text, (size_t)size, path, log));
    TRY(ac_net_parse(text, (size_t)size, path, log, net));
fail:
    if (fd >= 0)
        close(fd);
    free(text);
    return status;
}

bool ac_net_is_description(const char *path)
{
    size_t length = strlen(path), extension = strlen(AC_NET_EXTENSION);

    return length >= extension && strcmp(path + length - extension, AC_NET_EXTENSION) == 0;
}

void ac_net_destroy(ac_net **net)
{
    if (!net || !*net)
        return;
    free((*net)->text);
    free((*net)->where);
    free((*net)->nodes);
    free((*net)->channels);
    free((void *)(*net)->names);
    free((*net)->strings);
    free(*net);
    *net = NULL;
}
