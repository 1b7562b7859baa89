"""PyTorch's side of bench_peers.py: networks from models, timed."""
import statistics
import time

import numpy as np
import torch
import torch.nn.functional as F

import torch_peer
from torch_net import Net
from train_torch import NET_KEY, Weights, read_safetensors, write_safetensors


def write_drawn(description, path):
    """A model with weights drawn, whose colours are small."""
    net = Net(description)
    with torch.inference_mode():
        tensors = torch_peer.draw_weights(net, 1)
    # Raw L* goes up to 100: colours of as much would be noise to encode.
    tensors[f"{net.layers[-1].prefix}.weight"] *= np.float32(0.1)
    write_safetensors(path, tensors, {NET_KEY: description})


def timed(function):
    begin = time.perf_counter()
    function()
    return time.perf_counter() - begin


def take_threads(counts, function):
    """Lets PyTorch use as many threads as `function` is fastest with, and says how many: where
    others are at work on the machine, two that wait for each other may be far slower than one."""
    best = {}
    for count in counts:
        torch.set_num_threads(count)
        function()
        best[count] = min(timed(function) for _ in range(3))
    count = min(best, key=best.get)
    torch.set_num_threads(count)
    return count


class Network:
    """A model to run forward."""

    def __init__(self, path):
        self.tensors, metadata = read_safetensors(path)
        self.net = Net(metadata[NET_KEY])
        self.weights = Weights(self.tensors, torch.float32)

    def __call__(self, lightness):
        """[n,2,h,w] of [n,1,h,w], padded by reflection to what the strides need."""
        h, w = lightness.shape[2:]
        to_h, to_w = self.net.round_up(h, w)
        with torch.inference_mode():
            x = lightness
            if (to_h, to_w) != (h, w):
                x = F.pad(x, (0, to_w - w, 0, to_h - h), mode="reflect")
            y = self.net.run(x, self.weights) * self.net.output_scale
            out_h, out_w = (-(-y.shape[2] * h // to_h), -(-y.shape[3] * w // to_w))
            return y[:, :, :out_h, :out_w]


class Peer:
    """Forward pass or training step at one size."""

    def __init__(self, kind, model, batch, h, w):
        self.network = Network(model)
        generator = torch.Generator().manual_seed(0)
        self.lightness = 100 * torch.rand(batch, 1, h, w, generator=generator)
        shape = self.network(self.lightness).shape
        self.colours = 60 * (2 * torch.rand(shape, generator=generator) - 1)
        self.once = {"forward": self.forward, "train_step": self.train_step}[kind]
        self.optimiser = torch.optim.Adam(self.network.weights.learned, 1e-5)

    def forward(self):
        return self.network(self.lightness)

    def train_step(self):
        network = self.network
        self.optimiser.zero_grad(set_to_none=True)
        result = network.net.run(self.lightness, network.weights, training=True)
        F.mse_loss(result * network.net.output_scale, self.colours).backward()
        self.optimiser.step()

    def round(self, seconds):
        """The median of about so many seconds' runs, at least two."""
        times = []
        self.once()
        while len(times) < 2 or sum(times) < seconds:
            times.append(timed(self.once))
        return statistics.median(times)
