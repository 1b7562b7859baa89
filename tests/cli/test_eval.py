"""autochrome eval: figures against numpy's, films, sheets, bad input.

usage: test_eval.py PROGRAM

Skipped where there is no numpy, neither for this Python nor for the system's.
"""

import json
import math
import os
import re
import subprocess
import sys

SYSTEM_PYTHON = "/usr/bin/python3"

try:
    import numpy as np
except ImportError:
    can = os.path.exists(SYSTEM_PYTHON) and subprocess.run(
        [SYSTEM_PYTHON, "-c", "import numpy"], capture_output=True, check=False)
    if can and can.returncode == 0 and "AC_TEST_AGAIN" not in os.environ:
        os.environ["AC_TEST_AGAIN"] = "1"
        os.execv(SYSTEM_PYTHON, [SYSTEM_PYTHON, *sys.argv])
    print("skipped: no numpy")
    sys.exit(77)

import harness
from harness import DEFAULT_MODEL, check, check_fails, folder, run, write

if not harness.has_device():
    harness.skip("no Vulkan device")

# Colours in half of the picture's size, strong enough to leave the gamut here and there.
NET = """input L scale=0.02 offset=-1
x1 = conv2d(L, 5, kernel=4, stride=2, padding=1) batchnorm tanh
x2 = conv2d(x1, 6, kernel=3, padding=1) relu
x3 = concat(x1, x2)
x4 = global_avgpool(x3)
x5 = add(x3, x4)
out = conv2d(x5, 2, kernel=3, padding=1)
output ab scale=90
"""
model = harness.write_safetensors(
    "model.safetensors", *harness.model_parts(write("half.net", NET)))

# CIELAB, in double.
TO_XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
                   [0.0193339, 0.1191920, 0.9503041]])
WHITE = np.array([0.95047, 1, 1.08883])


def to_lab(rgb8):
    v = rgb8 / 255
    t = np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4) @ TO_XYZ.T / WHITE
    f = np.where(t > 216 / 24389, np.cbrt(t), (24389 / 27 * t + 16) / 116)
    return 116 * f[..., 1] - 16, np.stack([500 * (f[..., 0] - f[..., 1]),
                                           200 * (f[..., 1] - f[..., 2])])


def to_rgb(lightness, ab):
    y = (lightness + 16) / 116
    f = np.stack([y + ab[0] / 500, y, y - ab[1] / 200], -1)
    xyz = np.where(f ** 3 > 216 / 24389, f ** 3, (116 * f - 16) * 27 / 24389) * WHITE
    v = np.clip(xyz @ np.linalg.inv(TO_XYZ).T, 0, None)
    return np.clip(np.where(v <= 0.0031308, 12.92 * v, 1.055 * v ** (1 / 2.4) - 0.055), 0, 1)


def enlarge(plane, size):
    """Twice as large, bilinear, along one axis after the other."""
    for axis in 0, 1:
        n = plane.shape[axis]
        at = np.clip((np.arange(size[axis]) + 0.5) / 2 - 0.5, 0, n - 1)
        first = at.astype(int)
        second = np.minimum(first + 1, n - 1)
        part = (at - first)[:, None] if axis == 0 else at - first
        plane = np.take(plane, first, axis) * (1 - part) + np.take(plane, second, axis) * part
    return plane


def predict(lightness):
    """The network's colours at the picture's own size, from `autochrome run`."""
    np.save(folder / "L.npy", lightness.astype("float32"))
    result = run("run", model, "--input", folder / "L.npy", "-o", folder / "ab.npy")
    check(result.returncode == 0, "autochrome run", result)
    return np.stack([enlarge(plane.astype(float), lightness.shape)
                     for plane in np.load(folder / "ab.npy")])


def colourfulness(rgb):
    r, g, b = np.moveaxis(255 * rgb, -1, 0)
    x, y = r - g, (r + g) / 2 - b
    return math.hypot(x.std(), y.std()) + 0.3 * math.hypot(x.mean(), y.mean())


