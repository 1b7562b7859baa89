#!/usr/bin/env python3
"""Kills a training (kill -9) at random points, resumes it each time, and compares the model with
that of the same training that nobody stopped: they must be the same, byte for byte.

usage: tools/kill_train.py [--kills N] [--kill-seed N] [--program FILE] [--folder DIR]
                           DATA... [OPTION]...

DATA and OPTIONs are those of `autochrome train`, without -o, --run and --resume, such as:

    tools/kill_train.py photos --size 96 --batch 8 --epochs 2 --checkpoint-minutes 0.05
"""

import argparse
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


def train(program, words, output, *more):
    return subprocess.Popen([program, "train", *words, "-q", "-o", output, *more],
                            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def finish(process, what):
    message = process.communicate()[1]
    if process.returncode:
        sys.exit(f"{what}: {message}")


def main():
    what, usage = __doc__.split("\n\n")[:2]
    parser = argparse.ArgumentParser(allow_abbrev=False, description=what,
                                     usage=usage.removeprefix("usage: "))
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--kill-seed", type=int, default=0)
    parser.add_argument("--program", default=ROOT / "build/autochrome")
    parser.add_argument("--folder")
    given, words = parser.parse_known_args()

    draw = random.Random(given.kill_seed)
    with tempfile.TemporaryDirectory(prefix="autochrome-kill-", dir=given.folder) as folder:
        whole = pathlib.Path(folder) / "whole.safetensors"
        killed = pathlib.Path(folder) / "killed.safetensors"
        began = time.monotonic()
        finish(train(given.program, words, whole), "the run that is not stopped")
        seconds = time.monotonic() - began
        print(f"not stopped: {seconds:.1f} s", flush=True)
        kills = 0
        while kills < given.kills:
            # Now and then there is nothing left to kill: begin again.
            process = train(given.program, words, killed, "--resume")
            time.sleep(draw.uniform(0, seconds / 2))
            if process.poll() is None:
                process.kill()
                kills += 1
                process.communicate()
                log = killed.with_suffix(".run") / "log.csv"
                rows = log.read_bytes().count(b"\n") if log.exists() else 0
                print(f"kill {kills}: log.csv has {rows} lines", flush=True)
                continue
            finish(process, "a resumed run")
            compare(whole, killed)
            for path in killed.with_suffix(".run").iterdir():
                if path.is_file():
                    os.unlink(path)
            os.unlink(killed)
        finish(train(given.program, words, killed, "--resume"), "the last resumed run")
        compare(whole, killed)
    print(f"{given.kills} kills: the same model each time")


def compare(whole, killed):
    if whole.read_bytes() != killed.read_bytes():
        sys.exit(f"{killed}: another model than {whole}")
    print("finished: the same model", flush=True)


if __name__ == "__main__":
    main()
