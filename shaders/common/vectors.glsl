// Buffers of vec4 that are only read: VECTORS(binding, block, name), LOAD(name, i); of floats that
// are read and written: FLOATS(binding, block, name), FLOAT_AT(name, i), STORE_FLOAT(name, i, f);
// of words likewise: WORDS, WORD_AT, STORE_WORD.
// Drivers that run on the processor (TEXEL) fetch texels in half the time of storage buffers' vec4s.
// Some read through addresses faster still (ADDRESS), all lanes at once: those of the bindings come
// with the push constants, in whose block ADDRESSES stands last (AC_KERNEL_MAX_BINDINGS of them).
#if defined(ADDRESS)
#extension GL_EXT_buffer_reference2 : require
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require
layout(buffer_reference, std430, buffer_reference_align = 16) buffer Halves { u64vec2 pair; };
layout(buffer_reference, std430, buffer_reference_align = 4) buffer Single { float value; };
layout(buffer_reference, std430, buffer_reference_align = 4) buffer Word { uint value; };

vec4 vector_at(uint64_t address, int i)
{
    u64vec2 v = Halves(address)[i].pair;
    return vec4(uintBitsToFloat(unpackUint2x32(v.x)), uintBitsToFloat(unpackUint2x32(v.y)));
}

#define ADDRESSES                uint64_t addresses[12];
#define VECTORS(at, block, name) const int name##_binding = at
#define LOAD(b, i)               vector_at(addresses[b##_binding], i)
#define FLOATS(at, block, name)  const int name##_binding = at
#define FLOAT_AT(b, i)           Single(addresses[b##_binding])[i].value
#define WORDS(at, block, name)   const int name##_binding = at
#define WORD_AT(b, i)            Word(addresses[b##_binding])[i].value
#elif defined(TEXEL)
#define ADDRESSES
#define VECTORS(at, block, name) layout(binding = at) uniform samplerBuffer name
#define LOAD(b, i)               texelFetch(b, i)
#else
#define ADDRESSES
#define VECTORS(at, block, name)                                                                   \
    layout(binding = at, std430) readonly buffer block                                             \
    {                                                                                              \
        vec4 name[];                                                                               \
    }
#define LOAD(b, i) b[i]
#endif
#ifndef ADDRESS
#define FLOATS(at, block, name)                                                                    \
    layout(binding = at, std430) buffer block                                                      \
    {                                                                                              \
        float name[];                                                                              \
    }
#define FLOAT_AT(b, i) b[i]
#define WORDS(at, block, name)                                                                     \
    layout(binding = at, std430) buffer block                                                      \
    {                                                                                              \
        uint name[];                                                                               \
    }
#define WORD_AT(b, i) b[i]
#endif
#define STORE_FLOAT(b, i, f) FLOAT_AT(b, i) = f
#define STORE_WORD(b, i, w)  WORD_AT(b, i) = w