def gray_difference(ab):
    """CIEDE2000 to the gray of the same lightness: only the difference of chroma is left."""
    half = np.hypot(*ab) / 2
    a = ab[0] * (1.5 - 0.5 * np.sqrt(half ** 7 / (half ** 7 + 25 ** 7)))
    chroma = np.hypot(a, ab[1])
    return (chroma / (1 + 0.045 * chroma / 2)).mean()


def figures(rgb8):
    lightness, truth = to_lab(rgb8)
    ab = predict(lightness)
    rgb, gray = to_rgb(lightness, ab), to_rgb(lightness, 0 * ab)
    loss, gray_loss = ((rgb - rgb8 / 255) ** 2).mean(), ((gray - rgb8 / 255) ** 2).mean()
    return {"loss": loss, "psnr": -10 * math.log10(loss), "ab_error": np.abs(ab - truth).mean(),
            "colourfulness": colourfulness(rgb), "true_colourfulness": colourfulness(rgb8 / 255),
            "colourfulness_difference": colourfulness(rgb) - colourfulness(rgb8 / 255),
            "ratio": loss / gray_loss,
            "baseline": {"loss": gray_loss, "psnr": -10 * math.log10(gray_loss),
                         "ab_error": np.abs(truth).mean(),
                         "ciede2000": gray_difference(truth)}}


def near(value, expected, what, tolerance=2e-4):
    if isinstance(expected, dict):
        for key in expected:
            near(value[key], expected[key], f"{what}, {key}", tolerance)
    else:
        check(value is not None and abs(value - expected) <= tolerance * max(abs(expected), 0.01),
              f"{what}: {value} is not {expected}")


# Pictures and films made by hand.

def make(height, width, seed):
    """Soft colours with some noise."""
    y, x = np.mgrid[:height, :width]
    random = np.random.default_rng(seed)
    waves = [np.sin(x / random.uniform(3, 9) + y / random.uniform(3, 9) + k) for k in range(3)]
    noise = random.uniform(-20, 20, (height, width, 3))
    return np.clip(128 + 90 * np.stack(waves, -1) + noise, 0, 255).astype(np.uint8)


def ffmpeg(*arguments, data=None):
    result = subprocess.run(["ffmpeg", "-v", "error", "-y", *map(os.fspath, arguments)],
                            input=data, capture_output=True, check=False)
    check(result.returncode == 0, "ffmpeg", result.stderr.decode())
    return result.stdout


def encode(path, frames, *options):
    height, width = frames[0].shape[:2]
    path.parent.mkdir(exist_ok=True)
    ffmpeg("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", "10", "-i", "-",
           *options, path, data=b"".join(frame.tobytes() for frame in frames))
    return path


