/* From the steps of a plan to dispatches on a device. */
#ifndef AC_NN_LOWER_H
#define AC_NN_LOWER_H

#include "nn/model.h"
#include "nn/plan.h"
#include "vk/commands.h"

/* Memory whose size is known only when everything is lowered. A binding without a buffer lies in
 * one of these, its offset made by ac_lower_region(). */
typedef enum ac_region {
    AC_REGION_CONSTANTS, /* channel maps and the like, from the host */
    AC_REGION_PACKED,    /* weights in the kernels' layouts; in training packed anew each step */
    AC_REGION_WORK,      /* training: what lives through a step beside the values */
    AC_REGION_SCRATCH,   /* training: partial sums between two dispatches of a step */
    AC_REGION_LIGHTNESS, /* pictures that go in; in training of one of several slots */
    AC_REGION_COLOURS,   /* training: the true colours */
    AC_REGION_COUNT,
} ac_region;

/* One recorded thing: a dispatch, a copy, zeros, or a barrier. */
typedef struct ac_call {
    enum {
        AC_CALL_DISPATCH,
        AC_CALL_COPY,
        AC_CALL_ZERO, /* copy.to, to_offset, size */
        AC_CALL_BARRIER,
    } kind;
    const ac_kernel *kernel;
    ac_binding bindings[AC_KERNEL_MAX_BINDINGS];
    unsigned char push[AC_KERNEL_MAX_PUSH];
    uint32_t groups[3];
    struct {
        const ac_buffer *from, *to;
        uint64_t from_offset, to_offset, size;
    } copy;
} ac_call;

typedef struct ac_call_list {
    ac_call *items;
    int count, room;
} ac_call_list;

/* Which convolution kernels to take: AUTOCHROME_CONV forces one, so that all are tested anywhere.
 */
typedef enum ac_conv_choice {
    AC_CONV_AUTO,
    AC_CONV_CPU,    /* registers and subgroup broadcasts */
    AC_CONV_GPU,    /* shared-memory implicit GEMM */
    AC_CONV_MATRIX, /* the same by cooperative matrices, of values in float16; else as AC_CONV_GPU
                     */
    AC_CONV_DIRECT, /* straight from the definition */
} ac_conv_choice;

/* 32-bit words that are gathered for the device. */
typedef struct ac_words {
    uint32_t *words;
    uint64_t count, room;
} ac_words;

typedef struct ac_lowering {
    ac_device *device;
    const ac_log *log;
    const ac_model *model;
    const ac_plan *plan;
    ac_buffer **arenas;
    ac_conv_choice choice;
    int filtering; /* most outputs of a tile along an axis that is forced, 0: none; -1: measured */

    ac_call_list calls;
    ac_call_list once_calls; /* done once, before the first run; none in training, whose weights
                              * change */
    bool once;               /* calls are added to those */
    ac_words constants;
    ac_words packed; /* floats or two float16; in training where each value comes from: 1 + its
                      * place among the parameters, 0: it is zero */
    /* Training only; all tensors of the model in one row, float by float. */
    const int64_t *places; /* [model->tensor_count] of each tensor among them; NULL: inference */
    ac_binding parameters, gradients;
    uint64_t work_bytes, scratch_bytes;
    ac_binding
        *norms; /* [node_count], in work: [4][quads] vec4 scale, shift, mean, 1 / deviation */
} ac_lowering;

/* Whether values that are not learned from are stored as float16, in half the memory: on all
 * devices but processors, unless AUTOCHROME_STORAGE says so. */
