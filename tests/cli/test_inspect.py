"""autochrome inspect: its numbers, its JSON, its drawings, what it refuses.

usage: test_inspect.py PROGRAM
"""

import json
import re
import xml.etree.ElementTree as xml

import harness
from harness import DEFAULT_MODEL, SOURCE, check, check_fails, folder, run, write

SVG = "{http://www.w3.org/2000/svg}"
PARAMETERS = {
    "landmark": 889082,
    "landmark-plain": 364026,
    "net1": 67458,
    "net2": 330178,
    "net4": 1544826,
    "net5": 2594170,
    "net6": 3643514,
    "mobile": 2988514,
    "default": 2988514,
}


def inspect_json(*arguments):
    result = run("inspect", *arguments, "--json")
    what = " ".join(map(str, arguments))
    check(result.returncode == 0 and result.stderr == "", f"inspect {what} --json", result)
    return json.loads(result.stdout)


def check_drawing(path, network, what):
    """Well-formed, one box for every layer, each within the sheet and none over another."""
    root = xml.parse(path).getroot()
    check(root.tag == SVG + "svg", f"{what}: is an SVG", root.tag)
    boxes = [group for group in root.iter(SVG + "g") if group.get("class") == "layer"]
    check(len(boxes) == len(network["layers"]) - 1, f"{what}: one box a layer", len(boxes))
    names = [box.find(SVG + "title").text.split(":")[0] for box in boxes]
    check(names == [layer["name"] for layer in network["layers"][1:]], f"{what}: names", names)
    width, height = float(root.get("width")), float(root.get("height"))
    frames = []
    for box in boxes:
        rect = box.find(SVG + "rect")
        x, y, w, h = (float(rect.get(key)) for key in ("x", "y", "width", "height"))
        check(0 <= x and x + w <= width and 0 <= y and y + h <= height, f"{what}: on the sheet")
        frames.append((x, y, w, h))
    overlaps = [(a, b) for i, a in enumerate(frames) for b in frames[:i]
                if abs(a[0] - b[0]) < a[2] and abs(a[1] - b[1]) < a[3]]
    check(not overlaps, f"{what}: boxes over each other", overlaps)
    check("nan" not in path.read_text().lower().replace("nan_", ""), f"{what}: all are numbers")
    lines = [path for path in root.iter(SVG + "path") if path.get("class")]
    inputs = sum(len(layer["inputs"]) for layer in network["layers"])
    check(len(lines) == inputs + 1, f"{what}: a line for every input", len(lines))


for name, parameters in PARAMETERS.items():
    drawing = folder / f"{name}.svg"
    network = inspect_json(name, "--svg", drawing)
    check(network["parameters"] == parameters, f"{name}: parameters", network["parameters"])
    layers, tensors = network["layers"], network["tensors"]
    check(sum(layer["parameters"] for layer in layers) == parameters, f"{name}: sum of the layers")
    check(sum(layer["multiply_adds"] for layer in layers) == network["multiply_adds"],
          f"{name}: multiply-adds")
    trained = 0
    for tensor in tensors:
        size = 1
        for side in tensor["shape"]:
            size *= side
        trained += size if tensor["trained"] else 0
    check(trained == parameters, f"{name}: sum of the tensors", trained)
    check(all(i < layer["number"] for layer in layers for i in layer["inputs"]), f"{name}: order")
    memory = network["memory"]
    check(memory["total"] == memory["activations"] + memory["weights"] + memory["io"],
          f"{name}: memory", memory)
    check(network["has_weights"] == (name == "default"), f"{name}: has weights")
    check_drawing(drawing, network, name)
    text = run("inspect", name)
    check(text.returncode == 0 and f"{parameters:,}" in text.stdout, f"{name}: the table", text)
    check(len([line for line in text.stdout.splitlines() if line.startswith("conv1 ")]) ==
          (name not in ("mobile", "default")), f"{name}: a row a layer", text)

