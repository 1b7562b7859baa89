"""autochrome train, runs: equal ones give equal files, also when they were stopped or killed; what
is frozen stays; what is taken from another model arrives.

usage: test_train_runs.py PROGRAM
"""

import array
import csv
import json
import random
import signal
import subprocess
import time

import training
from training import folder, harness, make_pictures, tensors, train
from harness import check

pictures = make_pictures("pictures", 22)
make_pictures("pictures/more", 9)
validation = make_pictures("validation", 5)

# All that has a state of its own, so that a resumed run shows what was forgotten.
FULL = {"val": validation, "epochs": 4, "accumulate": 2, "ema": 0.9, "rare_colours": 0.5,
        "loss": "huber", "lr_schedule": "cosine", "lr_end": 0.1, "warm_up": 3, "clip": 5,
        "weight_decay": 0.01, "flip": True, "aged": 0.5, "scale_jitter": 0.3, "lr": 0.01,
        "lr_scale": ["x*=0.5", "x2*=0.7"], "checkpoint_minutes": 0}


def ran(what, data, output, **given):
    result = train(data, output, **given)
    return check(result.returncode == 0, what, result), result


def rows(path):
    with open(path / "log.csv", encoding="utf-8", newline="") as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


def same(what, path):
    check(path.read_bytes() == reference.read_bytes(), f"{what}: the same model")
    check(rows(path.with_suffix(".run")) == rows(reference.with_suffix(".run")),
          f"{what}: the same log")


# A whole run, and what is there to look at.
reference = folder / "reference.safetensors"
ok, result = ran("a run", pictures, reference, **FULL)
if not ok:
    harness.finish()
run = reference.with_suffix(".run")
for said in ("31 pictures for training", "5 for validation", "2 pictures at once: ",
             " MiB of device memory", "parameters", "epoch 4 of 4", "report.html"):
    check(said in result.stderr, f"a run: says {said}", result)
for name in ("checkpoint.safetensors", "model.safetensors", "best.safetensors", "log.csv",
             "report.html", "curve.png", "sheet.png"):
    check((run / name).exists() and (run / name).stat().st_size, f"a run: {name}")
check((run / "model.safetensors").read_bytes() == reference.read_bytes(),
      "a run: the last model is the model")
log = rows(run)
check([int(row["step"]) for row in log] == list(range(1, 29)), "log.csv: every step", log)
check([int(row["epoch"]) for row in log] == [e for e in range(1, 5) for _ in range(7)],
      "log.csv: epochs", log)
check([bool(row["validation_loss"]) for row in log] == ([False] * 6 + [True]) * 4,
      "log.csv: validation after each epoch", log)
rates = [float(row["learning_rate"]) for row in log]
check(abs(rates[0] - 0.01 / 3) < 1e-6 and rates[3] > rates[10] > rates[27] > 0.0009,
      "log.csv: warm-up and cosine", rates)
check(float(log[-1]["loss"]) < float(log[0]["loss"]), "it learns", log)
inspected = json.loads(harness.run("inspect", reference, "--json").stdout)
record = inspected["training"]
check(record["steps"] == 28 and record["settings"]["lr"] == "0.01", "training record", record)
check(record["data"] == [str(pictures)] and record["best_epoch"] >= 1, "training record", record)
check("seconds" not in json.dumps(record), "training record: no times", record)
coloured = harness.run("colorize", pictures / "000.png", "-m", reference, "-o", folder / "c.png")
check(coloured.returncode == 0, "the model colours", coloured)

# Again, and on another number of threads.
for threads in 1, 3:
    again = folder / f"again{threads}.safetensors"
    ran("again", pictures, again, **{**FULL, "threads": threads})
    same(f"again with {threads} threads", again)
other = folder / "other.safetensors"
ran("another seed", pictures, other, **{**FULL, "seed": 1})
check(other.read_bytes() != reference.read_bytes(), "another seed: another model")
ran("resume of a finished run", pictures, again, **FULL, resume=True)
same("resume of a finished run", again)


# Stopped by Ctrl-C; killed at random points, in the middle of writing too.
def start(output):
    return subprocess.Popen([harness.program, *training.command(pictures, output, **FULL,
                                                                resume=True, quiet=True)],
                            env=harness.environment(), stderr=subprocess.PIPE, text=True)


def wait_for_row(process, output, count):
    path = output.with_suffix(".run") / "log.csv"
    while process.poll() is None:
        if path.exists() and path.read_bytes().count(b"\n") > count:
            return
        time.sleep(0.002)


def check_kills(output):
    generator = random.Random(3)
    for kill in range(6):
        process = start(output)
        wait_for_row(process, output, generator.randrange(1 + 5 * kill))
        time.sleep(generator.random() * 0.05)
        process.kill()
        process.communicate()
    ok_now, at_end = ran("after kills", pictures, output, **FULL, resume=True)
    if ok_now:
        same("killed", output)
    check(not list(output.with_suffix(".run").glob("*.part")), "killed: nothing is left over",
          at_end)


