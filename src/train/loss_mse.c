/* Mean squared error: torch.nn.MSELoss over both channels. */
#include "train/loss.h"

static double value(const double d[2], double delta)
{
    (void)delta;
    return (d[0] * d[0] + d[1] * d[1]) / 2;
}

static void gradient(const double d[2], double delta, double to[2])
{
    (void)delta;
    to[0] = d[0];
    to[1] = d[1];
}

const ac_loss ac_loss_mse = {
    .name = "mse",
    .help = "mean squared error",
    .value = value,
    .gradient = gradient,
    .shader_kind = 0,
};
