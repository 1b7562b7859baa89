#include "color/colorspace.h"

typedef struct point {
    double x, y;
} point;

/* CIE x, y of red, green, blue; all with white D65 (H.273, table 2; C and DCI white are taken for
 * D65, which moves no hue visibly and keeps gray gray). */
static const point *chromaticities(int primaries)
{
    static const point bt709[3] = {{0.640, 0.330}, {0.300, 0.600}, {0.150, 0.060}};
    static const point bt470m[3] = {{0.67, 0.33}, {0.21, 0.71}, {0.14, 0.08}};
    static const point bt470bg[3] = {{0.64, 0.33}, {0.29, 0.60}, {0.15, 0.06}};
    static const point smpte170m[3] = {{0.630, 0.340}, {0.310, 0.595}, {0.155, 0.070}};
    static const point film[3] = {{0.681, 0.319}, {0.243, 0.692}, {0.145, 0.049}};
    static const point bt2020[3] = {{0.708, 0.292}, {0.170, 0.797}, {0.131, 0.046}};
    static const point p3[3] = {{0.680, 0.320}, {0.265, 0.690}, {0.150, 0.060}};
    static const point ebu3213[3] = {{0.630, 0.340}, {0.295, 0.605}, {0.155, 0.077}};

    switch (primaries) {
    case 4:
        return bt470m;
    case 5:
        return bt470bg;
    case 6:
    case 7:
        return smpte170m;
    case 8:
        return film;
    case 9:
        return bt2020;
    case 11:
    case 12:
        return p3;
    case 22:
        return ebu3213;
    default:
        return bt709;
    }
}

static void invert(double m[3][3])
{
    double a[3][3], det = 0;

    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++) {
            int i1 = (i + 1) % 3, i2 = (i + 2) % 3, k1 = (k + 1) % 3, k2 = (k + 2) % 3;

            a[k][i] = m[i1][k1] * m[i2][k2] - m[i1][k2] * m[i2][k1];
        }
    for (int k = 0; k < 3; k++)
        det += m[0][k] * a[k][0];
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++)
            m[i][k] = a[i][k] / det;
}

/* Columns of the matrix to XYZ over white are the primaries, each as strong as makes their sum 1,
 * 1, 1 (SMPTE RP 177). */
static void set_primaries(ac_colorspace *space, int primaries)
{
    static const double white[3] = {0.3127 / 0.3290, 1, (1 - 0.3127 - 0.3290) / 0.3290};
    const point *colour = chromaticities(primaries);
    double m[3][3], inverse[3][3];

    for (int c = 0; c < 3; c++) {
        m[0][c] = colour[c].x / colour[c].y / white[0];
        m[1][c] = 1;
        m[2][c] = (1 - colour[c].x - colour[c].y) / colour[c].y / white[2];
    }
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++)
            inverse[i][k] = m[i][k];
    invert(inverse);
    for (int c = 0; c < 3; c++) {
        double strength = inverse[c][0] + inverse[c][1] + inverse[c][2];

        for (int i = 0; i < 3; i++)
            m[i][c] *= strength;
    }
    invert(m);
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++)
            space->rgb_from_xyz[i][k] = m[i][k];
}

ac_status ac_colorspace_get(const ac_picture_format *format, const ac_log *log,
                            ac_colorspace *space)
{
    set_primaries(space, format->primaries);
    if (ac_luma_weights(format->matrix, &space->kr, &space->kb))
        return AC_OK;
    return ac_fail(log, AC_ERR_UNSUPPORTED,
                   "the film's colour matrix (H.273 number %d) is none of BT.601, 709 and 2020: "
                   "convert the film first, with ffmpeg -vf scale=out_color_matrix=bt709",
                   format->matrix);
}