# What PyTorch would say of the first convolution: 32 maps of 48x64 from 1x4x4 each.
network = inspect_json("landmark", "--size", "96x128")
first = network["layers"][1]
check(first["name"] == "conv1" and first["multiply_adds"] == 32 * 48 * 64 * 16, "conv1", first)
check((first["channels"], first["height"], first["width"]) == (32, 48, 64), "conv1's shape", first)
check(first["kernel"] == [4, 4] and first["padding"] == [1] * 4 and first["groups"] == 1 and
      first["fused"] == ["batchnorm", "relu"], "conv1's arguments", first)
check(network["layers"][3]["parameters"] == 131456, "conv3: with its batch norm's")
check(network["size_multiple"] == [8, 8] and network["working_size"] is None, "sizes", network)
check(network["tensors"][0] == {"name": "conv1.weight", "shape": [32, 1, 4, 4], "trained": True},
      "tensors", network["tensors"][0])

# Sizes: the model's own, N for NxN, any that is padded.
default = inspect_json("default")
check(default["input"] == {"channels": 1, "height": 192, "width": 192}, "the working size")
check(default["output"] == {"channels": 2, "height": 96, "width": 96}, "half of it comes out")
check("MobileNetV2" in default["training"]["notes"], "training record", default["training"])
check("MobileNetV2" in run("inspect", "default").stdout, "training record in the table")
check(inspect_json("net1", "--size", "64")["input"]["width"] == 64, "--size 64 is 64x64")
odd = inspect_json("landmark", "--size", "37x53")
check(odd["padded_input"] == {"channels": 1, "height": 40, "width": 56}, "odd sizes are padded")
check(odd["output"] == {"channels": 2, "height": 37, "width": 53}, "and cropped")
large = inspect_json("landmark", "--size", "4320x7680")
check(large["memory"]["total"] > 2**30, "8K", large["memory"])
check(inspect_json(SOURCE / "samples/nets/net2.net")["parameters"] == PARAMETERS["net2"], "a file")
check(inspect_json(DEFAULT_MODEL)["parameters"] == PARAMETERS["default"], "a model's file")

# A training record that is JSON is kept as such.
header, data = harness.read_safetensors(DEFAULT_MODEL)
header["__metadata__"]["autochrome.training"] = json.dumps({"steps": 12, "loss": {"last": 0.5}})
recorded = harness.write_safetensors("recorded.safetensors", header, data)
check(inspect_json(recorded)["training"]["loss"]["last"] == 0.5, "a record of JSON")
check(re.search(r'^  steps: 12\n  loss: \{"last": 0.5\}$', run("inspect", recorded).stdout,
                re.MULTILINE), "a record of JSON in the table")
header["__metadata__"]["autochrome.training"] = "\033[31mred\033[0m \x07 line\nnext"
recorded = harness.write_safetensors("recorded.safetensors", header, data)
shown = run("inspect", recorded)
check(shown.returncode == 0 and "red" in shown.stdout and "\033" not in shown.stdout and
      "\x07" not in shown.stdout, "a record with control characters", shown)

# Networks of other kinds.
NETS = {
    "one.net": "input L\ny = relu(L)\noutput ab\n",
    "encoder.net": "input L\ny = conv2d(L, 5, kernel=3, stride=3) sigmoid\n",
    "attention.net": """input L scale=0.01
a = conv2d(L, 16, kernel=3, padding=1) leaky_relu(slope=0.1)
p = maxpool2d(a, kernel=2) relu
g = global_avgpool(p)
g1 = conv2d(g, 16, kernel=1) sigmoid
s = add(p, g1)
q = avgpool2d(s, kernel=2)
c = conv2d(q, 32, kernel=5x3, padding=2:1:2:1, groups=4)
n = batchnorm(c) tanh
u = upsample(n, factor=2, mode=bilinear)
j = concat(u, s, p, u)
k = concat(j, s)
m = add(k, k)
b = conv2d(m, 4, kernel=1)
d = conv2d(m, 4, kernel=1)
e = batchnorm(b) relu
y = upsample(e, factor=4)
z = upsample(d, factor=4)
out = add(z, y)
output x
""",
    "long.net": "input L\n" + "".join(
        f"x{i} = conv2d({'x%d' % (i - 1) if i else 'L'}, 8, kernel=3, padding=1) relu\n"
        for i in range(300)),
    "waves.net": "input L\nx0 = conv2d(L, 8, kernel=2, stride=2)\n" + "".join(
        f"y{i} = conv_transpose2d(x{i}, 8, kernel=2, stride=2)\n"
        f"x{i + 1} = conv2d(y{i}, 8, kernel=2, stride=2)\n" for i in range(5)),
    "a<b> & \"c\" 'd'.net": "input L\ny = conv2d(L, 2, kernel=1)\noutput ab scale=110\n",
}
for name, text in NETS.items():
    path, drawing = write(name, text), folder / "drawing.svg"
    network = inspect_json(path, "--svg", drawing)
    check_drawing(drawing, network, name)
    check(network["description"] == text, f"{name}: its description")
    title = xml.parse(drawing).getroot().find(SVG + "title").text
    check(title == name, f"{name}: title", title)
