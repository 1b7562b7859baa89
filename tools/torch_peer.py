"""What the scripts share that set this program's training beside PyTorch's: pictures, first
weights, runs of `autochrome train`. Imports no PyTorch, so that its absence can be told.
"""
import csv
import os
import pathlib
import struct
import subprocess
import sys
import zlib

SKIPPED = 77  # as tests say it
ROOT = pathlib.Path(__file__).resolve().parent.parent


def require_torch():
    """Ends the program, with a message, where there is no PyTorch or NumPy."""
    try:
        import numpy  # noqa: F401
        import torch
    except ImportError as error:
        print(f"skipped: {error}: install PyTorch (Debian: apt-get install python3-torch "
              f"libopenblas0-pthread) and run this with /usr/bin/python3", file=sys.stderr)
        sys.exit(SKIPPED)
    return torch


def cores():
    """Those this process may use."""
    return len(os.sched_getaffinity(0))


def size_of(text):
    """(height, width) of N or HxW."""
    numbers = [int(part) for part in text.split("x")]
    if len(numbers) > 2 or min(numbers) < 1:
        raise ValueError(text)
    return numbers[0], numbers[-1]


def description_of(net):
    """The text of a description: a file, or the name of one in samples/nets."""
    path = pathlib.Path(net)
    if not path.exists():
        path = ROOT / f"samples/nets/{net}.net"
    if not path.exists():
        sys.exit(f"{net}: no file, and no network in {path.parent}")
    return path.read_text(encoding="utf-8")


def draw_weights(net, seed):
    """{name: values} about as PyTorch's layers begin: convolutions and their biases uniform to
    1 / sqrt(fan-in), batch norms neutral."""
    import numpy as np
    import torch
    generator, tensors, bound = np.random.default_rng(seed), {}, 0

    def weights(name, shape, middle, scale):
        nonlocal bound
        if name.endswith(".weight"):  # its bias comes next
            bound = scale / np.sqrt(3) if len(shape) == 4 else 0
        reach = bound if name.endswith((".weight", ".bias")) else 0
        values = middle + generator.uniform(-reach, reach, shape)
        tensors[name] = values.astype(np.float32)
        return torch.from_numpy(tensors[name].copy())

    net.run(torch.zeros(1, 1, *net.round_up(64, 64)), weights)
    return tensors


def write_png(path, rgb):
    """rgb: [h][w][3] bytes of a NumPy array."""
    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data +
                struct.pack(">I", zlib.crc32(kind + data)))

    h, w = rgb.shape[:2]
    rows = b"".join(b"\0" + row.tobytes() for row in rgb)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" +
                     chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, 8, 2, 0, 0, 0)) +
                     chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b""))


def make_pictures(folder, count, h, w):
    """Soft patches of colour with some grain; the same ones each time."""
    import numpy as np
    folder.mkdir()
    generator = np.random.default_rng(1)
    for i in range(count):
        patches = generator.uniform(0, 255, (8, 8, 3))
        rgb = patches[np.arange(h)[:, None] * 8 // h, np.arange(w)[None, :] * 8 // w]
        rgb = rgb + generator.normal(0, 8, (h, w, 3))
        write_png(folder / f"{i:05}.png", np.clip(rgb, 0, 255).astype(np.uint8))
    return folder


def train(program, words):
    """Runs `autochrome train` and returns the rows of its log.csv; its last words end the script
    where it fails. -o must be among the words, and --run not."""
    result = subprocess.run([program, "train", *map(str, words), "--overwrite", "-q"],
                            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                            check=False)
    if result.returncode:
        sys.exit(result.stderr.strip() or f"{program}: exit status {result.returncode}")
    output = pathlib.Path(words[words.index("-o") + 1])
    with open(output.with_suffix(".run") / "log.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
