"""autochrome train, bad input: one clear line that says what is wrong and what to do, and no crash.

usage: test_train_bad.py PROGRAM
"""

import json
import shutil
import struct
import subprocess

import training
from training import folder, harness, make_pictures, train
from harness import check, check_fails

pictures = make_pictures("pictures", 10)
output = folder / "model.safetensors"
run = folder / "model.run"


def clear():
    output.unlink(missing_ok=True)
    shutil.rmtree(run, ignore_errors=True)


def refused(what, data, *says, status=1, **given):
    """Fails with one line, and leaves neither a model nor an empty folder."""
    check_fails(train(data, output, quiet=True, **given), status, what, *says)
    check(not output.exists(), f"{what}: no model")
    check(not run.exists() or any(run.iterdir()), f"{what}: no empty folder")
    clear()


# Data.
empty = folder / "empty"
empty.mkdir()
refused("an empty folder", empty, "empty")
refused("a folder that is not there", folder / "nowhere", "nowhere")
refused("one picture", make_pictures("one", 1), "1 picture", "--batch 1")
refused("fewer pictures than a batch has", pictures, "10 pictures", "--batch 10", batch=20)
refused("a folder of gray pictures", make_pictures("gray", 8, gray=True), "gray (8 of 8)")
broken = make_pictures("broken", 0)
for i in range(6):
    (broken / f"{i}.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing of the kind")
result = train(broken, output, quiet=True)
check(result.returncode == 1 and "6 are broken" in result.stderr, "broken pictures", result)
check("0.png" in result.stderr, "broken pictures: named", result)
clear()

# Smaller than what is cut out of them: enlarged, with a warning.
result = train(make_pictures("tiny", 8, width=9, height=7), output, quiet=True, steps=1)
check(result.returncode == 0 and output.exists(), "pictures smaller than the crop", result)
check(result.stderr.count("warning") == 1 and "is 9x7" in result.stderr,
      "pictures smaller than the crop: one warning", result)
clear()

# Networks.
refused("an unknown network", pictures, "'nonet'", net="nonet")
cycle = harness.write("cycle.net", "input L\na = conv2d(b, 2, kernel=1)\nb = conv2d(a, 2, "
                      "kernel=1)\noutput ab\n")
refused("a cycle", pictures, "cycle.net:2", "b", net=cycle)
three = harness.write("three.net", "input L\na = conv2d(L, 3, kernel=1)\noutput ab\n")
refused("three channels for a and b", pictures, "three.net", "3", net=three)
groups = harness.write("groups.net", "input L\na = conv2d(L, 3, kernel=1)\n"
                       "b = conv2d(a, 2, kernel=1, groups=2)\noutput ab\n")
refused("channels that do not fit", pictures, "groups.net:3", net=groups)
refused("sizes the strides cannot take", pictures, "15x15", "14x14 and 16x16", status=2, size=15)
encoder = harness.write_safetensors("encoder.safetensors", {
    "__metadata__": {"autochrome.net": "input L\nx1 = conv2d(L, 8, kernel=1, bias=0)\n"},
    "x1.weight": {"dtype": "F32", "shape": [8, 1, 1, 1], "data_offsets": [0, 32]}}, bytes(32))
refused("an encoder by itself", pictures, "--net", status=2, net=None, init=encoder)
bare = harness.write("bare.net", "input L\na = conv2d(L, 8, kernel=1)\nb = conv2d(a, 2, kernel=1)\n"
                     "output ab\n")
refused("a model that has nothing in common", pictures, "none of its tensors", status=2, net=bare,
        init="default")

# Options.
refused("a learning rate of 0", pictures, "--lr", status=2, lr=0)
refused("a pattern that matches nothing", pictures, "'conv9*'", "colour.bias", status=2,
        freeze="conv9*")
