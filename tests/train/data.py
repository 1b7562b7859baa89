"""Helpers of the tests of training data: files made with ffmpeg, and what tests/train/data.c says.

Every test script is called with the path of that program and works in a folder of its own.
"""

import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from checks import check, finish as end  # noqa: E402,F401  (for those who import this)

PROGRAM = os.path.abspath(sys.argv[1])
MEMORY, IO, FORMAT, ARGUMENT, UNSUPPORTED, CANCELLED = 2, 3, 4, 5, 6, 10  # negated ac_status

_folder = tempfile.TemporaryDirectory(prefix="autochrome-data-")
os.chdir(_folder.name)


def ffmpeg(*arguments):
    result = subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, arguments)],
                            capture_output=True, text=True, check=False)
    if result.returncode:
        raise RuntimeError("ffmpeg " + " ".join(map(str, arguments)) + "\n" + result.stderr)


def touch(*paths, data=b"."):
    for path in paths:
        if os.path.dirname(path):
            os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)


class Result:
    """What the program said."""

    def __init__(self, *arguments):
        process = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True,
                                 check=False, stdin=subprocess.DEVNULL)
        self.what = " ".join(map(str, arguments))
        self.status = process.returncode
        self.lines = process.stdout.splitlines()
        self.text = process.stderr
        lines = process.stderr.splitlines()
        self.errors = [line for line in lines if line.startswith("error: ")]
        self.warnings = [line for line in lines if line.startswith("warning: ")]
        self.other = [line for line in lines if not line.startswith(("error: ", "warning: "))]

    def values(self, name):
        """What follows `name: ` in the lines that begin with it."""
        return [line[len(name) + 2:] for line in self.lines if line.startswith(name + ": ")]

    def value(self, name):
        return (self.values(name) or [None])[0]


def good(*arguments, warnings=()):
    """Succeeds, with these warnings (a part of each) and not a word else."""
    result = Result(*arguments)
    check(result.status == 0 and not result.errors and not result.other,
          f"{result.what}: succeeds", result.text)
    check(len(result.warnings) == len(warnings) and
          all(part in line for part, line in zip(warnings, result.warnings)),
          f"{result.what}: warnings {warnings}", result.text)
    return result


def bad(status, *says, command):
    """Fails with one line that says it all."""
    result = Result(*command)
    check(result.status == status, f"{result.what}: status {status}, not {result.status}",
          result.text)
    check(len(result.errors) == 1 and not result.other, f"{result.what}: one error", result.text)
    for part in says:
        check(part in "".join(result.errors), f"{result.what}: says {part}", result.text)
    return result


# src/util/random.h, and what src/train makes of it.

MASK = (1 << 64) - 1


def _mix(x):
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & MASK
    x = (x ^ x >> 27) * 0x94D049BB133111EB & MASK
    return x ^ x >> 31


def stream(seed, name):
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = (value ^ byte) * 0x100000001B3 & MASK
    return _mix(seed + value & MASK)


def shuffled(count, seed, name):
    """0 .. count - 1 as ac_dataset_shuffle() orders them."""
    order, values = list(range(count)), stream(seed, name)
    for k, i in enumerate(range(count - 1, 0, -1)):
        j = _mix(values + (k + 1) * 0x9E3779B97F4A7C15 & MASK) % (i + 1)
        order[i], order[j] = order[j], order[i]
    return order


class Batch:
    """A line `batch:` of the program."""

    def __init__(self, line):
        words = line.split()
        self.line = line
        self.cursor = int(words[1])
        self.items = list(map(int, words[3:words.index("values")]))


def batches(result):
    return [Batch(line) for line in result.values("batch")]


def items(result):
    return [item for batch in batches(result) for item in batch.items]
