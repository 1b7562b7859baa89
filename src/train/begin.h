/* What a run begins with: the network, its first weights, the rate of each of its tensors. */
#ifndef AC_TRAIN_BEGIN_H
#define AC_TRAIN_BEGIN_H

#include "nn/model.h"

typedef struct ac_begin_params {
    const char *net;  /* path of a description (.net), or of a model or an encoder whose description
                       * is taken; NULL: that of `init` */
    const char *init; /* path of a .safetensors file whose tensors are taken where name and shape
                       * are the network's; NULL: none. What is new is told. */
    uint64_t seed;    /* of the weights that are drawn, as ac_model_random() */
} ac_begin_params;

/* Fails too when the network makes no colours, and when `init` has nothing for it. On success the
 * caller owns *model. */
ac_status ac_begin_model(const ac_begin_params *params, const ac_log *log, ac_model **model);

/* AC_ERR_ARGUMENT, with the nearest sizes, where the network's strides do not fit height x width.
 */
ac_status ac_begin_check_multiple(const ac_net *net, int height, int width, const ac_log *log);

/* Whether pictures of height x width can go into the network as they are; the message names the
 * nearest sizes that can. On success *out is the shape of its result for one picture. */
ac_status ac_begin_check_size(const ac_model *model, int height, int width, const ac_log *log,
                              ac_shape *out);

/* What the learning rate is multiplied with, for each tensor in the model's order; *scales is the
 * caller's (free()). scale: "PATTERN=FACTOR", later ones win; freeze: "PATTERN", 0 whatever `scale`
 * says. Patterns are those of a shell for tensors' names (fnmatch(3)); one that matches nothing is
 * an error, and so is a network of which all is frozen. */
ac_status ac_begin_scales(const ac_model *model, const char *const *scale, int scale_count,
                          const char *const *freeze, int freeze_count, const ac_log *log,
                          float **scales);

#endif
