"""autochrome run: NumPy arrays in and out.

usage: test_run.py PROGRAM
"""

import math
import os
import signal
import stat
import struct
import subprocess

import harness
from harness import (DEFAULT_MODEL, GOLDEN, SOURCE, check, check_fails, folder, lightness, program,
                     read_npy, relative_error, run, write, write_npy)

TOLERANCE = 1e-4
output = folder / "ab.npy"

if not harness.has_device():
    harness.skip("no Vulkan device")

header, data = harness.model_parts("net1")
model = harness.write_safetensors("small.safetensors", header, data)


def run_model(path, *arguments, net=model, **options):
    output.unlink(missing_ok=True)
    result = run("run", net, "--input", path, "-o", output, *arguments, **options)
    if not check(result.returncode == 0, f"run {path.name}", result):
        return (), []
    check(result.stdout == "", f"run {path.name}: nothing on standard output", result)
    return read_npy(output)


def check_refused(what, path, *says, status=1):
    output.unlink(missing_ok=True)
    check_fails(run("run", model, "--input", path, "-o", output), status, what, *says)
    check(not output.exists() and not list(folder.glob("*.part")), f"{what}: no file")


# The default model against what PyTorch made of the same picture.
picture = harness.tensor(GOLDEN, "L")
expected = harness.tensor(GOLDEN, "ab")
golden = write_npy("golden.npy", (192, 256), picture)
for net in "default", DEFAULT_MODEL:
    shape, ab = run_model(golden, net=net)
    error = relative_error(ab, expected)
    print(f"default model: largest error {error:.3g} of the largest value")
    check(shape == (2, 96, 128), "the default model's shape", shape)
    check(error < TOLERANCE, "the default model's values", error)

# Odd sizes, one picture, several, all kinds of floats: always the same values.
values = lightness(13 * 11)
small = write_npy("small.npy", (13, 11), values)
shape, one = run_model(small)
check(shape == (2, 13, 11), "CxHxW for HxW", shape)
check(max(one) > 0 and all(map(math.isfinite, one)), "values", one[:9])
again = output.read_bytes()
run_model(small)
check(output.read_bytes() == again, "the same bytes every time")
shape, four = run_model(write_npy("four.npy", (1, 1, 13, 11), values))
check(shape == (1, 2, 13, 11) and four == one, "1x1xHxW", shape)
other = lightness(2 * 13 * 11)[13 * 11:]
shape, batch = run_model(write_npy("batch.npy", (3, 1, 13, 11), values + other + values))
check(shape == (3, 2, 13, 11), "NxCxHxW", shape)
check(batch[:286] == one and batch[572:] == one, "each picture by itself")
check(batch[286:572] != one and batch[286:572] == run_model(
    write_npy("other.npy", (13, 11), other))[1], "another picture")
whole = [float(round(value)) for value in values]
_, rounded = run_model(write_npy("f4.npy", (13, 11), whole))
for descr in "<f8", "<f2", ">f4", ">f8", ">f2":
    _, same = run_model(write_npy("typed.npy", (13, 11), whole, descr))
    check(same == rounded, f"values of type {descr}")
columns = [whole[y * 11 + x] for x in range(11) for y in range(13)]
for shape in (13, 11), (1, 1, 13, 11):
    _, same = run_model(write_npy("columns.npy", shape, columns, fortran_order=True))
    check(same == rounded, f"Fortran order, {shape}")
for version in 2, 3:
    _, same = run_model(write_npy("version.npy", (13, 11), whole, version=version))
    check(same == rounded, f"version {version}")
payload = struct.pack("<143f", *whole)
for text in ('{"shape": (13L, 11L), "fortran_order": False, "descr": "<f4"}',
             "{ 'descr' : '<f4' , 'fortran_order' : False , 'shape' : ( 13 , 11 , ) , }"):
    _, same = run_model(write("spaced.npy", harness.npy_header(text) + payload))
    check(same == rounded, f"header {text}")
