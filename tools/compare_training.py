#!/usr/bin/env python3
"""Compares Adam steps of `autochrome train` with PyTorch's: the same first weights, the same
batches; then the losses of all steps and the weights after the last.

PyTorch trains three times: in float32, in float64, and in float64 from first weights that are each
changed by as much as float32 rounds them, at random. What differs from float64 is rounding,
enlarged by training; how far PyTorch's own float32 and the nudged run get from it is the yardstick
for ours. No tensor is left out; for each the table has the largest difference of an element,
divided by the largest weight of the tensor (in float64):

    ours-f32   ours and PyTorch's float32
    ours-f64   ours and PyTorch's float64
    f32-f64    PyTorch's float32 and its float64
    nudged     PyTorch's float64, nudged, and its float64
    ratio      root mean square of ours-f64 over that of f32-f64: 1 is as exact as PyTorch's float32

Tensors above --limit in ours-f32 are listed again, with the number of elements that are above it.
Adam divides a gradient by its own size, so that an element whose gradient is little but rounding
moves by the learning rate a step all the same, this way or that; others follow. Where a gradient is
zero mathematically (a convolution's bias before a batch norm, whose mean takes it away again) the
list says so: ours stays where it was, PyTorch's wanders, and so does the running mean behind it.

Needs PyTorch and NumPy; without them it says so and ends with status 77. Status 1: a loss or
a tensor of ours is further from float64 than --limit and than --factor times what PyTorch's float32
is (of tensors: ratio).
"""
import argparse
import json
import pathlib
import sys
import tempfile

import torch_peer

PAIRS = (("ours-f32", "ours", "f32"), ("ours-f64", "ours", "f64"), ("f32-f64", "f32", "f64"),
         ("nudged", "nudged", "f64"))


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    add = parser.add_argument
    add("data", nargs="*", metavar="DATA", help="as `autochrome train` takes it (made pictures)")
    add("--net", default="landmark", help="description, or the name of one (landmark)")
    add("--size", default="64", metavar="N|HxW", help="(64)")
    add("--batch", type=int, default=4, metavar="N", help="pictures of a step (4)")
    add("--steps", type=int, default=50, metavar="N", help="(50)")
    add("--lr", type=float, default=0.001, metavar="F", help="learning rate (0.001)")
    add("--seed", type=int, default=0, metavar="N", help="of weights and batches (0)")
    add("--limit", type=float, default=1e-3, metavar="F", help="of differences (1e-3)")
    add("--factor", type=float, default=2.0, metavar="F", help="see above (2)")
    add("--threads", type=int, default=torch_peer.cores(), metavar="N", help="of PyTorch")
    add("--device", metavar="N|NAME", help="ours, as autochrome takes it")
    add("--program", default=torch_peer.ROOT / "build/autochrome", metavar="FILE")
    add("--json", action="store_true", help="all figures, for programs")
    return parser.parse_args()


def run_ours(options, folder, first):
    """(losses, last weights, the batches' file)"""
    from train_torch import read_safetensors
    h, w = torch_peer.size_of(options.size)
    data = options.data or [torch_peer.make_pictures(folder / "pictures", 10 * options.batch, h, w)]
    batches, output = folder / "batches.safetensors", folder / "ours.safetensors"
    words = [*data, "--init", first, "--size", options.size, "--batch", options.batch, "--steps",
             options.steps, "--epochs", options.steps, "--lr", options.lr, "--seed", options.seed,
             "--dump-batches", batches, "-o", output]
    if options.device:
        words += ["--device", options.device]
    losses = [float(row["loss"]) for row in torch_peer.train(options.program, words)]
    return losses, read_safetensors(output)[0], batches


def nudge(weights, seed):
    """Changes every weight by up to half a unit in float32's last place."""
    import torch
    generator = torch.Generator().manual_seed(seed)
    for tensor in weights.tensors.values():
        by = torch.rand(tensor.shape, generator=generator, dtype=tensor.dtype) - 0.5
        tensor.data *= 1 + by * torch.finfo(torch.float32).eps


def run_torch(options, net, first, batches, float64=False, nudged=False):
    """(losses, last weights, {name: largest gradient of all steps})"""
    import torch
    import train_torch
    given = train_torch.parse_options(["--init", str(first), "--batches", str(batches), "--batch",
                                       str(options.batch), "--lr", str(options.lr)])
    weights = train_torch.Weights(train_torch.read_safetensors(first)[0],
                                  torch.float64 if float64 else torch.float32)
    if nudged:
        nudge(weights, options.seed)
    gradients = {name: 0.0 for name, tensor in weights.tensors.items() if tensor.requires_grad}
    losses = []
    for loss in train_torch.train(given, net, weights, train_torch.make_optimiser(given, weights),
                                  train_torch.read_safetensors(batches)[0]):
        losses.append(loss)
        for name, most in gradients.items():
            gradients[name] = max(most, weights.tensors[name].grad.abs().max().item())
    return (losses, {name: tensor.detach().numpy() for name, tensor in weights.tensors.items()},
            gradients)


