/* Autochrome as a library: luma of black-and-white frames in, chroma out.
 *
 *     autochrome *ac;
 *     autochrome_format format;
 *
 *     autochrome_open(NULL, &ac);
 *     autochrome_load(ac, NULL);
 *     autochrome_format_default(&format, 720, 576);
 *     autochrome_begin(ac, &format);
 *     for (each frame of the film)
 *         autochrome_colour_frame(ac, &frame);
 *     autochrome_close(&ac);
 *
 * Functions that can fail return AUTOCHROME_OK or a negative value, after one message that says
 * what is wrong and what to do. One thread at a time may use what autochrome_open() made; several
 * may be open. As the program does, the library keeps compiled shaders in $XDG_CACHE_HOME, and
 * looks for models in $AUTOCHROME_MODELS; it sets no environment variables. (Mesa's software Vulkan
 * is about twice as fast with LP_NATIVE_VECTOR_WIDTH=512 on processors with AVX-512: the caller may
 * set that before there are threads, with a MESA_SHADER_CACHE_DIR of its own.) */
#ifndef AUTOCHROME_H
#define AUTOCHROME_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define AUTOCHROME_API __attribute__((visibility("default")))
#else
#define AUTOCHROME_API
#endif

typedef struct autochrome autochrome;

typedef enum autochrome_status {
    AUTOCHROME_OK = 0,
    AUTOCHROME_ERROR_MEMORY = -2,
    AUTOCHROME_ERROR_IO = -3,       /* a file cannot be read */
    AUTOCHROME_ERROR_FORMAT = -4,   /* a file is not what it claims to be, a model does not fit */
    AUTOCHROME_ERROR_ARGUMENT = -5, /* the caller asked for nonsense */
    AUTOCHROME_ERROR_UNSUPPORTED = -6, /* valid, but this device cannot do it */
    AUTOCHROME_ERROR_DEVICE = -7,      /* the Vulkan device, driver or loader failed */
    AUTOCHROME_ERROR_DEVICE_MEMORY = -8,
    AUTOCHROME_ERROR_DEVICE_LOST = -9, /* close, and open again */
} autochrome_status;

typedef enum autochrome_level {
    AUTOCHROME_LEVEL_ERROR,
    AUTOCHROME_LEVEL_WARNING,
    AUTOCHROME_LEVEL_INFO,
} autochrome_level;

typedef struct autochrome_params {
    const char
        *device; /* number or part of a name, as `autochrome devices` lists them; NULL: choose */
    /* Gets messages, a line each without a newline, from any thread; NULL: nobody does. */
    void (*message)(void *opaque, autochrome_level level, const char *text);
    void *opaque;
} autochrome_params;

/* The luma of a film, and the chroma that is wanted of it. Numbers of matrix and primaries are
 * those of ITU-T H.273, as FFmpeg's AVCOL_* values are. */
typedef struct autochrome_format {
    int width, height;                  /* luma samples */
    int depth;                          /* bits a sample, 8 to 16 */
    int chroma_shift_x, chroma_shift_y; /* 4:2:0 1, 1; 4:2:2 1, 0; 4:4:4 0, 0 */
    int full_range;                     /* 0: limited */
    int matrix;                         /* 1 BT.709, 5 or 6 BT.601, 9 BT.2020; no RGB */
    int primaries;                      /* 1 BT.709, 5 or 6 BT.601, 9 BT.2020, 2 unknown */
    int sar_num, sar_den;               /* shape of a pixel */
    int size;          /* short side at which the network works, 0: what the model says, else 256 */
    double saturation; /* 0 gray, 1 as the network sees colours, up to 4 */
    int steady; /* frames of the past that colours are averaged over where the picture stands still,
                 * 1 to 32; 1: each frame by itself */
} autochrome_format;

/* Samples of up to 8 bits are bytes, of more 16-bit little-endian words with the value in the low
 * bits. Strides are bytes from row to row. The caller's memory; chroma planes have
 * ceil(width / 2^chroma_shift_x) by ceil(height / 2^chroma_shift_y) samples. */
typedef struct autochrome_frame {
    const void *luma;
    ptrdiff_t luma_stride;
    void *cb, *cr;
    ptrdiff_t cb_stride, cr_stride;
} autochrome_frame;

/* "0.1.0" */
AUTOCHROME_API const char *autochrome_version(void);

/* Opens a device; params may be NULL. On failure *ac is NULL. */
AUTOCHROME_API autochrome_status autochrome_open(const autochrome_params *params, autochrome **ac);
/* Loads a model: a .safetensors file, or the name of one that comes with the program; NULL: the
 * default one. It takes the place of one that was loaded before; a film begins anew. */
AUTOCHROME_API autochrome_status autochrome_load(autochrome *ac, const char *model);
/* A film of 8 bits, 4:2:0, limited range, BT.709, square pixels, with what the program colours by
 * if nothing else is asked for. */
AUTOCHROME_API void autochrome_format_default(autochrome_format *format, int width, int height);
/* Begins a film, or a new one, whose colours do not look back at the one before. */
AUTOCHROME_API autochrome_status autochrome_begin(autochrome *ac, const autochrome_format *format);
/* Colours the next frame: fills cb and cr, and returns when that is done. After a failure they hold
 * nothing of use. */
AUTOCHROME_API autochrome_status autochrome_colour_frame(autochrome *ac,
                                                         const autochrome_frame *frame);
/* Accepts NULL and a pointer to NULL; sets *ac to NULL. */
AUTOCHROME_API void autochrome_close(autochrome **ac);

#ifdef __cplusplus
}
#endif

#endif