refused("a factor that is none", pictures, "x1*=fast", status=2, lr_scale="x1*=fast")
refused("all is frozen", pictures, "frozen", status=2, freeze="*")
refused("a batch that cannot be split", pictures, "--accumulate", status=2, accumulate=3)
refused("a crop larger than the pictures", pictures, "--crop", status=2, crop=32)
refused("an unknown loss", pictures, "'l3'", status=2, loss="l3")
refused("an unknown schedule", pictures, "'linear'", status=2, lr_schedule="linear")
refused("batches of an endless run", pictures, "--steps", status=2, dump_batches=folder / "dump")

# Far too much for any device, that takes less than 4 GiB at once and 128 MiB at least: 64 pictures
# of 1024x1024 are too many, one is not.
many = make_pictures("many", 64)
refused("out of device memory", many, "training on 64 pictures at once of --size 1024x1024 needs ",
        "MiB of device memory", "--accumulate ", "--batch ", "smaller --size", net="landmark",
        batch=64, size=1024)
refused("out of device memory, in parts", many, "training on 32 pictures at once of --size ",
        "--accumulate ", "--batch ", "smaller --size", net="landmark", batch=64, accumulate=2,
        size=1024)
refused("out of device memory, one is too large", many, "of --size 8192x8192 needs ", "MiB",
        "--size", net="landmark", batch=64, size=8192)

# A rate that blows everything up: a message that names the step, or a run that gets through.
result = train(pictures, output, quiet=True, lr=1e9, epochs=20)
check(result.returncode in (0, 1), "a learning rate of 1e9", result)
if result.returncode:
    check_fails(result, 1, "a learning rate of 1e9", "step ", "not finite", "--lr")
    check(not output.exists(), "a learning rate of 1e9: no model")
clear()
result = train(pictures, output, quiet=True, lr=1e12, net=bare, epochs=20, checkpoint_minutes=0)
check_fails(result, 1, "an overflow", "step ", "is not finite", "first in ",
            run / "checkpoint.safetensors", "--lr", "--clip 1")
weights = training.tensors(run / "checkpoint.safetensors")
check(weights, "an overflow: the checkpoint is there")
check(harness.run("inspect", run / "checkpoint.safetensors").returncode == 0,
      "an overflow: the checkpoint can be read")
clear()

# The layer is found whichever part of a batch it was: here the bright picture comes first, whose
# values are too large, and the dark one last, whose loss alone is.
lights = folder / "lights"
lights.mkdir()
training.write_picture(lights / "0.png", 1)
training.write_picture(lights / "1.png", 1, brightness=0.1)
huge = harness.write_safetensors("huge.safetensors", {
    "__metadata__": {"autochrome.net": bare.read_text()},
    "a.weight": {"dtype": "F32", "shape": [8, 1, 1, 1], "data_offsets": [0, 32]},
    "a.bias": {"dtype": "F32", "shape": [8], "data_offsets": [32, 64]},
    "b.weight": {"dtype": "F32", "shape": [2, 8, 1, 1], "data_offsets": [64, 128]},
    "b.bias": {"dtype": "F32", "shape": [2], "data_offsets": [128, 136]}},
    struct.pack("<34f", *[5e36] * 8, *[0] * 8, *[0.1] * 16, 0, 0))
for accumulate in 1, 2:
    check_fails(train(lights, output, quiet=True, net=None, init=huge, batch=2, no_shuffle=True,
                      accumulate=accumulate), 1, f"an overflow in part 1 of {accumulate}",
                "step 1: the loss is not finite; first in layer 'a' (line 2);")
    clear()
dark = make_pictures("dark", 2, brightness=0.1)
check_fails(train(dark, output, quiet=True, net=None, init=huge, batch=2, accumulate=2), 1,
            "an overflow of the loss", "step 1: the loss is not finite; first in the gradient of "
            "'b.")
clear()

# What is there already.
check(train(pictures, output, quiet=True, steps=1).returncode == 0, "a run")
check_fails(train(pictures, output, quiet=True, steps=1), 2, "an output that is there", output,
            "--overwrite")
check_fails(train(pictures, folder / "other.safetensors", quiet=True, run=run), 2,
            "a run that is there", run, "--resume", "--overwrite", "--run")