for size in (1, 1), (1, 9), (9, 1), (2, 3), (65, 130):
    shape, same = run_model(write_npy("size.npy", size, lightness(size[0] * size[1])))
    check(shape == (2, *size) and all(map(math.isfinite, same)), f"size {size}", shape)

# What is odd is said; -q keeps warnings.
bright = run("run", model, "--input", write_npy("bright.npy", (4, 4), [255.0] * 16), "-o", output,
             "-q")
check(bright.returncode == 0 and "0 to 100" in bright.stderr, "0..255 instead of lightness", bright)
check(len(bright.stderr.splitlines()) == 1, "one warning", bright)

# The output.
output.write_text("old")
check(run("run", model, "--input", small, "-o", output).returncode == 0 and
      output.read_bytes() == again, "a file that is there is replaced")
kept = small.read_bytes()
check_fails(run("run", model, "--input", small, "-o", small), 2, "output is input", "small.npy")
os.link(small, folder / "link.npy")
check_fails(run("run", model, "--input", small, "-o", folder / "link.npy"), 2, "by another name",
            "link.npy")
check(small.read_bytes() == kept, "the input is left alone")
check_fails(run("run", model, "--input", small, "-o", model), 2, "output is the model",
            "is the model itself")
check(run("inspect", model).returncode == 0, "the model is left alone")
check_fails(run("run", model, "--input", small, "-o", folder / "no/ab.npy"), 1, "no such folder",
            "no/ab.npy: cannot be written: No such file")
check_fails(run("run", model, "--input", small, "-o", folder), 1, "output is a folder",
            "is a directory")
check_fails(run("run", model, "--input", small, "-o", "/dev/full"), 1, "a device",
            "not a regular file")
if os.geteuid() != 0:
    (folder / "closed").mkdir(mode=stat.S_IRUSR | stat.S_IXUSR)
    check_fails(run("run", model, "--input", small, "-o", folder / "closed/ab.npy"), 1,
                "a folder that cannot be written to", "Permission denied")

# Wrong use.
output.unlink()
check_fails(run("run"), 2, "no model", "no MODEL given")
check_fails(run("run", model, "-o", output), 2, "no input", "--input")
check_fails(run("run", model, "--input", small), 2, "no output", "-o")
check_fails(run("run", "no-such", "--input", small, "-o", output), 1, "no such model", "'no-such'")

# Input that is none.
check_refused("no such file", folder / "absent.npy", "absent.npy: cannot be opened")
check_refused("a folder", folder, "is a directory")
check_refused("an empty file", write("empty.npy", ""), "is empty")
check_refused("a text", write("text.npy", "lightness\n"), "does not begin as one")
check_refused("a model", model, "does not begin as one")
check_refused("a film", SOURCE / "samples/chaplin.mp4", "does not begin as one")
check_refused("the beginning", write("begin.npy", b"\x93NUM"), "does not begin as one")
check_refused("no header", write("begin.npy", b"\x93NUMPY\x01\x00"), "its header")
check_refused("version 9", write("nine.npy", b"\x93NUMPY\x09\x00" + kept[8:]), "version")
raw = small.read_bytes()
check_refused("a truncated file", write("cut.npy", raw[:-1]), "(13, 11)", "truncated")
check_refused("a truncated header", write("cut.npy", raw[:50]), "longer than the file")
check_refused("more than an array", write("more.npy", raw + b"1234"), "4 bytes follow")
check_refused("a header of 4 GiB", write("huge.npy", b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + raw),
              "longer than the file")
check_refused("a header of a mebibyte", write(
    "huge.npy", b"\x93NUMPY\x02\x00" + struct.pack("<I", 1 << 20) + b" " * (1 << 20) + raw),
    "absurdly long")
