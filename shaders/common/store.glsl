// vec4s in a buffer declared with STORED: STORE(buffer, i, value), STORED_AT(buffer, i). Drivers that
// run on the processor write lane by lane and component by component: two of 64 bits in half the
// time of four.
#ifdef TEXEL
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require
#define STORED u64vec2
#define STORE(b, i, v)                                                                             \
    b[i] = u64vec2(packUint2x32(floatBitsToUint((v).xy)), packUint2x32(floatBitsToUint((v).zw)))
#define STORED_AT(b, i)                                                                            \
    vec4(uintBitsToFloat(unpackUint2x32(b[i].x)), uintBitsToFloat(unpackUint2x32(b[i].y)))
#else
#define STORED vec4
#define STORE(b, i, v) b[i] = v
#define STORED_AT(b, i) b[i]
#endif
