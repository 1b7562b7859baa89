#!/usr/bin/env python3
"""Memory must not grow with the length of a film: colours 10,000 and 100,000 frames of the same picture and
compares the most that the program held: on its heap, and resident in all. The network is as small as can
be, since it is the way of the film that could hold on to memory. Takes about a minute, so .ci/run calls
it and not the tests.

usage: check_memory.py [BUILD]
"""

import json
import os
import struct
import subprocess
import sys
import tempfile

root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
build = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else os.path.join(root, "build")
# What malloc keeps of freed memory is resident too, and differs by 2 to 8% from run to run.
SHORT, LONG = 400, 4000  # seconds; what libavformat keeps of an input to seek in it grows at first
ALLOWED_HEAP, ALLOWED_RESIDENT = 1.05, 1.15
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
    """Most bytes on the heap and resident while colouring so many seconds."""
    film = os.path.join(folder, "film.mkv")
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i",
                    f"testsrc2=s=16x16:r=25:d={seconds}", "-f", "lavfi", "-i", f"sine=d={seconds}",
                    "-c:v", "mpeg4", "-c:a", "ac3", film], check=True)
    model = os.path.join(folder, "model.safetensors")
    write_model(model)
    heap = os.path.join(folder, "heap")
    process = subprocess.Popen(
        [os.path.join(build, "autochrome"), "colorize", film, "-o", os.path.join(folder, "out.mkv"),
         "--overwrite", "-m", model, "--preset", "ultrafast", "-q"],
        stdin=subprocess.DEVNULL,
        env=dict(os.environ, HEAP_PEAK=heap, LD_PRELOAD=os.path.join(build, "tests/memory/heap_peak.so")))
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"check_memory: the program failed: {process.returncode}")
    with open(heap, encoding="ascii") as file:
        return int(file.read()), usage.ru_maxrss * 1024


with tempfile.TemporaryDirectory() as work:
    short, long = peak(SHORT, work), peak(LONG, work)
good = True
for name, allowed, before, after in zip(("heap", "resident"), (ALLOWED_HEAP, ALLOWED_RESIDENT), short, long):
    print(f"{name}: {25 * SHORT} frames: {before / 2**20:.2f} MiB, {25 * LONG} frames: {after / 2**20:.2f} MiB, "
          f"ratio {after / before:.3f}, at most {allowed}")
    good = good and after / before <= allowed
sys.exit(0 if good else 1)
