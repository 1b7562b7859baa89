"""Frame sequences in and out: formats, names, gaps, broken frames, what is there already."""

import os
import re
import shutil
import struct
import subprocess

from media import (ARGUMENT, FORMAT, IO, REMUX, UNSUPPORTED, check, converts, end, fails, ffmpeg, frames,
                   listing, luma_hashes, remux, same_times, source, tone, video)


def names(folder):
    return sorted(os.listdir(folder))


def luma(path, pix_fmt):
    """Of every pixel, 0 to 1; pix_fmt is the file's own: ffmpeg's conversions are not exact."""
    shutil.copy(path, "picture")  # whose name means nothing to ffmpeg
    ffmpeg("-i", "picture", "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", pix_fmt, "pixels.raw")
    with open("pixels.raw", "rb") as file:
        data = file.read()
    top = 255
    if "f32" in pix_fmt:
        data, top = struct.unpack(f"<{len(data) // 4}f", data), 1
    elif pix_fmt[-2:] in ("le", "be"):
        order = "<" if pix_fmt.endswith("le") else ">"
        data = struct.unpack(f"{order}{len(data) // 2}H", data)
        top = 1023 if "10" in pix_fmt else 65535
    if pix_fmt.startswith("gray"):
        return [value / top for value in data]
    n = len(data) // 3
    rgb = (zip(data[2 * n:], data[:n], data[n:2 * n]) if pix_fmt.startswith("gbr")
           else zip(data[::3], data[1::3], data[2::3]))
    return [(0.2126 * r + 0.7152 * g + 0.0722 * b) / top for r, g, b in rgb]


def apart(a, b):
    return max(abs(x - y) for x, y in zip(a, b)) if len(a) == len(b) and a else 999


def make(folder, extension, pix_fmt, *more, count=3, start=8, pattern="f_%d"):
    # Little contrast: with the tests' chroma no colour is out of gamut, so none is clipped.
    os.makedirs(folder, exist_ok=True)
    ffmpeg(*source(size="32x24", seconds=count / 25, name="testsrc"), "-vf",
           f"format=gray,lutyuv=y='64+val/2',format={pix_fmt}", *more, "-start_number", str(start),
           f"{folder}/{pattern}.{extension}")


# ---- formats: names, depth, luma within one code value of the coarser of both ----
# Pixels, and the steps of a value.
KINDS = {"png": ("rgb24", 255), "png16": ("rgb48be", 65535), "tiff": ("rgb24", 255),
         "tiff16": ("rgb48le", 65535), "dpx": ("rgb24", 255), "dpx10": ("gbrp10le", 1023),
         "dpx16": ("rgb48le", 65535), "exr": ("gbrpf32le", 1e6), "exrgray": ("grayf32le", 1e6),
         "pnggray": ("gray", 255)}
WRITTEN = {"png": ("rgb24", "rgb48be"), "tiff": ("rgb24", "rgb48le"), "dpx": ("rgb24", "rgb48le"),
           "exr": ("gbrpf32le", "gbrpf32le")}
OTHERS = {"png": "exr", "png16": "exr", "tiff": "dpx", "tiff16": "png", "dpx": "tiff",
          "dpx10": "png", "dpx16": "tiff", "exr": "png", "exrgray": "dpx", "pnggray": "tiff"}
for kind, (pix_fmt, steps) in KINDS.items():
    extension = re.sub("[0-9]+|gray", "", kind)
    make(kind, extension, pix_fmt)
    was = luma(f"{kind}/f_10.{extension}", pix_fmt)
    for output in extension, OTHERS[kind]:
        made = f"{kind}-{output}"
        converts(kind, made, format=output)
        check(names(made) == [f"f_{i}.{output}" for i in (10, 8, 9)], f"{made}: names", names(made))
        now_pixels = video(f"{made}/f_10.{output}")["pix_fmt"]
        check(now_pixels == WRITTEN[output][steps != 255], f"{made}: pixels", now_pixels)
        coarser = min(steps, {"rgb24": 255, "gbrpf32le": 1e6}.get(now_pixels, 65535))
        if output == "exr" and steps != 1e6:
            coarser = 65535
        now = luma(f"{made}/f_10.{output}", now_pixels)
        check(apart(was, now) <= 1.001 / coarser, f"{made}: luma", apart(was, now) * coarser)
