"""Models that are damaged, hostile or something else: one clear line and exit status 1, whoever is
asked to read them, and no output file.

usage: test_bad_models.py PROGRAM
"""

import copy
import json
import struct

import harness
from harness import SOURCE, check, check_fails, folder, run, write

header, data = harness.model_parts("net1")
whole = harness.write_safetensors("whole.safetensors", header, data)
good = run("inspect", whole)
check(good.returncode == 0, "the whole model", good)

picture = harness.write_npy("L.npy", (8, 8), harness.lightness(64))
output = folder / "ab.npy"
drawing = folder / "drawing.svg"


def check_model(what, path, *says):
    """Its name is in the message, and the problem."""
    for arguments in (("inspect", path), ("inspect", path, "--json"),
                      ("inspect", path, "--svg", drawing),
                      ("run", path, "--input", picture, "-o", output)):
        result = run(*arguments)
        check_fails(result, 1, f"{what}, {arguments[0]}", path.name, *says)
        check(not output.exists() and not drawing.exists(), f"{what}, {arguments[0]}: no file")
    check(not list(folder.glob("*.part")), f"{what}: no part of a file")


def changed(what, change, *says):
    """A model whose header and bytes `change` has had its way with."""
    new = copy.deepcopy(header)
    new_data = bytearray(data)
    result = change(new, new_data)
    path = harness.write_safetensors("bad.safetensors", new if result is None else result, new_data)
    check_model(what, path, *says)


def metadata(key, value):
    def change(new, _):
        new["__metadata__"][key] = value
    return change


def entry(name, **values):
    def change(new, _):
        new[name].update(values)
    return change


def put_value(name, value):
    def change(new, new_data):
        struct.pack_into("<f", new_data, new[name]["data_offsets"][0] + 4, value)
    return change


def description(text):
    return metadata("autochrome.net", text)


raw = whole.read_bytes()
text = json.dumps(header)

# The file.
check_model("a missing file", folder / "absent.safetensors", "No such file")
(folder / "folder.safetensors").mkdir()
check_model("a directory", folder / "folder.safetensors", "is a directory")
check_model("an empty file", write("empty.safetensors", ""), "is empty")
check_model("a text file", write("text.safetensors", "These are no weights.\n" * 40),
            "no .safetensors file")
check_model("a short text file", write("text.safetensors", "hello\n"), "only 6 bytes")
check_model("eight bytes", write("eight.safetensors", raw[:8]), "only 8 bytes")
check_model("a film", SOURCE / "samples/chaplin.mp4", "no .safetensors file")
check_model("truncated in the weights", write("cut.safetensors", raw[:-5]), "beyond the end")
check_model("truncated in the header", write("cut.safetensors", raw[:300]), "truncated")
check_model("bytes at the end", write("more.safetensors", raw + b"12345678"), "8 bytes after")

# The header.
for size in 1 << 42, (1 << 64) - 1, 1 << 63:
    check_model(f"a header of {size} bytes",
                write("header.safetensors", struct.pack("<Q", size) + raw[8:]), "claims", str(size))
check_model("a header longer than the file",
            write("header.safetensors", struct.pack("<Q", 1 << 20) + raw[8:1000]), "1048576", "1000")
for what, broken in {"no JSON": "{" + "x" * 200, "an array": "[1, 2, 3]", "a number": "12345678",
                     "deep nesting": "[" * 5000 + "]" * 5000, "no UTF-8": '{"\udcff": 1}',
                     "a key twice": '{"a": 1, "a": 2}', "nothing": "          "}.items():
    encoded = broken.encode(errors="surrogateescape")
    check_model(f"a header that is {what}", write(
        "header.safetensors", struct.pack("<Q", len(encoded)) + encoded), "its header is no JSON")

# Tensors.
name = "conv1.weight"
begin, end = header[name]["data_offsets"]
changed("a tensor's wrong shape", entry(name, shape=[32, 16]), name, "[32, 16]", "[32, 1, 4, 4]")
changed("a shape that asks for terabytes", entry(name, shape=[1 << 20, 1 << 20, 4, 4]), name)
changed("a shape beyond all numbers", entry(name, shape=[1 << 62, 1 << 62, 4, 4]), name, "absurdly")
changed("2^60 values", entry(name, shape=[1 << 57, 8]), name, "does not agree with its bytes")
changed("a negative size", entry(name, shape=[-32, -1, 4, 4]), name)
changed("a shape of texts", entry(name, shape=["32", 1, 4, 4]), name)
changed("no shape", entry(name, shape=None), name)
changed("offsets beyond the file", entry(name, data_offsets=[0, 1 << 44]), name, "beyond the end")
changed("offsets in reverse", entry(name, data_offsets=[end, begin]), name, "data_offsets")
changed("tensors over each other", entry(name, data_offsets=[begin - 4, end - 4]), "overlaps")
changed("whole numbers", entry(name, dtype="I32"), name, "I32")
changed("a type nobody knows", entry(name, dtype="F12"), name, "F12")
changed("an entry that is a text", lambda new, _: dict(new, **{name: "x"}), name)
changed("a NaN", put_value(name, float("nan")), name, "nan")
changed("an infinity", put_value("t_conv2.bias", float("-inf")), "t_conv2.bias", "-inf")
changed("a negative variance", put_value("conv1_bn.running_var", -1.0), "conv1_bn.running_var",
        "negative variance")


def rename(new, _):
    new["other.weight"] = new.pop(name)


changed("a tensor that is missing", rename, name, "is missing")

# The description.
net = header["__metadata__"]["autochrome.net"]
changed("no description", lambda new, _: new.pop("__metadata__") and None, "no network description")
changed("metadata that is no object", lambda new, _: dict(new, __metadata__=[1]), "__metadata__")
changed("metadata that is no text", metadata("autochrome.working_size", 192), "working_size")
changed("an unknown operation", description(net.replace("relu", "swish", 1)),
        "unknown operation 'swish'")
changed("no input", description("y = relu(L)\noutput ab\n"), ":1:")
changed("a value that is not there", description("input L\ny = relu(x)\noutput ab\n"), ":2:", "'x'")
changed("an empty description", description(""))
changed("control characters", description("input L\ny = relu(L)\033[31m\n"))
changed("more weights than memory", description(
    "input L\nx = conv2d(L, 65536, kernel=255)\ny = conv2d(x, 65536, kernel=255)\noutput ab\n"),
    "too many")
changed("a kernel beyond all use", description(net.replace("kernel=4", "kernel=30000", 1)),
        "kernel must be", "255")
changed("a billion channels", description(net.replace("32", "1000000000", 1)), "channels", "65536")
changed("too much striding", description("input L\n" + "".join(
    f"x{i + 1} = conv2d({'x%d' % i if i else 'L'}, 1, kernel=255, stride=255)\n"
    for i in range(9))), "smaller or larger")
changed("another network's description", description(net.replace("64", "48")), "the shape")
for size in "0", "-3", "many", "99999999999999999999", "":
    changed(f"a working size of '{size}'", metadata("autochrome.working_size", size),
            "working_size")

# Half of it is used.
only_encoder = copy.deepcopy(header)
only_encoder["__metadata__"]["autochrome.net"] = net.replace("output ab", "")
check(run("inspect", harness.write_safetensors("part.safetensors", only_encoder, data)).returncode
      == 0, "a network without output can be inspected")

# A description alone has no weights.
landmark = SOURCE / "samples/nets/landmark.net"
for net_name in "landmark", landmark:
    check_fails(run("run", net_name, "--input", picture, "-o", output), 1, "no weights",
                "without weights")
check(not output.exists(), "no weights: no file")

harness.finish()
