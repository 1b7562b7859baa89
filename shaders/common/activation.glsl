// Activations, by the numbers of ac_activation (src/nn/plan.h).
vec4 activate(vec4 v, const int kind, float slope)
{
    switch (kind) {
    case 1: return max(v, vec4(0));
    case 2: return clamp(v, vec4(0), vec4(6));
    case 3: return mix(v * slope, v, greaterThanEqual(v, vec4(0)));
    case 4: return 1.0 / (1.0 + exp(-v));
    // tanh() overflows in some drivers for large arguments.
    case 5: return 1.0 - 2.0 / (exp(2.0 * clamp(v, vec4(-20), vec4(20))) + 1.0);
    default: return v;
    }
}

// The slope is the same function of the argument as of the result.
bool slope_from_argument(const int kind)
{
    return kind <= 3;
}

// Their slopes, from their results y.
vec4 activation_slope(vec4 y, const int kind, float slope)
{
    switch (kind) {
    case 1: return mix(vec4(0), vec4(1), greaterThan(y, vec4(0)));
    case 2: return mix(vec4(0), vec4(1), greaterThan(y, vec4(0))) *
                   mix(vec4(0), vec4(1), lessThan(y, vec4(6)));
    case 3: return mix(vec4(slope), vec4(1), greaterThan(y, vec4(0)));
    case 4: return y * (1.0 - y);
    case 5: return 1.0 - y * y;
    default: return vec4(1);
    }
}
