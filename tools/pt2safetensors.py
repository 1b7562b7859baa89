#!/usr/bin/env python3
"""Makes a model of a PyTorch checkpoint: the weights and the description of their network in one
.safetensors file, as autochrome takes it.

The checkpoint is a state_dict saved by torch.save(), or a dictionary that has one as
model_state_dict or state_dict. Its names must be those of the network's layers (conv1.weight,
conv1_bn.running_mean, ...); `autochrome inspect NET --json` lists them all.

Needs PyTorch and NumPy (Debian: python3-torch).
"""
import argparse
import inspect
import json
import os
import pathlib
import pickle
import re
import struct
import subprocess
import sys
import types
import unittest.mock

ROOT = pathlib.Path(__file__).resolve().parent.parent
STATE_KEYS = "model_state_dict", "state_dict"
# What DataParallel and torch.compile() put before every name.
WRAPPERS = "module.", "_orig_mod."


class Failure(Exception):
    """What a person is told."""


def read_network(program, net):
    """What `autochrome inspect` says of it: the program knows, and nobody else, how descriptions are
    read and what tensors are called."""
    try:
        result = subprocess.run([program, "inspect", net, "--json"], stdin=subprocess.DEVNULL,
                                capture_output=True, text=True, check=False)
    except OSError as error:
        raise Failure(f"{program}: {error.strerror}; build the program or name it with "
                      "--program") from error
    if result.returncode:
        raise Failure(result.stderr.strip().removeprefix("autochrome: error: "))
    return json.loads(result.stdout)


def import_torch():
    try:
        import torch
    except ImportError as error:
        raise Failure(f"PyTorch is needed to read a checkpoint ({error}); on Debian and Ubuntu: "
                      "apt-get install python3-torch, and run this with /usr/bin/python3") from error
    return torch


class WeightsUnpickler(pickle.Unpickler):
    """Makes tensors and plain values, and calls nothing else that a checkpoint names. torch.load()'s
    own weights_only does the same, but is missing before PyTorch 1.13 and there does not know
    floating-point numbers, such as a learning rate."""

    ALLOWED = re.compile(r"collections\.OrderedDict|torch\.(Size|device|[A-Za-z0-9]+Storage)"
                         r"|torch\._utils\._rebuild_(tensor|tensor_v2|parameter)"
                         r"|torch\.(storage\.)?(Untyped|Typed)Storage")

    def find_class(self, module, name):
        if not self.ALLOWED.fullmatch(f"{module}.{name}"):
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return super().find_class(module, name)


def load_safely(torch, path):
    has_weights_only = "weights_only" in inspect.signature(torch.load).parameters
    if has_weights_only:
        try:
            return torch.load(path, map_location="cpu", weights_only=True)
        except OSError:
            raise
        except Exception:  # it says the same for what is dangerous and for what it does not know
            pass
    careful = types.ModuleType("pickle")
    careful.__dict__.update(pickle.__dict__, Unpickler=WeightsUnpickler,
                            load=lambda *a, **k: WeightsUnpickler(*a, **k).load())
    options = {"weights_only": False} if has_weights_only else {}
    # PyTorch 1.13 takes its own `pickle` whatever it is told.
    with unittest.mock.patch.object(torch.serialization, "pickle", careful):
        return torch.load(path, map_location="cpu", pickle_module=careful, **options)


def load(path):
    """The state_dict, without a wrapper's prefix, and the notes beside it."""
    torch = import_torch()
    try:
        checkpoint = load_safely(torch, path)
    except OSError as error:
        raise Failure(f"{path}: {error.strerror or error}") from error
    except Exception as error:  # whatever unpickling throws
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise Failure(f"{path}: is no checkpoint of weights alone: {lines[0]}") from error
    state, notes = checkpoint, {}
    if isinstance(checkpoint, dict):
        for key in STATE_KEYS:
            if isinstance(checkpoint.get(key), dict):
                state = checkpoint[key]
                notes = {k: v for k, v in checkpoint.items()
                         if isinstance(k, str) and isinstance(v, (int, float, str))}
                break
    if not isinstance(state, dict) or not state or not all(
            isinstance(k, str) and torch.is_tensor(v) for k, v in state.items()):
        raise Failure(f"{path}: is neither a state_dict nor has one as " + " or ".join(STATE_KEYS))
    for prefix in WRAPPERS:
        if all(name.startswith(prefix) for name in state):
            state = {name[len(prefix):]: value for name, value in state.items()}
    return state, notes


