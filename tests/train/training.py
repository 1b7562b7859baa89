"""What the tests of training share: pictures and networks so small that a run takes a second."""

import colorsys
import os
import pathlib
import random
import struct
import sys
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "cli"))
import harness  # noqa: E402
from harness import folder  # noqa: E402

NET = """input L scale=0.01
x1 = conv2d(L, 8, kernel=4, stride=2, padding=1) batchnorm relu
x2 = conv2d(x1, 8, kernel=3, padding=1) batchnorm relu
up = conv_transpose2d(x2, 8, kernel=4, stride=2, padding=1) batchnorm relu
colour = conv2d(up, 2, kernel=3, padding=1)
output ab scale=50
"""
net = harness.write("small.net", NET)


def write_png(path, width, height, pixel):
    """pixel(x, y) gives R, G, B in 0..255."""
    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data +
                struct.pack(">I", zlib.crc32(kind + data)))

    rows = b"".join(b"\0" + bytes(value for x in range(width) for value in pixel(x, y))
                    for y in range(height))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" +
                     chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
                     chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def write_picture(path, number, width=24, height=20, gray=False, brightness=1):
    """Four patches of strong colours, each light and dark; the same ones each time."""
    draw = random.Random(number)
    patches = [colorsys.hsv_to_rgb((draw.random() + i) / 4, 0.8, 0.9) for i in range(4)]
    draw.shuffle(patches)

    def pixel(x, y):
        patch = patches[(2 * y >= height) * 2 + (2 * x >= width)]
        colour = [int(value * brightness * draw.uniform(80, 255)) for value in patch]
        return [sum(colour) // 3] * 3 if gray else colour

    write_png(path, width, height, pixel)


def make_pictures(name, count, **options):
    path = folder / name
    path.mkdir(parents=True)
    for i in range(count):
        write_picture(path / f"{i:03}.png", i + 1000 * len(name), **options)
    return path


def options(**given):
    """Those of a small run, with changes; True is a flag, None leaves one out, lists repeat it."""
    settings = {"net": net, "size": 16, "batch": 4, "epochs": 2, "threads": 1, **given}
    words = []
    for name, value in settings.items():
        name = "--" + name.replace("_", "-")
        for one in value if isinstance(value, list) else [value]:
            if one is True:
                words.append(name)
            elif one is not None:
                words += [name, os.fspath(one) if isinstance(one, pathlib.Path) else str(one)]
    return words


def command(data, output, **given):
    """The words of a command line."""
    data = data if isinstance(data, list) else [data]
    return ["train", *map(os.fspath, data), "-o", os.fspath(output), *options(**given)]


def train(data, output, environment=None, **given):
    return harness.run(*command(data, output, **given), **(environment or {}))


def tensors(path):
    """{name: bytes} of a .safetensors file."""
    header, data = harness.read_safetensors(path)
    return {name: data[slice(*one["data_offsets"])] for name, one in header.items()
            if name != "__metadata__"}