make("jpg", "jpg", "yuvj420p", "-q:v", "2")
result = converts("jpg", "jpg-jpg", options="qmin=1")
check(names("jpg-jpg") == ["f_10.jpg", "f_8.jpg", "f_9.jpg"], "JPEG stays JPEG", names("jpg-jpg"))
check(apart(luma("jpg/f_8.jpg", "gray"), luma("jpg-jpg/f_8.jpg", "gray")) <= 16 / 255,
      "JPEG: much the same")

# Brighter than white, as only floats are.
os.mkdir("hdr")
with open("hdr.raw", "wb") as file:
    for plane in range(3):
        file.write(struct.pack("<192f", *[0.3 + i / 60 + plane / 70 for i in range(192)]))
ffmpeg("-f", "rawvideo", "-pix_fmt", "gbrpf32le", "-s", "16x12", "-i", "hdr.raw", "hdr/1.exr")
converts("hdr", "hdr-exr")
was, now = (luma(f"{folder}/1.exr", "gbrpf32le") for folder in ("hdr", "hdr-exr"))
check(max(was) > 3 and apart(was, now) < 1e-6, "OpenEXR above 1: luma", (max(was), apart(was, now)))

# ---- names and order ----
converts("png/f_%d.png", "out/frame %04d.png")
check(names("out") == [f"frame {i:04d}.png" for i in (8, 9, 10)], "numbers are kept", names("out"))
check(apart(luma("png/f_10.png", "rgb24"), luma("out/frame 0010.png", "rgb24")) <= 1.01 / 255,
      "2 before 10: frame 10 is frame 10")
converts("png/*.png", "glob/%d.png", start_number=9)
check(names("glob") == ["10.png", "9.png"], "--start-number", names("glob"))
fails("png", "no", IO, "no frame 7 to begin with; there are frames 8 to 10", start_number=7)
converts("png", "made")  # no slash: it can be nothing else
converts("png", "made-film.mkv", codec="ffv1", pix_fmt="gbrp16le")
check(same_times([t for t, _ in frames("made-film.mkv")], [0, 0.04, 0.08]), "25 frames a second",
      frames("made-film.mkv"))
converts("png", "made-film.mkv", codec="ffv1", framerate="24000/1001")
check(video("made-film.mkv")["avg_frame_rate"] == "24000/1001", "--framerate",
      video("made-film.mkv"))
fails("png", "no.mkv", ARGUMENT, "--framerate: 'fast' is no rate", framerate="fast")
result = converts("png", "made-film.mkv", codec="ffv1", start=0.04)
check(result.lines["frames"] == "2" and len(frames("made-film.mkv")) == 2, "start", result.lines)
result = converts("png", "cut/", start=0.04, duration=0.04)
check(names("cut") == ["f_9.png"], "start and duration", names("cut"))
fails("png", "no/", ARGUMENT, "is after the film's last frame", start=1)

# Names that are not numbered: natural order, numbers from 1.
os.mkdir("photos")
for name, shade in ("b 10", 80), ("b 9", 120), ("a", 160):
    ffmpeg("-f", "lavfi", "-i", f"color=0x{shade:02x}{shade:02x}{shade:02x}:s=8x8:d=0.04", "-frames:v",
           "1", "-pix_fmt", "gray", f"photos/{name}.png")
converts("photos", "photos-out/%02d.png")
check(apart([255 * luma(f"photos-out/0{i}.png", "rgb24")[0] for i in (1, 2, 3)],
            [160, 120, 80]) <= 1, "natural order")
converts("photos", "photos-same")
check(names("photos-same") == names("photos"), "names are kept", names("photos-same"))
fails("photos", "no", ARGUMENT, "--start-number", start_number=1)

# What is in a folder beside frames does not matter, but other pictures do.
for name in "notes.txt", ".hidden.png", "f_8.png.1-0.part":
    with open("png/" + name, "w", encoding="utf-8") as file:
        file.write("not a picture")
