// Buffers of vec4 that are only read: VECTORS(binding, block, name), LOAD(name, i). Drivers that run
// on the processor (TEXEL) fetch texels in half the time of storage buffers' vec4s.
#ifdef TEXEL
#define VECTORS(at, block, name) layout(binding = at) uniform samplerBuffer name
#define LOAD(b, i)               texelFetch(b, i)
#else
#define VECTORS(at, block, name)                                                                   \
    layout(binding = at, std430) readonly buffer block                                             \
    {                                                                                              \
        vec4 name[];                                                                               \
    }
#define LOAD(b, i) b[i]
#endif
