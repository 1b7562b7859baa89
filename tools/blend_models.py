#!/usr/bin/env python3
"""Blends models of one network: each weight becomes the mean of theirs. The mean of two trainings that
began with the same weights is often better than either (Izmailov et al. 2018, Averaging weights leads to
wider optima; Wortsman et al. 2022, Model soups). With --colours, what comes out is multiplied.

The first model's description, working size and training record are kept, with a note of the blend.

Needs NumPy (Debian: python3-numpy).
"""
import argparse
import json
import os
import re
import struct
import sys

import numpy as np

import safetensors_file

NET_KEY, RECORD_KEY = "autochrome.net", "autochrome.training"


class Failure(Exception):
    """What a person is told."""


def read(path):
    """Metadata and tensors."""
    try:
        metadata, tensors = safetensors_file.read(path)
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}") from error
    except (AttributeError, KeyError, TypeError, ValueError, struct.error):
        metadata, tensors = {}, {}
    if NET_KEY not in metadata:
        raise Failure(f"{path}: is no model: `autochrome inspect {path}` says more")
    return metadata, tensors


def multiply_colours(description, factor):
    """In the description's last line: output NAME [scale=NUMBER] ..."""
    return re.sub(r"^(output \S+)(?: scale=([\d.]+))?",
                  lambda match: f"{match[1]} scale={float(match[2] or 1) * factor:g}", description,
                  flags=re.MULTILINE)


def blend(models, colours):
    """models: pairs of path and share, that add up to 1."""
    metadata, tensors = read(models[0][0])
    total = {name: np.zeros(values.shape) for name, values in tensors.items()}
    for path, share in models:
        _, theirs = read(path)
        if {n: v.shape for n, v in theirs.items()} != {n: v.shape for n, v in tensors.items()}:
            raise Failure(f"{path}: is of another network than {models[0][0]}")
        for name, values in theirs.items():
            total[name] += share * values.astype(np.float64)
    if colours != 1:
        metadata[NET_KEY] = multiply_colours(metadata[NET_KEY], colours)
    record = json.loads(metadata.get(RECORD_KEY, "{}"))
    said = ", ".join(f"{share:g} of {os.path.basename(path)}" for path, share in models)
    record["notes"] = "; ".join(filter(None, [record.get("notes"), f"a blend: {said}"]))
    metadata[RECORD_KEY] = json.dumps(record, separators=(",", ":"))
    return metadata, {name: total[name].astype(values.dtype) for name, values in tensors.items()}


def model_and_share(text):
    path, _, share = text.rpartition(":")
    if not path or not re.fullmatch(r"0?\.\d+", share):
        raise argparse.ArgumentTypeError(f"{text} is not MODEL:SHARE, such as a.safetensors:0.5")
    return path, float(share)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("models", nargs="+", type=model_and_share, metavar="MODEL:SHARE",
                        help="a .safetensors file and its part of the blend; all parts add up to 1")
    parser.add_argument("-o", "--output", required=True, help="the .safetensors file to write")
    parser.add_argument("--colours", type=float, default=1, metavar="FACTOR",
                        help="multiplies a and b, for instance by 1.14 (default: 1)")
    options = parser.parse_args()
    if abs(sum(share for _, share in options.models) - 1) > 1e-6:
        parser.error("the shares do not add up to 1")
    if options.colours <= 0:
        parser.error("--colours: must be above 0")
    try:
        safetensors_file.write(options.output, *blend(options.models, options.colours))
    except (Failure, OSError) as error:
        sys.exit(f"blend_models: error: {error}")


if __name__ == "__main__":
    main()
