"""Runs network descriptions (src/nn/net.h) with PyTorch: for make_golden.py and train_torch.py.

A reader of its own, and torch.nn.functional in place of this project's formulas. Needs PyTorch and
NumPy (Debian: python3-torch).
"""
import math
import re
from fractions import Fraction

import numpy as np
import torch
import torch.nn.functional as F


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

def convolution(layer, x, weights):
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
    weight = weights(f"{layer.prefix}.weight", shape, 0, math.sqrt(3 / fan_in))
    bias = None
    if layer.arguments.get("bias", "1") in ("1", "true"):
        bias = weights(f"{layer.prefix}.bias", [layer.channels], 0, 0.5)
    top, left, bottom, right = layer.padding()
    if not transposed and (top, left) == (bottom, right):
        return F.conv2d(x, weight, bias, stride, (top, left), dilation, groups)
    if not transposed:
        return F.conv2d(F.pad(x, (left, right, top, bottom)), weight, bias, stride, 0, dilation,
                        groups)
    if (top, left) == (bottom, right):
        return F.conv_transpose2d(x, weight, bias, stride, (top, left), extra, groups, dilation)
    y = F.conv_transpose2d(x, weight, None, stride, 0, 0, groups, dilation)
    y = F.pad(y, (-left, extra[1] - right, -top, extra[0] - bottom))
    return y if bias is None else y + bias[None, :, None, None]


def batchnorm(layer, x, weights, training):
    """Of training: the running statistics are brought up to date in place."""
    of = {suffix: weights(f"{layer.prefix}.{suffix}", [x.shape[1]], middle, 0.5)
          for suffix, middle in (("weight", 1), ("bias", 0), ("running_mean", 0),
                                 ("running_var", 1))}
    eps = float(np.float32(layer.arguments.get("eps", 1e-5)))
    return F.batch_norm(x, of["running_mean"], of["running_var"], of["weight"], of["bias"],
                        training, 0.1, eps)


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


def apply(layer, values, weights, training):
    x = [values[name] for name in layer.inputs]
    simple = {"relu": F.relu, "relu6": F.relu6, "sigmoid": torch.sigmoid, "tanh": torch.tanh,
              "global_avgpool": lambda x: F.adaptive_avg_pool2d(x, 1)}
    if layer.op in simple:
        return simple[layer.op](x[0])
    if layer.op in ("conv2d", "conv_transpose2d"):
        return convolution(layer, x[0], weights)
    if layer.op == "batchnorm":
        return batchnorm(layer, x[0], weights, training)
    if layer.op == "concat":
        return torch.cat(x, 1)
    if layer.op == "add":
        return sum(x[1:], x[0])
    return {"maxpool2d": pool, "avgpool2d": pool, "upsample": upsample,
            "leaky_relu": leaky_relu}[layer.op](layer, x[0])


# Networks.

class Net:
    """A description. Wherever one takes weights, that is a function: weights(name, shape, middle,
    scale) gives the tensor of that name ("conv1.weight"); who draws it, draws middle + scale * u
    with -1 <= u < 1 (tests/op/fill.h)."""

    def __init__(self, text):
        self.input, self.scale, self.offset, self.layers, self.output_scale = parse(text)
        self.scale, self.offset, self.output_scale = (
            float(np.float32(number)) for number in (self.scale, self.offset, self.output_scale))

    def normalises(self):
        return any(layer.op == "batchnorm" for layer in self.layers)

    def multiple(self, axis):
        """What the input's height (axis 0) or width must be a multiple of."""
        shrunk, result = {self.input: Fraction(1)}, 1
        for layer in self.layers:
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

    def round_up(self, h, w):
        return tuple(-(-size // self.multiple(axis)) * self.multiple(axis)
                     for axis, size in enumerate((h, w)))

    def run(self, lightness, weights, training=False):
        """The result before the output's scale, for lightness [n,1,h,w] of fitting size. training:
        batch norms normalise with the batch."""
        values = {self.input: lightness * self.scale + self.offset}
        for layer in self.layers:
            values[layer.result] = apply(layer, values, weights, training)
        return values[self.layers[-1].result]
