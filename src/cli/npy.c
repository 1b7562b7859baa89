#include "cli/npy.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/half.h"

#define MAGIC      "\x93NUMPY"
#define MAGIC_SIZE 6
#define MAX_HEADER 65536 /* bytes; NumPy itself takes 10000 at most unless it is told to trust */
#define CHUNK      16384 /* values converted at a time */

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "values are written as they lie in "
                                                          "memory");

static ac_status fail_header(const ac_npy *npy, const ac_log *log, const char *what)
{
    return ac_fail(log, AC_ERR_FORMAT, "%s: is no .npy file that can be used: %s", npy->path, what);
}

/* The header is a dictionary as Python writes it; what is read of that are texts, True, False and
 * tuples of whole numbers. Each function steps over what it reads and is false where that is not.
 */

static void skip_space(const char **at)
{
    while (**at == ' ' || **at == '\t' || **at == '\n')
        ++*at;
}

static bool take(const char **at, char c)
{
    skip_space(at);
    if (**at != c)
        return false;
    ++*at;
    return true;
}

static bool take_text(const char **at, char *text, size_t size)
{
    size_t length;
    char quote;

    skip_space(at);
    quote = **at;
    if (quote != '\'' && quote != '"')
        return false;
    length = strcspn(*at + 1, quote == '"' ? "\"\\" : "'\\");
    if (length >= size || (*at)[1 + length] != quote)
        return false;
    memcpy(text, *at + 1, length);
    text[length] = '\0';
    *at += length + 2;
    return true;
}

static bool take_truth(const char **at, bool *truth)
{
    skip_space(at);
    *truth = strncmp(*at, "True", 4) == 0;
    if (!*truth && strncmp(*at, "False", 5) != 0)
        return false;
    *at += *truth ? 4 : 5;
    return true;
}

/* Python 2 wrote long numbers with an L. */
static bool take_number(const char **at, int64_t *number)
{
    skip_space(at);
    if (!isdigit((unsigned char)**at))
        return false;
    for (*number = 0; isdigit((unsigned char)**at); ++*at)
        if (__builtin_mul_overflow(*number, 10, number) ||
            __builtin_add_overflow(*number, **at - '0', number))
            return false;
    if (**at == 'L')
        ++*at;
    return true;
}

static bool take_shape(const char **at, ac_npy *npy)
{
    if (!take(at, '('))
        return false;
    npy->count = 1;
    for (npy->rank = 0; !take(at, ')'); npy->rank++) {
        if (npy->rank == AC_NPY_MAX_RANK || !take_number(at, &npy->dims[npy->rank]) ||
            __builtin_mul_overflow(npy->count, npy->dims[npy->rank], &npy->count))
            return false;
        skip_space(at);
        if (!take(at, ',') && **at != ')')
            return false;
    }
    return true;
}

static bool read_dictionary(const char *text, ac_npy *npy, char type[32])
{
    bool has_type = false, has_order = false, has_shape = false;
    const char *at = text;
    char key[32];

    if (!take(&at, '{'))
        return false;
    while (!take(&at, '}')) {
        bool *has = NULL, read = false;

        if (!take_text(&at, key, sizeof(key)) || !take(&at, ':'))
            return false;
        if (strcmp(key, "descr") == 0) {
            has = &has_type;
            read = take_text(&at, type, 32);
        } else if (strcmp(key, "fortran_order") == 0) {
            has = &has_order;
            read = take_truth(&at, &npy->fortran_order);
        } else if (strcmp(key, "shape") == 0) {
            has = &has_shape;
            read = take_shape(&at, npy);
        }
        if (!has || *has || !read)
            return false;
        *has = true;
        skip_space(&at);
        if (!take(&at, ',') && *at != '}')
            return false;
    }
    skip_space(&at);
    return has_type && has_order && has_shape && !*at;
}

static bool set_type(ac_npy *npy, const char *type)
{
    if (strlen(type) != 3 || !strchr("<>", type[0]) || type[1] != 'f' || !strchr("248", type[2]))
        return false;
    npy->big_endian = type[0] == '>';
    npy->size = type[2] - '0';
    return true;
}

static ac_status check_size(const ac_npy *npy, uint64_t file_size, const ac_log *log)
{
    uint64_t has = file_size - npy->offset, needs;
    char shape[192];

    if (__builtin_mul_overflow((uint64_t)npy->count, (uint64_t)npy->size, &needs) || needs > has)
        return ac_fail(log, AC_ERR_FORMAT,
                       "%s: its shape %s needs more bytes than the %" PRIu64
                       " that follow: it is truncated or damaged",
                       npy->path, ac_npy_show_shape(npy, shape, sizeof(shape)), has);
    if (needs < has)
        return ac_fail(log, AC_ERR_FORMAT,
                       "%s: %" PRIu64 " bytes follow its array of shape %s; a file with one array "
                       "is needed",
                       npy->path, has - needs, ac_npy_show_shape(npy, shape, sizeof(shape)));
    return AC_OK;
}

