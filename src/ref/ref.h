/* Every operation of the table (nn/op.h) in plain C and double precision: naive, and meant to be
 * read as the definition of what the shaders compute. Tests compare everything with these.
 *
 * All tensors are dense [N][C][H][W], row after row, as PyTorch's contiguous ones. Pairs are {y,
 * x}, paddings {top, left, bottom, right}. `in` is the shape of x, `out` that of y; the caller
 * works out `out` and owns all memory. y may not overlap x, but for the functions that work in
 * place. No function fails; shapes must fit. Formulas: PyTorch 2's reference of the function named.
 *
 * ac_ref_x_grad() is the backward pass of ac_ref_x(). dv is the derivative of one number L (a loss)
 * by v, with v's shape. From dy follow dx and those of the parameters; they are ADDED to what is
 * there already, so that a value that several operations use gets the sum of what they send back.
 * x is what the forward pass was given, before it worked in place. Of convolutions and batch norms
 * each of dx, dweight and dbias may be NULL: not wanted.
 */
#ifndef AC_REF_H
#define AC_REF_H

#include <stdbool.h>

#include "nn/tensor.h"

/* What a convolution is told. output_padding is used by the transposed one only; `out` already
 * holds it, and rows and columns that no input reaches get the bias alone. */
typedef struct ac_ref_conv {
    int kernel[2], stride[2], padding[4], dilation[2];
    int groups; /* divides the channels of x and of y; channels of x: depthwise */
} ac_ref_conv;

/* torch.nn.functional.conv2d. With d dilation, s stride, p padding {top, left}, x zero outside:
 *   y[n][o][i][j] = bias[o] + sum over c, u, v of
 *                   weight[o][c][u][v] * x[n][g * C/groups + c][i*s - p + u*d][j*s - p + v*d]
 * where g = o / (O / groups). weight [O][C/groups][KH][KW]; bias [O] or NULL.
 * O = out.c, C = in.c. */
void ac_ref_conv2d(const ac_ref_conv *conv, ac_shape in, const double *x, const double *weight,
                   const double *bias, ac_shape out, double *y);

/* torch.nn.grad.conv2d_input and conv2d_weight. Every product weight[o][c][u][v] * x[..] that the
 * forward pass adds to y[n][o][i][j] gives
 *   dx[..] += weight[o][c][u][v] * dy[n][o][i][j],   dweight[o][c][u][v] += x[..] * dy[n][o][i][j]
 * and dbias[o] is the sum of dy[n][o][..]. dx is the transposed convolution of dy with the same
 * weight. */
void ac_ref_conv2d_grad(const ac_ref_conv *conv, ac_shape in, const double *x, const double *weight,
                        ac_shape out, const double *dy, double *dx, double *dweight, double *dbias);

/* torch.nn.functional.conv_transpose2d, the adjoint of conv2d: every x[n][c][i][j] adds
 * x * weight[c][o][u][v] to y[n][g * O/groups + o][i*s - p + u*d][j*s - p + v*d] where that is
 * inside y, g = c / (C / groups). weight [C][O/groups][KH][KW]; bias [O] or NULL. */
void ac_ref_conv_transpose2d(const ac_ref_conv *conv, ac_shape in, const double *x,
                             const double *weight, const double *bias, ac_shape out, double *y);

/* Backward of torch.nn.functional.conv_transpose2d (aten::convolution_backward, transposed), sum by
 * sum as above; dx is the convolution of dy with the same weight. */
void ac_ref_conv_transpose2d_grad(const ac_ref_conv *conv, ac_shape in, const double *x,
                                  const double *weight, ac_shape out, const double *dy, double *dx,
                                  double *dweight, double *dbias);

/* torch.nn.functional.batch_norm(training=False), in place; all parameters [C]:
 *   x = (x - mean[c]) / sqrt(var[c] + eps) * weight[c] + bias[c]
 * Ioffe, Szegedy 2015, algorithm 2. */
void ac_ref_batchnorm(ac_shape shape, const double *weight, const double *bias, const double *mean,
                      const double *var, double eps, double *x);
/* Backward of it (aten::native_batch_norm_backward, train=False): mean and var are constants.
 *   dx = dy * weight[c] / sqrt(var[c] + eps)
 *   dweight[c] = sum over n, y, x of dy * (x - mean[c]) / sqrt(var[c] + eps)
 *   dbias[c] = sum over n, y, x of dy */
void ac_ref_batchnorm_grad(ac_shape shape, const double *x, const double *weight,
                           const double *mean, const double *var, double eps, const double *dy,
                           double *dx, double *dweight, double *dbias);

/* torch.nn.functional.batch_norm(training=True, momentum=0.1), in place: the same with the mean and
 * the biased variance (sum of squares / m) of the batch's m = N * H * W values of each channel, m
 * at least 2. Then running_mean = 0.9 * running_mean + 0.1 * mean, running_var likewise with the
 * unbiased variance (/ (m - 1)). Ioffe, Szegedy 2015, algorithm 1. */
#define AC_REF_MOMENTUM 0.1
void ac_ref_batchnorm_train(ac_shape shape, const double *weight, const double *bias, double eps,
                            double *x, double *running_mean, double *running_var);
/* Backward of it (aten::native_batch_norm_backward, train=True). With s = 1 / sqrt(var + eps) and
 * z = (x - mean) * s of the batch, mean and var depend on x too:
 *   dx = weight[c] * s * (dy - mean of dy - z * mean of (dy * z))
 *   dweight[c] = sum of dy * z,   dbias[c] = sum of dy */