stopped = folder / "stopped.safetensors"
for count in 3, 13, 20, 27:  # the last two: in the last step of an epoch, or its measuring
    process = start(stopped)
    wait_for_row(process, stopped, count)
    process.send_signal(signal.SIGINT)
    said = process.communicate()[1]
    if process.returncode:
        check(process.returncode == 1 and "interrupted after step" in said and "--resume" in said,
              "Ctrl-C: says how to go on", said)
        check(not stopped.exists(), "Ctrl-C: no model yet")
ran("after Ctrl-C", pictures, stopped, **FULL, resume=True)
same("stopped", stopped)
check_kills(folder / "killed.safetensors")

# --steps, and going on from there; without cosine the length of a run may change.
plain = {"val": validation, "epochs": 3, "quiet": True}
longer = folder / "longer.safetensors"
ran("--steps", pictures, longer, **plain, steps=9)
check(len(rows(longer.with_suffix(".run"))) == 9, "--steps: so many rows")
ran("more steps", pictures, longer, **plain, resume=True, steps=14)
ran("more steps", pictures, longer, **plain, resume=True)
straight = folder / "straight.safetensors"
ran("straight", pictures, straight, **plain)
check(tensors(longer) == tensors(straight), "more steps: as if never ended")

# --freeze leaves bits as they are, running statistics too; --lr-scale 0 does as well.
frozen = folder / "frozen.safetensors"
ran("--freeze", pictures, frozen, init=reference, freeze=["x1*", "up.weight"],
    lr_scale="colour.bias=0", steps=5, weight_decay=0.1, quiet=True)
before, after = tensors(reference), tensors(frozen)
for name in before:
    stays = name.startswith("x1") or name in ("up.weight", "colour.bias")
    check((before[name] == after[name]) == stays,
          f"--freeze: {name} {'stays' if stays else 'moves'}")

# A small rate moves a tensor less.
slow = folder / "slow.safetensors"
ran("--lr-scale", pictures, slow, init=reference, lr_scale=["*=1", "x1.weight=0.01"], steps=1,
    quiet=True)
moved = {name: max(abs(a - b) for a, b in zip(harness.tensor(reference, name),
                                              harness.tensor(slow, name)))
         for name in ("x1.weight", "colour.weight")}
check(0 < moved["x1.weight"] < 0.02 * moved["colour.weight"], "--lr-scale", moved)

# --init with an encoder: what fits arrives, the rest is listed.
header, data = harness.read_safetensors(reference)
encoder = {name: one for name, one in header.items() if name.startswith("x1")}
packed = bytearray()
for name in sorted(encoder):
    begin, end = encoder[name]["data_offsets"]
    encoder[name] = {**encoder[name], "data_offsets": [len(packed), len(packed) + end - begin]}
    packed += data[begin:end]
encoder["extra.weight"] = {"dtype": "F32", "shape": [1],
                           "data_offsets": [len(packed), len(packed) + 4]}
path = harness.write_safetensors("encoder.safetensors", encoder, bytes(packed) + bytes(4))
begun = folder / "begun.safetensors"
ok, result = ran("--init", pictures, begun, init=path, freeze="x1*", steps=1)
check("6 tensors taken" in result.stderr and "1 tensor is not used" in result.stderr,
      "--init: counts", result)
check("new: colour.bias, colour.weight, " in result.stderr, "--init: lists what is new", result)
check(all(tensors(begun)[name] == before[name] for name in encoder if name != "extra.weight"),
      "--init: the encoder's tensors")

# --half, and the batches for other programs.
half = folder / "half.safetensors"
dump = folder / "dump.safetensors"
ran("--half", pictures, half, half=True, steps=3, dump_batches=dump, no_shuffle=True, quiet=True)
check(harness.read_safetensors(half)[0]["x1.weight"]["dtype"] == "F16", "--half")
shapes = {name: one["shape"] for name, one in harness.read_safetensors(dump)[0].items()
          if name != "__metadata__"}
check(shapes == {"lightness": [12, 1, 16, 16], "colours": [12, 2, 16, 16]}, "--dump-batches",
      shapes)
values = harness.tensor(dump, "lightness")
check(min(values) >= 0 and 50 < max(values) <= 100.01, "--dump-batches: lightness")
check(max(map(abs, harness.tensor(dump, "colours"))) > 5, "--dump-batches: colours")
check(isinstance(values, array.array), "--dump-batches: values")

# Without validation there are pictures to look at all the same.
check((half.with_suffix(".run") / "sheet.png").exists(), "a sheet without validation")

harness.finish()