ac_status ac_lower_stores_half(const ac_device *device, const ac_log *log, bool *half);
/* In ac_kernel_params: a shader's code, of its variant where values are stored as float16. */
#define AC_LOWER_CODE(l, name)                                                                     \
    .code = (l)->plan->half ? name##_half_spv : name##_spv,                                        \
    .code_size = (l)->plan->half ? sizeof(name##_half_spv) : sizeof(name##_spv)
/* The same, with one that takes addresses where the device had better. */
#define AC_LOWER_ADDRESS_CODE(l, name)                                                             \
    .addresses = ac_lower_takes_addresses(l),                                                      \
    .code = ac_lower_takes_addresses(l) ? name##_address_spv                                       \
            : (l)->plan->half           ? name##_half_spv                                          \
                                        : name##_spv,                                                        \
    .code_size = ac_lower_takes_addresses(l) ? sizeof(name##_address_spv)                          \
                 : (l)->plan->half           ? sizeof(name##_half_spv)                             \
                                             : sizeof(name##_spv)
bool ac_lower_takes_addresses(const ac_lowering *l);
/* What the environment forces: AUTOCHROME_CONV and AUTOCHROME_WINOGRAD. */
ac_status ac_lower_read_environment(ac_lowering *l);

/* A binding of `bytes` at `offset` of a region. */
ac_binding ac_lower_region(ac_region region, uint64_t offset, uint64_t bytes);
/* Zeroed room for 32-bit words in the constants or the packed weights, aligned for a binding.
 * `*words_at` is valid until the next call. */
ac_status ac_lower_words(ac_lowering *l, ac_region region, uint64_t words, ac_binding *binding,
                         void **words_at);
/* A part of a binding. */
ac_binding ac_lower_part(ac_binding all, uint64_t offset, uint64_t bytes);
uint64_t ac_lower_aligned(uint64_t bytes); /* up to where a binding may begin */
/* Most that a convolution takes of AC_REGION_SCRATCH, bytes. */
#define AC_LOWER_SCRATCH_MAX ((uint64_t)32 << 20)
/* Room in AC_REGION_WORK for the whole step, or in AC_REGION_SCRATCH until the next barrier that
 * ends a step; scratch begins at 0 for every caller. */
ac_binding ac_lower_work(ac_lowering *l, uint64_t bytes);
ac_binding ac_lower_scratch(ac_lowering *l, uint64_t bytes);
void ac_lower_free(ac_lowering *l);
/* [n][c][h][w] of a value that exists by itself, as it lies in the arenas now. */
ac_status ac_lower_read_value(const ac_plan *plan, ac_buffer *const *arenas, int value, float *to,
                              const ac_log *log);
/* Of a plan with guards, in arenas that were filled with 0xff: nothing has written into them. false
 * too when memory cannot be read. */
bool ac_lower_guards_hold(const ac_plan *plan, ac_buffer *const *arenas);
/* Records calls; regions: their buffers. */
ac_status ac_calls_record(const ac_call *calls, int count, ac_buffer *const regions[],
                          ac_commands *commands);

ac_call *ac_lower_call(ac_lowering *l); /* a new zeroed call; NULL: out of memory, logged */
#define AC_LOWER_LOCAL 64 /* invocations of a workgroup, of kernels that leave it open */
uint64_t ac_lower_groups(uint64_t items); /* workgroups that have an invocation for each */
ac_status ac_lower_dispatch(ac_lowering *l, const ac_kernel *kernel, const ac_binding *bindings,
                            const void *push, uint64_t groups_xy, uint64_t groups_z);
/* The same where x and y have meanings of their own. */
ac_status ac_lower_dispatch_grid(ac_lowering *l, const ac_kernel *kernel,
                                 const ac_binding *bindings, const void *push, uint64_t groups_x,
                                 uint64_t groups_y, uint64_t groups_z);
ac_status ac_lower_barrier(ac_lowering *l);

/* The memory of a value's root, and where in it (in vec4) the value begins; batch stride in vec4.
 */
ac_binding ac_lower_value(const ac_lowering *l, int value, int *base, int *batch);
/* A texel buffer can bind all of these, and a kernel of that kind (TEXEL) can run. */
bool ac_lower_texels_fit(const ac_lowering *l, uint64_t bytes);
/* Subgroups can broadcast, as kernels for processors want it. */
bool ac_lower_broadcasts(const ac_lowering *l);
/* The device is a processor, which reads texel buffers faster than storage buffers, and one can
 * bind so much: then kernels of that kind (TEXEL) are taken, whose workgroups are one subgroup. */
bool ac_lower_prefers_texels(const ac_lowering *l, uint64_t bytes);
bool ac_lower_value_in_texels(const ac_lowering *l, const ac_value *value); /* all its memory */
/* Invocations of a workgroup, and the subgroup's size that ac_kernel_params asks for. */
int ac_lower_local(const ac_lowering *l, bool texel);
int ac_lower_subgroup(const ac_lowering *l, bool texel);

/* A tensor of a node: its values, or in training its place among the parameters. */
typedef struct ac_lower_source {
    const float *values; /* NULL in training, and when the node has no such tensor */
    int64_t place;       /* -1: no such tensor, or not training */
} ac_lower_source;
ac_lower_source ac_lower_tensor(const ac_lowering *l, const ac_node *node, const char *suffix);
/* Value `at` of it times scale, as a word for ac_lowering.packed; scale 1 in training. */
uint32_t ac_lower_packed_word(ac_lower_source source, size_t at, double scale);
/* The batch norm as value * scale[c] + shift[c] (running statistics); 1 and 0 without one, and in
 * training, where it is a step of its own. */
void ac_lower_norm(const ac_lowering *l, const ac_node *norm, int channel, double *scale,
                   double *shift);

/* The steps of a plan, forward and backward, but for AC_PASS_LOSS, with the barriers that they need
 * within them. */
ac_status ac_lower_step(ac_lowering *l, const ac_step *step);
/* Channel in each lane of a value, -1: none; the caller's (free()). NULL: out of memory, logged. */
int *ac_lower_lane_channels(const ac_lowering *l, const ac_value *value);
/* The same among the constants. */
ac_status ac_lower_channels(ac_lowering *l, const ac_value *value, ac_binding *binding);
/* Workgroups that share the work on `items` things of one quad. */
int ac_lower_splits(const ac_lowering *l, uint64_t items, int others);
/* The same for kernels that make each pixel by itself, of the n * h * w of a quad of the value. */
int ac_lower_runs(const ac_lowering *l, const ac_value *value);
/* gradients[place + i] += sum over s < splits of scratch[s * stride + map[i]], i < count; floats.
 * The scratch's size must be given. */
ac_status ac_lower_reduce(ac_lowering *l, ac_binding scratch, int splits, int stride,
                          const int *map, int64_t place, int count);

ac_status ac_lower_conv(ac_lowering *l, const ac_step *step);
ac_status ac_lower_pool(ac_lowering *l, const ac_step *step);
ac_status ac_lower_upsample(ac_lowering *l, const ac_step *step);
ac_status ac_lower_global_avgpool(ac_lowering *l, const ac_step *step);
ac_status ac_lower_eltwise(ac_lowering *l, const ac_step *step); /* add, batchnorm, activations */
/* The output becomes activation((a [+ b]) [* scale + shift]); a, b values, b -1: none; affine
 * [2][quads] vec4 scale, shift, NULL: none. */
ac_status ac_lower_combine(ac_lowering *l, const ac_step *step, int a, int b,
                           const ac_binding *affine, ac_activation activation);
/* Brings the input's channels into the output's order. */
ac_status ac_lower_relayout(ac_lowering *l, const ac_step *step);
/* Mean of each plane of the input, or its sum. */
ac_status ac_lower_plane(ac_lowering *l, const ac_step *step, bool sum);
ac_status ac_lower_concat(ac_lowering *l, const ac_step *step);
/* Training. */
struct norm_push;
/* channel_sums.comp in the given mode: from has its bindings a, y, x, work; the sums are in
 * *scratch. texel: all of them are read as texel buffers. */
ac_status ac_lower_channel_sums(ac_lowering *l, int mode, ac_activation activation, bool texel,
                                const ac_binding from[4], const struct norm_push *push,
                                ac_binding *scratch);
ac_status ac_lower_norm_forward(ac_lowering *l, const ac_step *step);
ac_status ac_lower_norm_backward(ac_lowering *l, const ac_step *step);
ac_status ac_lower_weight_gradient(ac_lowering *l, const ac_step *step);
ac_status ac_lower_bias_gradient(ac_lowering *l, const ac_step *step);
ac_status ac_lower_activation_gradient(ac_lowering *l, const ac_step *step);
ac_status ac_lower_input_gradient(ac_lowering *l, const ac_step *step); /* but convolutions */
/* The network's input from float pictures, its result to float pictures. */
ac_status ac_lower_pack(ac_lowering *l, ac_binding pictures);
ac_status ac_lower_unpack(ac_lowering *l, ac_binding pictures);

#endif