void ac_ref_batchnorm_train_grad(ac_shape shape, const double *x, const double *weight, double eps,
                                 const double *dy, double *dx, double *dweight, double *dbias);

/* In place: max(x, 0); min(max(x, 0), 6); x where x > 0, else slope * x; 1 / (1 + exp(-x));
 * tanh(x). */
void ac_ref_relu(ac_shape shape, double *x);
void ac_ref_relu6(ac_shape shape, double *x);
void ac_ref_leaky_relu(ac_shape shape, double slope, double *x);
void ac_ref_sigmoid(ac_shape shape, double *x);
void ac_ref_tanh(ac_shape shape, double *x);

/* dx += dy * f'(x): aten::threshold_backward, hardtanh_backward, leaky_relu_backward,
 * sigmoid_backward, tanh_backward. relu: 1 where x > 0, else 0. relu6: 1 where 0 < x < 6, else 0.
 * leaky_relu: 1 where x > 0, else slope. sigmoid: y * (1 - y). tanh: 1 - y^2. */
void ac_ref_relu_grad(ac_shape shape, const double *x, const double *dy, double *dx);
void ac_ref_relu6_grad(ac_shape shape, const double *x, const double *dy, double *dx);
void ac_ref_leaky_relu_grad(ac_shape shape, double slope, const double *x, const double *dy,
                            double *dx);
void ac_ref_sigmoid_grad(ac_shape shape, const double *x, const double *dy, double *dx);
void ac_ref_tanh_grad(ac_shape shape, const double *x, const double *dy, double *dx);

typedef struct ac_ref_pool {
    int kernel[2], stride[2], padding[4];
    bool count_padding; /* average: places in the padding count as zeros, else not at all */
} ac_ref_pool;

/* torch.nn.functional.max_pool2d and avg_pool2d (ceil_mode=False): over the part of each window
 * that is inside x. A window that lies in the padding as a whole gives 0. */
void ac_ref_maxpool2d(const ac_ref_pool *pool, ac_shape in, const double *x, ac_shape out,
                      double *y);
void ac_ref_avgpool2d(const ac_ref_pool *pool, ac_shape in, const double *x, ac_shape out,
                      double *y);
/* Mean of each plane; y [N][C][1][1]. */
void ac_ref_global_avgpool(ac_shape in, const double *x, double *y);

/* Backward of these. aten::max_pool2d_with_indices_backward: the first place of a window, row after
 * row, that holds its largest value gets the window's dy. aten::avg_pool2d_backward: each place of
 * a window inside x gets dy / places that were counted. The global one: dy / (H * W). */
void ac_ref_maxpool2d_grad(const ac_ref_pool *pool, ac_shape in, const double *x, ac_shape out,
                           const double *dy, double *dx);
void ac_ref_avgpool2d_grad(const ac_ref_pool *pool, ac_shape in, ac_shape out, const double *dy,
                           double *dx);
void ac_ref_global_avgpool_grad(ac_shape in, const double *dy, double *dx);

/* torch.nn.functional.interpolate(scale_factor=factor), y [N][C][H*factor][W*factor]. Nearest:
 * y[i] = x[i / factor]. Bilinear, align_corners=False: y[i] is x at (i + 0.5) / factor - 0.5, held
 * at 0 and H - 1, between the two rows beside it; columns likewise. */
void ac_ref_upsample_nearest(int factor, ac_shape in, const double *x, double *y);
void ac_ref_upsample_bilinear(int factor, ac_shape in, const double *x, double *y);
/* Backward (aten::upsample_nearest2d_backward, upsample_bilinear2d_backward): every value of dy
 * goes to the places its y was made of, times their shares. */
void ac_ref_upsample_nearest_grad(int factor, ac_shape in, const double *dy, double *dx);
void ac_ref_upsample_bilinear_grad(int factor, ac_shape in, const double *dy, double *dx);

/* Joins count values along the channels: torch.cat(dim=1). in[k] is the shape of x[k]; n, h, w are
 * the same in all, y [N][sum of C][H][W]. */
void ac_ref_concat(int count, const ac_shape *in, const double *const *x, double *y);
/* Backward: the channels of dy that came from x[k] (torch.split) are added to dx[k]. The same
 * pointer may be there several times, as the same value may. */
void ac_ref_concat_grad(int count, const ac_shape *in, const double *dy, double *const *dx);

/* Sum of count values of the same n and c. Those of one row and column are stretched over the plane
 * of `out`, as PyTorch broadcasts. */
void ac_ref_add(int count, const ac_shape *in, const double *const *x, ac_shape out, double *y);
/* Backward: dy is added to every dx[k]; to one that was stretched, its sum over the plane
 * (aten::sum_to_size). The same pointer may be there several times. */
void ac_ref_add_grad(int count, const ac_shape *in, ac_shape out, const double *dy,
                     double *const *dx);

/* Pads x at the bottom and right to out.h, out.w by reflection without repeating the edge
 * (torch.nn.functional.pad mode "reflect"). Where more than h - 1 rows are missing the reflection
 * goes back and forth (period 2h - 2), as numpy.pad does; a single row is repeated. */
void ac_ref_reflect(ac_shape in, const double *x, ac_shape out, double *y);

#endif
