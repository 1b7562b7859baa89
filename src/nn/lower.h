/* From the steps of a plan to dispatches on a device. */
#ifndef AC_NN_LOWER_H
#define AC_NN_LOWER_H

#include "nn/model.h"
#include "nn/plan.h"
#include "vk/commands.h"

/* One recorded thing: a dispatch, a copy, or a barrier. */
typedef struct ac_call {
    enum {
        AC_CALL_DISPATCH,
        AC_CALL_COPY,
        AC_CALL_BARRIER,
    } kind;
    const ac_kernel *kernel;
    ac_binding bindings[AC_KERNEL_MAX_BINDINGS]; /* buffer NULL: the weights, known at the end */
    unsigned char push[AC_KERNEL_MAX_PUSH];
    uint32_t groups[3];
    struct {
        const ac_buffer *from, *to;
        uint64_t from_offset, to_offset, size;
    } copy;
} ac_call;

/* Which convolution kernels to take: AUTOCHROME_CONV forces one, so that all are tested anywhere.
 */
typedef enum ac_conv_choice {
    AC_CONV_AUTO,
    AC_CONV_CPU,    /* registers and subgroup broadcasts */
    AC_CONV_GPU,    /* shared-memory implicit GEMM */
    AC_CONV_DIRECT, /* straight from the definition */
} ac_conv_choice;

typedef struct ac_lowering {
    ac_device *device;
    const ac_log *log;
    const ac_model *model;
    const ac_plan *plan;
    ac_buffer **arenas;
    ac_conv_choice choice;

    ac_call *calls;
    int call_count, call_room;
    uint32_t *weights; /* floats and channel maps that go to the device as one buffer */
    uint64_t weight_words, weight_room;
} ac_lowering;

/* "cpu", "gpu", "direct", NULL or "" for automatic. */
ac_status ac_conv_choice_parse(const char *text, const ac_log *log, ac_conv_choice *choice);

/* Adds zeroed room for `words` 32-bit words to the weights, aligned for a binding. `*words_at` is
 * valid until the next call. */
ac_status ac_lower_weights(ac_lowering *l, uint64_t words, ac_binding *binding, void **words_at);
ac_call *ac_lower_call(ac_lowering *l); /* a new zeroed call; NULL: out of memory, logged */
ac_status ac_lower_dispatch(ac_lowering *l, const ac_kernel *kernel, const ac_binding *bindings,
                            const void *push, uint64_t groups_xy, uint64_t groups_z);
ac_status ac_lower_barrier(ac_lowering *l);

/* The memory of a value's root, and where in it (in vec4) the value begins; batch stride in vec4.
 */
ac_binding ac_lower_value(const ac_lowering *l, int value, int *base, int *batch);
/* A texel buffer can bind all of these. */
bool ac_lower_texels_fit(const ac_lowering *l, uint64_t bytes);

/* Weights of the step's node, found in the model; NULL when the node has none of that suffix. */
const float *ac_lower_tensor(const ac_lowering *l, const ac_node *node, const char *suffix);
/* The batch norm as value * scale[c] + shift[c] (running statistics); 1 and 0 without one. */
void ac_lower_norm(const ac_lowering *l, const ac_node *norm, int channel, double *scale,
                   double *shift);

ac_status ac_lower_conv(ac_lowering *l, const ac_step *step);
ac_status ac_lower_pool(ac_lowering *l, const ac_step *step);
ac_status ac_lower_upsample(ac_lowering *l, const ac_step *step);
ac_status ac_lower_global_avgpool(ac_lowering *l, const ac_step *step);
ac_status ac_lower_eltwise(ac_lowering *l, const ac_step *step); /* add, batchnorm, activations */
ac_status ac_lower_concat(ac_lowering *l, const ac_step *step);
/* The network's input from float pictures, its result to float pictures. */
ac_status ac_lower_pack(ac_lowering *l, ac_binding pictures);
ac_status ac_lower_unpack(ac_lowering *l, ac_binding pictures);

#endif
