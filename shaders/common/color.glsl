// CIELAB (CIE 015) and the transfer of sRGB (IEC 61966-2-1), odd-symmetric beyond 0.
float srgb_to_linear(float v)
{
    float m = abs(v);
    float linear = m <= 0.04045 ? m / 12.92 : pow((m + 0.055) / 1.055, 2.4);
    return v < 0.0 ? -linear : linear;
}

float linear_to_srgb(float v)
{
    float m = abs(v);
    float coded = m <= 0.0031308 ? m * 12.92 : 1.055 * pow(m, 1.0 / 2.4) - 0.055;
    return v < 0.0 ? -coded : coded;
}

// L* of Y over that of white.
float lightness_of(float y)
{
    return y > 216.0 / 24389.0 ? 116.0 * pow(y, 1.0 / 3.0) - 16.0 : y * (24389.0 / 27.0);
}

// L* of a gray pixel whose coded value is Y'.
float lightness_of_luma(float luma)
{
    return lightness_of(srgb_to_linear(clamp(luma, 0.0, 1.0)));
}

// Inverse of CIELAB's f.
float lab_f_inverse(float t)
{
    return t > 6.0 / 29.0 ? t * t * t : (t - 16.0 / 116.0) * (27.0 * 116.0 / 24389.0);
}
