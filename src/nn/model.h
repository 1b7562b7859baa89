/* Models: a network description with its weights and training record, in a .safetensors file. */
#ifndef AC_NN_MODEL_H
#define AC_NN_MODEL_H

#include <stdint.h>

#include "nn/net.h"

#define AC_MODEL_NET_KEY        "autochrome.net" /* of a file's metadata: the description */
#define AC_MODEL_MAX_PARAMETERS (1LL << 30)
#define AC_MODEL_MAX_SIZE       16384 /* of working_size */
#define AC_MODEL_DEFAULT_SIZE   256   /* short side for models that do not say one */

typedef struct ac_tensor {
    char *name;
    int rank;
    int dims[4];
    float *data; /* PyTorch's layout; float16 files are widened when read */
} ac_tensor;

typedef struct ac_model {
    ac_net *net;
    int tensor_count;
    ac_tensor *tensors; /* those the description needs, sorted by name */
    int working_size;   /* short side the network works best at, 0 when the file does not say */
    char *training;     /* training record as the file has it, or NULL */
} ac_model;

/* The file is a .safetensors file (F32, F16 or BF16 tensors); its metadata has the description as
 * autochrome.net and may have autochrome.working_size and autochrome.training.
 * Reads a model and checks it: header sane and inside the file before memory is taken, every tensor
 * the description needs there, with its shape, all values finite, running variances not negative.
 * Extra tensors are ignored (num_batches_tracked among them). On success the caller owns *model. */
ac_status ac_model_load(const char *path, const ac_log *log, ac_model **model);
/* The same from a description alone, weights drawn from `seed` as PyTorch's defaults are
 * distributed: batch norm 1, 0, 0, 1; value k of any other tensor is b * (2 * u - 1), computed in
 * double, with b = 1 / sqrt(d[1] * d[2] * d[3]), d the dims of the layer's weight, and u =
 * ac_random_uniform() of place k in the stream of the tensor's name (util/random.h). */
ac_status ac_model_random(const char *text, size_t size, const char *where, uint64_t seed,
                          const ac_log *log, ac_model **model);
/* Writes atomically (temporary file, sync, rename); equal models make equal bytes. half: tensors as
 * float16, to nearest even, else float32. */
ac_status ac_model_save(const ac_model *model, const char *path, bool half, const ac_log *log);
void ac_model_destroy(ac_model **model);

/* Values of a tensor, and of all of a model. */
int64_t ac_tensor_count(const ac_tensor *tensor);
int64_t ac_model_count(const ac_model *model);
/* Whether it is the "weight", "running_var", ... of its layer. */
bool ac_tensor_has_suffix(const ac_tensor *tensor, const char *suffix);
/* Not a running statistic. */
bool ac_tensor_is_trained(const ac_tensor *tensor);

/* NULL when there is none. name and suffix as in ac_node_params. */
const ac_tensor *ac_model_find(const ac_model *model, const char *name, const char *suffix);

#endif
