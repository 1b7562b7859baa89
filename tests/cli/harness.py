"""What the tests of the program's commands share: running it, checking, files made by hand."""

import array
import ast
import json
import math
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import checks  # noqa: E402
from checks import check  # noqa: E402

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
GOLDEN = SOURCE / "tests/golden/default_io.safetensors"
DEFAULT_MODEL = SOURCE / "samples/models/default.safetensors"
SKIPPED = 77

program = os.path.abspath(sys.argv[1])
# Every test has a folder of its own, gone at its end.
_folder = tempfile.TemporaryDirectory(prefix="autochrome-test-")
folder = pathlib.Path(_folder.name)


def environment(**changes):
    """Without the settings of whoever runs the tests, and with a cache folder of the test's own."""
    result = {k: v for k, v in os.environ.items()
              if not k.startswith("AUTOCHROME_") or k == "AUTOCHROME_VALIDATION"}
    result.setdefault("XDG_CACHE_HOME", str(folder / "cache"))
    result.update(changes)
    return {k: v for k, v in result.items() if v is not None}


def run(*arguments, command=None, **changes):
    return subprocess.run([*(command or [program]), *map(os.fspath, arguments)],
                          env=environment(**changes), stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, errors="replace", check=False)


def check_fails(result, status, what, *says):
    """One clear line, nothing on standard output, the right exit status."""
    lines = result.stderr.splitlines()
    check(result.returncode == status, f"{what}: exit status {status}", result)
    check(result.stdout == "", f"{what}: nothing on standard output", result)
    check(len(lines) == 1 and lines[0].startswith("autochrome: error: "), f"{what}: one line",
          result)
    for text in says:
        check(str(text) in result.stderr, f"{what}: says {text}", result)


def finish():
    _folder.cleanup()
    checks.finish()


def skip(why):
    _folder.cleanup()
    print("skipped:", why)
    sys.exit(SKIPPED)


def write(name, data):
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


# .npy files.

def npy_header(text, version=1):
    text = text.encode()
    start = b"\x93NUMPY" + bytes([version, 0])
    text += b" " * (-(len(start) + (2 if version == 1 else 4) + len(text) + 1) % 64) + b"\n"
    return start + struct.pack("<H" if version == 1 else "<I", len(text)) + text


def write_npy(name, shape, values, descr="<f4", fortran_order=False, version=1):
    code = {"f2": "e", "f4": "f", "f8": "d"}[descr[1:]]
    header = npy_header(f"{{'descr': '{descr}', 'fortran_order': {fortran_order}, "
                        f"'shape': {tuple(shape)}, }}", version)
    return write(name, header + struct.pack(f"{descr[0]}{len(values)}{code}", *values))


def read_npy(path):
    """(shape, values) of a float32 array as the program writes it."""
    data = pathlib.Path(path).read_bytes()
    size = struct.unpack("<H", data[8:10])[0]
    header = ast.literal_eval(data[10:10 + size].decode())
    values = array.array("f", data[10 + size:])
    check(data[:8] == b"\x93NUMPY\x01\x00" and (10 + size) % 64 == 0, f"{path}: begins right")
    check(header["descr"] == "<f4" and header["fortran_order"] is False, f"{path}: header", header)
    check(len(values) == math.prod(header["shape"]), f"{path}: as many values as it says", header)
    return header["shape"], values


# .safetensors files.

def read_safetensors(path):
    """(header, bytes after it)"""
    data = pathlib.Path(path).read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    return json.loads(data[8:8 + size]), data[8 + size:]


def write_safetensors(name, header, data):
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return write(name, struct.pack("<Q", len(text)) + text + data)


def tensor(path, name):
    header, data = read_safetensors(path)
    begin, end = header[name]["data_offsets"]
    return array.array("f", data[begin:end])


def relative_error(values, expected):
    """The largest difference in parts of the largest value; infinite where there is a NaN."""
    if len(values) != len(expected):
        return math.inf
    largest = max(map(abs, expected))
    differences = [abs(a - b) for a, b in zip(values, expected)]
    return max(differences) / largest if all(map(math.isfinite, differences)) else math.inf


def close(a, b):
    return math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-12)


def lightness(count):
    """A picture's worth of numbers from 0 to 100, always the same ones."""
    return [(i * 37 + i * i * 11) % 1009 / 10.1 for i in range(count)]


def has_device():
    """False too where a file that AC_TEST_NEEDS names (a driver, the validation layer) is not."""
    needs = os.environ.get("AC_TEST_NEEDS")
    return (not needs or os.path.exists(needs)) and run("devices", "-q").returncode == 0


def model_parts(net):
    """(header, bytes) of a model of samples/nets/`net`.net with weights made up."""
    network = json.loads(run("inspect", net, "--json").stdout)
    header = {"__metadata__": {"autochrome.net": network["description"]}}
    data, at = bytearray(), 0
    for number, one in enumerate(sorted(network["tensors"], key=lambda one: one["name"])):
        count = math.prod(one["shape"])
        middle = 1 if one["name"].endswith(("_bn.weight", "running_var")) else 0
        fan_in = math.prod(one["shape"][1:]) or 1
        data += struct.pack(f"<{count}f", *(
            middle + ((i * 7919 + number * 104729) % 1999 - 999) / 999 / math.sqrt(fan_in) / 2
            for i in range(count)))
        header[one["name"]] = {"dtype": "F32", "shape": one["shape"],
                               "data_offsets": [at, len(data)]}
        at = len(data)
    return header, bytes(data)