def match(state, tensors, path, net):
    """The tensors that the network needs, as float32 arrays by name."""
    state = {name: value for name, value in state.items()
             if not name.endswith("num_batches_tracked")}
    shapes = {tensor["name"]: tensor["shape"] for tensor in tensors}
    lines = [f"  missing: {name} {shape}" for name, shape in shapes.items() if name not in state]
    lines += [f"  unexpected: {name} {list(value.shape)}" for name, value in state.items()
              if name not in shapes]
    lines += [f"  shape of {name}: {list(value.shape)}, needed is {shapes[name]}"
              for name, value in state.items()
              if name in shapes and list(value.shape) != shapes[name]]
    if lines:
        raise Failure("\n".join([f"{path}: does not go with the network {net}:", *lines]))
    arrays = {}
    for name in sorted(shapes):
        value = state[name]
        if not value.is_floating_point():
            raise Failure(f"{path}: {name} is of type {value.dtype}, not of floating point")
        array = value.detach().float().contiguous().numpy()
        if not (abs(array) < float("inf")).all():  # false for NaN too
            raise Failure(f"{path}: {name} has values that are not finite")
        arrays[name] = array
    return arrays


def write(path, metadata, arrays):
    """The file appears whole or not at all."""
    header, at = {"__metadata__": metadata}, 0
    for name, array in arrays.items():
        header[name] = {"dtype": "F32", "shape": list(array.shape),
                        "data_offsets": [at, at + array.nbytes]}
        at += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    temporary = f"{path}.{os.getpid()}.part"
    try:
        with open(temporary, "xb") as file:
            file.write(struct.pack("<Q", len(text)) + text)
            for array in arrays.values():
                file.write(array.astype("<f4").tobytes())
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise Failure(f"{path}: cannot be written: {error.strerror}") from error
    finally:
        pathlib.Path(temporary).unlink(missing_ok=True)


def working_size(text):
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 16384:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 1 to 16384")
    return int(text)


def convert(options):
    if os.path.exists(options.output) and any(
            os.path.exists(other) and os.path.samefile(options.output, other)
            for other in (options.checkpoint, options.net)):
        raise Failure(f"{options.output}: is one of the inputs; name another file to write")
    if not os.path.isfile(options.checkpoint):
        what = "is a directory" if os.path.isdir(options.checkpoint) else "no such file"
        raise Failure(f"{options.checkpoint}: {what}")
    network = read_network(options.program, options.net)
    state, notes = load(options.checkpoint)
    arrays = match(state, network["tensors"], options.checkpoint, options.net)
    notes = {"converted_from": os.path.basename(options.checkpoint), **notes}
    metadata = {"autochrome.net": network["description"],
                "autochrome.training": json.dumps(notes)}
    if options.working_size:
        metadata["autochrome.working_size"] = str(options.working_size)
    write(options.output, metadata, arrays)
    count = sum(array.size for name, array in arrays.items() if ".running_" not in name)
    print(f"{options.output}: {len(arrays)} tensors, {count:,} parameters")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n\n", 1)[0].replace("\n", " "),
        epilog="\n\n".join(__doc__.strip().split("\n\n")[1:]),
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help="what torch.save() wrote")
    parser.add_argument("net", metavar="NET",
                        help="the network: a description (.net) or the name of one in samples/nets")
    parser.add_argument("-o", "--output", metavar="MODEL", required=True,
                        help="the .safetensors file to write; one that is there is replaced")
    parser.add_argument("--working-size", metavar="N", type=working_size,
                        help="short side of pictures that the model works best at")
    parser.add_argument("--program", metavar="FILE", default=str(ROOT / "build/autochrome"),
                        help="the autochrome to ask (build/autochrome)")
    try:
        convert(parser.parse_args())
    except Failure as failure:
        print(f"pt2safetensors: error: {failure}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
