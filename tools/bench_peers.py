#!/usr/bin/python3
"""Sets this program's speed beside that of others on the same machine, in one run: the same network
with the same weights at the same size, in turns (a round of theirs, a round of ours, and so on).
Prints the medians of the rounds and theirs over ours: above 1, ours is faster. The range is that of
the rounds' own ratios; a wide one says that the machine was not quiet.

    PyTorch   on the CPU, eager, as the published code is run; with one thread or as many as there
              are cores, whichever is faster
    Python    colouring a video as it is published: frames from ffmpeg by a pipe, skimage's rgb2lab,
              PyTorch, lab2rgb, and to ffmpeg by a pipe; beside `autochrome colorize`

Those that are not installed are skipped by name. On Debian: apt-get install python3-torch
libopenblas0-pthread python3-skimage ffmpeg; Debian's modules are those of /usr/bin/python3. ncnn,
which Debian does not have, is named as skipped too: nothing here runs it.

For a fair ratio on the same cores our device is a software one such as llvmpipe (--device).
Pictures and weights are in memory, or on the device, before time is taken; of a video, all time
counts, but for Python the loading of its modules does not.
"""
import argparse
import fnmatch
import functools
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

import peers_ours
import torch_peer

ROUNDS, QUICK_ROUNDS = 3, 1
SECONDS, QUICK_SECONDS = 4.0, 1.0  # of a round, of each side
FRAMES, QUICK_FRAMES = 72, 6       # of a video: starting counts, but films are longer than a second

# (name, kind, network, height, width, pictures at once)
CASES = [
    ("landmark forward 256x256", "forward", "landmark", 256, 256, 1),
    ("landmark forward 600x800", "forward", "landmark", 600, 800, 1),
    ("default forward 192x256", "forward", "default", 192, 256, 1),
    ("default training step 192x256", "train_step", "default", 192, 256, 1),
    ("landmark training step 128x128, batch 20", "train_step", "landmark", 128, 128, 20),
]
# (name, short side of the network: theirs, ours; 0: the whole picture, the default)
VIDEO = 600, 800
VIDEOS = [
    ("video 800x600, landmark, both at full size", 0, VIDEO[0]),
    ("video 800x600, landmark, theirs at full size, ours at the default", 0, None),
    ("video 800x600, landmark, both at 256", 256, 256),
]


class Skipped(Exception):
    """A peer that is not here, and why."""


def load_torch():
    """The module peers_torch."""
    try:
        import peers_torch
    except ImportError as error:
        raise Skipped(f"PyTorch: {error}") from error
    return peers_torch


def plural(threads):
    return f"{threads} thread{'s' * (threads > 1)}"


def in_turns(theirs, ours, rounds):
    """[(seconds of theirs, seconds of ours)] of each round"""
    return [(theirs(), ours()) for _ in range(rounds)]


class Table:
    """Markdown, a row as soon as it is known. Seconds of a run, or of a frame."""

    HEAD = ["", "peer", "theirs", "ours", "ratio", "rounds"]

    def __init__(self, as_json):
        self.as_json, self.rows = as_json, []

    def print(self, cells):
        if not self.as_json:
            print("| " + " | ".join(cells) + " |", flush=True)

    def add(self, name, peer, rounds, macs=0, frames=1):
        if not self.rows:
            self.print(self.HEAD)
            self.print(["---"] * len(self.HEAD))
        medians = [statistics.median(side) / frames for side in zip(*rounds)]
        ratios = [theirs / ours for theirs, ours in rounds]
        row = {"name": name, "peer": peer, "theirs_s": medians[0], "ours_s": medians[1],
               "ratio": medians[0] / medians[1], "ratio_of_rounds": ratios}
        speed = [""] * 2
        if macs:
            row["theirs_gflops"], row["ours_gflops"] = (2e-9 * macs / each for each in medians)
            speed = [f", {2e-9 * macs / each:.0f} GFLOP/s" for each in medians]
        self.rows.append(row)
        self.print([name, peer, *(f"{each * 1e3:.1f} ms{more}" for each, more in
                                  zip(medians, speed)),
                    f"{row['ratio']:.2f}", f"{min(ratios):.2f} to {max(ratios):.2f}"])


def say(text):
    print(text, file=sys.stderr, flush=True)


