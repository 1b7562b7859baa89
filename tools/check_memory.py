#!/usr/bin/env python3
"""Memory must not grow with the length of a film: colours 10 s and 10 min of the same picture and
compares the most memory the program had. The network is as small as can be, since it is the way of the
film that could hold on to memory. Takes about a minute, so .ci/run calls it and not the tests.

usage: check_memory.py [PROGRAM]
"""

import json
import os
import struct
import subprocess
import sys
import tempfile

root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
program = sys.argv[1] if len(sys.argv) > 1 else os.path.join(root, "build", "autochrome")
ALLOWED = 1.05
NETWORK = "input L scale=0.01\nx = conv2d(L, 2, kernel=3, padding=1)\noutput ab scale=50\n"


def write_model(path):
    """A .safetensors file of one convolution (src/nn/safetensors.h)."""
    header = json.dumps({
        "__metadata__": {"autochrome.net": NETWORK},
        "x.bias": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
        "x.weight": {"dtype": "F32", "shape": [2, 1, 3, 3], "data_offsets": [8, 80]}}).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(header)) + header + struct.pack("<20f", *[0.05] * 20))


def peak(seconds, folder):
    """Most resident memory, in KiB, while colouring so many seconds."""
    film = os.path.join(folder, "film.mkv")
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i",
                    f"testsrc2=s=64x48:r=25:d={seconds}", "-f", "lavfi", "-i", f"sine=d={seconds}",
                    "-c:v", "mpeg4", "-c:a", "ac3", film], check=True)
    model = os.path.join(folder, "model.safetensors")
    write_model(model)
    process = subprocess.Popen([program, "colorize", film, "-o", os.path.join(folder, "out.mkv"),
                                "--overwrite", "-m", model, "--preset", "ultrafast", "-q"],
                               stdin=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"check_memory: the program failed: {process.returncode}")
    return usage.ru_maxrss


with tempfile.TemporaryDirectory() as work:
    short, long = peak(10, work), peak(600, work)
ratio = long / short
print(f"10 s: {short / 1024:.1f} MiB, 10 min: {long / 1024:.1f} MiB, ratio {ratio:.3f}")
sys.exit(0 if ratio <= ALLOWED else 1)
