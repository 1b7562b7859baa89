// Values of a network, [n][quads][h][w] vec4, and weights of some kernels. With HALF they lie in
// memory as float16, which halves what is read and written; all arithmetic is in float32. Of three
// kinds of buffers:
//   VALUES(binding, block, name): only read, by VALUE(name, i)
//     as it lies in memory: a KEPT by KEPT_VALUE(name, i), whose VALUE_OF(kept) is the same
//   STORED_VALUES(binding, block, name): STORE_VALUE(name, i, v), VALUE_AT(name, i)
//   LANES(binding, block, name): only read, a float at a time, by LANE(name, i, lane)
// After vectors.glsl and store.glsl, which say how with TEXEL and ADDRESS.
#ifdef HALF
// What is too large for float16 becomes infinite, which is seen in the end.
uvec2 half_of(vec4 v)
{
    return uvec2(packHalf2x16(v.xy), packHalf2x16(v.zw));
}

vec4 float_of(uvec2 v)
{
    return vec4(unpackHalf2x16(v.x), unpackHalf2x16(v.y));
}

#define VALUES(at, block, name)                                                                    \
    layout(binding = at, std430) readonly buffer block                                             \
    {                                                                                              \
        uvec2 name[];                                                                              \
    }
#define KEPT                 uvec2
#define KEPT_VALUE(b, i)     b[i]
#define VALUE_OF(kept)       float_of(kept)
#define STORED_VALUES(at, block, name)                                                             \
    layout(binding = at, std430) buffer block                                                      \
    {                                                                                              \
        uvec2 name[];                                                                              \
    }
#define STORE_VALUE(b, i, v) b[i] = half_of(v)
#define VALUE_AT(b, i)       float_of(b[i])
#define LANES(at, block, name) VALUES(at, block, name)
#define LANE(b, i, lane)       unpackHalf2x16(b[i][(lane) >> 1])[(lane) & 1]
#else
#define VALUES(at, block, name) VECTORS(at, block, name)
#define KEPT                    vec4
#define KEPT_VALUE(b, i)        LOAD(b, i)
#define VALUE_OF(kept)          kept
#define STORED_VALUES(at, block, name) STORES(at, block, name)
#define STORE_VALUE(b, i, v)    STORE(b, i, v)
#define VALUE_AT(b, i)          STORED_AT(b, i)
#define LANES(at, block, name)         FLOATS(at, block, name)
#define LANE(b, i, lane)               FLOAT_AT(b, (i) * 4 + (lane))
#endif
#define VALUE(b, i) VALUE_OF(KEPT_VALUE(b, i))
