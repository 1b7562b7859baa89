/* Network descriptions: the short text that says what a network computes (design, section 5).
 *
 *     input L scale=0.01 offset=0
 *     x1 = conv2d(L, 32, kernel=4, stride=2, padding=1) batchnorm relu
 *     x2 = conv2d(x1, 64, kernel=4, stride=2, padding=1)
 *     y2 = concat(x2, ...)
 *     output ab scale=110
 *
 * `#` begins a comment. A line is a chain of operations on one value; every operation of the chain
 * becomes a node. Parameters of `NAME = op(...)` are tensors called NAME.weight, NAME.bias; those
 * of a batchnorm in NAME's chain NAME_bn.weight, ...; a line that is itself a batchnorm has
 * NAME.weight. The value of the last line is the output. `output` without `=` after it ends the
 * description; a network without that line (an encoder, say) can be run, but not used for
 * colouring. input: network input = L * scale + offset, with L in 0..100 (defaults 1 and 0).
 * output: a, b = value * scale (default 1).
 *
 * Names are letters, digits, `_` and `.`, not beginning with a digit. Arguments, with PyTorch's
 * meaning and defaults, pairs as one number or as HEIGHTxWIDTH:
 *
 *     conv2d(x, CHANNELS, kernel=K, stride=1, padding=0, dilation=1, groups=1, bias=1)
 *     conv_transpose2d(x, CHANNELS, kernel=K, stride=1, padding=0, output_padding=0, dilation=1,
 *                      groups=1, bias=1)
 *     batchnorm(x, eps=1e-5)   relu(x)   relu6(x)   leaky_relu(x, slope=0.01)   sigmoid(x) tanh(x)
 *     maxpool2d(x, kernel=K, stride=K, padding=0)
 *     avgpool2d(x, kernel=K, stride=K, padding=0, count_padding=1)
 *     global_avgpool(x)   upsample(x, factor=2, mode=nearest|bilinear)
 *     concat(x, y, ...)   add(x, y, ...)
 *
 * padding is one number or top:left:bottom:right. Inside a chain the input is left out, and so are
 * the brackets where nothing is in them. conv2d, conv_transpose2d, concat and add begin a line. In
 * add, values of 1x1 are stretched over the plane of the others. */
#ifndef AC_NN_NET_H
#define AC_NN_NET_H

#include <stdbool.h>
#include <stddef.h>

#include "nn/tensor.h"
#include "util/log.h"

#define AC_NET_MAX_INPUTS   16   /* of one operation (concat) */
#define AC_NET_MAX_NODES    4096 /* of one description */
#define AC_NET_MAX_CHANNELS 65536
#define AC_NET_MAX_NAME     63   /* bytes of a layer's name */
#define AC_NET_MAX_KERNEL   255  /* also of stride and dilation */
#define AC_NET_MAX_PADDING  1024 /* also of output_padding */
#define AC_NET_MAX_FACTOR   64   /* of upsample */
#define AC_NET_MAX_MULTIPLE 1024 /* of ac_net_multiple(), and of how far a network enlarges */
#define AC_NET_EXTENSION    ".net"
#define AC_NET_MAX_TEXT     (1 << 20) /* bytes of a description */

typedef enum ac_op_kind {
    AC_OP_CONV2D,
    AC_OP_CONV_TRANSPOSE2D,
    AC_OP_BATCHNORM,
    AC_OP_RELU,
    AC_OP_RELU6,
    AC_OP_LEAKY_RELU,
    AC_OP_SIGMOID,
    AC_OP_TANH,
    AC_OP_MAXPOOL2D,
    AC_OP_AVGPOOL2D,
    AC_OP_GLOBAL_AVGPOOL,
    AC_OP_UPSAMPLE,
    AC_OP_CONCAT,
    AC_OP_ADD,
    AC_OP_COUNT,
} ac_op_kind;

static inline bool ac_op_is_convolution(ac_op_kind kind)
{
    return kind == AC_OP_CONV2D || kind == AC_OP_CONV_TRANSPOSE2D;
}

