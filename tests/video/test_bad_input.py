"""Bad input, one by one: one clear line, the right exit status, nothing left under the output's name.

usage: test_bad_input.py PROGRAM
"""

import json
import os
import re
import signal
import struct
import subprocess
import time

import films
from films import autochrome, check, errors_of, ffmpeg, times

folder = films.work_folder()
default_model = os.path.join(films.samples, "models", "default.safetensors")


def fails(what, film, output, *arguments, says, status=1, small=films.SMALL, **options):
    """The program refuses: one line that says `says`, `status`, and no new file."""
    before = set(os.listdir("."))
    result = autochrome("colorize", film, "-o", output, *small, *arguments, **options)
    errors = errors_of(result)
    check(result.returncode == status, f"{what}: exit status {result.returncode}", result.stderr)
    check(len(errors) == 1, what + ": one line", result.stderr)
    check(errors and re.search(says, errors[0]), f"{what}: says {says}", errors)
    check(set(os.listdir(".")) == before, what + ": no file is left", set(os.listdir(".")) - before)
    return result


ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=4", "-f", "lavfi", "-i", "sine=d=4", "-c:v",
       "libx264", "-g", 25, "-pix_fmt", "yuv420p", "-c:a", "aac", "film.mp4")
with open("film.mp4", "rb") as f:
    film = f.read()

# Inputs.
fails("a missing file", "no such.mp4", "out.mkv", says="no such.mp4.*No such file")
os.mkdir("folder.mp4")
fails("a directory", "folder.mp4", "out.mkv", says="folder.mp4.*no picture")
with open("empty.mp4", "wb") as f:
    pass
