"""Jobs that are killed, stopped, run out of disk or lose their device, and go on; parts of films.

usage: test_resume.py PROGRAM
"""

import json
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import time

import films
from films import autochrome, check, colorize, errors_of, ffmpeg

folder = films.work_folder()
NETWORK = "input L scale=0.01\nx = conv2d(L, 2, kernel=3, padding=1)\noutput ab scale=50\n"
header = json.dumps({
    "__metadata__": {"autochrome.net": NETWORK},
    "x.bias": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
    "x.weight": {"dtype": "F32", "shape": [2, 1, 3, 3], "data_offsets": [8, 80]}}).encode()
with open("tiny.safetensors", "wb") as f:
    f.write(struct.pack("<Q", len(header)) + header + struct.pack("<20f", *[0.05] * 20))
# Short segments, so that there are many.
TINY = ["-m", "./tiny.safetensors", "--size", "32", "--segment-seconds", "0.4"]


def work(output):
    return f".{output}.autochrome"


def segments(output):
    """Names of those that are finished."""
    try:
        return sorted(n for n in os.listdir(work(output)) if n.endswith(".segment"))
    except FileNotFoundError:
        return []


def digest(path):
    """Every frame and packet decoded, with its time, of all streams."""
    lines = subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-map", "0", "-fps_mode",
                            "passthrough", "-c:s", "copy", "-f", "framemd5", "-"], check=True,
                           stdout=subprocess.PIPE, text=True).stdout.splitlines()
    # ffmpeg does not always give the streams the same turns.
    return sorted(line for line in lines if not line.startswith("#"))


def same(path, expected, what):
    lines = digest(path)
    check(lines == expected, what + ": the same",
          "\n".join(sorted(set(lines) ^ set(expected))[:20]))


def start(film, output, *arguments, environment=None):
    return subprocess.Popen([films.program, "colorize", film, "-o", output, *TINY, *arguments],
                            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                            env=dict(os.environ, **environment or {}))


def interrupt(output, count, number, *arguments):
    """Sends the signal when so many segments are finished; exit status and what the process said.
    One that was too fast is begun again."""
    there = os.path.exists(output)
    for _ in range(20):
        with start("film.mkv", output, *arguments) as process:
            while process.poll() is None and len(segments(output)) < count:
                time.sleep(0.002)
            process.send_signal(number)
            said = process.communicate()[1]
        if process.returncode:
            break
        if not there:
            os.remove(output)
    check(process.returncode, f"{output}: was interrupted", said)
    return process.returncode, said


def fails(what, result, status, says):
    errors = errors_of(result)
    check(result.returncode == status and len(errors) == 1 and re.search(says, errors[0]),
          f"{what}: status {status}, one line that says {says}", (result.returncode, result.stderr))


# Moving pictures with a cut and uneven times, sound and subtitles.
with open("words.srt", "w", encoding="utf-8") as f:
    f.write("1\n00:00:01,000 --> 00:00:02,000\nOne\n\n2\n00:00:04,500 --> 00:00:05,000\nTwo\n")
ffmpeg("-f", "lavfi", "-i", "testsrc2=s=320x192:d=3", "-f", "lavfi", "-i", "mandelbrot=s=320x192:r=25",
       "-f", "lavfi", "-i", "sine=d=6", "-i", "words.srt", "-filter_complex",
       "[0][1]concat,trim=end=6,format=gray[v]", "-map", "[v]", "-map", "2:a", "-map", "3:s",
       "-c:v", "ffv1", "-enc_time_base", "1:1000", "-bsf:v", "setts=ts=TS+13*mod(N\\,3)",
       "-c:a", "ac3", "-c:s", "srt", "film.mkv")
began = time.monotonic()
colorize("film.mkv", "whole.mkv", *TINY)
seconds = time.monotonic() - began
whole = digest("whole.mkv")
counts = [sum(line.startswith(f"{i},") for line in whole) for i in range(3)]
check(counts[0] == 150 and counts[1] > 100 and counts[2] == 2, "the film is whole", counts)
check(not os.path.exists(work("whole.mkv")), "nothing is left of a finished job")
# Its frames are those of a film that is not made in segments.
with open("pipe.mkv", "wb") as f:
    subprocess.run([films.program, "colorize", "film.mkv", "-o", "-", *TINY, "--codec", "ffv1"],
                   stdin=subprocess.DEVNULL, stdout=f, stderr=subprocess.DEVNULL, check=True)
