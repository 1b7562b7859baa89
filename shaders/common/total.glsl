// total(v): the sum over a workgroup's LOCAL invocations, always in the same order, for all of them.
// With TEXEL a workgroup is one subgroup and adds what its lanes broadcast: where a processor plays
// the invocations, barriers are dear. To be included after LOCAL.
#ifdef TEXEL
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_ballot : require
vec4 total(vec4 v)
{
    vec4 sum = vec4(0);
    [[unroll]] for (int l = 0; l < LOCAL; l++)
        sum += subgroupBroadcast(v, l);
    return sum;
}
#else
shared vec4 sums[LOCAL];

vec4 total(vec4 v)
{
    int thread = int(gl_LocalInvocationID.x);
    sums[thread] = v;
    barrier();
    for (int step = LOCAL / 2; step > 0; step /= 2) {
        if (thread < step)
            sums[thread] += sums[thread + step];
        barrier();
    }
    vec4 sum = sums[0];
    barrier();
    return sum;
}
#endif
