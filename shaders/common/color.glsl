// CIELAB (CIE 015) and the transfer of sRGB (IEC 61966-2-1), odd-symmetric beyond 0.
float linear_to_srgb(float v)
{
    float m = abs(v);
    float coded = m <= 0.0031308 ? m * 12.92 : 1.055 * pow(m, 1.0 / 2.4) - 0.055;
    return v < 0.0 ? -coded : coded;
}

// L* of a gray pixel whose coded value is Y': 116 * Y^(1/3) - 16, or 24389/27 * Y where Y is no more
// than 216/24389, of Y = ((Y' + 0.055) / 1.055)^2.4, or Y'/12.92 up to 0.04045.
float lightness_of_luma(float luma)
{
    const float KNEE = 1.055 * pow(216.0 / 24389.0, 1.0 / 2.4) - 0.055;
    float v = clamp(luma, 0.0, 1.0);
    float power = pow((v + 0.055) / 1.055, v > KNEE ? 2.4 / 3.0 : 2.4);
    return v > KNEE ? 116.0 * power - 16.0
                    : (v > 0.04045 ? power : v / 12.92) * (24389.0 / 27.0);
}

// Inverse of CIELAB's f.
float lab_f_inverse(float t)
{
    return t > 6.0 / 29.0 ? t * t * t : (t - 16.0 / 116.0) * (27.0 * 116.0 / 24389.0);
}