colorize("film.mkv", "segments.mkv", *TINY, "--codec", "ffv1")
same("pipe.mkv", digest("segments.mkv"), "segments make no difference")

# kill -9 at random moments.
draw = random.Random(6)
kills = 0
while kills < 5:
    with start("film.mkv", "killed.mkv", "--resume") as process:
        time.sleep(draw.uniform(0, seconds))
        if process.poll() is None:
            process.kill()
            kills += 1
        said = process.communicate()[1]
    if os.path.exists("killed.mkv"):  # finished, or killed while it tidied up
        same("killed.mkv", whole, "killed and resumed")
        os.remove("killed.mkv")
        shutil.rmtree(work("killed.mkv"), ignore_errors=True)
    elif process.returncode != -signal.SIGKILL:
        check(False, "a resumed run", said)
        break
colorize("film.mkv", "killed.mkv", *TINY, "--resume")
same("killed.mkv", whole, "killed five times and resumed")
check(not os.path.exists(work("killed.mkv")), "nothing is left of a resumed job")

# Other containers and encoders, each stopped once.
for output, arguments in (("o.mp4", ["--preset", "ultrafast"]), ("o.mov", ["--codec", "mpeg4"]),
                          ("o.avi", ["--codec", "mpeg4"]), ("o.ts", ["--codec", "mpeg2video"]),
                          ("o.nut", ["--codec", "ffv1"])):
    colorize("film.mkv", "w" + output, *TINY, *arguments)
    interrupt(output, 2, signal.SIGKILL, *arguments)
    result = colorize("film.mkv", output, *TINY, *arguments, "--resume")
    check("are there already and are kept" in result.stderr, f"{output}: goes on", result.stderr)
    same(output, digest("w" + output), f"{output}")

# A part of a film, stopped in an orderly way; what was finished is kept.
CUT = ["--start", "0.5", "--duration", "5"]
colorize("film.mkv", "cut.mkv", *TINY, *CUT)
status, said = interrupt("stopped.mkv", 2, signal.SIGTERM, *CUT)
check(status == 1 and "interrupted: stopped.mkv: what is finished is kept; --resume" in said, "SIGTERM",
      (status, said))
check(len(segments("stopped.mkv")) >= 2 and not os.path.exists("stopped.mkv"), "SIGTERM: segments",
      segments("stopped.mkv"))

# It is gone on with by nobody else.
fails("a leftover", autochrome("colorize", "film.mkv", "-o", "stopped.mkv", *TINY, *CUT), 2,
      r"stopped.mkv: a job that was not finished has \d+ frames of it: --resume")
for change, says in ((["--steady", "4"], "steady was 5, is 4"), (["--crf", "30"], "crf was -1, is 30"),
                     (["--duration", "4"], "duration was 5, is 4"),
                     (["--segment-seconds", "0.8"], "frames a segment was 10, is 20"),
                     (["-m", "default"], "model was [0-9a-f]{16}, is")):
    fails(change, autochrome("colorize", "film.mkv", "-o", "stopped.mkv", *TINY, *CUT, *change,
                             "--resume"), 2, says)
shutil.copy("film.mkv", "other.mkv")
os.utime("other.mkv", (1, 1))
fails("another input", autochrome("colorize", "other.mkv", "-o", "stopped.mkv", *TINY, *CUT,
                                  "--resume"), 2, "time of the input's last change was")
fails("other kernels", autochrome("colorize", "film.mkv", "-o", "stopped.mkv", *TINY, *CUT, "--resume",
                                  environment={"AUTOCHROME_STORAGE": "float16"}), 2,
      "device was .*, is .*, AUTOCHROME_STORAGE=float16")
result = autochrome("jobs", ".")
check(result.returncode == 0 and re.search(r"stopped.mkv\n  input +\S+film.mkv\n  finished +\d+ of \d+ frames",
                                           result.stdout), "jobs", result.stdout)

# Finished segments that are damaged are made again.
kept = segments("stopped.mkv")
with open(os.path.join(work("stopped.mkv"), kept[0]), "r+b") as f:
    f.seek(100)
    f.write(b"damaged!")
