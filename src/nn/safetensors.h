/* .safetensors files: 8 bytes little-endian with the size of a JSON header, the header
 * ({"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ..., "__metadata__":
 * {"key": "text"}}), the tensors' bytes without gaps. See github.com/huggingface/safetensors. */
#ifndef AC_NN_SAFETENSORS_H
#define AC_NN_SAFETENSORS_H

#include <stdbool.h>
#include <stdint.h>

#include "util/log.h"

#define AC_SAFETENSORS_MAX_HEADER  (8 << 20) /* bytes; reading JSON takes about 40 times as much */
#define AC_SAFETENSORS_MAX_TENSORS 65536
#define AC_SAFETENSORS_MAX_RANK    8

/* One tensor of a file. Strings belong to the file. */
typedef struct ac_safetensor {
    const char *name;
    const char *dtype; /* as the file has it */
    int rank;
    int64_t dims[AC_SAFETENSORS_MAX_RANK];
    int64_t count;         /* of values */
    uint64_t offset, size; /* in the file, bytes */
} ac_safetensor;

typedef struct ac_safetensors ac_safetensors;

/* Reads and checks the header; nothing of the tensors is read, and no more memory taken than the
 * header's size calls for. On success the caller owns *file. */
ac_status ac_safetensors_open(const char *path, const ac_log *log, ac_safetensors **file);
void ac_safetensors_close(ac_safetensors **file);

int ac_safetensors_count(const ac_safetensors *file);
/* Sorted by name; i in 0..count - 1. */
const ac_safetensor *ac_safetensors_at(const ac_safetensors *file, int i);
/* NULL when there is none. */
const ac_safetensor *ac_safetensors_find(const ac_safetensors *file, const char *name);
const char *ac_safetensors_metadata(const ac_safetensors *file, const char *key);

/* Fails with a message for a tensor that ac_safetensors_read() cannot read. That its bytes are
 * those of its shape is known of types that it can. */
ac_status ac_safetensors_check_type(const ac_safetensors *file, const ac_safetensor *tensor,
                                    const ac_log *log);
/* Reads tensor->count values as float, from F32, F16 or BF16; other types are an error. */
ac_status ac_safetensors_read(const ac_safetensors *file, const ac_safetensor *tensor, float *data,
                              const ac_log *log);

/* What is written. */
typedef struct ac_safetensors_source {
    const char *name;
    int rank;
    const int *dims;
    const float *data;
} ac_safetensors_source;

/* Writes a file, whole or not at all. metadata: pairs of key and text, up to a NULL key. Equal
 * contents make equal bytes: keys and tensors are in the order of their names (tensors must come in
 * it), the header is filled with spaces to a multiple of 8. half: as F16, rounded to nearest even;
 * what does not fit into F16 is an error. */
ac_status ac_safetensors_write(const char *path, const char *const *metadata, int count,
                               const ac_safetensors_source *tensors, bool half, const ac_log *log);

#endif