os.mkdir("png/sub")
converts("png", "png/sub/deep", warnings=0)  # an output folder inside the input folder
check(len(names("png/sub/deep")) == 3, "inside the input folder", names("png/sub/deep"))
converts("png", "png/inner")
converts("png", "png/inner2")
with open("png/x.tif", "wb") as file:
    file.write(b"II*\0")
fails("png", "no", ARGUMENT, "png: has pictures of several kinds (.png, .tif)", "'png/*.png'")
os.remove("png/x.tif")
shutil.copy("png/f_8.png", "png/f_08.png")
fails("png", "no", ARGUMENT, "frame 8 is there twice", "png/f_08.png", "png/f_8.png")
os.remove("png/f_08.png")
os.mkdir("nothing")
fails("nothing", "no", IO, "nothing: there is no picture in this folder")
fails("png/%05d.png", "no", IO, "png/%05d.png: there is no frame of such a name")
fails("absent/%05d.png", "no", IO, "the folder absent/ cannot be read")
fails("png/g*.png", "no", IO, "png/g*.png: cannot be opened")

# ---- gaps ----
make("gaps", "png", "gray", count=12, start=1, pattern="%03d")
for i in 3, 7, 8, 9:
    os.remove(f"gaps/00{i}.png")
for path in "gaps", "gaps/%03d.png", "gaps/*.png":
    fails(path, "no", IO, f"{path}: frames 3, 7 to 9 are missing (4 in all)", "--allow-gaps")
os.rename("gaps/012.png", "gaps/999999999999999.png")
fails("gaps", "no", IO, "12 to 999999999999998 are missing")
os.rename("gaps/999999999999999.png", "gaps/012.png")
converts("gaps", "gaps-out", warnings=1, allow_gaps=1)
check(names("gaps-out") == names("gaps"), "gaps stay", names("gaps-out"))
converts("gaps", "gaps.mkv", warnings=1, allow_gaps=1, codec="ffv1")
check(same_times([t for t, _ in frames("gaps.mkv")],
                 [(int(n[:3]) - 1) / 25 for n in names("gaps")]), "frames keep their times",
      frames("gaps.mkv"))
converts("gaps/%03d.png", "gaps10", start_number=10)
for what, value in ("framerate", "24"), ("allow_gaps", 1):
    fails("png/f_8.png", "no.png", ARGUMENT, f"--{what.replace('_', '-')} is for sequences",
          **{what: value})

# ---- frames that are not as the others ----
def with_frame_9(folder, change):
    shutil.copytree("tiny", folder)
    change(f"{folder}/f_9.png")


