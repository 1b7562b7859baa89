#!/usr/bin/env python3
"""Measures a step of training against PyTorch on the same cores: images a second of both, and ours
divided by theirs.

Both train the same network on the same batches (mean square, Adam), in turns: a round of ours, a
round of theirs, and so on. The first steps of each round warm up (compile, fill caches) and do not
count; the figure is of the median of all other steps. Ours are the differences of the `seconds` in
the run's log.csv, from step to step, so start-up and compiling are no part of them; pictures are
decoded beside them, already of the right size, which is little work. The range of the rounds'
own ratios says how quiet the machine was.

Ours runs on a Vulkan device: for a fair ratio on the same cores that is a software one such as
llvmpipe (--device). Needs PyTorch and NumPy; without them it says so and ends with status 77.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile
import time

import torch_peer


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    add = parser.add_argument
    add("--net", default="landmark", help="description, or the name of one (landmark)")
    add("--size", default="128", metavar="N|HxW", help="(128)")
    add("--batch", type=int, default=20, metavar="N", help="pictures of a step (20)")
    add("--steps", type=int, default=4, metavar="N", help="that count, of a round (4)")
    add("--warm-up", type=int, default=2, metavar="N", help="steps before them (2)")
    add("--rounds", type=int, default=5, metavar="N", help="of each side (5)")
    add("--threads", type=int, default=torch_peer.cores(), metavar="N",
        help="of PyTorch (as many as there are cores)")
    add("--device", metavar="N|NAME", help="ours, as autochrome takes it")
    add("--program", default=torch_peer.ROOT / "build/autochrome", metavar="FILE")
    add("--json", action="store_true", help="all figures, for programs")
    options = parser.parse_args()
    if min(options.batch, options.steps, options.warm_up, options.rounds, options.threads) < 1:
        parser.error("numbers are at least 1")
    return options


class Ours:
    def __init__(self, options, folder, description):
        h, w = torch_peer.size_of(options.size)
        self.options, self.output = options, folder / "ours.safetensors"
        self.net, self.batches = folder / "bench.net", folder / "batches.safetensors"
        self.net.write_text(description, encoding="utf-8")
        # The last step's row is written after what follows the steps, so it is one more.
        self.steps = options.warm_up + options.steps + 1
        self.pictures = torch_peer.make_pictures(folder / "pictures", self.steps * options.batch,
                                                 h, w)

    def round(self, *more):
        """Seconds of the steps that count."""
        words = [self.pictures, "--net", self.net, "--size", self.options.size, "--batch",
                 self.options.batch, "--steps", self.steps, "-o", self.output, *more]
        if self.options.device:
            words += ["--device", self.options.device]
        seconds = [float(row["seconds"])
                   for row in torch_peer.train(self.options.program, words)][:-1]
        return [b - a for a, b in zip(seconds, seconds[1:])][self.options.warm_up - 1:]

    def device(self):
        text = subprocess.run([self.options.program, "inspect", self.output, "--json"],
                              check=True, capture_output=True, text=True).stdout
        return json.loads(text)["training"]["device"]


class Theirs:
    def __init__(self, options, ours, description):
        import train_torch
        from torch_net import Net
        self.options, self.net = options, Net(description)
        self.train = train_torch.train
        self.pictures = train_torch.read_safetensors(ours.batches)[0]
        tensors = train_torch.read_safetensors(ours.output)[0]
        self.weights = train_torch.Weights(tensors, train_torch.torch.float32)
        self.given = train_torch.parse_options(
            ["--init", str(ours.output), "--batches", str(ours.batches),
             "--batch", str(options.batch), "--steps", str(options.warm_up + options.steps)])
        self.optimiser = train_torch.make_optimiser(self.given, self.weights)

    def round(self):
        seconds, began = [], time.perf_counter()
        for _ in self.train(self.given, self.net, self.weights, self.optimiser, self.pictures):
            now = time.perf_counter()
            seconds.append(now - began)
            began = now
        return seconds[self.options.warm_up:]


def measure(options, torch):
    description = torch_peer.description_of(options.net)
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory(prefix="autochrome-bench-") as folder:
        ours = Ours(options, pathlib.Path(folder), description)
        ours.round("--dump-batches", ours.batches)  # warms up our caches, too
        theirs = Theirs(options, ours, description)
        rounds = [(ours.round(), theirs.round()) for _ in range(options.rounds)]
        device = ours.device()
    steps = {"ours": [s for side, _ in rounds for s in side],
             "torch": [s for _, side in rounds for s in side]}
    speed = {side: options.batch / statistics.median(seconds) for side, seconds in steps.items()}
    return {"net": options.net, "size": options.size, "batch": options.batch, "device": device,
            "torch": torch.__version__, "torch_threads": options.threads,
            "images_per_second": speed, "ratio": speed["ours"] / speed["torch"],
            "ratio_of_rounds": [statistics.median(b) / statistics.median(a) for a, b in rounds],
            "step_seconds": steps}


def main():
    options = parse_options()
    result = measure(options, torch_peer.require_torch())
    if options.json:
        print(json.dumps(result, indent=1))
        return
    speed, rounds = result["images_per_second"], result["ratio_of_rounds"]
    print(f"{result['net']}, {result['size']}, batch {result['batch']}: median of "
          f"{len(result['step_seconds']['ours'])} steps in {len(rounds)} rounds")
    print(f"ours   {speed['ours']:8.2f} images/s  ({result['device']})")
    print(f"torch  {speed['torch']:8.2f} images/s  ({result['torch']}, {options.threads} threads)")
    print(f"ratio  {result['ratio']:8.2f}           (rounds: {min(rounds):.2f} to "
          f"{max(rounds):.2f})")


if __name__ == "__main__":
    main()