os.truncate(os.path.join(work("stopped.mkv"), kept[1]), 50)
result = colorize("film.mkv", "stopped.mkv", *TINY, *CUT, "--resume")
check(result.stderr.count("is damaged or missing; it is coloured again") == 2, "damaged segments",
      result.stderr)
same("stopped.mkv", digest("cut.mkv"), "damaged segments")

# Two jobs, one output: the first is held while it is at work.
with start("film.mkv", "two.mkv") as process:
    while process.poll() is None and not segments("two.mkv"):
        time.sleep(0.002)
    process.send_signal(signal.SIGSTOP)
    for more in [], ["--resume"], ["--overwrite"]:
        fails("two jobs", autochrome("colorize", "film.mkv", "-o", "two.mkv", *TINY, *more), 1,
              "two.mkv: another process is at work on it")
    result = autochrome("jobs", ".", "--remove")
    check("a process is at work on it" in result.stdout and segments("two.mkv"), "jobs at work stay",
          result.stdout)
    process.send_signal(signal.SIGCONT)
    process.communicate()
check(process.returncode == 0 and digest("two.mkv") == whole, "two jobs: the first is not disturbed")

# A job that may overwrite may do so when it is resumed; --overwrite begins anew; jobs removes.
interrupt("two.mkv", 2, signal.SIGKILL, "--overwrite", "--steady", "3")
same("two.mkv", whole, "an output stays till there is another")
colorize("film.mkv", "two.mkv", *TINY, "--steady", "3", "--resume")
check(digest("two.mkv") != whole, "--overwrite is remembered")
interrupt("two.mkv", 2, signal.SIGKILL, "--overwrite")
colorize("film.mkv", "two.mkv", *TINY, "--overwrite", "--crf", "30")
interrupt("two.mkv", 2, signal.SIGKILL, "--overwrite")
result = autochrome("jobs", ".", "--remove")
check("removed" in result.stdout and not os.path.exists(work("two.mkv")), "jobs --remove", result.stdout)
check("no unfinished jobs in ." in autochrome("jobs", ".").stdout, "jobs: none")
# A journal that is damaged is worth nothing, and does no harm.
interrupt("bad.mkv", 2, signal.SIGKILL)
with open(os.path.join(work("bad.mkv"), "journal.json"), "w", encoding="utf-8") as f:
    f.write('{"autochrome job": 1, "segments": [{"index": -1}]}')
colorize("film.mkv", "bad.mkv", *TINY, "--resume")
same("bad.mkv", whole, "a damaged journal: begins anew")

# Frames of a sequence are gone on with by the same options only.
with start("film.mkv", "frames/%04d.png") as process:
    while process.poll() is None and (not os.path.isdir("frames") or len(os.listdir("frames")) < 5):
        time.sleep(0.002)
    process.kill()
    process.communicate()
fails("frames by others", autochrome("colorize", "film.mkv", "-o", "frames/%04d.png", *TINY, "--resume",
                                     "--saturation", "0.5"), 2, "saturation was 1, is 0.5")
colorize("film.mkv", "frames/%04d.png", *TINY, "--resume")
check(sum(n.endswith(".png") for n in os.listdir("frames")) == 150, "frames", os.listdir("frames"))

# Parts.
for k in 1, 2, 3:
    colorize("film.mkv", "p.mkv", *TINY, "--segment", f"{k}/3")
parts = [f"p.mkv.{k}-of-3" for k in (3, 1, 2)]
result = autochrome("join", *parts, "-o", "p.mkv")
check(result.returncode == 0 and "150 frames of 3 parts" in result.stderr, "join", result.stderr)
same("p.mkv", whole, "parts make the same film")
fails("a part is missing", autochrome("join", *parts[:2], "-o", "q.mkv"), 2, "q.mkv: part 2 of 3 is missing")
fails("a part twice", autochrome("join", *parts, parts[1], "-o", "q.mkv"), 2, "is part 1, as is")
colorize("film.mkv", "f.mkv", *TINY, "--segment", "2/3", "--steady", "2")
fails("a foreign part", autochrome("join", *parts[:2], "f.mkv.2-of-3", "-o", "q.mkv"), 2,
      "f.mkv.2-of-3: is not of the same job as p.mkv.1-of-3: steady was 5, is 2")