before = output.read_bytes()
check(train(pictures, output, quiet=True, steps=1, overwrite=True).returncode == 0, "--overwrite")
check(output.read_bytes() == before, "--overwrite: the same again")

# Checkpoints of something else.
resume = {"quiet": True, "steps": 1, "resume": True}
check_fails(train(pictures, output, **resume, lr=0.1), 2, "another rate", "lr 0.001",
            "this command has 0.1")
check_fails(train(pictures, output, **resume, seed=5), 2, "another seed", "seed 0")
check_fails(train(pictures, output, **{**resume, "net": "landmark"}), 2, "another network",
            "another network")
training.write_picture(pictures / "new.png", 7)
check_fails(train(pictures, output, **resume), 2, "other data", "other pictures")
(pictures / "new.png").unlink()
checkpoint = run / "checkpoint.safetensors"
whole = checkpoint.read_bytes()
for size in 0, 7, 100, len(whole) // 2, len(whole) - 1:
    checkpoint.write_bytes(whole[:size])
    check_fails(train(pictures, output, **resume), 1, f"{size} bytes of a checkpoint", checkpoint)
header, data = harness.read_safetensors(checkpoint.parent / "model.safetensors")
shutil.copy(run / "model.safetensors", checkpoint)
check_fails(train(pictures, output, **resume), 1, "a model for a checkpoint", "is no checkpoint")
checkpoint.write_bytes(whole)
header, data = harness.read_safetensors(checkpoint)
record = json.loads(header["__metadata__"]["autochrome.checkpoint"])
for name, value in (("step", -1), ("step", 1e300), ("epoch", 2**40), ("cursor", "0"),
                    ("settings", {"lr": 1}), ("settings", []), ("version", 99), ("data", "xyz")):
    changed = {**header, "__metadata__": {**header["__metadata__"], "autochrome.checkpoint":
                                          json.dumps({**record, name: value})}}
    harness.write_safetensors("changed.safetensors", changed, data)
    shutil.copy(folder / "changed.safetensors", checkpoint)
    check_fails(train(pictures, output, **resume), 1, f"{name} {value} in a checkpoint", checkpoint)
checkpoint.write_bytes(whole)


# A disk that fills up, where we may make one: the checkpoint that is there survives.
FULL_DISK = """
place=$1 checkpoint=$1/run/checkpoint.safetensors
shift
mount -t tmpfs -o size=4m tmpfs "$place" || exit 77
"$@" --steps 1 || exit 78
cp "$checkpoint" "$place.kept"
head -c 8192 /dev/zero > "$place/room"
cat /dev/zero > "$place/filler" 2> /dev/null
rm "$place/room"
"$@" --steps 4 --resume
status=$?
cmp "$checkpoint" "$place.kept" || exit 79
ls -A "$place/run" | grep part && exit 80
rm "$place/filler"
"$@" --steps 4 --resume || exit 81
exit $status
"""
place = folder / "place"
place.mkdir()
full = subprocess.run(["unshare", "-rm", "sh", "-c", FULL_DISK, "sh", place, harness.program,
                       *training.command(pictures, folder / "full.safetensors", quiet=True, batch=2,
                                         run=place / "run", checkpoint_minutes=0)],
                      env=harness.environment(), stdin=subprocess.DEVNULL, capture_output=True,
                      text=True, check=False)
if full.returncode == 77 or "unshare" in full.stderr:
    print("a full disk: not tried, no file system can be mounted here:", full.stderr.strip())
else:
    check_fails(full, 1, "a full disk", place / "run/checkpoint.safetensors", "No space left")

# Two at once.
with subprocess.Popen([harness.program, *training.command(
        pictures, folder / "long.safetensors", quiet=True, epochs=100000)],
        env=harness.environment(), stderr=subprocess.PIPE, text=True) as process:
    while process.poll() is None and not (folder / "long.run/checkpoint.safetensors").exists():
        pass
    check_fails(train(pictures, folder / "second.safetensors", run=folder / "long.run", quiet=True,
                      resume=True, epochs=100000), 1, "two runs in one folder",
                "another training is running")
    process.kill()
    process.communicate()

harness.finish()
