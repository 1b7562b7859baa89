/* llvmpipe compiles a kernel when it is first dispatched, one after the other on one thread, and
 * keeps the code in Mesa's cache on disk. So kernels that are new are dispatched beforehand on
 * other devices, one a processor and all at once, with no workgroups; the device that they are for
 * then finds them in that cache.
 *
 * All devices are open before the first kernel is compiled. llvmpipe sets its width of vectors, one
 * for the process, to 256 bits and then to what the environment says whenever one is opened
 * (lp_build_init_native_width() in Mesa 25.0): what another thread compiles in between is of both
 * widths, breaks the program that runs it, and stays in the cache. */
#include <inttypes.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include "util/thread.h"
#include "vk/choices.h"
#include "vk/internal.h"

#define VENDOR_MESA 0x10005
#define MAX_THREADS 16
#define ROOM        4096 /* bytes of a buffer for kernels that do nothing */

typedef struct compilation {
    const ac_device *device;
    const ac_kernel_params **kernels;
    int count;
    atomic_int next;
} compilation;

typedef struct helper {
    compilation *work;
    ac_device *device;
    ac_buffer *buffer;
} helper;

static bool compiles_late(const ac_device *device)
{
    const ac_device_info *info = &device->info;

    return info->type == AC_DEVICE_CPU && info->vendor_id == VENDOR_MESA && device->cache_dir &&
           !getenv("MESA_SHADER_CACHE_DISABLE");
}

/* For ac_choices_find(). */
static void name_of(const ac_kernel_params *params, char *text, size_t size)
{
    const int parts[] = {params->binding_count, (int)params->texel_mask, params->addresses,
                         params->push_size, params->subgroup_size};
    uint64_t hash = XXH64(params->code, params->code_size, 0);

    hash = XXH64(parts, sizeof(parts), hash);
    hash = XXH64(params->constants, (size_t)params->constant_count * sizeof(params->constants[0]),
                 hash);
    snprintf(text, size, "kernel %016" PRIx64, hash);
}

static ac_status dispatch_none(ac_device *device, const ac_kernel_params *params, ac_buffer *buffer)
{
    const unsigned char push[AC_KERNEL_MAX_PUSH] = {0};
    ac_binding bindings[AC_KERNEL_MAX_BINDINGS];
    const ac_kernel *kernel;
    ac_commands *commands = NULL;
    ac_status status = AC_OK;

    for (int i = 0; i < AC_KERNEL_MAX_BINDINGS; i++)
        bindings[i] = (ac_binding){buffer, 0, 0};
    TRY(ac_kernel_get(device, params, &kernel));
    TRY(ac_commands_create(device, &commands));
    TRY(ac_commands_begin(commands));
    TRY(ac_commands_dispatch(commands, kernel, bindings, push, 0, 0, 0));
    TRY(ac_commands_end(commands));
    TRY(ac_commands_run(commands));
fail:
    ac_commands_destroy(&commands);
    return status;
}

static ac_status compile(void *opaque)
{
    const helper *h = opaque;
    ac_status status = AC_OK;

    for (int i; (i = atomic_fetch_add(&h->work->next, 1)) < h->work->count;)
        TRY(dispatch_none(h->device, h->work->kernels[i], h->buffer));
fail:
    return status;
}

static ac_status open_helper(compilation *c, helper *h)
{
    char select[16];
    ac_status status = AC_OK;

    snprintf(select, sizeof(select), "%d", c->device->info.index);
    h->work = c;
    TRY(ac_device_open(&(ac_device_params){.select = select, .cache_dir = "", .helper = true}, NULL,
                       &h->device));
    TRY(ac_buffer_create(h->device, AC_BUFFER_DEVICE, ROOM, "kernels to be compiled", &h->buffer));
fail:
    return status;
}

static int thread_count(int kernels)
{
    const char *limit = getenv("LP_NUM_THREADS"); /* as llvmpipe itself has it */
    int count = ac_thread_processors(), most = limit ? (int)strtol(limit, NULL, 10) : 0;

    count = most > 0 && count > most ? most : count;
    count = count < kernels ? count : kernels;
    return count < MAX_THREADS ? count : MAX_THREADS;
}

/* What cannot be compiled so is compiled when it is run. */
static void compile_all(compilation *c)
{
    ac_thread threads[MAX_THREADS] = {0};
    helper helpers[MAX_THREADS] = {0};
    int count = thread_count(c->count), opened = 0;

    ac_log_print(c->device->log, AC_LOG_VERBOSE, "%d new kernels are compiled on %d threads",
                 c->count, count);
    while (opened < count && open_helper(c, &helpers[opened]) == AC_OK)
        opened++;
    for (int i = 0; i < opened; i++)
        (void)ac_thread_start(&threads[i], "compile", compile, &helpers[i], NULL);
    for (int i = 0; i < opened; i++)
        (void)ac_thread_join(&threads[i]);
    for (int i = 0; i < count; i++) {
        ac_buffer_destroy(&helpers[i].buffer);
        ac_device_close(&helpers[i].device); /* waits till what Mesa keeps has been written */
    }
}

void ac_kernels_compile(ac_device *device)
{
    compilation c = {.device = device};
    int room = 1, value = 1;
    char name[32];

    device->fresh = false;
    if (!compiles_late(device))
        return;
    /* None are being made while devices are opened; who wants those that failed is told. */
    for (ac_kernel *k = device->kernels; k; k = k->next) {
        k->compiled |= ac_pipelines_wait(device, k) != VK_SUCCESS;
        room += !k->compiled;
    }
    c.kernels = calloc((size_t)room, sizeof(ac_kernel_params *));
    for (ac_kernel *k = device->kernels; k && c.kernels; k = k->next) {
        if (k->compiled)
            continue;
        name_of(&k->params, name, sizeof(name));
        if (ac_choices_find(device, name, &value) == AC_END)
            c.kernels[c.count++] = &k->params;
        k->compiled = true;
    }
    if (c.count > 1)
        compile_all(&c);
    value = 1;
    for (int i = 0; i < c.count; i++) {
        name_of(c.kernels[i], name, sizeof(name));
        ac_choices_settle(device, name, &value);
    }
    free(c.kernels);
    malloc_trim(0); /* a compiler took a lot, and leaves it with the C library */
}