attention = inspect_json(folder / "attention.net")
operations = [layer["operation"] for layer in attention["layers"]]
check(operations[:4] == ["input", "conv2d", "maxpool2d", "relu"], "operations", operations)
check(attention["layers"][1]["slope"] == 0.1 and attention["layers"][1]["fused"] == ["leaky_relu"],
      "a fused activation's slope")
# A name that is no UTF-8, and one that would speak to a terminal.
for raw in b"\xff\xfe.net", b"\033]0;title\007.net":
    path = folder / raw.decode(errors="surrogateescape")
    path.write_text(NETS["one.net"])
    network = inspect_json(path, "--svg", folder / "drawing.svg")
    check_drawing(folder / "drawing.svg", network, repr(raw))
    shown = run("inspect", path)
    check(shown.returncode == 0 and "\033" not in shown.stdout, f"{raw}: table", shown)
path.unlink()
check_fails(run("inspect", path), 1, "a name with control characters", "No such file")
check("\033" not in run("inspect", path).stderr, "control characters in messages")

# The drawing appears whole or not at all, and never in the place of what it shows.
path = write("kept.net", NETS["one.net"])
check_fails(run("inspect", path, "--svg", path), 2, "a drawing over the model", "kept.net")
check(path.read_text() == NETS["one.net"], "the model is left alone")
check_fails(run("inspect", path, "--svg", folder / "no/drawing.svg"), 1, "no such folder",
            "no/drawing.svg: cannot be written")
check_fails(run("inspect", path, "--svg", folder), 1, "a folder", "is a directory")
# The limit on a file's size makes write() fail as a full disk does.
full = harness.run("landmark", "--svg", folder / "full.svg", command=[
    "bash", "-c", 'ulimit -f 4; trap "" XFSZ; exec "$@"', "bash", harness.program, "inspect"])
check_fails(full, 1, "a full disk", "full.svg: writing failed")
check(not (folder / "full.svg").exists() and not list(folder.glob("*.part")), "nothing is left")

# Wrong use.
check_fails(run("inspect"), 2, "no model", "no MODEL given")
check_fails(run("inspect", "net1", "--size", "0"), 2, "--size 0", "--size")
check_fails(run("inspect", "net1", "--size", "12x"), 2, "--size 12x", "--size")
check_fails(run("inspect", "net1", "--size", "99999"), 2, "--size 99999", "--size")
check_fails(run("inspect", "no-such"), 1, "no such network", "'no-such' is neither a file")
check_fails(run("inspect", folder / "no.net"), 1, "no such file", "no.net: No such file")
check_fails(run("inspect", write("bad.net", "input L\ny = conv3d(L, 2)\n")), 1, "a bad description",
            "bad.net:2: unknown operation 'conv3d'")
check_fails(run("inspect", write("empty.net", "")), 1, "an empty description", "is empty")
check_fails(run("inspect", write("huge.net", "#" * (1 << 20) + "\n")), 1, "a huge description",
            "huge.net: has 1048577 bytes")

harness.finish()
