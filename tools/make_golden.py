#!/usr/bin/env python3
"""Computes with PyTorch the values that tests compare with, and writes them to tests/golden/.

    ops.safetensors    every case of tests/op/cases.txt
    nets.safetensors   every row of tests/golden/nets.txt, with samples/nets/NAME.net

Needs PyTorch and NumPy (Debian: python3-torch). Weights and pictures come from names, as
tests/op/fill.h says; they are rounded to float32, everything after is float64, results are stored
as float32. Large results are thinned: every k-th value is kept, k having no factor in common with
the number of values, so that all rows, columns and channels are met. The metadata says
"NAME": "n c h w k".

Descriptions are read here by a reader of its own, and results come from torch.nn.functional, not
from this project's formulas. To be run again when a case or a network changes; the tests do not
run it.
"""
import argparse
import json
import math
import pathlib
import re
import struct
from fractions import Fraction

import numpy as np
import torch
import torch.nn.functional as F

ROOT = pathlib.Path(__file__).resolve().parent.parent
VALUES_OF_OP = 800  # at most, of each result
VALUES_OF_NET = 20000


# Weights: see tests/op/fill.h.

def uniform(name, count):
    """-1 <= u < 1: the top 24 bits of splitmix64, seeded with FNV-1a of the name."""
    seed = 0xcbf29ce484222325
    for byte in name.encode():
        seed = (seed ^ byte) * 0x100000001b3 % 2**64
    z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9e3779b97f4a7c15)
    z = (z ^ z >> np.uint64(30)) * np.uint64(0xbf58476d1ce4e5b9)
    z = (z ^ z >> np.uint64(27)) * np.uint64(0x94d049bb133111eb)
    z ^= z >> np.uint64(31)
    return (z >> np.uint64(40)).astype(np.float64) / 2**23 - 1


def tensor(name, shape, middle, scale):
    """Rounded to float32 as a model's file would hold it, widened again."""
    values = middle + scale * uniform(name, math.prod(shape))
    return torch.from_numpy(values.astype(np.float32).astype(np.float64).reshape(shape))


# Network descriptions: see src/nn/net.h.

CALL = re.compile(r"(\w+)(?:\(([^()]*)\))?")


class Layer:
    """One operation of a line: its name, the prefix of its tensors, its inputs and arguments."""

    def __init__(self, op, prefix, inputs, arguments, channels=None):
        self.op, self.prefix, self.inputs, self.channels = op, prefix, inputs, channels
        self.arguments = arguments
        self.result = None  # name of the value it makes

    def pair(self, key, default=None):
        text = self.arguments.get(key, default)
        numbers = [int(part) for part in str(text).split("x")]
        return numbers * 2 if len(numbers) == 1 else numbers

    def padding(self):
        """top, left, bottom, right"""
        numbers = [int(part) for part in str(self.arguments.get("padding", 0)).split(":")]
        return numbers * 4 if len(numbers) == 1 else numbers


def parse_call(text, value, prefix):
    """A Layer of `op(x, y, 3, key=value)`; value is the chain's, None for the first of a line."""
    match = CALL.fullmatch(text.strip())
    op, inside = match.group(1), match.group(2) or ""
    inputs, arguments, channels = [value] if value else [], {}, None
    for part in filter(None, (part.strip() for part in inside.split(","))):
        if "=" in part:
            key, what = part.split("=")
            arguments[key.strip()] = what.strip()
        elif part.isdigit():
            channels = int(part)
        else:
            inputs.append(part)
    if value and op == "batchnorm":
        prefix += "_bn"
    return Layer(op, prefix, inputs, arguments, channels)


def parse(text):
    """(input's name, its scale and offset, layers, result's scale)"""
    name, settings, layers, scale = None, {}, [], 1.0
    for line in text.splitlines():
        line = line.split("#")[0].strip()
        if not line:
            continue
        words = line.split()
        if words[0] == "input":
            name, settings = words[1], dict(word.split("=") for word in words[2:])
        elif words[0] == "output" and words[1] != "=":
            scale = float(dict(word.split("=") for word in words[2:]).get("scale", 1))
            break
        else:
            target, chain = (part.strip() for part in line.split("=", 1))
            value, used = None, {}
            for match in CALL.finditer(chain):
                layer = parse_call(match.group(0), value, target)
                times = used[layer.prefix, layer.op] = used.get((layer.prefix, layer.op), 0) + 1
                if value and layer.op == "batchnorm" and times > 1:
                    raise ValueError(f"{line}: two batch norms in a chain")
                value = layer.result = f"{target}/{len(layers)}"
                layers.append(layer)
            layers[-1].result = target
    return (name, float(settings.get("scale", 1)), float(settings.get("offset", 0)), layers, scale)