def bench_networks(cases, options, folder, table):
    for name, kind, net, h, w, batch in cases:
        model = peers_ours.model_of(net, options, folder)
        try:
            torch = load_torch()
            theirs = torch.Peer(kind, model, batch, h, w)
        except Skipped as why:
            say(f"skipped: {name}: {why}")
            continue
        ours = peers_ours.Bench(kind, model, batch, h, w, options)
        threads = torch.take_threads(options.threads, theirs.once)
        ours.round(0)
        rounds = in_turns(functools.partial(theirs.round, options.seconds),
                          functools.partial(ours.round, options.seconds), options.rounds)
        table.add(name, f"PyTorch, {plural(threads)}", rounds, ours.macs)


def bench_videos(videos, options, folder, table):
    if not videos:
        return
    try:
        torch = load_torch()
        if not shutil.which("ffmpeg") or not shutil.which("ffprobe"):
            raise Skipped("ffmpeg is not installed")
        import peers_video
    except (Skipped, ImportError) as error:
        say(f"skipped: {', '.join(name for name, *_ in videos)}: {error}")
        return
    film = peers_video.make_film(folder / "film.mkv", *VIDEO, options.frames)
    model = peers_ours.model_of("landmark", options, folder)
    network = torch.Network(model)
    threads = torch.take_threads(options.threads, lambda: peers_video.try_network(network, *VIDEO))
    for name, their_size, our_size in videos:
        theirs = functools.partial(peers_video.colour, film, folder / "theirs.mkv", network,
                                   their_size)
        ours = functools.partial(peers_ours.colorize, film, folder / "ours.mkv", model, our_size,
                                 options)
        ours()  # compiles
        table.add(name, f"Python, {plural(threads)}", in_turns(theirs, ours, options.rounds),
                  frames=options.frames)


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--only", action="append", metavar="PATTERN",
        help="only what matches, as a shell's: 'landmark*'; may be repeated")
    add("--list", action="store_true", help="say what there is")
    add("--quick", action="store_true", help="one short round of each: to try it out")
    add("--rounds", type=int, metavar="N", help=f"of each side ({ROUNDS})")
    add("--seconds", type=float, metavar="F", help=f"of a round, about ({SECONDS:g})")
    add("--frames", type=int, metavar="N", help=f"of the video ({FRAMES})")
    add("--threads", type=int, metavar="N", help="of PyTorch (the fastest)")
    add("--device", metavar="N|NAME", help="ours, as autochrome takes it")
    add("--program", default=torch_peer.ROOT / "build/autochrome", metavar="FILE")
    add("--json", action="store_true", help="all figures, for programs")
    options = parser.parse_args()
    options.rounds = options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS)
    options.seconds = options.seconds or (QUICK_SECONDS if options.quick else SECONDS)
    options.frames = options.frames or (QUICK_FRAMES if options.quick else FRAMES)
    options.threads = ([options.threads] if options.threads is not None
                       else sorted({1, torch_peer.cores()}))
    if min(options.rounds, options.frames, *options.threads) < 1 or options.seconds <= 0:
        parser.error("numbers are at least 1")
    return options


def main():
    options = parse_options()
    wanted = [case for case in CASES + VIDEOS
              if not options.only or any(fnmatch.fnmatch(case[0], one) for one in options.only)]
    if options.list:
        print("\n".join(case[0] for case in wanted))
        return
    if not wanted:
        sys.exit("bench_peers: --only: nothing matches; see --list")
    busy = os.getloadavg()[0]
    if busy > 0.5:
        say(f"others are at work on this machine (load {busy:.1f}): ratios may mislead")
    say("skipped: ncnn: nothing here runs it")
    table = Table(options.json)
    with tempfile.TemporaryDirectory(prefix="autochrome-peers-") as folder:
        try:
            bench_networks([case for case in wanted if case in CASES], options,
                           pathlib.Path(folder), table)
            bench_videos([case for case in wanted if case in VIDEOS], options,
                         pathlib.Path(folder), table)
        except subprocess.CalledProcessError as error:
            sys.exit(f"bench_peers: {' '.join(map(str, error.cmd[:2]))} failed: {error.stderr}")
    if options.json:
        print(json.dumps({"rows": table.rows, "load_before": busy}, indent=1))
    else:
        say(f"{options.rounds} rounds; ratio: theirs / ours")


if __name__ == "__main__":
    main()