def decode(path):
    """Pixels of a picture, and (height, width)."""
    size = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "stream=width,height", "-of",
                           "csv=p=0", path], capture_output=True, text=True, check=False).stdout
    width, height = map(int, size.split(",")[:2])
    data = ffmpeg("-i", path, "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
    return np.frombuffer(data, np.uint8).reshape(height, width, 3)


def evaluate(*arguments):
    result = run("eval", "-m", model, "--json", *arguments)
    if not check(result.returncode == 0, f"eval {arguments[0]}", result):
        return {"pictures": [], "films": [], "mean": {}}, result
    return json.loads(result.stdout), result


def picture(*arguments):
    return evaluate(*arguments)[0]["pictures"][0]


# Figures. The short side is 48, so that pictures are measured as they are.
wide, tall = make(48, 64, 1), make(66, 48, 2)
gray = np.repeat(make(48, 64, 3)[..., :1], 3, -1)
pictures = folder / "pictures"
encode(pictures / "a1 wide.png", [wide])
encode(pictures / "a2 tall.png", [tall])
encode(pictures / "a10 gray.png", [gray])
expected = [figures(wide), figures(tall)]

measured, said = evaluate(pictures, "--size", "48")
first, second, third = measured["pictures"]
near(first, expected[0], "a wide picture")
near(second, expected[1], "a tall picture")
for value, one, size in (first, "a1 wide.png", [64, 48]), (second, "a2 tall.png", [48, 66]):
    check(value["file"] == str(pictures / one), "name", value)
    check([value["width"], value["height"]] == size and value["gray"] is False, "size", value)
    check(0 < value["ciede2000"] < 100, "CIEDE2000", value)
check(third["gray"] and third["ratio"] is None and third["true_colourfulness"] < 1e-4, "gray", third)
check(third["baseline"]["psnr"] > 60 and third["loss"] > 1e-4, "gray, its colours", third)
check(measured["gray"] == 1 and "1 of 3 is gray" in said.stderr, "gray is told", said)
check(measured["mean"]["count"] == 2, "gray is left out of the mean", measured["mean"])
for key in "loss", "psnr", "ab_error", "ciede2000", "colourfulness", "true_colourfulness":
    near(measured["mean"][key], (first[key] + second[key]) / 2, f"mean {key}", 1e-7)
near(measured["mean"]["ratio"], measured["mean"]["loss"] / measured["mean"]["baseline"]["loss"],
     "ratio of means", 1e-7)
check(measured["settings"]["size"] == 48 and measured["settings"]["crop"] is None and
      measured["model"] == str(model) and measured["frames"] == 3, "settings", measured)

# The table says the same.
table = run("eval", "-m", model, pictures, "--size", "48").stdout
check(max(map(len, table.splitlines())) < 80, "79 columns", table)
rows = {name.strip(): numbers.split() for name, numbers in
        re.findall(r"^(.{22}) +(\S+(?: +\S+){6})$", table, re.MULTILINE)}
for name, value in (("a1 wide.png", first), ("a2 tall.png", second), ("a10 gray.png", third),
                    ("mean of 2", measured["mean"])):
    wanted = [f"{value['loss']:.5f}", f"{value['psnr']:.2f}", f"{value['ab_error']:.2f}",
              f"{value['ciede2000']:.2f}", f"{value['colourfulness']:.1f}",
              f"{value['true_colourfulness']:.1f}",
              "-" if value["ratio"] is None else f"{value['ratio']:.3f}"]
    check(rows.get(name) == wanted, f"the table's {name}", (rows, wanted))
check(rows["the same left gray"][0] == f"{measured['mean']['baseline']['loss']:.5f}", "baseline",
      table)

# A long name keeps both its ends.
encode(pictures / "aé very long name of a picture 0001.png", [wide])
table = run("eval", "-m", model, pictures / "aé very long name of a picture 0001.png",
            "--size", "48").stdout
check(re.search(r"^aé very lon…e 0001\.png  ", table, re.MULTILINE), "a long name", table)
os.remove(pictures / "aé very long name of a picture 0001.png")

# Scaled down by averages: blocks of 2 x 2 are what they were. Enlarged: another size.
encode(folder / "large.png", [wide.repeat(2, 0).repeat(2, 1)])
near(picture(folder / "large.png", "--size", "48"), expected[0], "scaled down")
value = picture(folder / "large.png", "--size", "130")
check([value["width"], value["height"]] == [173, 130], "enlarged", value)
value = picture(pictures / "a1 wide.png")
check(min(value["width"], value["height"]) == 256, "256 where the model says nothing", value)
near(picture(pictures / "a2 tall.png", "--size", "48", "--crop", "32"), figures(tall[17:49, 8:40]),
     "the middle")

# Pictures that run together have the figures that each has alone; several operands; a list.
many = [make(48, 64, seed) for seed in range(10, 29)]
for number, pixels in enumerate(many):
    encode(folder / "many" / f"{number}.png", [pixels])
together = evaluate(folder / "many", "--size", "48")[0]["pictures"]
check([os.path.basename(one["file"]) for one in together] == [f"{i}.png" for i in range(19)],
      "natural order", together)
for number in 0, 7, 18:
    alone = picture(folder / "many" / f"{number}.png", "--size", "48")
    check(alone == together[number], f"picture {number} by itself", (alone, together[number]))
write("list.txt", "# pictures\nmany/7.png\npictures/a1 wide.png\n")
both = evaluate(folder / "list.txt", folder / "many/0.png", "--size", "48")[0]["pictures"]
check(both == [together[7], first, together[0]], "a list and a picture", both)

# Films: the same, and what happens over time.


def cdc(frames):
    counts = [[np.bincount(frame[..., k].ravel(), minlength=256) / frame[..., k].size
               for k in range(3)] for frame in frames]

    def entropy(p):
        return -(p[p > 0] * np.log(p[p > 0])).sum()

    def apart(t):
        return np.mean([[entropy((p + q) / 2) - (entropy(p) + entropy(q)) / 2
                         for p, q in zip(counts[i], counts[i + t])]
                        for i in range(len(counts) - t)])
    return np.mean([apart(t) for t in (1, 2, 4) if t < len(counts)])


def static_change(labs):
    changes = []
    for (l0, ab0), (l1, ab1) in zip(labs, labs[1:]):
        moved = np.pad(np.abs(l1 - l0) >= 1, 1)
        near_moved = np.any([moved[y:y + l0.shape[0], x:x + l0.shape[1]]
                             for y in range(3) for x in range(3)], 0)
        changes.append(np.hypot(*(ab1 - ab0))[~near_moved])
    return np.concatenate(changes).mean()


film = [wide.copy() for _ in range(7)]
for number, frame in enumerate(film):
    frame[8:24, 6 * number:6 * number + 12] = [200, 40 + 20 * number, 30]
    frame[40:, :, 0] ^= number % 2  # flickers a little
encode(folder / "film.mkv", film, "-c:v", "ffv1", "-pix_fmt", "bgr0")
labs = [to_lab(frame) for frame in film]
guesses = [(lightness, predict(lightness)) for lightness, _ in labs]
coloured = [np.rint(255 * to_rgb(*guess)).astype(np.uint8) for guess in guesses]
alone = [figures(frame) for frame in film]
measured, _ = evaluate(folder / "film.mkv", "--size", "48")
value = measured["films"][0]
check(not measured["pictures"] and value["frames"] == 7, "a film", measured)
for key in "loss", "psnr", "ab_error", "colourfulness":
    near(value[key], np.mean([one[key] for one in alone]), f"a film's {key}")
near(value["baseline"]["loss"], np.mean([one["baseline"]["loss"] for one in alone]), "a film's base")
near(value["true_cdc"], cdc(film), "CDC of the film")
near(value["cdc"], cdc(coloured), "CDC of its colours", 0.02)  # rounding to 8 bits
near(value["true_static_change"], static_change(labs), "static change of the film")
near(value["static_change"], static_change(guesses), "static change of its colours", 1e-3)
near(measured["mean"]["cdc"], value["cdc"], "mean CDC", 1e-7)
table = run("eval", "-m", model, folder / "film.mkv", "--size", "48").stdout
row = re.search(r"^film\.mkv +7 +(\S+) +(\S+) +(\S+) +(\S+)$", table, re.MULTILINE)
check(row and list(row.groups()) == [f"{value['cdc']:.5f}", f"{value['true_cdc']:.5f}",
                                     f"{value['static_change']:.3f}",
                                     f"{value['true_static_change']:.3f}"], "the film's row", table)

value = evaluate(folder / "film.mkv", "--size", "48", "--frames", "3")[0]["films"][0]
check(value["frames"] == 3, "--frames", value)
near(value["true_cdc"], cdc(film[:3]), "CDC of three frames")
near(value["loss"], np.mean([one["loss"] for one in alone[:3]]), "loss of three frames")
value = evaluate(folder / "film.mkv", "--size", "48", "--every", "0.3")[0]["films"][0]
check(value["frames"] == 3 and value["cdc"] is None and value["static_change"] is None, "--every",
      value)
near(value["loss"], np.mean([alone[i]["loss"] for i in (0, 3, 6)]), "loss of every third frame")
value = evaluate(folder / "film.mkv", "--size", "48", "--frames", "1")[0]["films"][0]
check(value["frames"] == 1 and value["cdc"] is None, "one frame", value)
mixed = evaluate(pictures / "a1 wide.png", folder / "film.mkv", pictures / "a2 tall.png", "--size",
                 "48")[0]
check(mixed["pictures"] == [first, second] and mixed["films"] == measured["films"],
      "pictures and a film", mixed)
check(mixed["mean"]["count"] == 3, "a film counts as one", mixed["mean"])

# Pictures of pictures.
sheet, layers = folder / "sheet.png", folder / "layers.png"
sheet.write_text("old")
result = run("eval", "-m", model, folder / "many", folder / "film.mkv", "--size", "48", "--sheet",
             sheet, "--layers", layers, "--channels", "3")
check(result.returncode == 0, "--sheet, --layers", result)
pixels = decode(sheet)
check(pixels.shape[0] > 12 * 48 and pixels.shape[1] > 3 * 64 and pixels.std() > 10, "the sheet",
      pixels.shape)
pixels = decode(layers)
check(pixels.shape[0] > 7 * 60 and pixels.shape[1] > 3 * 90 and pixels.std() > 10, "the layers",
      pixels.shape)
check(run("eval", "-m", model, pictures, "--size", "48", "--layers", layers).returncode == 0 and
      decode(layers).shape[1] > pixels.shape[1], "more channels", decode(layers).shape)
check(run("eval", "-m", "default", pictures, "--size", "40", "--layers", layers, "--channels",
          "1").returncode == 0, "layers of the default model, with padding")
kept = (pictures / "a1 wide.png").read_bytes()
check_fails(run("eval", "-m", model, pictures, "--sheet", pictures / "a1 wide.png"), 2,
            "the sheet is a picture", "name another file")
check_fails(run("eval", model, pictures), 2, "a model among the pictures", "is a model", "-m")
check_fails(run("eval", "-m", model, pictures, "--layers", model), 2, "the layers are the model",
            "is the model itself")
check((pictures / "a1 wide.png").read_bytes() == kept, "the picture is left alone")
check_fails(run("eval", "-m", model, pictures, "--size", "48", "--sheet", folder / "no/s.png"), 1,
            "no such folder", "no/s.png: cannot be written")

# Bad input.
broken = write("broken.png", (pictures / "a1 wide.png").read_bytes()[:300])
write("text.png", "no picture at all")
result = run("eval", "-m", model, broken, pictures / "a1 wide.png", folder / "text.png", "--size",
             "48", "--json")
check(result.returncode == 0 and "error" not in result.stderr, "broken ones are left out", result)
for name in "broken.png", "text.png":
    check(re.search(f"warning: .*{name}", result.stderr), f"{name} is named", result)
check("2 of 3 files could not be read" in result.stderr, "they are counted", result)
value = json.loads(result.stdout)
check(value["unreadable"] == 2 and value["pictures"] == [first], "the others are measured", value)
result = run("eval", "-m", model, broken, folder / "text.png")
check(result.returncode == 1 and result.stdout == "" and "none of 2 files" in result.stderr,
      "only broken ones", result)
(folder / "empty").mkdir()
check_fails(run("eval", "-m", model), 2, "no data", "no DATA given")
check_fails(run("eval", "-m", model, folder / "empty"), 1, "an empty folder", "empty")
check_fails(run("eval", "-m", model, folder / "nothing.png"), 1, "no such file", "nothing.png")
check_fails(run("eval", "-m", model, pictures, "--bogus"), 2, "an unknown option", "--bogus")
check_fails(run("eval", "-m", model, pictures, "--crop", "64", "--size", "48"), 2, "a large crop",
            "--crop 64")
check_fails(run("eval", "-m", folder / "no.safetensors", pictures), 1, "no model", "no.safetensors")
check_fails(run("eval", "-m", model, pictures, "--device", "no such device"), 2, "no device",
            "no such device")
encoder = harness.write_safetensors("encoder.safetensors", *harness.model_parts(
    write("encoder.net", "input L\nx = conv2d(L, 3, kernel=3, padding=1)\noutput ab\n")))
check_fails(run("eval", "-m", encoder, pictures), 1, "a model without colours", "encoder")
check(DEFAULT_MODEL.exists(), "the default model")

harness.finish()
