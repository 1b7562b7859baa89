/* Push constants of the kernels that only training has, read by C and GLSL alike. */
#ifndef AC_PUSH_TRAIN_H
#define AC_PUSH_TRAIN_H

/* channel_sums.comp, norm_stats.comp, norm_sums.comp, norm_gradient.comp: values of
 * [n][quads][h][w] vec4, bases and batch strides in vec4. */
struct norm_push {
    int pixels, n, quads;
    int splits; /* workgroups that share a quad */
    int a_base, a_batch, y_base, y_batch, x_base, x_batch, out_base, out_batch;
    int weight, bias, mean, variance; /* places of tensors among the parameters, floats */
    float eps, momentum;
    float slope; /* of leaky_relu */
};

/* weight_*.comp: gradient of a convolution's weight. `small` has a channel for each row of the
 * weight and the grid's size, `big` is read at pixel * stride + tap * dilation - padding. */
struct weight_push {
    int small_h, small_w, big_h, big_w;
    int small_quads, big_quads;
    int small_base, small_batch, big_base, big_batch;
    int n, splits;
    int pad_y, pad_x;
    int small_tiles, pair_tiles;
    int group_small, group_big; /* weight_direct: channels of a group */
    int count;                  /* weight_direct: weights */
};

/* reduce.comp */
struct reduce_push {
    int count, splits, stride, place;
};

/* loss.comp */
struct loss_push {
    int pixels, n;
    int y_base, y_batch, g_base, g_batch;
    float scale;  /* of the network's output */
    float factor; /* of the gradient by a, b */
    float delta;
};

/* repack.comp, squares.comp, total.comp, adam.comp */
struct flat_push {
    int first, count;
    int slot; /* of the results */
    float factor, rate_scale;
};

#endif