fails("an empty file", "empty.mp4", "out.mkv", says="empty.mp4.*empty")
with open("truncated.mp4", "wb") as f:
    f.write(film[:len(film) * 2 // 3])
fails("a truncated mp4", "truncated.mp4", "out.mkv", says="truncated.mp4")
with open("text.mp4", "w", encoding="utf-8") as f:
    f.write("This is a letter and not a film.\n" * 40)
fails("a text named .mp4", "text.mp4", "out.mkv", says="text.mp4")
ffmpeg("-i", "film.mp4", "-map", "0:a", "-c", "copy", "sound.mp4")
fails("sound only", "sound.mp4", "out.mkv", says="sound.mp4.*no video")
fails("a part behind the end", "film.mp4", "out.mkv", "--start", "99", says="film.mp4", status=2)

# A film with a damaged middle: the rest is coloured, the damage is told with its time.
ffmpeg("-i", "film.mp4", "-c", "copy", "damaged.mkv")
with open("damaged.mkv", "r+b") as f:
    size = os.path.getsize("damaged.mkv")
    f.seek(size // 2)
    f.write(bytes((i * 7919 + 13) % 256 for i in range(4000)))
result = autochrome("colorize", "damaged.mkv", "-o", "mended.mkv", *films.SMALL)
check(result.returncode == 0, "a damaged middle: exit status", result.stderr)
check(re.search(r"warning: .*damaged.mkv.*0:00:0\d", result.stderr),
      "a damaged middle: is told with its time", result.stderr)
mended = times("mended.mkv")
check(len(mended) > 60 and mended[-1] > 3.8, "a damaged middle: the rest is there",
      (len(mended), mended[-1:]))
ffmpeg("-i", "film.mp4", "-c", "copy", "-movflags", "+faststart", "front.mp4")
with open("front.mp4", "rb") as f:
    front = f.read()
with open("cut.mp4", "wb") as f:
    f.write(front[:len(front) * 2 // 3])
result = autochrome("colorize", "cut.mp4", "-o", "cut.mkv", *films.SMALL)
check(result.returncode == 0 and 40 < len(times("cut.mkv")) < 100, "a film that was cut off",
      result.stderr)
check("warning" in result.stderr, "a film that was cut off: is told", result.stderr)
for name in "mended.mkv", "cut.mkv":
    os.remove(name)

# Outputs.
fails("output equals input", "film.mp4", "film.mp4", "--overwrite", says="film.mp4", status=2)
os.symlink("film.mp4", "link.mp4")
fails("output is a link to the input", "film.mp4", "link.mp4", "--overwrite", says="link.mp4", status=2)
with open("film.mp4", "rb") as f:
    check(f.read() == film, "the input is as it was")
with open("there.mkv", "w", encoding="utf-8") as f:
    f.write("mine")
result = fails("an output that is there", "film.mp4", "there.mkv", says="there.mkv.*--overwrite",
               status=2)
with open("there.mkv", encoding="utf-8") as f:
    check(f.read() == "mine", "an output that is there: is as it was")
fails("a missing folder", "film.mp4", "no/such/out.mkv", says="no/such")
os.makedirs("folder.mp4/film.mp4")
fails("output is a folder", "film.mp4", "folder.mp4", "--overwrite", says="folder.mp4/film.mp4: is a directory")
fails("a container that nobody knows", "film.mp4", "out.xyz", says="out.xyz.*mkv", status=2)
fails("an encoder that nobody has", "film.mp4", "out.mkv", "--codec", "nocodec", says="nocodec", status=2)
fails("an encoder of sound", "film.mp4", "out.mkv", "--codec", "aac", says="aac", status=2)
fails("a preset that nobody has", "film.mp4", "out.mkv", "--preset", "hurry", says="hurry", status=2)
fails("an option that nobody has", "film.mp4", "out.mkv", "--codec-options", "bogus=1", says="bogus", status=2)
fails("a pixel format that nobody has", "film.mp4", "out.mkv", "--pix-fmt", "yuv999p",
      says="yuv999p", status=2)
fails("a pixel format the encoder has not", "film.mp4", "out.mkv", "--codec", "libx264",
      "--pix-fmt", "yuv420p16le",
      says="yuv420p16le", status=2)
ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=1", "-attach", films.__file__, "-c:v", "ffv1",
       "-metadata:s:t", "mimetype=text/plain", "attached.mkv")
fails("a stream the container cannot hold, --strict", "attached.mkv", "out.mp4", "--strict",
      says="attachment.*mkv")
result = autochrome("colorize", "attached.mkv", "-o", "out.mp4", *films.SMALL)
check(result.returncode == 0 and re.search("warning: .*attachment.*mkv", result.stderr),
      "a stream the container cannot hold", result.stderr)
os.remove("out.mp4")

# A read-only and a full file system of our own, where we may make one.
mounted = """
mount -t tmpfs -o size=300k tmpfs place || exit 77
{0}
"$@"; status=$?
ls -A place
exit $status
"""
os.mkdir("place")


def fails_mounted(what, prepare, says):
    command = [films.program, "colorize", "big.mkv", "-o", "place/out.mkv", "--size", "32", "--codec",
               "ffv1", "-q"]
    result = subprocess.run(["unshare", "-rm", "sh", "-c", mounted.format(prepare), "sh", *command],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, check=False)
    if result.returncode == 77 or "unshare" in result.stderr:
        print(f"{what}: not tried, no file system can be mounted here: {result.stderr.strip()}")
        return
    check(result.returncode == 1, what + ": exit status", result)
    check(len(errors_of(result)) == 1 and re.search(says, result.stderr), what + ": one line",
          result.stderr)
    check(result.stdout == "", what + ": no file is left", result.stdout)


ffmpeg("-f", "lavfi", "-i", "nullsrc=s=160x120:r=25:d=3,geq=random(1)*255:128:128", "-c:v", "ffv1",
       "big.mkv")
fails_mounted("a full disk", "", "[Nn]o space left")
fails_mounted("a read-only place", "mount -o remount,ro place", "[Rr]ead-only")


# Models.
def model(name, change=None, header=None, cut=None):
    with open(default_model, "rb") as f:
        data = f.read()
    size = struct.unpack("<Q", data[:8])[0]
    described = json.loads(data[8:8 + size])
    tensors = bytearray(data[8 + size:])
    if change:
        change(described, tensors)
    text = json.dumps(described).encode()
    text += b" " * (-len(text) % 8)
    with open(name, "wb") as f:
        f.write(struct.pack("<Q", header if header is not None else len(text)) + text +
                bytes(tensors[:cut]))
    return ["-m", "./" + name]


def wrong_shape(described, _):
    entry = next(v for k, v in described.items() if k != "__metadata__" and len(v["shape"]) == 4)
    entry["shape"] = [entry["shape"][1], entry["shape"][0], *entry["shape"][2:]]


def nan_weights(described, tensors):
    entry = next(v for k, v in described.items() if k != "__metadata__" and len(v["shape"]) == 4)
    begin, end = entry["data_offsets"]
    tensors[begin:end] = b"\xff" * (end - begin)


def unknown_operation(described, _):
    text = described["__metadata__"]["autochrome.net"]
    described["__metadata__"]["autochrome.net"] = text.replace("conv2d(", "conv9d(", 1)


def no_description(described, _):
    del described["__metadata__"]


for what, arguments, says in (
        ("a truncated model", model("a.safetensors", cut=-1000), "a.safetensors"),
        ("a wrong shape", model("b.safetensors", wrong_shape), "b.safetensors.*weight"),
        ("weights that are no numbers", model("c.safetensors", nan_weights), "c.safetensors.*nan"),
        ("an unknown operation", model("d.safetensors", unknown_operation), "conv9d"),
        ("a header of terabytes", model("e.safetensors", header=1 << 42), "e.safetensors.*header"),
        ("no description", model("f.safetensors", no_description), "f.safetensors.*autochrome.net"),
        ("a model that is a film", ["-m", "film.mp4"], "film.mp4"),
        ("a missing model", ["-m", "none.safetensors"], "none.safetensors")):
    fails(what, "film.mp4", "out.mkv", *arguments, says=says)

# Devices.
fails("no device", "film.mp4", "out.mkv", says="no Vulkan (device|driver)",
      environment={"VK_DRIVER_FILES": "/dev/null", "VK_ICD_FILENAMES": "/dev/null"})
fails("a device that is not there", "film.mp4", "out.mkv", "--device", "99", says="99", status=2)
fails("a device of another name", "film.mp4", "out.mkv", "--device", "Voodoo", says="Voodoo", status=2)

# A picture for whose network the device has no memory: how much it is, and what fits.
ffmpeg("-f", "lavfi", "-i", "color=s=8192x8192:r=1:d=1", "-vf", "format=gray", "-frames:v", 1, "-c:v",
       "ffv1", "huge.mkv")
result = autochrome("colorize", "huge.mkv", "-o", "out.mkv", "--size", "8192")
check(result.returncode == 1 and re.search(r"error: .* MiB.*short side of (\d+) fits .--size \1.", result.stderr),
      "no memory: says how much and what fits", result.stderr)

# Interrupted: the status of a failure, and no file.
before = set(os.listdir("."))
with subprocess.Popen([films.program, "colorize", os.path.join(films.samples, "chaplin.mp4"), "-o",
                       "out.mkv", "--size", "96"], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                      text=True) as process:
    while not any("out.mkv" in name for name in os.listdir(".")) and process.poll() is None:
        time.sleep(0.02)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    text = process.communicate()[1]
check(process.returncode == 1 and "interrupted" in text, "SIGINT", (process.returncode, text))
check(set(os.listdir(".")) == before, "SIGINT: no file is left", set(os.listdir(".")) - before)

# No Vulkan loader: one that is none is found first.
os.mkdir("libraries")
with open("libraries/libvulkan.so.1", "w", encoding="utf-8") as f:
    f.write("not a library")
fails("no Vulkan loader", "film.mp4", "out.mkv", says="no Vulkan loader",
      environment={"LD_LIBRARY_PATH": os.path.abspath("libraries")})

films.finish()
