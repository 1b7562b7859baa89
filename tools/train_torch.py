#!/usr/bin/env python3
"""Trains a network with PyTorch on pictures that are given, step for step, so that `autochrome
train` can be compared with it. Options that both have mean the same.

The network is the description that the first weights (--init) bring along, or --net. Pictures are a
.safetensors file of two float32 tensors:

    lightness  [steps * batch, 1, h, w]    L*
    colours    [steps * batch, 2, oh, ow]  a*, b*, as large as the network's result

h and w must be multiples of what the network's strides need. Batch norms normalise with the batch
(with --accumulate, with its parts), the loss is the mean over all values, the optimiser Adam (AdamW
with --weight-decay). --log is a CSV file of step and loss, written as the steps are done; -o the
last weights with the metadata of the first.

A bias before a batch norm has the gradient zero. The rounding that PyTorch finds in its place is
enlarged by Adam to steps of the learning rate: such biases, and the running means behind them,
wander there and stay in autochrome. Nothing in training depends on them.

Needs PyTorch and NumPy (Debian: python3-torch, run this with /usr/bin/python3).
"""
import argparse
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F

import safetensors_file
from torch_net import Net

NET_KEY = "autochrome.net"


def read_safetensors(path):
    """({name: float32 array}, metadata)"""
    metadata, tensors = safetensors_file.read(path)
    return {name: values.astype(np.float32) for name, values in tensors.items()}, metadata


def write_safetensors(path, tensors, metadata):
    safetensors_file.write(path, metadata, {name: values.astype(np.float32)
                                            for name, values in sorted(tensors.items())})


class Weights:
    """Tensors by name, as Net takes them; those that are learned want gradients."""

    def __init__(self, tensors, dtype):
        self.tensors = {name: torch.from_numpy(values.copy()).to(dtype)
                        for name, values in tensors.items()}
        self.learned = []
        for name, values in sorted(self.tensors.items()):
            if values.is_floating_point() and ".running_" not in name:
                values.requires_grad = True
                self.learned.append(values)

    def __call__(self, name, shape, middle, scale):
        if list(self.tensors[name].shape) != list(shape):
            raise ValueError(f"{name}: {list(self.tensors[name].shape)} in the file, "
                             f"{list(shape)} in the description")
        return self.tensors[name]


def loss_of(options, result, colours):
    if options.loss == "huber":
        return F.huber_loss(result, colours, delta=options.huber_delta)
    return F.mse_loss(result, colours)


def make_optimiser(options, weights):
    return torch.optim.AdamW(weights.learned, options.lr, (options.beta1, options.beta2),
                             options.eps, options.weight_decay)


def train(options, net, weights, optimiser, pictures):
    """Yields each step's loss."""
    dtype = weights.learned[0].dtype
    steps = len(pictures["lightness"]) // options.batch
    part = options.batch // options.accumulate
    for step in range(min(steps, options.steps or steps)):
        optimiser.zero_grad(set_to_none=True)
        total = 0
        for first in range(step * options.batch, (step + 1) * options.batch, part):
            lightness, colours = (torch.from_numpy(pictures[name][first:first + part]).to(dtype)
                                  for name in ("lightness", "colours"))
            result = net.run(lightness, weights, training=True) * net.output_scale
            loss = loss_of(options, result, colours) / options.accumulate
            loss.backward()
            total += loss.item()
        if options.clip:
            torch.nn.utils.clip_grad_norm_(weights.learned, options.clip)
        optimiser.step()
        yield total


def parse_options(words=None):
    """Of the command line, or of a list of words."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    add = parser.add_argument
    add("--init", required=True, metavar="MODEL", help="first weights, .safetensors")
    add("--net", metavar="FILE", help="description, where MODEL has none or another is meant")
    add("--batches", required=True, metavar="FILE", help="pictures, .safetensors")
    add("-o", "--output", metavar="MODEL", help="last weights, .safetensors")
    add("--log", metavar="FILE", help="step,loss; else they are printed")
    add("--steps", type=int, metavar="N", help="at most (as many as there are pictures for)")
    add("--batch", type=int, default=20, metavar="N", help="pictures of a step (20)")
    add("--accumulate", type=int, default=1, metavar="K", help="equal parts of a batch (1)")
    add("--loss", choices=("mse", "huber"), default="mse")
    add("--huber-delta", type=float, default=10.0, metavar="F", help="(10)")
    add("--lr", type=float, default=0.001, metavar="F", help="learning rate (0.001)")
    add("--beta1", type=float, default=0.9, metavar="F", help="(0.9)")
    add("--beta2", type=float, default=0.999, metavar="F", help="(0.999)")
    add("--eps", type=float, default=1e-8, metavar="F", help="(1e-8)")
    add("--weight-decay", type=float, default=0.0, metavar="F", help="(0)")
    add("--clip", type=float, default=0.0, metavar="F", help="largest norm of the gradient")
    add("--float64", action="store_true", help="all in double precision")
    return parser.parse_args(words)


def main():
    options = parse_options()
    dtype = torch.float64 if options.float64 else torch.float32
    tensors, metadata = read_safetensors(options.init)
    text = pathlib.Path(options.net).read_text() if options.net else metadata.get(NET_KEY)
    if not text:
        sys.exit(f"train_torch: {options.init} brings no description along; name one with --net")
    net, weights = Net(text), Weights(tensors, dtype)
    optimiser = make_optimiser(options, weights)
    pictures = read_safetensors(options.batches)[0]
    if options.batch % options.accumulate:
        sys.exit(f"train_torch: {options.batch} pictures are not {options.accumulate} equal parts")
    h, w = pictures["lightness"].shape[2:]
    if (h, w) != net.round_up(h, w):
        sys.exit(f"train_torch: pictures of {h}x{w} do not fit the network's strides")
    log = open(options.log, "w", buffering=1, encoding="utf-8") if options.log else sys.stdout
    print("step,loss", file=log)
    for step, loss in enumerate(train(options, net, weights, optimiser, pictures), 1):
        print(f"{step},{loss:.9g}", file=log)
    if options.output:
        write_safetensors(options.output, {name: values.detach().numpy()
                                           for name, values in weights.tensors.items()},
                          {**metadata, NET_KEY: text})


if __name__ == "__main__":
    main()
