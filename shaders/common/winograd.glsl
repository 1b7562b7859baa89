#include "common/divide.glsl"

// Minimal filtering F(M x M, R x R) with ALPHA = M + R - 1: Toom-Cook's algorithm at POINTS and
// infinity, transposed (Winograd 1980; Lavin & Gray 2016). Along one axis
//     y = A^T ((G g) * (B^T d)),   A^T [M][ALPHA], G [ALPHA][R], B^T [ALPHA][ALPHA],
// with A^T[i][j] = p_j^i, G[j][k] = p_j^k / N_j, N_j = prod over l != j of (p_j - p_l), row j of B^T
// the coefficients of prod over l != j of (x - p_l); at infinity A^T and G have a one at the last i
// or k, and B^T the coefficients of prod over all l of (x - p_l).
#if ALPHA == 3
const float POINTS[2] = {0, 1};
const float NORMS[2] = {-1, 1};
const float BT[3][3] = {{-1, 1, 0}, {0, 1, 0}, {0, -1, 1}};
#elif ALPHA == 4
const float POINTS[3] = {0, 1, -1};
const float NORMS[3] = {-1, 2, 2};
const float BT[4][4] = {{-1, 0, 1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, -1, 0, 1}};
#elif ALPHA == 5
const float POINTS[4] = {0, 1, -1, 2};
const float NORMS[4] = {2, -2, -6, 6};
const float BT[5][5] = {{2, -1, -2, 1, 0},
                        {0, -2, -1, 1, 0},
                        {0, 2, -3, 1, 0},
                        {0, -1, 0, 1, 0},
                        {0, 2, -1, -2, 1}};
#elif ALPHA == 6
const float POINTS[5] = {0, 1, -1, 2, -2};
const float NORMS[5] = {4, -6, -6, 24, 24};
const float BT[6][6] = {{4, 0, -5, 0, 1, 0},
                        {0, -4, -4, 1, 1, 0},
                        {0, 4, -4, -1, 1, 0},
                        {0, -2, -1, 2, 1, 0},
                        {0, 2, -1, -2, 1, 0},
                        {0, 4, 0, -5, 0, 1}};
#elif ALPHA == 7
const float POINTS[6] = {0, 1, -1, 2, -2, 0.5};
const float NORMS[6] = {-2, -3, 9, 36, -60, 1.40625};
const float BT[7][7] = {{-2, 4, 2.5, -5, -0.5, 1, 0},
                        {0, 2, -2, -4.5, 0.5, 1, 0},
                        {0, -2, 6, -3.5, -1.5, 1, 0},
                        {0, 1, -1.5, -2, 1.5, 1, 0},
                        {0, -1, 2.5, 0, -2.5, 1, 0},
                        {0, 4, 0, -5, 0, 1, 0},
                        {0, -2, 4, 2.5, -5, -0.5, 1}};
#else
const float POINTS[7] = {0, 1, -1, 2, -2, 0.5, -0.5};
const float NORMS[7] = {-1, -4.5, -4.5, 90, 90, 1.40625, 1.40625};
const float BT[8][8] = {{-1, 0, 5.25, 0, -5.25, 0, 1, 0},
                        {0, 1, 1, -4.25, -4.25, 1, 1, 0},
                        {0, -1, 1, 4.25, -4.25, -1, 1, 0},
                        {0, 0.5, 0.25, -2.5, -1.25, 2, 1, 0},
                        {0, -0.5, 0.25, 2.5, -1.25, -2, 1, 0},
                        {0, 2, 4, -2.5, -5, 0.5, 1, 0},
                        {0, -2, 4, 2.5, -5, -0.5, 1, 0},
                        {0, -1, 0, 5.25, 0, -5.25, 0, 1}};
#endif

// No loop: drivers do not unroll those around one whose count depends on theirs. exponent: 0 to 6.
float power(float base, int exponent)
{
    float v = 1.0;
    if (exponent > 0)
        v *= base;
    if (exponent > 1)
        v *= base;
    if (exponent > 2)
        v *= base;
    if (exponent > 3)
        v *= base;
    if (exponent > 4)
        v *= base;
    if (exponent > 5)
        v *= base;
    return v;
}

// Tile t of all pictures, counted along x first: its picture, and the grid pixel of its first
// output. Grid pixels e apart make a tile; those between belong to the other phases.
ivec3 tile_at(int t, int tiles_y, int tiles_x, int m, int ey, int ex)
{
    int rows = divide(t, tiles_x), tx = t - rows * tiles_x;
    int fx = rows % ex;
    rows /= ex;
    int phases = divide(rows, tiles_y), ty = rows - phases * tiles_y;
    return ivec3(phases / ey, phases % ey + ey * m * ty, fx + ex * m * tx);
}

// Where quad q of `quads` of tile t of `count` lies: quads are [count / block][quads][block] vec4,
// block 0 standing for all tiles; and from one product's to the next one's.
#define PLACE_OF(q, quads, t, count, block)                                                        \
    ((block) == 0 ? (q) * (count) + (t)                                                            \
                  : ((t) / max(block, 1) * (quads) + (q)) * (block) + (t) % max(block, 1))
#define PRODUCT_OF(quads, count, block)                                                            \
    ((quads) * ((block) == 0 ? (count) : ((count) + (block) - 1) / max(block, 1) * (block)))

// Writes value, four lanes of tile t, where products that sum over tiles read them:
//   floats [ALPHA * ALPHA][row / tile][count / 4][tile] vec4 of four tiles
#define STORE_LANES(floats, product, row, tile, lane, t, count, value)                             \
    {                                                                                              \
        int part = (product) * ((row) / (tile)) + (lane) / (tile);                                 \
        int at = ((part * ((count) / 4) + (t) / 4) * (tile) + (lane) % (tile)) * 4 + (t) % 4;      \
        [[unroll]] for (int c = 0; c < 4; c++)                                                     \
            STORE_FLOAT(floats, at + 4 * c, (value)[c]);                                                       \
    }
