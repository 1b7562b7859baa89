"""Bad input and impossible wishes: one clear line each, the right status, nothing left behind."""

import os
import re
import resource
import signal
import subprocess

from media import (ARGUMENT, FORMAT, IO, UNSUPPORTED, check, converts, end, fails, ffmpeg, frames,
                   source, tone)

ffmpeg(*source(seconds=2), *tone(2), "-c:v", "libx264", "-g", "10", "-c:a", "aac", "film.mp4")
ffmpeg(*source(seconds=2), *tone(2), "-c:v", "libx264", "-g", "10", "-c:a", "aac",
       "-movflags", "+faststart", "front.mp4")
ffmpeg("-i", "film.mp4", "-c", "copy", "film.mkv")
ffmpeg("-i", "film.mp4", "-c:v", "copy", "-c:a", "mp2", "film.ts")
with open("film.mp4", "rb") as file:
    film = file.read()

# ---- inputs that are none ----
os.mkdir("folder")
os.mkfifo("pipe.mp4")
for name, data in (("empty.mp4", b""), ("text.mp4", b"This is no film, but a letter.\n" * 40),
                   ("noise.mkv", bytes((i * i * 7919 >> 5) & 255 for i in range(5000))),
                   ("cut.mp4", film[:len(film) // 2])):
    with open(name, "wb") as file:
        file.write(data)
ffmpeg(*tone(), "-c:a", "flac", "sound.flac")
ffmpeg(*source("32x32"), "-frames:v", "1", "cover.png")
ffmpeg(*tone(), "-i", "cover.png", "-map", "0", "-map", "1", "-c:v", "copy",
       "-disposition:v", "attached_pic", "-c:a", "flac", "album.flac")
fails("missing.mp4", "out.mkv", IO, "missing.mp4: cannot be opened: No such file")
fails("folder", "out.mkv", IO, "folder: there is no picture in this folder")
fails("pipe.mp4", "out.mkv", IO, "pipe.mp4: is not a regular file")
fails("empty.mp4", "out.mkv", FORMAT, "empty.mp4: is empty")
fails("text.mp4", "out.mkv", FORMAT, "text.mp4: is not a film")
fails("noise.mkv", "out.mkv", FORMAT, "noise.mkv:")
fails("cut.mp4", "out.mkv", FORMAT, "cut.mp4: is cut off", "moov")
fails("sound.flac", "out.mkv", FORMAT, "sound.flac: has no video stream; nothing to colour")
fails("album.flac", "out.mkv", FORMAT, "album.flac: has no video stream but cover art")
fails("film.mp4", "out.mkv", ARGUMENT, "start 0:01:00.000 is after", start=60)

# ---- outputs that cannot be ----
fails("film.mp4", "film.mp4", ARGUMENT, "film.mp4: is the input", overwrite=1)
os.symlink("film.mp4", "link.mp4")
os.link("film.mp4", "hard.mp4")
fails("film.mp4", "link.mp4", ARGUMENT, "link.mp4: is the input", overwrite=1)
fails("film.mp4", "hard.mp4", ARGUMENT, "hard.mp4: is the input", overwrite=1)
fails("link.mp4", "./film.mp4", ARGUMENT, "is the input", overwrite=1)
with open("there.mkv", "wb") as file:
    file.write(b"precious")
fails("film.mp4", "there.mkv", ARGUMENT, "there.mkv: is there already", "--overwrite")
os.symlink("nowhere.mkv", "dangling.mkv")
fails("film.mp4", "dangling.mkv", IO, "leads nowhere", overwrite=1)
os.mkdir("folder.mkv")
fails("film.mp4", "folder.mkv", IO, "folder.mkv: is a directory", overwrite=1)
fails("film.mp4", "pipe.mp4", IO, "not a regular file", overwrite=1)
fails("film.mp4", "absent/out.mkv", IO, "absent/out.mkv: cannot be written: its folder")
fails("film.mp4", "text.mp4/out.mkv", IO, "text.mp4/out.mkv: cannot be written")
if os.geteuid():
    os.mkdir("readonly", 0o555)
    fails("film.mp4", "readonly/out.mkv", IO, "readonly/out.mkv: cannot be written")
else:
    fails("film.mp4", "/proc/out.mkv", IO, "/proc/out.mkv: cannot be written")
fails("film.mp4", "out", ARGUMENT, "out: the name's ending", ".mkv")
fails("film.mp4", "out.xyz", ARGUMENT, "out.xyz: the name's ending", ".mkv")
fails("film.mp4", "out.png", ARGUMENT, "out.png: is a picture's name, but film.mp4 is a film")
fails("film.mp4", "out.srt", ARGUMENT, "out.srt:", "holds no film")
fails("film.mp4", "out.m3u8", ARGUMENT, "out.m3u8:", "holds no film in one file")

# ---- encoders ----
fails("film.mp4", "out.mkv", ARGUMENT, "no encoder 'libx999'", codec="libx999")
fails("film.mp4", "out.mkv", ARGUMENT, "'aac' is not for pictures but for audio", codec="aac")
fails("film.mp4", "out.webm", UNSUPPORTED, "cannot hold h264", codec="libx264")
fails("film.mp4", "out.mkv", ARGUMENT, "'yuv421p' is no pixel format", pix_fmt="yuv421p")
fails("film.mp4", "out.mkv", ARGUMENT, "libx264 cannot be used with the pixel format yuv420p16le",
      "it takes yuv420p", codec="libx264", pix_fmt="yuv420p16le")
fails("film.mp4", "out.mkv", ARGUMENT, "gray holds no colours", codec="ffv1", pix_fmt="gray")
fails("film.mp4", "out.mkv", ARGUMENT, "libx264", "preset", preset="breakneck")
fails("film.mp4", "out.mkv", ARGUMENT, "ffv1 has no presets", codec="ffv1", preset="slow")
fails("film.mp4", "out.mkv", ARGUMENT, "ffv1 has no constant quality", codec="ffv1", crf=20)
fails("film.mp4", "out.mkv", ARGUMENT, "no option 'speed'", options="speed=9")
fails("film.mp4", "out.mkv", ARGUMENT, "KEY=VALUE", options="nonsense")
fails("film.mp4", "out.mkv", ARGUMENT, "libx264", "g", options="g=often")
ffmpeg(*source("37x53", 0.2, name="testsrc"), "-c:v", "ffv1", "-pix_fmt", "yuv420p", "odd.mkv")
fails("odd.mkv", "out.mkv", UNSUPPORTED, "odd size 37x53", codec="libx264", pix_fmt="yuv420p")

# ---- a disk that fills up ----
big = source("320x240", 4, name="testsrc2")
ffmpeg(*big, "-c:v", "libx264", "-qp", "30", "-preset", "ultrafast", "big.mkv")


def small_files():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))


for output in "out.mkv", "out.mp4", "out.avi":
    fails("big.mkv", output, IO, f"{output}: writing failed: File too large", preexec=small_files,
          codec="mjpeg")
os.mkdir("small")
mounted = not os.geteuid() and not subprocess.run(
    ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", "small"], check=False,
    capture_output=True).returncode
if mounted:
    try:
        for output in "small/out.mkv", "small/out.mp4":
            fails("big.mkv", output, IO, "writing failed: No space left on device", codec="mjpeg")
    finally:
        subprocess.run(["umount", "small"], check=False)
else:
    print("skipped: a full disk needs the right to mount one")

# ---- a damaged middle ----
times = re.compile(r"damaged at (\d+:\d\d:\d\d\.\d\d\d): ")


def seconds(warning):
    hours, minutes, rest = times.search(warning).group(1).split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


def check_damage(name, data, least, earliest, latest):
    with open(name, "wb") as file:
        file.write(data)
    result = converts(name, "out.mkv", warnings=None, codec="ffv1")
    told = [seconds(w) for w in result.warnings if times.search(w)]
    check(int(result.lines["damage"]) > 0 and told, f"{name}: damage is told", result.text)
    check(len(told) <= 10, f"{name}: not too much", result.text)
    check(told and earliest <= min(told) and max(told) <= latest, f"{name}: with its time",
          result.text)
    made = len(frames("out.mkv"))
    check(least <= made <= 50 and made == int(result.lines["frames"]), f"{name}: the rest is there",
          made)


for name in "film.mkv", "film.ts":
    with open(name, "rb") as file:
        data = bytearray(file.read())
    middle = len(data) // 2
    for i in range(middle, middle + len(data) // 12):
        data[i] = (data[i] * 37 + i * 11) & 255
    check_damage("damaged-" + name, data, 30, 0.5, 1.7)
with open("front.mp4", "rb") as file:
    data = file.read()
check_damage("front-cut.mp4", data[:len(data) * 6 // 10], 15, 0.5, 1.9)
with open("film.mkv", "rb") as file:
    data = file.read()
check_damage("cut.mkv", data[:len(data) * 4 // 10], 10, 0.3, 1.5)
ffmpeg("-i", "film.mp4", "-c:v", "mpeg4", "-q:v", "3", "-c:a", "mp2", "film.avi")
with open("film.avi", "rb") as file:
    data = file.read()
check_damage("cut.avi", data[:len(data) * 6 // 10], 10, 0.3, 1.8)

# ---- films that change ----
ffmpeg(*source("64x48"), "-c:v", "mpeg2video", "-q:v", "4", "one.ts")
ffmpeg(*source("80x60"), "-c:v", "mpeg2video", "-q:v", "4", "-output_ts_offset", "1", "two.ts")
with open("change.ts", "wb") as file:
    for part in "one.ts", "two.ts":
        with open(part, "rb") as data:
            file.write(data.read())
fails("change.ts", "changed.mkv", UNSUPPORTED, "from 64x48 to 80x60", "--start")

# ---- overwriting ----
converts("film.mp4", "there.mkv", overwrite=1, preset="ultrafast")
check(len(frames("there.mkv")) == 50, "overwritten")
os.symlink("there.mkv", "to-there.mkv")
converts("film.mp4", "to-there.mkv", overwrite=1, preset="ultrafast")
check(os.path.islink("to-there.mkv"), "a link stays a link")
os.mkdir("sub")
for name in "100%d.mkv", "a:b.mkv", "-.mkv", "wide 映画.mkv":
    os.link("film.mkv", "sub/" + name)
    converts("sub/" + name, "sub/out " + name, preset="ultrafast")

end()
