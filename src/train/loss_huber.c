/* torch.nn.HuberLoss over both channels (Huber 1964): of each channel d^2 / 2 where |d| <= delta,
 * else delta * (|d| - delta / 2). */
#include <math.h>

#include "train/loss.h"

static double of_channel(double d, double delta)
{
    return fabs(d) <= delta ? d * d / 2 : delta * (fabs(d) - delta / 2);
}

static double value(const double d[2], double delta)
{
    return (of_channel(d[0], delta) + of_channel(d[1], delta)) / 2;
}

static void gradient(const double d[2], double delta, double to[2])
{
    for (int i = 0; i < 2; i++)
        to[i] = fmin(fmax(d[i], -delta), delta) / 2;
}

const ac_loss ac_loss_huber = {
    .name = "huber",
    .help = "squared error of small differences, absolute error of large ones",
    .value = value,
    .gradient = gradient,
    .shader_kind = 1,
};
