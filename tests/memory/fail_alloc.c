/* Preloaded by test_failing.py: one allocation fails, and what is never freed is told.
 *
 * Counted are allocations that the program itself asks for, by the address of who calls,
 * libjansson's among them, which gets its memory from the program: drivers and codecs have failures
 * of their own to answer for. FAIL_ALLOC_AT: the number of the one that fails, from 1; 0: none.
 * FAIL_ALLOC_REPORT: a file that gets, at the end, count NUMBER         allocations that were
 * counted failed ADDRESS       where the one that failed was asked for, as addr2line takes it leak
 * ADDRESS BYTES   one that was not freed */
#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <link.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS  (1 << 18) /* a power of two, never nearly full in a short job */
#define RANGES 16

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void __libc_free(void *block);

static struct {
    uintptr_t begin, end, base;
} ranges[RANGES];
static int range_count;
static uintptr_t json_allocate; /* the program's function that libjansson calls */

/* Blocks that are counted and not freed, at the place that their address hashes to or after. */
static struct {
    void *block;
    uintptr_t caller;
    size_t size;
} live[SLOTS];
static char gone; /* in place of a block that was */
static atomic_flag held = ATOMIC_FLAG_INIT;

static atomic_long counted;
static long fails_at;
static uintptr_t failed;

static int add_ranges(struct dl_phdr_info *info, size_t size, void *opaque)
{
    (void)size;
    (void)opaque;
    if (*info->dlpi_name)
        return 0;
    for (int i = 0; i < info->dlpi_phnum && range_count < RANGES; i++)
        if (info->dlpi_phdr[i].p_type == PT_LOAD && info->dlpi_phdr[i].p_flags & PF_X) {
            uintptr_t begin = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;

            ranges[range_count].begin = begin;
            ranges[range_count].end = begin + info->dlpi_phdr[i].p_memsz;
            ranges[range_count++].base = info->dlpi_addr;
        }
    return 0;
}

__attribute__((constructor)) static void begin(void)
{
    const char *at = getenv("FAIL_ALLOC_AT");

    fails_at = at ? strtol(at, NULL, 10) : 0;
    dl_iterate_phdr(add_ranges, NULL);
}

/* libjansson takes no notice where its text buffer cannot grow (lex_save() in its load.c), and
 * stumbles later. The buffer has sizes of this kind. */
static bool is_text_buffer(size_t size)
{
    return size >= 32 && !(size & (size - 1));
}

/* The address in its file of a caller that counts, or 0. */
static uintptr_t find_caller(const void *address, size_t size)
{
    uintptr_t caller = (uintptr_t)address;

    for (int i = 0; i < range_count; i++)
        if (caller >= ranges[i].begin && caller < ranges[i].end)
            return caller - json_allocate < 64 && is_text_buffer(size) ? 0
                                                                       : caller - ranges[i].base;
    return 0;
}

/* Whether this allocation is the one. */
static bool fails(uintptr_t caller)
{
    if (!caller || atomic_fetch_add(&counted, 1) + 1 != fails_at)
        return false;
    failed = caller;
    errno = ENOMEM;
    return true;
}

static size_t slot_of(const void *block)
{
    return ((uintptr_t)block >> 4) * 2654435761u & (SLOTS - 1);
}

static void take(void)
{
    while (atomic_flag_test_and_set(&held))
        ;
}

static void keep(void *block, uintptr_t caller, size_t size)
{
    size_t i = slot_of(block);

    if (!block || !caller)
        return;
    take();
    while (live[i].block && live[i].block != &gone)
        i = (i + 1) & (SLOTS - 1);
    live[i].block = block;
    live[i].caller = caller;
    live[i].size = size;
    atomic_flag_clear(&held);
}

/* Who asked for it, 0 where it does not count. */
static uintptr_t forget(const void *block)
{
    size_t i = slot_of(block);
    uintptr_t caller = 0;

    take();
    while (live[i].block && live[i].block != block)
        i = (i + 1) & (SLOTS - 1);
    if (live[i].block) {
        caller = live[i].caller;
        live[i].block = &gone;
    }
    atomic_flag_clear(&held);
    return caller;
}

void json_set_alloc_funcs(void *(*allocate)(size_t), void (*release)(void *))
{
    void (*set)(void *(*)(size_t), void (*)(void *));

    *(void **)&set = dlsym(RTLD_NEXT, "json_set_alloc_funcs");
    json_allocate = (uintptr_t)allocate;
    set(allocate, release);
}

/* ---- what is called in place of libc's ---- */

static void *allocate(size_t size, const void *address)
{
    uintptr_t caller = find_caller(address, size);
    void *block = fails(caller) ? NULL : __libc_malloc(size);

    keep(block, caller, size);
    return block;
}

void *malloc(size_t size)
{
    return allocate(size, __builtin_return_address(0));
}

void *calloc(size_t count, size_t size)
{
    uintptr_t caller = find_caller(__builtin_return_address(0), count * size);
    void *block = fails(caller) ? NULL : __libc_calloc(count, size);

    keep(block, caller, count * size);
    return block;
}

void *realloc(void *block, size_t size)
{
    uintptr_t caller = find_caller(__builtin_return_address(0), size), owner;
    void *moved;

    if (fails(caller))
        return NULL;
    owner = block ? forget(block) : 0;
    moved = __libc_realloc(block, size);
    if (moved)
        keep(moved, caller ? caller : owner, size);
    else
        keep(size ? block : NULL, owner, size);
    return moved;
}

void free(void *block)
{
    int before = errno;

    if (block)
        forget(block);
    __libc_free(block);
    errno = before;
}

/* libc's own would allocate on its own account. */

static char *copy(const char *text, size_t length, const void *address)
{
    char *made = allocate(length + 1, address);

    if (made) {
        memcpy(made, text, length);
        made[length] = '\0';
    }
    return made;
}

char *strdup(const char *text)
{
    return copy(text, strlen(text), __builtin_return_address(0));
}

char *strndup(const char *text, size_t most)
{
    return copy(text, strnlen(text, most), __builtin_return_address(0));
}

int asprintf(char **text, const char *format, ...)
{
    const void *address = __builtin_return_address(0);
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    *text = length < 0 ? NULL : allocate((size_t)length + 1, address);
    if (!*text)
        return -1;
    va_start(args, format);
    vsnprintf(*text, (size_t)length + 1, format, args);
    va_end(args);
    return length;
}

__attribute__((destructor)) static void end(void)
{
    const char *path = getenv("FAIL_ALLOC_REPORT");
    FILE *file = path ? fopen(path, "w") : NULL;

    if (!file)
        return;
    fprintf(file, "count %ld\n", atomic_load(&counted));
    if (failed)
        fprintf(file, "failed 0x%" PRIxPTR "\n", failed);
    for (size_t i = 0; i < SLOTS; i++)
        if (live[i].block && live[i].block != &gone)
            fprintf(file, "leak 0x%" PRIxPTR " %zu\n", live[i].caller, live[i].size);
    fclose(file);
}
