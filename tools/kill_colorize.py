#!/usr/bin/env python3
"""Kills a colouring (kill -9) at random moments, resumes it each time, and compares the film with that of
the same job that nobody stopped: every frame, sound and time must be the same.

usage: tools/kill_colorize.py [--kills N] [--kill-seed N] [--seconds N] [--program FILE] [--folder DIR]
                              [FILM [OPTION]...]

Without FILM, a film of --seconds (120) with sound is made, and coloured at a small size. OPTIONs are those of
`autochrome colorize`, without -o, --resume and --overwrite.
"""

import argparse
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


def make_film(path, seconds):
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i",
                    f"testsrc2=s=320x192:r=25:d={seconds},format=gray", "-f", "lavfi", "-i",
                    f"sine=d={seconds}", "-c:v", "libx264", "-c:a", "aac", path], check=True)


def start(program, words, output, *more):
    return subprocess.Popen([program, "colorize", *words, "-q", "-o", output, *more],
                            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def finish(process, what):
    message = process.communicate()[1]
    if process.returncode:
        sys.exit(f"{what}: {message}")


def digest(path):
    out = subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-map", "0:v", "-map", "0:a?",
                          "-fps_mode", "passthrough", "-f", "framemd5", "-"], check=True,
                         stdout=subprocess.PIPE, text=True).stdout
    return sorted(line for line in out.splitlines() if not line.startswith("#"))


def main():
    what, usage = __doc__.split("\n\n")[:2]
    parser = argparse.ArgumentParser(allow_abbrev=False, description=what,
                                     usage=usage.removeprefix("usage: "))
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--kill-seed", type=int, default=0)
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--program", default=ROOT / "build/autochrome")
    parser.add_argument("--folder")
    given, words = parser.parse_known_args()

    draw = random.Random(given.kill_seed)
    with tempfile.TemporaryDirectory(prefix="autochrome-kill-", dir=given.folder) as name:
        folder = pathlib.Path(name)
        if not words or words[0].startswith("-"):
            make_film(folder / "film.mp4", given.seconds)
            words = [folder / "film.mp4", "--size", "32", "--preset", "veryfast", *words]
        whole, killed = folder / "whole.mkv", folder / "killed.mkv"
        began = time.monotonic()
        finish(start(given.program, words, whole), "the run that is not stopped")
        seconds = time.monotonic() - began
        expected = digest(whole)
        print(f"not stopped: {seconds:.1f} s, {len(expected)} frames of picture and sound", flush=True)
        work = folder / ".killed.mkv.autochrome"
        kills = 0
        while kills < given.kills:
            process = start(given.program, words, killed, "--resume")
            time.sleep(draw.uniform(0, seconds / 3))
            if process.poll() is None:
                process.kill()
                kills += 1
                process.communicate()
                kept = len(list(work.glob("*.segment"))) if work.exists() else 0
                print(f"kill {kills}: {kept} segments are finished", flush=True)
                if not killed.exists():
                    continue
                shutil.rmtree(work, ignore_errors=True)  # killed while it tidied up
            else:
                finish(process, "a resumed run")
            compare(killed, expected)
            os.unlink(killed)
        finish(start(given.program, words, killed, "--resume"), "the last resumed run")
        compare(killed, expected)
        if work.exists():
            sys.exit(f"{work}: is left")
    print(f"{given.kills} kills: the same film each time")


def compare(path, expected):
    if digest(path) != expected:
        sys.exit(f"{path}: another film")
    print("finished: the same film", flush=True)


if __name__ == "__main__":
    main()