# Operations.

def convolution(layer, x, case):
    transposed = layer.op == "conv_transpose2d"
    kernel, stride = layer.pair("kernel"), layer.pair("stride", 1)
    dilation, extra = layer.pair("dilation", 1), layer.pair("output_padding", 0)
    groups, channels = int(layer.arguments.get("groups", 1)), x.shape[1]
    if transposed:
        shape = [channels, layer.channels // groups] + kernel
        places = math.ceil(kernel[0] / stride[0]) * math.ceil(kernel[1] / stride[1])
    else:
        shape = [layer.channels, channels // groups] + kernel
        places = kernel[0] * kernel[1]
    fan_in = places * channels / groups
    weight = tensor(f"{case}/{layer.prefix}.weight", shape, 0, math.sqrt(3 / fan_in))
    bias = None
    if layer.arguments.get("bias", "1") in ("1", "true"):
        bias = tensor(f"{case}/{layer.prefix}.bias", [layer.channels], 0, 0.5)
    top, left, bottom, right = layer.padding()
    if not transposed:
        return F.conv2d(F.pad(x, (left, right, top, bottom)), weight, bias, stride, 0, dilation,
                        groups)
    if (top, left) == (bottom, right):
        return F.conv_transpose2d(x, weight, bias, stride, (top, left), extra, groups, dilation)
    y = F.conv_transpose2d(x, weight, None, stride, 0, 0, groups, dilation)
    y = F.pad(y, (-left, extra[1] - right, -top, extra[0] - bottom))
    return y if bias is None else y + bias[None, :, None, None]


def batchnorm(layer, x, case):
    of = {suffix: tensor(f"{case}/{layer.prefix}.{suffix}", [x.shape[1]], middle, 0.5)
          for suffix, middle in (("weight", 1), ("bias", 0), ("running_mean", 0),
                                 ("running_var", 1))}
    eps = float(np.float32(layer.arguments.get("eps", 1e-5)))
    return F.batch_norm(x, of["running_mean"], of["running_var"], of["weight"], of["bias"], False,
                        0, eps)


def pool(layer, x):
    kernel, stride = layer.pair("kernel"), layer.pair("stride", layer.arguments["kernel"])
    top, left, bottom, right = layer.padding()
    sides = (left, right, top, bottom)
    if layer.op == "maxpool2d":
        return F.max_pool2d(F.pad(x, sides, value=-math.inf), kernel, stride)
    y = F.avg_pool2d(F.pad(x, sides), kernel, stride)
    if layer.arguments.get("count_padding", "1") in ("1", "true"):
        return y
    return y / F.avg_pool2d(F.pad(torch.ones_like(x), sides), kernel, stride)


def upsample(layer, x):
    mode = layer.arguments.get("mode", "nearest")
    return F.interpolate(x, scale_factor=int(layer.arguments.get("factor", 2)), mode=mode,
                         align_corners=False if mode == "bilinear" else None)


def leaky_relu(layer, x):
    return F.leaky_relu(x, float(np.float32(layer.arguments.get("slope", 0.01))))


def apply(layer, values, case):
    x = [values[name] for name in layer.inputs]
    simple = {"relu": F.relu, "relu6": F.relu6, "sigmoid": torch.sigmoid, "tanh": torch.tanh,
              "global_avgpool": lambda x: F.adaptive_avg_pool2d(x, 1)}
    if layer.op in simple:
        return simple[layer.op](x[0])
    if layer.op in ("conv2d", "conv_transpose2d"):
        return convolution(layer, x[0], case)
    if layer.op == "batchnorm":
        return batchnorm(layer, x[0], case)
    if layer.op == "concat":
        return torch.cat(x, 1)
    if layer.op == "add":
        return sum(x[1:], x[0])
    return {"maxpool2d": pool, "avgpool2d": pool, "upsample": upsample,
            "leaky_relu": leaky_relu}[layer.op](layer, x[0])


# Networks.

def multiple(name, layers, axis):
    """What the input's height (axis 0) or width must be a multiple of."""
    shrunk, result = {name: Fraction(1)}, 1
    for layer in layers:
        by = max(shrunk[value] for value in layer.inputs)
        if layer.op in ("conv2d", "maxpool2d", "avgpool2d"):
            default = layer.arguments["kernel"] if "pool" in layer.op else 1
            by *= layer.pair("stride", default)[axis]
        elif layer.op == "conv_transpose2d":
            by /= layer.pair("stride", 1)[axis]
        elif layer.op == "upsample":
            by /= int(layer.arguments.get("factor", 2))
        shrunk[layer.result] = by
        result = max(result, by.numerator)
    return result


def run(text, case, n, h, w):
    """The result for the picture of that name, as src/nn/session.h says."""
    name, scale, offset, layers, output_scale = parse(text)
    picture = tensor(f"{case}/L", [n, 1, h, w], 50, 50).numpy()
    y, x = (multiple(name, layers, axis) for axis in (0, 1))
    ph, pw = -(-h // y) * y, -(-w // x) * x
    padded = np.pad(picture, ((0, 0), (0, 0), (0, ph - h), (0, pw - w)), mode="reflect")
    values = {name: torch.from_numpy(padded) * float(np.float32(scale)) +
              float(np.float32(offset))}
    for layer in layers:
        values[layer.result] = apply(layer, values, case)
    result = values[layers[-1].result]
    oh, ow = result.shape[2:]
    return result[:, :, :-(-oh * h // ph), :-(-ow * w // pw)] * float(np.float32(output_scale))


def write(path, results, most):
    """A .safetensors file of every k-th value of each."""
    header, data, at = {}, [], 0
    notes = {"made_with": f"tools/make_golden.py, torch {torch.__version__}, "
                          f"numpy {np.__version__}, float64"}
    for name, result in results.items():
        flat = result.numpy().reshape(-1)
        if not np.isfinite(flat).all():
            raise ValueError(f"{name}: not finite")
        step = max(1, -(-flat.size // most))
        while math.gcd(step, flat.size) != 1:
            step += 1
        kept = flat[::step].astype("<f4")
        notes[name] = " ".join(str(number) for number in (*result.shape, step))
        header[name] = {"dtype": "F32", "shape": [kept.size],
                        "data_offsets": [at, at + kept.nbytes]}
        data.append(kept.tobytes())
        at += kept.nbytes
    text = json.dumps({"__metadata__": notes, **header}).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(data))
    print(f"{path}: {len(results)} results, {path.stat().st_size} bytes")


def ops():
    results = {}
    text = (ROOT / "tests/op/cases.txt").read_text()
    for block in re.split(r"^case ", text, flags=re.M)[1:]:
        head, description = block.split("\n", 1)
        name, *sizes = head.split()
        if name in results:
            raise ValueError(f"two cases are called {name}")
        size = dict(part.split("=") for part in sizes)
        results[name] = run(description, name, int(size["n"]), int(size["h"]), int(size["w"]))
    return results


def nets():
    results = {}
    for line in (ROOT / "tests/golden/nets.txt").read_text().splitlines():
        fields = line.split("#")[0].split()
        if fields:
            name, h, w = fields[0], int(fields[1]), int(fields[2])
            text = (ROOT / f"samples/nets/{name}.net").read_text()
            results[f"{name}_{h}x{w}"] = run(text, name, 1, h, w)
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("what", nargs="*", default=["ops", "nets"], help="ops, nets (both)")
    with torch.no_grad(), np.errstate(over="ignore"):
        for what in parser.parse_args().what:
            results, most = {"ops": (ops, VALUES_OF_OP), "nets": (nets, VALUES_OF_NET)}[what]
            write(ROOT / f"tests/golden/{what}.safetensors", results(), most)


if __name__ == "__main__":
    main()
