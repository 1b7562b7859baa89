/* Inside of ac_net_parse(): the reader's state and its parts. Not for others. */
#ifndef AC_NN_NET_READ_H
#define AC_NN_NET_READ_H

#include <locale.h>

#include "nn/op.h"

typedef enum ac_token_kind {
    AC_TOKEN_END, /* of the line */
    AC_TOKEN_WORD,
    AC_TOKEN_PUNCTUATION, /* ( ) , = */
} ac_token_kind;

typedef struct ac_token {
    ac_token_kind kind;
    const char *text; /* in the description */
    int size;
} ac_token;

/* A name of the description, for look-up. Taken: of a batchnorm in a chain, no value. */
typedef struct ac_net_name {
    const char *name; /* NULL: free slot */
    int value;        /* -1: taken */
    int line;
} ac_net_name;

#define AC_NET_NAME_SLOTS ((size_t)4 * AC_NET_MAX_NODES) /* a power of two, at most half full */

typedef struct ac_net_reader {
    const char *where;
    const ac_log *log;
    locale_t locale; /* "C", for numbers */
    const char *at, *end;
    int line;
    bool line_ended;
    ac_token token; /* the one looked at */

    ac_net *net;
    int node_capacity;
    char *strings; /* free part of net->strings */
    ac_net_name *names;
    bool has_input;
    int input_line;
} ac_net_reader;

/* Logs "where:line: ..." and returns AC_ERR_FORMAT. */
ac_status ac_net_read_fail(const ac_net_reader *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* net_lex.c */

/* The whole text is UTF-8 without control bytes but tab and line ends. */
ac_status ac_net_read_check_text(ac_net_reader *r, const char *text, size_t size);
/* Goes to the next line with a token in it and looks at that; false at the end of the text. */
bool ac_net_read_line(ac_net_reader *r);
/* Looks at the next token of the line. */
void ac_net_read_next(ac_net_reader *r);
bool ac_token_is(const ac_token *token, const char *text);
/* "'x'" or "the end of the line", for messages; the buffer is returned. */
const char *ac_token_show(const ac_token *token, char buffer[80]);
/* Looks beyond the line that is read for one that defines a name; its number, or 0. */
int ac_net_read_find_line(const ac_net_reader *r, const ac_token *name);

/* The token as a number in low..high; what names it in the message. */
ac_status ac_net_read_int(ac_net_reader *r, const ac_token *token, const char *what, int low,
                          int high, int *value);
ac_status ac_net_read_float(ac_net_reader *r, const ac_token *token, const char *what, double low,
                            double high, float *value);

/* net_args.c */

/* Reads what stands in the brackets after an operation (none: nothing) up to and with the closing
 * one: inputs, channels, named arguments. In a chain, inputs are set already. own: the name that
 * the line defines. */
ac_status ac_net_read_arguments(ac_net_reader *r, const ac_op *op, bool chained,
                                const ac_token *own, ac_node *node);

/* net_shape.c */

/* Sets net->multiple; fails when it goes beyond the limit. */
ac_status ac_net_measure_multiple(ac_net *net, const ac_log *log);

/* net_names.c */

/* NULL when there is none. */
ac_net_name *ac_net_name_find(const ac_net_reader *r, const char *name, int size);
/* Fails when the name is not one or is in use. Copies it to the net's strings with suffix added. */
ac_status ac_net_name_add(ac_net_reader *r, const ac_token *name, const char *suffix, int value,
                          const char **copy);

#endif
