// Samples of a plane whose rows are whole 32-bit words, little-endian. BYTES a sample is a constant of
// the kernel, `luma` its buffer of words. After divide.glsl.
float luma_sample(int y, int x, int row)
{
    if (BYTES == 1)
        return float((luma[y * row + (x >> 2)] >> ((x & 3) * 8)) & 0xffu);
    return float((luma[y * row + (x >> 1)] >> ((x & 1) * 16)) & 0xffffu);
}

// Mean of the samples from top to bottom and left to right, borders between samples counting in
// part; all inside the plane, bottom > top, right > left.
float luma_mean(float top, float bottom, float left, float right, int h, int w, int row)
{
    int y0 = whole(floor(top)), y1 = min(whole(ceil(bottom)), h);
    int x0 = whole(floor(left)), x1 = min(whole(ceil(right)), w);
    float sum = 0.0, weights = 0.0;
    for (int y = y0; y < y1; y++) {
        float wy = min(bottom, float(y + 1)) - max(top, float(y));
        for (int x = x0; x < x1; x++) {
            float weight = wy * (min(right, float(x + 1)) - max(left, float(x)));
            sum += weight * luma_sample(y, x, row);
            weights += weight;
        }
    }
    return sum / weights;
}