static ac_status read_header(ac_npy *npy, uint64_t file_size, const ac_log *log)
{
    unsigned char start[12] = {0};
    size_t prefix = file_size < sizeof(start) ? (size_t)file_size : sizeof(start);
    char *text = NULL, type[32];
    ac_status status = AC_OK;
    uint64_t size;

    TRY(ac_file_read(npy->fd, 0, start, prefix, npy->path, log));
    if (memcmp(start, MAGIC, MAGIC_SIZE) != 0)
        return fail_header(npy, log, "it does not begin as one");
    if (start[6] < 1 || start[6] > 3)
        return fail_header(npy, log, "its version is not 1, 2 or 3");
    size = start[8] | (uint64_t)start[9] << 8;
    if (start[6] > 1)
        size |= (uint64_t)start[10] << 16 | (uint64_t)start[11] << 24;
    npy->offset = start[6] > 1 ? 12 : 10;
    if (npy->offset + size > file_size)
        return fail_header(npy, log, "its header is longer than the file");
    if (size > MAX_HEADER)
        return fail_header(npy, log, "its header is absurdly long");
    text = calloc(1, (size_t)size + 1);
    if (!text)
        return ac_fail(log, AC_ERR_MEMORY, "out of memory");
    TRY(ac_file_read(npy->fd, npy->offset, text, (size_t)size, npy->path, log));
    npy->offset += size;
    if (strlen(text) != size || !read_dictionary(text, npy, type))
        status = fail_header(npy, log,
                             "its header says something else than descr, fortran_order, shape");
    else if (!set_type(npy, type))
        status = ac_fail(log, AC_ERR_UNSUPPORTED,
                         "%s: its values are of type '%s'; save array.astype('float32')", npy->path,
                         type);
    else
        status = check_size(npy, file_size, log);
fail:
    free(text);
    return status;
}

ac_status ac_npy_open(const char *path, const ac_log *log, ac_npy *npy)
{
    ac_status status = AC_OK;
    uint64_t size;

    memset(npy, 0, sizeof(*npy));
    npy->path = path;
    TRY(ac_file_open(path, log, &npy->fd, &size));
    status = read_header(npy, size, log);
    if (status)
        ac_npy_close(npy);
fail:
    return status;
}

void ac_npy_close(ac_npy *npy)
{
    if (npy->fd >= 0)
        close(npy->fd);
    npy->fd = -1;
}

static float value_at(const ac_npy *npy, const unsigned char *bytes)
{
    uint64_t bits = 0;
    double wide;

    for (int i = 0; i < npy->size; i++)
        bits |= (uint64_t)bytes[i] << 8 * (npy->big_endian ? npy->size - 1 - i : i);
    if (npy->size == 2)
        return ac_half_to_float((uint16_t)bits);
    if (npy->size == 4)
        return ac_float_from_bits((uint32_t)bits);
    memcpy(&wide, &bits, sizeof(wide));
    /* Beyond float's range the conversion is undefined in C. */
    return fabs(wide) <= (double)3.402823466e38F ? (float)wide : HUGE_VALF;
}

ac_status ac_npy_read(const ac_npy *npy, int64_t first, int64_t count, float *values,
                      const ac_log *log)
{
    unsigned char *bytes = malloc((size_t)CHUNK * 8);
    ac_status status = AC_OK;

    if (!bytes)
        return ac_fail(log, AC_ERR_MEMORY, "out of memory");
    for (int64_t done = 0; done < count;) {
        int64_t now = count - done < CHUNK ? count - done : CHUNK;
        uint64_t at = npy->offset + (uint64_t)(first + done) * (uint64_t)npy->size;

        TRY(ac_file_read(npy->fd, at, bytes, (size_t)(now * npy->size), npy->path, log));
        for (int64_t i = 0; i < now; i++) {
            float value = value_at(npy, bytes + i * npy->size);

            if (!isfinite(value)) {
                status = ac_fail(log, AC_ERR_FORMAT,
                                 "%s: value number %" PRId64 " is not a finite float32", npy->path,
                                 first + done + i);
                goto fail;
            }
            values[done + i] = value;
        }
        done += now;
    }
fail:
    free(bytes);
    return status;
}

const char *ac_npy_show_shape(const ac_npy *npy, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "(");

    for (int i = 0; i < npy->rank && used < size; i++)
        used +=
            (size_t)snprintf(text + used, size - used, "%s%" PRId64, i ? ", " : "", npy->dims[i]);
    if (used < size)
        snprintf(text + used, size - used, npy->rank == 1 ? ",)" : ")");
    return text;
}

ac_status ac_npy_write_header(ac_file_writer *writer, int rank, const int64_t *dims)
{
    /* Spaces bring the values to a multiple of 64 bytes, and leave room to edit. */
    unsigned char header[256] = MAGIC "\x01";
    char *text = (char *)header + 10;
    size_t room = sizeof(header) - 10, used, size;

    used = (size_t)snprintf(text, room, "{'descr': '<f4', 'fortran_order': False, 'shape': (");
    for (int i = 0; i < rank && used < room; i++)
        used += (size_t)snprintf(text + used, room - used, "%s%" PRId64, i ? ", " : "", dims[i]);
    used += (size_t)snprintf(text + used, room - used, rank == 1 ? ",), }" : "), }");
    size = (10 + used + 1 + 63) / 64 * 64 - 10;
    memset(text + used, ' ', size - used);
    text[size - 1] = '\n';
    header[8] = (unsigned char)(size & 255);
    header[9] = (unsigned char)(size >> 8);
    return ac_file_writer_write(writer, header, 10 + size);
}
