"""Reads and writes .safetensors files of float16 and float32 tensors; needs NumPy."""
import json
import os
import pathlib
import struct

import numpy as np

TYPES = {"F16": "<f2", "F32": "<f4"}


def read(path):
    """(metadata, {name: array of the type it has in the file}); tensors of other types are passed over."""
    data = pathlib.Path(path).read_bytes()
    size, = struct.unpack_from("<Q", data)
    header = json.loads(data[8:8 + size])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        if entry["dtype"] in TYPES:
            begin, end = (8 + size + at for at in entry["data_offsets"])
            tensors[name] = np.frombuffer(data[begin:end], TYPES[entry["dtype"]]).reshape(entry["shape"])
    return metadata, tensors


def write(path, metadata, tensors):
    """In the order given; whole or not at all."""
    header, at = {"__metadata__": metadata}, 0
    for name, values in tensors.items():
        kind = "F16" if values.dtype == np.float16 else "F32"
        tensors[name] = values = values.astype(TYPES[kind])
        header[name] = {"dtype": kind, "shape": list(values.shape),
                        "data_offsets": [at, at + values.nbytes]}
        at += values.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    part = f"{path}.part"
    with open(part, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for values in tensors.values():
            file.write(values.tobytes())
    os.replace(part, path)
