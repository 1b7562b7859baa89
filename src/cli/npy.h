/* NumPy's .npy files: reading float arrays piece by piece, writing float32 ones. See
 * numpy.lib.format: "\x93NUMPY", two bytes of version, the header's size in two (version 1) or four
 * bytes, the header ("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }"), the values. */
#ifndef AC_CLI_NPY_H
#define AC_CLI_NPY_H

#include <stdbool.h>
#include <stdint.h>

#include "util/file.h"

#define AC_NPY_MAX_RANK 8

typedef struct ac_npy {
    const char *path; /* the caller's, for messages */
    int fd;
    bool fortran_order; /* the first index runs fastest */
    int rank;
    int64_t dims[AC_NPY_MAX_RANK];
    int64_t count; /* of values; the file has them all */
    int size;      /* bytes of a value: 2, 4 or 8 */
    bool big_endian;
    uint64_t offset; /* of the values in the file */
} ac_npy;

/* Reads and checks the header: float16, float32 or float64 of any byte order, as many values as the
 * file has bytes for. No memory is taken for them. `path` must stay. To be closed on success only.
 */
ac_status ac_npy_open(const char *path, const ac_log *log, ac_npy *npy);
void ac_npy_close(ac_npy *npy);
/* `count` values as they follow each other in the file, from number `first`, as float. Values that
 * are not finite are an error. */
ac_status ac_npy_read(const ac_npy *npy, int64_t first, int64_t count, float *values,
                      const ac_log *log);
/* "(3, 4)" of the dims. Returns text. */
const char *ac_npy_show_shape(const ac_npy *npy, char *text, size_t size);

/* The header of a float32 array in C's order; the values follow as they lie in memory. */
ac_status ac_npy_write_header(ac_file_writer *writer, int rank, const int64_t *dims);

#endif