def cut(path):
    os.truncate(path, os.path.getsize(path) * 6 // 10)


def garble(path):
    with open(path, "r+b") as file:
        data = bytearray(file.read())
        for i in range(len(data) // 2, len(data) // 2 + 20):
            data[i] ^= 0x5a
        file.seek(0)
        file.write(data)


def replace(*arguments):
    return lambda path: ffmpeg(*source(name="testsrc", *arguments[:1]), "-frames:v", "1",
                               *arguments[1:], path)


def text(path):
    with open(path, "w", encoding="utf-8") as file:
        file.write("This is a letter.\n" * 20)


make("tiny", "png", "rgb24", count=5, start=7)
for what, change, status, says in (
        ("size", replace("80x60", "-pix_fmt", "rgb24"), UNSUPPORTED, "is 80x60, but the frames before are 32x24"),
        ("depth", replace("32x24", "-pix_fmt", "rgb48be"), UNSUPPORTED, "its pixels are rgb48be"),
        ("gray", replace("32x24", "-pix_fmt", "gray"), UNSUPPORTED, "its pixels are gray"),
        ("cut", cut, FORMAT, "is cut off"), ("garbled", garble, FORMAT, ""),
        ("text", text, FORMAT, ""), ("empty", lambda path: os.truncate(path, 0), IO, "is empty"),
        ("jpeg", replace("32x24", "-f", "mjpeg"), FORMAT, "")):
    with_frame_9("broken-" + what, change)
    for output, codec in (f"no-{what}.mkv", "ffv1"), ("no-frames-" + what, "png"):
        result = remux("broken-" + what, output, codec=codec)
        check(result.status == status and len(result.errors) == 1, f"{what}: an error", result.text)
        check(f"broken-{what}/f_9.png: " + says in result.text, f"{what}: names the file",
              result.text)
    check(not os.path.exists(f"no-{what}.mkv"), f"{what}: no film")
    if os.path.exists("no-frames-" + what):
        check(set(names("no-frames-" + what)) <= {"f_7.png", "f_8.png"},
              f"{what}: frames before only", names("no-frames-" + what))
for kind, status in ("exr", FORMAT), ("tiff", FORMAT), ("dpx", FORMAT), ("jpg", FORMAT):
    shutil.copytree(kind, "cut-" + kind)
    cut(f"cut-{kind}/f_9.{kind}")
    result = remux("cut-" + kind, f"no-cut-{kind}.mkv", codec="ffv1")
    check(result.status == status and f"cut-{kind}/f_9.{kind}: " in result.text and
          not os.path.exists(f"no-cut-{kind}.mkv"), f"a cut {kind}", result.text)
with_frame_9("gone", os.remove)
os.symlink("nowhere.png", "gone/f_9.png")
result = remux("gone", "no.mkv", codec="ffv1")
check(result.status == IO and "gone/f_9.png: cannot be opened" in result.text, "a link to nothing",
      result.text)
make("turned", "jpg", "yuvj420p", count=2, start=1, pattern="%d")
with open("turned/2.jpg", "rb") as file:
    jpeg = file.read()
exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHIHHI", 0x0112, 3, 1, 3, 0, 0)
with open("turned/2.jpg", "wb") as file:
    file.write(jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:])
fails("turned", "no.mkv", UNSUPPORTED, "turned/2.jpg: has another orientation")
os.mkdir("films")
for i in 1, 2:
    ffmpeg(*source("48x32", 0.2), f"films/{i}.gif")
fails("films", "no", UNSUPPORTED, "films/1.gif: may be a film", format="png")

# ---- films ----
ffmpeg(*source(seconds=0.4), *tone(0.4), "-c:v", "ffv1", "-pix_fmt", "yuv420p", "-c:a", "flac",
       "film.mkv")
result = converts("film.mkv", "film-out/x%03d.png", warnings=1)
check("cannot hold sound" in result.text, "sound is missed", result.text)
check(names("film-out") == [f"x{i:03d}.png" for i in range(1, 11)], "from 1 on", names("film-out"))
fails("film.mkv", "no/x%03d.png", UNSUPPORTED, "cannot hold sound", strict=1)
converts("film.mkv", "film-in/", warnings=1, format="tif", start_number=100)
check(names("film-in") == [f"{i:06d}.tif" for i in range(100, 110)], "a film into a folder",
      names("film-in"))
fails("film.mkv", "x.png", ARGUMENT, "x.png: is a picture's name, but film.mkv is a film",
      "frames/%06d.png")
fails("png", "x.png", ARGUMENT, "x.png: is a picture's name, but png is a sequence")
converts("film-out/x%03d.png", "back.mkv", codec="ffv1", pix_fmt="yuv420p")
check(len(luma_hashes("back.mkv")) == 10, "and back")
converts("png/f_8.png", "one/%d.png")
check(names("one") == ["1.png"], "one picture", names("one"))

# ---- what is there already ----
fails("png", "out/frame %04d.png", ARGUMENT, "out/frame 0008.png: is there already, and 2 more are",
      "--overwrite", "--resume")
fails("film.mkv", "film-out/x%03d.png", ARGUMENT, "film-out/x001.png: is there already")
os.mkdir("some")
with open("some/f_9.png", "wb") as file:
    file.write(b"precious")
fails("png", "some", ARGUMENT, "some/f_9.png: is there already;")
result = remux("png", "some", resume=1)
check(result.status == 0 and names("some") == ["f_10.png", "f_8.png", "f_9.png"], "resume", result.text)
with open("some/f_9.png", "rb") as file:
    check(file.read() == b"precious", "resume keeps what is there")
converts("png", "some")  # with overwrite
check(apart(luma("png/f_9.png", "rgb24"), luma("some/f_9.png", "rgb24")) <= 1.01 / 255, "overwritten")
for path in "png/f_%d.png", "png", "./png/../png/f_%d.png":
    fails("png", path, ARGUMENT, "is where the input is", overwrite=1)
os.symlink("png", "same")
fails("png", "same/f_%d.png", ARGUMENT, "is where the input is", overwrite=1)
fails("png", "same", ARGUMENT, "is where the input is", overwrite=1, resume=1)
converts("png", "png/f_%d.tif")
check(len([n for n in names("png") if n.endswith(".tif")]) == 3, "another name in the same folder")
for i in 8, 9, 10:
    os.remove(f"png/f_{i}.tif")
os.mkdir("in2"), os.mkdir("in2/a"), os.mkdir("in2/b")
for folder in "a", "b":
    shutil.copy("tiny/f_7.png", f"in2/{folder}/f.png")
fails("in2/*/f.png", "no", ARGUMENT, "two frames would be no/f.png: in2/a/f.png and in2/b/f.png")
converts("in2/*/f.png", "in2-out/%d.png")
check(names("in2-out") == ["1.png", "2.png"], "a glob over folders", names("in2-out"))
fails("png", "absent/deep/%d.png", IO, "its folder cannot be made")
fails("png", "film.mkv/%d.png", IO, "film.mkv/")
if os.geteuid():
    os.mkdir("readonly", 0o555)
    fails("png", "readonly", IO, "readonly: ", "ermission")
    fails("png", "readonly/%d.png", IO, "ermission")
else:
    fails("png", "/proc/%d.png", IO, "/proc/")
    fails("png", "/proc/self", IO, "/proc/self")

# ---- names that are no patterns, or strange ones ----
os.mkdir("strange")
for name in ("100%d.png", "50%.png", "a*b.png", "[x].png", "with space.png", "it's \"quoted\".png",
             "line\nbreak.png", "-.png", "a:b.png", "映画.png"):
    path = "strange/" + name
    shutil.copy("tiny/f_7.png", path)
    result = converts(path, "strange/out.png")
    check(result.lines["still"] == "1", f"{path} is a file", result.text)
    shutil.copy("tiny/f_7.png", "strange/there" + name)
    converts("tiny/f_8.png", "strange/there" + name)
    check(apart(luma("tiny/f_8.png", "rgb24"), luma("strange/there" + name, "rgb24")) <= 1.01 / 255,
          f"{path} can be written")
raw = os.fsencode("by\udcfftes\udc80")
for folder in (b"with space", b"it's \"%d\"", b"100%%", b"line\nbreak", raw, b"*[a]"):
    for pattern in b"f_%d.png", b"":
        os.mkdir(b"in-" + folder)
        for i in 1, 2:
            shutil.copy("tiny/f_7.png", b"in-" + folder + b"/f_%d.png" % i)
        path = b"in-" + folder + b"/" + pattern
        result = subprocess.run([REMUX, path,
                                 b"out-" + folder + b"/" + (pattern and b"g" + raw + b"%%%02d.png")],
                                check=False, capture_output=True)
        wanted = [b"g" + raw + b"%01.png", b"g" + raw + b"%02.png"] if pattern else \
            [b"f_1.png", b"f_2.png"]
        check(result.returncode == 0 and sorted(os.listdir(b"out-" + folder)) == wanted, repr(path),
              result.stderr)
        shutil.rmtree(b"in-" + folder)
        shutil.rmtree(b"out-" + folder)

# Symbolic links: the frames and the folder may be some; a link in the way is replaced, and what it
# leads to stays.
os.mkdir("links")
for i in 1, 2, 3:
    os.symlink("../tiny/f_7.png", f"links/{i}.png")
os.symlink("links", "links-in")
os.mkdir("links-real")
os.symlink("links-real", "links-out")
os.symlink("../tiny/f_7.png", "links-out/2.png")
before = listing()
fails("links-in", "links-out", ARGUMENT, "links-out/2.png: is there already")
converts("links-in", "links-out")
check(names("links-out") == ["1.png", "2.png", "3.png"] and not os.path.islink("links-out/2.png"),
      "links", names("links-out"))
check([entry for entry in listing() if "tiny" in entry[0]] ==
      [entry for entry in before if "tiny" in entry[0]], "what the link led to stays")

check(not any(".part" in name and name != "f_8.png.1-0.part" for name, _ in listing()),
      "nothing half-written stays", listing())
end()
