"""This program's side of bench_peers.py. Imports nothing that is not always there."""
import json
import subprocess
import time

import torch_peer


def run(options, *words):
    return subprocess.run([options.program, *map(str, words)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=True).stdout


def model_of(net, options, folder):
    """The path of a model: one that comes with the program, or of a description with weights drawn,
    where PyTorch is there to share them with; else the description's name."""
    model = torch_peer.ROOT / f"samples/models/{net}.safetensors"
    if model.exists():
        return model
    try:
        import peers_torch
    except ImportError:
        return net
    model = folder / f"{net}.safetensors"
    if not model.exists():
        peers_torch.write_drawn(torch_peer.description_of(net), model)
    return model


def device(options):
    return ["--device", options.device] if options.device else []


class Bench:
    """`autochrome bench` of one network at one size."""

    def __init__(self, kind, model, batch, h, w, options):
        other = {"forward": "--no-train", "train_step": "--no-forward"}[kind]
        self.options, self.kind, self.macs, self.last = options, kind, 0, 1.0
        self.words = ["bench", model, "--size", f"{h}x{w}", "--batch", batch, other, "--no-peak",
                      "--no-layers", "--json", "-q", *device(options)]

    def round(self, seconds):
        """The median of about so many seconds' runs."""
        runs = max(2, min(100, round(seconds / self.last)))
        measured = json.loads(run(self.options, *self.words, "--runs", runs))[self.kind]
        self.macs, self.last = measured["multiply_adds"], measured["median_s"]
        return measured["median_s"]


def colorize(film, output, model, size, options):
    """Seconds from start to end; size None: the default."""
    begin = time.perf_counter()
    run(options, "colorize", film, "-o", output, "-m", model, "--overwrite", "-q",
        *(["--size", size] if size else []), *device(options))
    return time.perf_counter() - begin
