#!/usr/bin/env python3
"""Computes with PyTorch the values that tests compare with, and writes them to tests/golden/.

    ops.safetensors    every case of tests/op/cases.txt
    grads.safetensors  the same cases run backward: NAME has the gradients of all tensors, one
                       after the other in the order of their names (zeros for running statistics),
                       NAME.running what is left in the running statistics
    nets.safetensors   every row of tests/golden/nets.txt, with samples/nets/NAME.net
    default_io.safetensors   `ab`, what the default model makes of the picture `L` that is in it

Needs PyTorch and NumPy (Debian: python3-torch). Weights and pictures come from names, as
tests/op/fill.h says; they are rounded to float32, everything after is float64, results are stored
as float32. Large results are thinned: every k-th value is kept, k having no factor in common with
the number of values, so that all rows, columns and channels are met. The metadata says
"NAME": "n c h w k".

Results come from torch.nn.functional, by a reader of descriptions of its own (torch_net.py), not
from this project's formulas. To be run again when a case or a network changes; the tests do not
run it.
"""
import argparse
import json
import math
import pathlib
import re
import struct

import numpy as np
import torch

import safetensors_file
from torch_net import Net

ROOT = pathlib.Path(__file__).resolve().parent.parent
VALUES_OF_OP = 800  # at most, of each result
VALUES_OF_GRADIENT = 250
VALUES_OF_NET = 20000


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


class Drawn:
    """Weights of a case or network, drawn from their names (tests/op/fill.h)."""

    def __init__(self, case):
        self.case, self.tensors = case, {}

    def __call__(self, name, shape, middle, scale):
        if name not in self.tensors:
            self.tensors[name] = tensor(f"{self.case}/{name}", shape, middle, scale)
            self.tensors[name].requires_grad = ".running_" not in name
        return self.tensors[name]


def run(text, case, n, h, w):
    """The result for the picture of that name, as src/nn/session.h says."""
    net = Net(text)
    picture = tensor(f"{case}/L", [n, 1, h, w], 50, 50).numpy()
    ph, pw = net.round_up(h, w)
    padded = np.pad(picture, ((0, 0), (0, 0), (0, ph - h), (0, pw - w)), mode="reflect")
    with torch.no_grad():
        result = net.run(torch.from_numpy(padded), Drawn(case))
    oh, ow = result.shape[2:]
    return result[:, :, :-(-oh * h // ph), :-(-ow * w // pw)] * net.output_scale


def differentiate(text, case, n, h, w):
    """(gradients, running statistics) of a pass of training, as tests/op/grad_case.h says."""
    net, weights = Net(text), Drawn(case)
    n = max(n, 2) if net.normalises() else n
    result = net.run(tensor(f"{case}/L", [n, 1, *net.round_up(h, w)], 50, 50), weights, True)
    if weights.tensors:
        result.backward(tensor(f"{case}/gradient", result.shape, 0, 1))
    gradients, running = [], []
    for name, values in sorted(weights.tensors.items()):
        unused = values.grad is None
        gradients.append((torch.zeros_like(values) if unused else values.grad).reshape(-1))
        if ".running_" in name:
            running.append(values.reshape(-1))
    return [torch.cat(parts).detach().reshape(1, 1, 1, -1) if parts else None
            for parts in (gradients, running)]


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


def cases():
    """(description, name, n, h, w) of each."""
    found = set()
    text = (ROOT / "tests/op/cases.txt").read_text()
    for block in re.split(r"^case ", text, flags=re.M)[1:]:
        head, description = block.split("\n", 1)
        name, *sizes = head.split()
        if name in found:
            raise ValueError(f"two cases are called {name}")
        found.add(name)
        size = dict(part.split("=") for part in sizes)
        yield description, name, int(size["n"]), int(size["h"]), int(size["w"])


def ops():
    return {case[1]: run(*case) for case in cases()}


def grads():
    results = {}
    for case in cases():
        gradients, running = differentiate(*case)
        results |= {case[1]: gradients, f"{case[1]}.running": running}
    # A network without weights has no gradients, one without batch norms no statistics.
    return {name: result for name, result in results.items() if result is not None}


def nets():
    results = {}
    for line in (ROOT / "tests/golden/nets.txt").read_text().splitlines():
        fields = line.split("#")[0].split()
        if fields:
            name, h, w = fields[0], int(fields[1]), int(fields[2])
            text = (ROOT / f"samples/nets/{name}.net").read_text()
            results[f"{name}_{h}x{w}"] = run(text, name, 1, h, w)
    return results


def read_doubles(path):
    """(metadata, {name: array of float64})"""
    metadata, tensors = safetensors_file.read(path)
    return metadata, {name: values.astype(np.float64) for name, values in tensors.items()}


def default_io():
    """Whole, and with the picture it belongs to, so that the file can be made again."""
    lightness = read_doubles(ROOT / "tests/golden/default_io.safetensors")[1]["L"]
    notes, weights = read_doubles(ROOT / "samples/models/default.safetensors")
    net = Net(notes["autochrome.net"])
    with torch.no_grad():
        result = net.run(torch.from_numpy(lightness),
                         lambda name, *_: torch.from_numpy(weights[name]))
    return {"L": lightness, "ab": result.numpy() * net.output_scale}


def write_whole(path, arrays):
    """A .safetensors file of arrays as they are, in float32."""
    header, data, at = {}, [], 0
    for name, array in arrays.items():
        kept = array.astype("<f4")
        header[name] = {"dtype": "F32", "shape": list(kept.shape),
                        "data_offsets": [at, at + kept.nbytes]}
        data.append(kept.tobytes())
        at += kept.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(data))
    print(f"{path}: {path.stat().st_size} bytes")


def main():
    files = {"ops": (ops, VALUES_OF_OP), "grads": (grads, VALUES_OF_GRADIENT),
             "nets": (nets, VALUES_OF_NET)}
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("what", nargs="*", default=[*files, "default_io"],
                        help=f"{', '.join(files)}, default_io (all of them)")
    with np.errstate(over="ignore"):
        for what in parser.parse_args().what:
            if what == "default_io":
                write_whole(ROOT / "tests/golden/default_io.safetensors", default_io())
                continue
            results, most = files[what]
            write(ROOT / f"tests/golden/{what}.safetensors", results(), most)


if __name__ == "__main__":
    main()
