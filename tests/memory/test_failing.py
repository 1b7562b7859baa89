"""Allocations that fail, one by one, through short jobs: no crash, no leak, nothing under the name
of an output and nothing beside it, and a message; or else, where it can do without, the same output.

usage: test_failing.py PROGRAM LIBRARY [RUNS [JOB]]

RUNS: of each job, spread over its allocations (default 6; 0: every one).
"""

import os
import pathlib
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "cli"))
import harness  # noqa: E402
from harness import check, folder, write  # noqa: E402

library = os.path.abspath(sys.argv[2])
runs = int(sys.argv[3]) if len(sys.argv) > 3 else 6
only = sys.argv[4] if len(sys.argv) > 4 else None
report = folder / "report"
place = folder / "out"
place.mkdir()

NETWORK = "input L scale=0.01\nx = conv2d(L, 2, kernel=3, padding=1) batchnorm\noutput ab scale=50\n"
shapes = {"x.bias": [2], "x.weight": [2, 1, 3, 3], "x_bn.bias": [2], "x_bn.running_mean": [2],
          "x_bn.running_var": [2], "x_bn.weight": [2]}
header, at = {"__metadata__": {"autochrome.net": NETWORK}}, 0
for name, shape in shapes.items():
    size = 72 if len(shape) == 4 else 8
    header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + size]}
    at += size
model = harness.write_safetensors("model.safetensors", header, b"\0\0\x80\x3e" * (at // 4))
lightness = harness.write_npy("L.npy", (8, 8), harness.lightness(64))


def film(name, frames):
    return write(name, b"YUV4MPEG2 W16 H12 F25:1 Ip C420jpeg\n" + b"".join(
        b"FRAME\n" + bytes((i * 7 + frame * 5) & 255 for i in range(288)) for frame in range(frames)))


picture = write("picture.pgm", b"P5 16 12 255\n" + bytes(i & 255 for i in range(192)))
film("film.y4m", 3)
names = write("names.txt", "film.y4m\npicture.pgm\n")


def run(number, *arguments):
    """(result, what the library reported as {word: [rest of the line, ...]})"""
    if report.exists():
        report.unlink()
    result = subprocess.run(
        [harness.program, *map(os.fspath, arguments)], stdin=subprocess.DEVNULL, capture_output=True,
        check=False, env=harness.environment(LD_PRELOAD=library, FAIL_ALLOC_AT=str(number),
                                             FAIL_ALLOC_REPORT=str(report)))
    said = {}
    for line in report.read_text().splitlines() if report.exists() else ():
        word, rest = line.split(maxsplit=1)
        said.setdefault(word, []).append(rest)
    return result, said


def outputs():
    return {str(path.relative_to(place)): path.read_bytes() for path in place.rglob("*") if path.is_file()}


def clear():
    for path in sorted(place.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()


def sweep(job, *arguments):
    """Lets allocations of a job fail."""
    if only and only != job:
        return
    whole, said = run(0, *arguments)  # fills caches, too
    clear()
    whole, said = run(0, *arguments)
    expected = outputs()
    check(whole.returncode == 0 and "count" in said, f"{job}: without a failure", (whole, said))
    check("leak" not in said, f"{job}: no leak without a failure", said.get("leak"))
    count = int(said.get("count", ["0"])[0])
    step = max(1, count / runs) if runs else 1
    done = survived = 0
    for i in range(int(count / step)):
        number = 1 + int(i * step)
        clear()
        result, said = run(number, *arguments)
        text = result.stderr.decode(errors="replace")
        where = f"{job}, allocation {number} of {count} ({said.get('failed')})"
        check(result.returncode in (0, 1), f"{where}: exit status {result.returncode}", text)
        check("leak" not in said, f"{where}: leaks", said.get("leak"))
        if result.returncode:
            check("error: " in text, f"{where}: says nothing", text)
            # What can be gone on with stays, as finished frames and films do.
            left = {path: data for path, data in outputs().items() if ".autochrome/" not in path}
            check(not left or set(left.items()) < set(expected.items()), f"{where}: leaves files",
                  list(left))
        else:
            check(outputs() == expected, f"{where}: another output", list(outputs()))
            check(result.stdout == whole.stdout, f"{where}: other words")
            survived += 1
        done += 1
    print(f"{job}: {done} of {count} allocations failed, {survived} of them without harm")


sweep("inspect", "inspect", model)
sweep("inspect json", "inspect", model, "--json")
sweep("inspect svg", "inspect", model, "--svg", place / "net.svg")
if harness.has_device():
    sweep("run", "run", model, "--input", lightness, "-o", place / "ab.npy", "-q")
    colorize = ["colorize", "-m", model, "-q", "--size", "8"]
    sweep("picture", *colorize, picture, "-o", place / "picture.png")
    sweep("film", *colorize, folder / "film.y4m", "-o", place / "film.nut", "--codec", "ffv1")
    sweep("segments", *colorize, folder / "film.y4m", "-o", place / "segments.nut", "--codec", "ffv1",
          "--segment-seconds", "0.04")
    parts = []
    for part in (1, 2):
        run(0, *colorize, folder / "film.y4m", "-o", folder / "part.nut", "--codec", "ffv1",
            "--segment", f"{part}/2")
        parts.append(folder / f"part.nut.{part}-of-2")
    sweep("join", "join", *parts, "-o", place / "joined.nut", "--input", folder / "film.y4m", "-q")
    sweep("sequence", *colorize, folder / "film.y4m", "-o", f"{place}/%03d.png")
    sweep("batch", *colorize, "--list", names, "-o", place, "--format", "nut", "--codec", "ffv1")
harness.finish()
