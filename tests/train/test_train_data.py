"""autochrome train: films, validation that cannot be used, Ctrl-C before the first step.

usage: test_train_data.py PROGRAM
"""

import os
import shutil
import signal
import subprocess
import time

from training import command, folder, harness, make_pictures, train
from harness import check, check_fails

pictures = make_pictures("pictures", 8)
gray = make_pictures("gray", 5, gray=True)
output = folder / "model.safetensors"
run = folder / "model.run"


def film(name, seconds, *more, source="testsrc2=s=96x64:r=10"):
    path = folder / name
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i",
                    source, "-t", str(seconds), *more, path], check=True)
    return path


def clear():
    output.unlink(missing_ok=True)
    shutil.rmtree(run, ignore_errors=True)


def refused(what, data, *says, **given):
    """At the start: with one line, and nothing written."""
    check_fails(train(data, output, quiet=True, **given), 1, what, *says)
    check(not output.exists() and not run.exists(), f"{what}: nothing is written")
    clear()


# Validation.
refused("gray pictures to measure", pictures, "every picture for validation is gray (5 of 5)",
        "--val", val=gray)
broken = folder / "broken"
broken.mkdir()
(broken / "letter.png").write_bytes(b"a letter")
result = train(pictures, output, quiet=True, val=broken)
check(result.returncode == 1 and "1 are broken" in result.stderr and
      "letter.png" in result.stderr and not run.exists(), "broken pictures to measure", result)
both = folder / "both"
shutil.copytree(pictures, both / "colour")
shutil.copytree(gray, both / "gray")
said = set()
for seed in range(12):  # which of the folders is measured is drawn
    result = train(both, output, quiet=True, batch=2, seed=seed, val_split=0.4)
    check_fails(result, 1, f"seed {seed}: a part is gray", "is gray (5 of 5)")
    check(not output.exists() and not run.exists(), f"seed {seed}: nothing is written")
    said.add("for validation" in result.stderr)
check(len(said) == 2, "one part or the other", said)
shutil.copy(pictures / "000.png", gray / "z.png")
result = train(pictures, output, val=gray, steps=1)
check(result.returncode == 0 and "left out: 5 gray pictures" in result.stderr,
      "one picture to measure", result)
clear()

# Films: each goes to one side.
films = [film("balls.mkv", 4, "-c:v", "ffv1"),
         film("fractal.mkv", 4, "-c:v", "ffv1", source="mandelbrot=s=96x64:r=10")]
result = train(films, output, batch=2, steps=2, every="0.5", val_split=0.4)
check(result.returncode == 0, "films", result)
found = [line for line in result.stderr.splitlines() if " frames taken, 1 scene" in line]
check(len(found) == 2 and all("of 40 frames" in line for line in found), "films: searched", result)
taken = [int(line.split(": ")[1].split()[0]) for line in found]
check(any(f"{a} pictures for training, {b} for validation" in result.stderr
          for a, b in (taken, taken[::-1])), "films: one to each side", result)
result = train(films, output, batch=2, steps=2, every="0.5", val_split=0.4, overwrite=True)
check(result.returncode == 0 and "frames taken" not in result.stderr, "films: not searched again",
      result)
clear()


# Ctrl-C while a film is searched.
long = film("long.avi", 600, "-c:v", "mpeg4")


def stopped_in_search():
    """A training that was stopped when it had taken a frame of the film, but not all."""
    process = subprocess.Popen([harness.program, *command([films[0], long], output, every="0.1",
                                                          quiet=True)],
                               env=harness.environment(), stderr=subprocess.PIPE, text=True)
    while process.poll() is None and not list(run.glob("frames/long*/000001.png")):
        time.sleep(0.002)
    process.send_signal(signal.SIGSTOP)
    check(process.poll() is None and not list(run.glob("frames/long*/index")),
          "Ctrl-C: in the search")
    return process


with stopped_in_search() as process:
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGCONT)
    said = process.communicate()[1]
check(process.returncode == 1 and len(said.splitlines()) == 1 and
      "interrupted before the first step" in said, "Ctrl-C: one line", (process.returncode, said))
kept = sorted(os.listdir(run / "frames"))
check(len(kept) == 1 and kept[0].startswith("balls.mkv-"), "Ctrl-C: what is whole is kept", kept)
check(not output.exists() and os.listdir(run) == ["frames"], "Ctrl-C: nothing else",
      os.listdir(run))
with stopped_in_search() as process:
    process.kill()
    process.communicate()
result = train([films[0], films[1]], output, batch=2, steps=1, every="0.1")
check(result.returncode == 0 and result.stderr.count("frames taken") == 1,
      "after Ctrl-C: the same run folder, and only the other film is searched", result)

harness.finish()