fails("no part", autochrome("join", "film.mkv", "-o", "q.mkv"), 1, "film.mkv: is not a part")
fails("another film", autochrome("join", *parts, "-o", "q.mkv", "--input", "whole.mkv"), 2,
      "p.mkv.1-of-3: was not made of whole.mkv")
fails("another format", autochrome("join", *parts, "-o", "q.mp4"), 2, "q.mp4: would be .*MP4.*Matroska")
fails("an output that is there", autochrome("join", *parts, "-o", "p.mkv"), 2, "p.mkv: is there already")
with open("p.mkv.2-of-3", "r+b") as f:
    f.seek(-100, os.SEEK_END)
    f.write(b"damaged!")
fails("a damaged part", autochrome("join", *parts, "-o", "q.mkv"), 1, "p.mkv.2-of-3: is damaged")
os.truncate("p.mkv.2-of-3", os.path.getsize("p.mkv.2-of-3") - 10)
fails("a part that was cut off", autochrome("join", *parts, "-o", "q.mkv"), 1, "p.mkv.2-of-3: is not a part")
check(not os.path.exists("q.mkv"), "no half a film")
for value in "0/3", "4/3", "1", "a/b":
    result = autochrome("colorize", "film.mkv", "-o", "q.mkv", "--segment", value)
    check(result.returncode == 2 and "--segment takes K/N" in result.stderr, f"--segment {value}",
          result.stderr)

# Two devices; one that is lost, once and for good; one that runs out of memory.
ONE = ["--device", "0"]
colorize("film.mkv", "devices.mkv", *TINY, "--device", "0,0")
same("devices.mkv", whole, "the same device twice makes the same film")
for name, devices, fault, more, good in (
        ("lost", "0", "lost:70", [], True), ("memory", "0", "memory:70", [], True),
        ("one of two lost", "0,0", "lost:40", [], True),
        ("lost for good", "0", "lost:70:2", ["--fallback"], True),
        ("lost for good, no fallback", "0", "lost:70:2", [], False)):
    result = autochrome("colorize", "film.mkv", "-o", "lost.mkv", *TINY, "--device", devices, *more,
                        "--overwrite", environment={"AUTOCHROME_FAULT": fault})
    check((result.returncode == 0) == good, f"{name}: exit status", (result.returncode, result.stderr))
    check("it is opened anew, once" in result.stderr, f"{name}: says so", result.stderr)
    if good:
        same("lost.mkv", whole, f"{name}")
        os.remove("lost.mkv")
check("lost.mkv: what is finished is kept; --resume goes on" in result.stderr, "lost for good",
      result.stderr)
colorize("film.mkv", "lost.mkv", *TINY, *ONE, "--resume")
same("lost.mkv", whole, "lost for good and resumed")

# A full disk, where a file system of our own may be mounted.
FULL = """
mount -t tmpfs -o size=400k tmpfs place || exit 77
"$@"; status=$?
ls place/.out.mkv.autochrome || exit 1
mount -o remount,size=20m place
"$@" --resume || exit 1
cp place/out.mkv whole-disk.mkv
exit $status
"""
os.mkdir("place")
ffmpeg("-f", "lavfi", "-i", "nullsrc=s=64x48:r=25:d=5,geq=random(1)*255:128:128", "-c:v", "ffv1", "noise.mkv")
colorize("noise.mkv", "noise-whole.mkv", *TINY, "--codec", "ffv1")
result = subprocess.run(["unshare", "-rm", "sh", "-c", FULL, "sh", films.program, "colorize", "noise.mkv",
                         "-o", "place/out.mkv", *TINY, "--codec", "ffv1"], stdin=subprocess.DEVNULL,
                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
if result.returncode == 77 or "unshare" in result.stderr:
    print("a full disk: not tried, no file system can be mounted here:", result.stderr.strip())
else:
    fails("a full disk", result, 1, "No space left on device")
    check("what is finished is kept; --resume goes on" in result.stderr, "a full disk: says how to go on",
          result.stderr)
    same("whole-disk.mkv", digest("noise-whole.mkv"), "a full disk: the same after --resume")
films.finish()