def largest_loss_difference(a, b):
    return max(abs(x - y) / abs(y) for x, y in zip(a, b, strict=True))


def compare_tensors(options, runs, gradients):
    """A row for each tensor; runs: {"ours", "f32", "f64", "nudged": tensors}."""
    import numpy as np
    rows, overall = [], max(gradients.values())
    for name, double in sorted(runs["f64"].items()):
        scale = max(np.abs(double).max(), 1e-30)
        values = {run: tensors[name].astype(np.float64) for run, tensors in runs.items()}
        apart = {key: np.abs(values[a] - values[b]) / scale for key, a, b in PAIRS}
        square = {key: float(np.sqrt(np.mean(part ** 2))) for key, part in apart.items()}
        rows.append({"name": name, "elements": int(double.size),
                     **{key: float(part.max()) for key, part in apart.items()},
                     "ratio": square["ours-f64"] / max(square["f32-f64"], 1e-30),
                     "above": {key: int((part > options.limit).sum())
                               for key, part in apart.items()},
                     "no_gradient": name in gradients and gradients[name] < 1e-12 * overall})
    return rows


def verdicts(options, rows, losses):
    far = [row["name"] for row in rows
           if row["ours-f64"] > options.limit and row["ratio"] > options.factor]
    if losses["ours-f64"] > max(options.limit, options.factor * losses["f32-f64"]):
        far.append("the loss")
    return {"above": [row["name"] for row in rows if row["above"]["ours-f32"]], "far": far}


def tell(options, result):
    keys = [key for key, _, _ in PAIRS]
    print(f"largest relative difference of a step's loss, of {options.steps} steps:")
    print("  " + ", ".join(f"{key} {value:.1e}" for key, value in result["losses"].items()))
    print("  of the first 10: " +
          ", ".join(f"{key} {value:.1e}" for key, value in result["early_losses"].items()))
    print(f"\n{'tensor':28} {'elements':>8} " + " ".join(f"{key:>8}" for key in keys) +
          f" {'ratio':>6}")
    for row in result["tensors"]:
        print(f"{row['name']:28} {row['elements']:8} " +
              " ".join(f"{row[key]:8.1e}" for key in keys) + f" {row['ratio']:6.2f}" +
              ("  *" if row["above"]["ours-f32"] else ""))
    print(f"\nabove {options.limit:g} in ours-f32 (*), and how many of their elements:" +
          ("" if result["above"] else " none"))
    for row in result["tensors"]:
        if row["name"] in result["above"]:
            print(f"{row['name']:28} {row['elements']:8} " +
                  " ".join(f"{row['above'][key]:8}" for key in keys) +
                  ("  gradient is zero" if row["no_gradient"] else ""))
    print(f"\nfurther from float64 than {options.limit:g} and {options.factor:g} times PyTorch's "
          f"float32: {', '.join(result['far']) or 'none'}")


def compare(options, torch):
    from torch_net import Net
    from train_torch import NET_KEY, write_safetensors
    torch.set_num_threads(options.threads)
    text = torch_peer.description_of(options.net)
    net = Net(text)
    losses, tensors = {}, {}
    with tempfile.TemporaryDirectory(prefix="autochrome-compare-") as folder:
        folder = pathlib.Path(folder)
        first = folder / "first.safetensors"
        write_safetensors(first, torch_peer.draw_weights(net, options.seed), {NET_KEY: text})
        losses["ours"], tensors["ours"], batches = run_ours(options, folder, first)
        for run in ("f32", "nudged", "f64"):
            losses[run], tensors[run], gradients = run_torch(options, net, first, batches,
                                                             run != "f32", run == "nudged")
    apart = {key: largest_loss_difference(losses[a], losses[b]) for key, a, b in PAIRS}
    early = {key: largest_loss_difference(losses[a][:10], losses[b][:10]) for key, a, b in PAIRS}
    rows = compare_tensors(options, tensors, gradients)
    return {"losses": apart, "early_losses": early, "tensors": rows,
            **verdicts(options, rows, apart)}


def main():
    options = parse_options()
    result = compare(options, torch_peer.require_torch())
    if options.json:
        print(json.dumps(result, indent=1))
    else:
        tell(options, result)
    sys.exit(1 if result["far"] else 0)


if __name__ == "__main__":
    main()
