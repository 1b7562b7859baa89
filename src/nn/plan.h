/* The plan of a network for one size of input: which operations run as one, where every value lies
 * in memory. Knows no device; `inspect` uses it too. */
#ifndef AC_NN_PLAN_H
#define AC_NN_PLAN_H

#include <stdint.h>

#include "nn/net.h"

/* As shaders/common/activation.glsl numbers them. */
typedef enum ac_activation {
    AC_ACTIVATION_NONE,
    AC_ACTIVATION_RELU,
    AC_ACTIVATION_RELU6,
    AC_ACTIVATION_LEAKY_RELU,
    AC_ACTIVATION_SIGMOID,
    AC_ACTIVATION_TANH,
} ac_activation;

/* What a step does of its operation; all but AC_PASS_FORWARD only in plans for training. */
typedef enum ac_pass {
    AC_PASS_FORWARD,
    AC_PASS_LOSS,       /* {the network's result} -> its gradient */
    AC_PASS_ZERO,       /* -> output: zeros */
    AC_PASS_ACTIVATION, /* {dy, y} -> dy times the activation's slope, in place */
    AC_PASS_WEIGHT,     /* {the side that has a row of the weight a channel, the other side}:
                         * gradient of a convolution's weight */
    AC_PASS_BIAS,       /* {dy}: gradient of a convolution's bias */
    AC_PASS_NORM,       /* {dy, y, x} -> dx, or output -1: batch norm with its activation */
    AC_PASS_INPUT,      /* {dy} or {dy, x} (maxpool2d) -> dx */
} ac_pass;

/* One operation with what is fused into it. Order: operation, batch norm, activation, sum. */
typedef struct ac_step {
    ac_pass pass;
    ac_op_kind kind;     /* AC_OP_BATCHNORM with norm and an AC_ACTIVATION stand for themselves */
    const ac_node *node; /* NULL for steps that the plan adds (relayout) */
    const ac_node *norm; /* batch norm, NULL: none */
    ac_activation activation;
    float slope; /* of leaky_relu */
    int input_count;
    int inputs[AC_NET_MAX_INPUTS]; /* values */
    int output;                    /* -1: none */
    bool accumulate;               /* is added to what the output holds */
    unsigned copies; /* concat: bit i: input i must be copied, the others are in place already */
    bool relayout;   /* the step only brings its input's channels into plain order */
} ac_step;

/* A value as it lies in memory: [n][quads][h][w] of four floats. A value that a concat joins is
 * part of the joined value's memory: root is the value that owns the memory, root_quad where this
 * one begins in it. Values that fusing left without existence have quads 0. */
typedef struct ac_value {
    ac_shape shape;
    int quads;
    int *map; /* [shape.c]: channel c lies at lane map[c] % 4 of quad map[c] / 4 */
    int root, root_quad;
    /* The rest is about the memory of a root. */
    int first, last; /* steps that write it first and use it last; -1 is the input's packing */
    int arena;
    uint64_t offset, size; /* bytes */
} ac_value;

#define AC_PLAN_ALIGNMENT 256 /* of offsets: no device asks for more */
#define AC_PLAN_MAX_ARENA (1ull << 30)

/* What is learned of a node: the tensors whose suffix says so. */
typedef struct ac_node_training {
    bool weight, bias;
    bool running; /* batch norm: normalises with its running statistics, which stay as they are */
} ac_node_training;

typedef struct ac_plan {
    const ac_net *net;
    const ac_node_training *training; /* [node_count], NULL in a plan for inference */
    ac_node *mirrors; /* the adjoint of each convolution, by node: same tensors, other direction */
    int n, height, width;            /* of the input as it comes */
    int padded_height, padded_width; /* as the network takes it */
    int out_height, out_width;       /* of the result that is kept */
    int step_count, value_count;
    ac_step *steps;
    ac_value *values;
    int output;          /* the value that is the result */
    int output_gradient; /* training: the value its gradient is */
    int loss_step;       /* training: steps before it are the forward pass */
    int arena_count;
    uint64_t *arena_sizes;     /* bytes */
    uint64_t activation_bytes; /* all arenas */
    uint64_t weight_bytes;     /* as stored on the device, about */
    uint64_t io_bytes;         /* float pictures going in and out */
    uint64_t largest_value;    /* bytes of the largest root */
    bool half;                 /* values are stored as float16, not float32; never in training */
    uint64_t guard;            /* bytes after each root that belong to nobody, part of its size */
    int64_t macs;
} ac_plan;

/* max_arena: bytes an arena may have, unless a single value needs more; AC_PLAN_MAX_ARENA where no
 * device is asked. The net must outlive the
 * plan. Messages as ac_net_shapes(). */
ac_status ac_plan_create(const ac_net *net, int n, int height, int width, uint64_t max_arena,
                         const ac_log *log, ac_plan **plan);
/* The same for training: nothing is folded, layers that the result does not depend on are left out,
 * the backward pass follows the forward pass, values live as long as it needs them. height and
 * width must be multiples of ac_net_multiple(). `training` must outlive the plan. AC_ERR_ARGUMENT
 * when nothing is learned that the result depends on, or a batch norm has a single value a channel
 * to work with. */
ac_status ac_plan_create_training(const ac_net *net, int n, int height, int width,
                                  uint64_t max_arena, const ac_node_training *training,
                                  const ac_log *log, ac_plan **plan);

/* Makes the values of a plan that is not for training float16, and places them anew. */
ac_status ac_plan_store_half(ac_plan *plan, uint64_t max_arena, const ac_log *log);
uint64_t ac_plan_vec_bytes(const ac_plan *plan); /* of four channels of a pixel */
/* For tests: places all values anew, each in memory of its own with `guard` bytes after it, a
 * multiple of AC_PLAN_ALIGNMENT. */
ac_status ac_plan_guard(ac_plan *plan, uint64_t guard, uint64_t max_arena, const ac_log *log);
void ac_plan_destroy(ac_plan **plan);
uint64_t ac_plan_bytes(const ac_plan *plan);

/* Channel c lies at lane c % 4 of quad c / 4. */
bool ac_value_is_plain(const ac_value *value);

/* Adds the backward pass to a plan whose forward steps are laid out; part of
 * ac_plan_create_training(). */
ac_status ac_plan_add_backward(ac_plan *plan, const ac_log *log);
/* Room for backward steps and values: more than there can be. */
void ac_plan_backward_room(const ac_net *net, size_t *steps, size_t *values);

/* Decides arenas, offsets and sizes of all roots; part of ac_plan_create(). */
ac_status ac_plan_place(ac_plan *plan, uint64_t max_arena, const ac_log *log);

#endif