HEADER = "{'descr': '<f4', 'fortran_order': False, 'shape': (13, 11), }"
for old, new, says in (
        ("(13, 11)", f"({1 << 40}, {1 << 20})", "truncated"),
        ("(13, 11)", f"({1 << 62}, 4)", "header"),
        ("(13, 11)", f"({10 ** 30}, 1)", "header"),
        ("(13, 11)", "(-13, -11)", "header"),
        ("(13, 11)", "(13 11)", "header"),
        ("(13, 11)", "(13, 11", "header"),
        ("(13, 11)", "[13, 11]", "header"),
        ("(13, 11)", "(" + "1, " * 40 + ")", "header"),
        ("(13, 11)", "(143,)", "(143,); HxW or Nx1xHxW"),
        ("(13, 11)", "(1, 13, 11)", "HxW or Nx1xHxW"),
        ("(13, 11)", "(13, 11, 1, 1)", "HxW or Nx1xHxW"),
        ("(13, 11)", "(1, 1, 1, 13, 11)", "HxW or Nx1xHxW"),
        ("(13, 11)", "()", "bytes follow"),
        ("(13, 11)", "(0, 11)", "bytes follow"),
        ("<f4", "<i4", "'<i4'; save array.astype('float32')"),
        ("<f4", "|u1", "'|u1'"),
        ("<f4", "<c8", "'<c8'"),
        ("<f4", "<f3", "'<f3'"),
        ("<f4", "f" * 99, "header"),
        ("'<f4'", "[('x', '<f4')]", "header"),
        ("'<f4'", "__import__('os')", "header"),
        ("'descr': '<f4', ", "", "header"),
        ("False", "None", "header"),
        ("False", "0", "header"),
        ("{", "", "header"),
        ("}", "", "header"),
        ("}", "} more", "header"),
        ("'shape'", "'form'", "header"),
        ("'descr': ", "'descr': '<f4', 'descr': ", "header"),
        ("'descr'", "'de\0scr'", "header")):
    check_refused(f"header with {new[:40]}", write(
        "header.npy", harness.npy_header(HEADER.replace(old, new)) + payload), says)
check_refused("no pictures", write("none.npy", harness.npy_header(
    HEADER.replace("(13, 11)", "(0, 1, 13, 11)"))), "no picture")
check_refused("columns of several", write_npy("columns.npy", (2, 1, 3, 4), lightness(24),
                                              fortran_order=True), "np.ascontiguousarray")
for value in math.nan, math.inf:
    check_refused(f"a {value}", write_npy("nan.npy", (3, 4), [1.0] * 7 + [value] * 5),
                  "value number 7 is not")
check_refused("more than a float32 holds", write_npy("wide.npy", (1, 2), [0.0, 1e300], "<f8"),
              "value number 1 is not")
# 64 GiB that take no room on the disk: refused before any memory is taken.
sparse = write("sparse.npy", harness.npy_header(HEADER.replace("13, 11", f"{1 << 17}, {1 << 17}")))
os.truncate(sparse, sparse.stat().st_size + (1 << 36))
check_refused("a picture larger than the device's memory", sparse, "MiB")

# Results that overflow are no results.
overflow = harness.write_safetensors("loud.safetensors", {
    "__metadata__": {"autochrome.net": "input L\ny = conv2d(L, 2, kernel=1, bias=0)\noutput ab\n"},
    "y.weight": {"dtype": "F32", "shape": [2, 1, 1, 1], "data_offsets": [0, 8]},
}, struct.pack("<2f", 3e38, 3e38))
check_fails(run("run", overflow, "--input", small, "-o", output), 1, "an overflow", "not finite")
check(not output.exists() and not list(folder.glob("*.part")), "an overflow: no file")

# Ctrl-C while pictures are coloured.
pictures = write("many.npy", harness.npy_header(HEADER.replace("13, 11", "300, 1, 256, 256")))
os.truncate(pictures, pictures.stat().st_size + 300 * 256 * 256 * 4)
with subprocess.Popen([program, "run", "default", "--input", pictures, "-o", output],
                      env=harness.environment(), stderr=subprocess.PIPE, text=True) as process:
    while process.poll() is None and not list(folder.glob("*.part")):
        pass
    process.send_signal(signal.SIGINT)
    message = process.communicate()[1]
check(process.returncode == 1 and "interrupted: " in message, "interrupted", message)
check(not output.exists() and not list(folder.glob("*.part")), "interrupted: no file")

harness.finish()
