#!/usr/bin/env python3
"""Memory must not grow with the length of a film: colours 10 s and 10 min of the same picture and
compares the most memory the program had. Takes about two minutes, so .ci/run calls it and not the
tests.

usage: check_memory.py [PROGRAM]
"""

import os
import subprocess
import sys
import tempfile

root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
program = sys.argv[1] if len(sys.argv) > 1 else os.path.join(root, "build", "autochrome")
ALLOWED = 1.05


def peak(seconds, folder):
    """Most resident memory, in KiB, while colouring so many seconds."""
    film = os.path.join(folder, "film.mkv")
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i",
                    f"testsrc2=s=64x48:r=25:d={seconds}", "-f", "lavfi", "-i", f"sine=d={seconds}",
                    "-c:v", "mpeg4", "-c:a", "ac3", film], check=True)
    process = subprocess.Popen([program, "colorize", film, "-o", os.path.join(folder, "out.mkv"),
                                "--overwrite", "--size", "32", "--preset", "ultrafast"],
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
