// Buffers of vec4 that are written: STORES(binding, block, name), STORE(name, i, value),
// STORED_AT(name, i). Drivers that run on the processor write lane by lane and component by component:
// two of 64 bits in half the time of four. Through addresses (see vectors.glsl, which comes before)
// all lanes are written at once.
#if defined(ADDRESS)
#define STORES(at, block, name) const int name##_binding = at
#define STORE(b, i, v)                                                                             \
    Halves(addresses[b##_binding])[i].pair = u64vec2(packUint2x32(floatBitsToUint((v).xy)),                \
                                             packUint2x32(floatBitsToUint((v).zw)))
#define STORED_AT(b, i) vector_at(addresses[b##_binding], i)
#elif defined(TEXEL)
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require
#define STORES(at, block, name)                                                                    \
    layout(binding = at, std430) buffer block                                                      \
    {                                                                                              \
        u64vec2 name[];                                                                            \
    }
#define STORE(b, i, v)                                                                             \
    b[i] = u64vec2(packUint2x32(floatBitsToUint((v).xy)), packUint2x32(floatBitsToUint((v).zw)))
#define STORED_AT(b, i)                                                                            \
    vec4(uintBitsToFloat(unpackUint2x32(b[i].x)), uintBitsToFloat(unpackUint2x32(b[i].y)))
#else
#define STORES(at, block, name)                                                                    \
    layout(binding = at, std430) buffer block                                                      \
    {                                                                                              \
        vec4 name[];                                                                               \
    }
#define STORE(b, i, v)  b[i] = v
#define STORED_AT(b, i) b[i]
#endif