/* Everything an operation may be told; each uses its own part. Pairs are {y, x}. */
typedef struct ac_op_params {
    int channels;  /* of the result: conv2d, conv_transpose2d */
    int kernel[2]; /* conv, pools */
    int stride[2];
    int padding[4];        /* top, left, bottom, right */
    int output_padding[2]; /* conv_transpose2d */
    int dilation[2];
    int groups;
    bool bias;
    float eps;          /* batchnorm, default 1e-5 */
    float slope;        /* leaky_relu, default 0.01 */
    int factor;         /* upsample, default 2 */
    bool bilinear;      /* upsample: bilinear (align_corners off) or nearest */
    bool count_padding; /* avgpool2d: count_include_pad, default true as PyTorch */
} ac_op_params;

/* One operation. Values are numbered: 0 is the network's input, i + 1 the result of node i; inputs
 * always have smaller numbers than the node's own. */
typedef struct ac_node {
    ac_op_kind kind;
    const char *name; /* prefix of its tensors' names, owned by the net; "" when it has none */
    int line;         /* of the description, for messages */
    int input_count;
    int inputs[AC_NET_MAX_INPUTS];
    ac_op_params params;
} ac_node;

typedef struct ac_net {
    char *text;  /* the description as it was read */
    char *where; /* its name in messages */
    int node_count;
    ac_node *nodes;
    int *channels;      /* [node_count + 1], of every value; channels[0] = 1 */
    const char **names; /* [node_count + 1], the name a value has in the text, "" inside a chain */
    char *strings;      /* where the names of nodes and values are kept */
    int multiple[2];    /* see ac_net_multiple() */
    float input_scale, input_offset;
    float output_scale;
    bool has_output; /* the description ends with an output line */
} ac_net;

/* Parses `text` (need not end in NUL). `where` names it in messages ("model.net",
 * "first.safetensors"). Messages say where:line and what is wrong. On success the caller owns *net.
 */
ac_status ac_net_parse(const char *text, size_t size, const char *where, const ac_log *log,
                       ac_net **net);
/* The same of a file, AC_NET_MAX_TEXT bytes at most. */
ac_status ac_net_load(const char *path, const ac_log *log, ac_net **net);
/* By its name; anything else is taken for a model. */
bool ac_net_is_description(const char *path);
void ac_net_destroy(ac_net **net);

/* Fails with a message when the network does not make a and b: no output line, or not two channels.
 */
ac_status ac_net_check_colours(const ac_net *net, const ac_log *log);

/* Shapes of all values for an input [n][1][h][w]; shapes has node_count + 1 places. Fails with a
 * message when the sizes do not fit (concat of different sizes, a kernel larger than its input) or
 * when a value would have more than INT64_MAX / 16 elements. */
ac_status ac_net_shapes(const ac_net *net, int n, int h, int w, const ac_log *log,
                        ac_shape *shapes);
/* used[v]: whether the result depends on value v; used has node_count + 1 places. */
void ac_net_find_used(const ac_net *net, bool *used);
/* Height and width of the input must be multiples of these: the product of strides, less the
 * enlarging before them, down any way through the network (their least common multiple). */
void ac_net_multiple(const ac_net *net, int *y, int *x);

/* The tensors that a node's parameters consist of, in PyTorch's order. Returns their number (0..5)
 * and fills suffix ("weight", "bias", "running_mean", "running_var") and dims; name is
 * NODE.name + "." + suffix. in_channels: of the node's first input. */
typedef struct ac_param_info {
    const char *suffix;
    int rank;
    int dims[4];
} ac_param_info;
/* Not a running statistic. */
bool ac_param_is_trained(const ac_param_info *info);
int ac_node_params(const ac_node *node, int in_channels, ac_param_info infos[5]);

/* Multiply-adds of one node for given shapes (n included), those at the border counted as if
 * inside; 0 for operations that have none, INT64_MAX when there are more. `in` is the node's first
 * input. */
int64_t ac_node_macs(const ac_node *node, ac_shape in, ac_shape out);

/* Trained weights (running statistics are not counted), as PyTorch counts them. */
int64_t ac_net_parameters(const ac_net *net);

#endif
