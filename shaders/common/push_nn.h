/* Push constants of the network's kernels, read by C and GLSL alike: int and float members only.
 * Tensors are [n][quads][h][w] of vec4, four channels each; bases and batch strides count vec4. */
#ifndef AC_PUSH_NN_H
#define AC_PUSH_NN_H

/* conv_*.comp, depthwise.comp and winograd_*.comp: one phase of a convolution or transposed
 * convolution. Grid pixel (gy, gx) is output pixel (gy * out_sy + out_y0, gx * out_sx + out_x0);
 * its tap (ky, kx) reads input pixel (gy * SY + ky * DY + in_y0, gx * SX + kx * DX + in_x0), zero
 * outside. */
struct conv_push {
    int in_h, in_w, out_h, out_w;
    int grid_h, grid_w;
    int out_sy, out_sx, out_y0, out_x0;
    int in_y0, in_x0;
    int in_quads, out_quads;
    int x_base, x_batch; /* winograd_output: quads from one phase's products to the next one's */
    int y_base, y_batch;
    int w_base;    /* of this phase's weights */
    int bias_base; /* vec4 per output quad */
    int w_batch;   /* conv_cpu, conv_gpu, conv_matrix: from the weights of one picture to those of
                    * the next; conv_cpu: of `count` pictures */
    int w_row;     /* conv_direct: input channels a group; winograd_weight: output channels of all
                    * tiles of channels */
    int oc_tiles;  /* tiles of channels; conv_direct: output channels a group; winograd_weight: of
                    * all phases that are multiplied together */
    /* winograd_*.comp: pixels' tiles first .. first + count - 1 of all; tiles_y * tiles_x lie in
     * each phase that a dilation makes of each picture, `tiles` in all */
    int tiles_y, tiles_x;
    int first, count, tiles; /* depthwise, conv_cpu: count pictures; winograd_weight: its first tile
                              * of channels */
    int splits;              /* depthwise: workgroups that share a quad */
};

/* pool.comp, upsample.comp */
struct pool_push {
    int in_h, in_w, out_h, out_w;
    int kernel_y, kernel_x, stride_y, stride_x, pad_y, pad_x;
    int quads;
    int x_base, x_batch, y_base, y_batch;
    int pad_bottom, pad_right; /* avgpool: how far the counted padding reaches */
    int d_base, d_batch;       /* pool_gradient.comp, upsample_gradient.comp: dx */
};

/* global_avgpool.comp, eltwise.comp, eltwise_gradient.comp, gather.comp */
struct plane_push {
    int pixels; /* h * w */
    int quads;
    int n, splits; /* eltwise*.comp: pictures; workgroups that share a quad */
    int a_base, a_batch, b_base, b_batch, y_base, y_batch;
    float slope; /* leaky_relu */
};

/* pack.comp (float pictures to vec4) and unpack.comp (back) */
struct picture_push {
    int h, w;   /* of the float picture */
    int ph, pw; /* of the tensor */
    int channels;
    int base, batch;
    float scale, offset;
};

#endif
