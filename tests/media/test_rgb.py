"""Colour pictures in: right colours, upright, whole; scaled; out as PNG."""

import os
import struct
import subprocess

from media import (ARGUMENT, FORMAT, IO, REMUX as PICTURES, Result, check, end, ffmpeg, listing,
                   source, tone, video)


def pictures(*arguments):
    return Result(subprocess.run([PICTURES, *map(str, arguments)], capture_output=True, text=True,
                                 check=False, stdin=subprocess.DEVNULL))


def read(path, frames=1, warnings=0):
    result = pictures("read", path, "frame")
    check(result.status == 0 and not result.errors and len(result.warnings) == warnings,
          f"{path}: is read, with {warnings} warnings", result.text)
    check(result.lines.get("frames") == str(frames), f"{path}: {frames} frames", result.lines)
    return result.lines


def fails(status, *says, command):
    before = listing()
    result = pictures(*command)
    check(result.status == status, f"{command}: status {status}, not {result.status}", result.text)
    check(len(result.errors) == 1, f"{command}: one error", result.text)
    for part in says:
        check(part in result.text, f"{command}: says {part}", result.text)
    check(listing() == before, f"{command}: nothing left")


def frame(number=0):
    with open(f"frame{number}.rgb", "rb") as file:
        return file.read()


def raw(path, *filters):
    ffmpeg("-i", path, *(["-vf", ",".join(filters)] if filters else []), "-frames:v", "1",
           "-f", "rawvideo", "-pix_fmt", "rgb24", "pixels.raw")
    with open("pixels.raw", "rb") as file:
        return file.read()


def apart(a, b):
    return max(map(lambda x, y: abs(x - y), a, b)) if len(a) == len(b) and a else 999


def close(a, b, most, what):
    check(apart(a, b) <= most, f"{what}: at most {most} apart", (apart(a, b), a[:12], b[:12]))


# ---- RGB as it is; PNG out and in again ----
ffmpeg(*source("61x43", 0.04, name="testsrc"), "-frames:v", "1", "-pix_fmt", "rgb24", "rgb.png")
lines = read("rgb.png")
check(lines["info"] == "61x43 still 1 gray 0 fps 0.000 seconds 0.000", "PNG: information", lines)
check(lines["frame 0"] == "61x43 at 0.000", "PNG: the frame", lines)
check(frame() == raw("rgb.png"), "PNG: values are the file's")
result = pictures("scale", "rgb.png", 0, 0, 61, 43, 61, 43, "same.png")
check(result.status == 0, "a PNG is written", result.text)
check(video("same.png")["pix_fmt"] == "rgb24", "of 8-bit RGB")
check(raw("same.png") == raw("rgb.png"), "PNG out and in again")
result = pictures("scale", "rgb.png", 0, 0, 61, 43, 61, 43, "same.jpg")
check(result.status == 0 and not result.text, "a JPEG is written", result.text)
check(video("same.jpg")["codec_name"] == "mjpeg" and video("same.jpg")["pix_fmt"] == "yuvj444p",
      "of full range and whole chroma", video("same.jpg"))
differences = [abs(a - b) for a, b in zip(raw("same.jpg"), raw("rgb.png"))]
check(sum(differences) / len(differences) < 5, "JPEG out and in again",
      sum(differences) / len(differences))
check(not any(".part" in name for name, _ in listing()), "nothing half-written stays")
ffmpeg("-i", "rgb.png", "-vf", "format=rgba,colorchannelmixer=aa=0.2", "rgba.png")
read("rgba.png")
check(frame() == raw("rgb.png"), "transparency is dropped in silence")
ffmpeg("-i", "rgb.png", "-pix_fmt", "rgb48be", "rgb48.png")
read("rgb48.png")
close(frame(), raw("rgb.png"), 1, "16 bits")
ffmpeg("-i", "rgb.png", "-pix_fmt", "pal8", "pal8.png")
read("pal8.png")
check(frame() == raw("pal8.png"), "palette")
for pix_fmt in "gray", "gray16be":
    ffmpeg("-i", "rgb.png", "-pix_fmt", pix_fmt, "gray.png")
    check("gray 1" in read("gray.png")["info"], f"{pix_fmt}: is said to be gray")
    close(frame(), raw("gray.png"), 1, pix_fmt)

# ---- matrices and ranges: one colour, made by ffmpeg of each kind, must come back ----
COLOUR = (180, 90, 40)
WEIGHTS = {"bt709": (0.2126, 0.0722), "smpte170m": (0.299, 0.114), "bt2020nc": (0.2627, 0.0593)}


def coded(colour, matrix, full, depth):
    """Y, Cb, Cr of it (H.273, equations 38 and on)."""
    kr, kb = WEIGHTS[matrix]
    r, g, b = (v / 255 for v in colour)
    y = kr * r + (1 - kr - kb) * g + kb * b
    cb, cr = (b - y) / 2 / (1 - kb), (r - y) / 2 / (1 - kr)
    top, unit = (1 << depth) - 1, 1 << depth - 8
    if full:
        return [round(y * top)] + [round(c * top + (1 << depth - 1)) for c in (cb, cr)]
    return [round((16 + 219 * y) * unit)] + [round((128 + 224 * c) * unit) for c in (cb, cr)]


def film(path, matrix, full, pix_fmt="yuv420p", tagged=True, size="64x48"):
    depth = 10 if "10" in pix_fmt else 8
    y, cb, cr = coded(COLOUR, matrix, full, depth)
    width, height = map(int, size.split("x"))
    shift_x, shift_y = (1 if pix_fmt[:6] != "yuv444" else 0), (1 if pix_fmt[:6] == "yuv420" else 0)
    one = struct.Struct("<H" if depth > 8 else "B")
    with open("colour.raw", "wb") as file:
        file.write(one.pack(y) * (width * height))
        file.write(one.pack(cb) * ((width >> shift_x) * (height >> shift_y)))
        file.write(one.pack(cr) * ((width >> shift_x) * (height >> shift_y)))
    # From FFmpeg 7.1 on encoders heed the tags of frames, before that those of options.
    kind = "pc" if full else "tv"
    tags = ["-colorspace", matrix] if tagged else []
    ffmpeg("-f", "rawvideo", "-pix_fmt", pix_fmt, "-s", size, "-i", "colour.raw", *tags,
           "-color_range", kind, "-vf",
           f"setparams=range={kind}" + (f":colorspace={matrix}" if tagged else ""), "-c:v", "ffv1",
           path)


for matrix in WEIGHTS:
    for full in False, True:
        for pix_fmt in "yuv420p", "yuv422p", "yuv444p", "yuv420p10le":
            film("film.mkv", matrix, full, pix_fmt)
            read("film.mkv")
            close(frame(), bytes(COLOUR) * (64 * 48), 2, f"{matrix} {full} {pix_fmt}")
# Without a tag, by size.
film("film.mkv", "smpte170m", False, tagged=False)
read("film.mkv")
close(frame(), bytes(COLOUR) * (64 * 48), 2, "untagged and small: BT.601")
film("film.mkv", "bt709", False, tagged=False, size="128x720")
read("film.mkv")
close(frame(), bytes(COLOUR) * (128 * 720), 2, "untagged and large: BT.709")

# ---- JPEG: near what ffmpeg makes of it, and where chroma lies ----
ffmpeg("-f", "lavfi", "-i", "mandelbrot=s=90x60", "-frames:v", "1", "-pix_fmt", "yuvj420p",
       "-q:v", "2", "small.jpg")
read("small.jpg")
close(frame(), raw("small.jpg", "scale=flags=bilinear+full_chroma_int+full_chroma_inp+accurate_rnd",
                   "format=rgb24"), 2, "JPEG")
# Left half red, right half blue: of a film whose chroma lies at the left of its two pixels, the
# colour of the edge is another than of a picture whose chroma lies in the middle.
for place, name in ((0, "left.mkv"), (1, "center.mkv"), (None, "none.mkv")):
    ffmpeg("-f", "lavfi", "-i", "color=red:s=32x32:r=25:d=0.04", "-f", "lavfi", "-i",
           "color=blue:s=32x32:r=25:d=0.04", "-filter_complex",
           "hstack,scale=out_color_matrix=bt709,format=yuv420p", "-c:v", "libx264", "-qp", "0",
           *(["-bsf:v", f"h264_metadata=chroma_sample_loc_type={place}"] if place is not None
             else []), name)
    read(name)
    os.rename("frame0.rgb", name + ".rgb")
check(open("left.mkv.rgb", "rb").read() != open("center.mkv.rgb", "rb").read(),
      "chroma at the left is not chroma in the middle")
check(open("left.mkv.rgb", "rb").read() == open("none.mkv.rgb", "rb").read(),
      "a film that does not say has it at the left")

# ---- upright ----
with open("small.jpg", "rb") as file:
    jpeg = file.read()
for orientation, turn in ((1, "null"), (2, "hflip"), (3, "hflip,vflip"), (4, "vflip"),
                          (5, "transpose=0"), (6, "transpose=1"), (7, "transpose=3"),
                          (8, "transpose=2")):
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHIHHI", 0x0112, 3, 1,
                                                           orientation, 0, 0)
    with open("turned.jpg", "wb") as file:
        file.write(jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:])
    size = "60x90" if orientation > 4 else "90x60"
    lines = read("turned.jpg")
    check(lines["info"].startswith(size) and lines["frame 0"].startswith(size),
          f"orientation {orientation}: size", lines)
    close(frame(), raw("small.jpg",
                       "scale=flags=bilinear+full_chroma_int+full_chroma_inp+accurate_rnd",
                       "format=rgb24", turn), 2, f"orientation {orientation}")
ffmpeg(*source("64x48", 0.2), *tone(2), "-c:v", "libx264", "-qp", "0", "-preset", "ultrafast",
       "-c:a", "aac", "level.mp4")
read("level.mp4", 5)
level = frame(2)
for turn in (["-i", "level.mp4", "-metadata:s:v:0", "rotate=90"],
             ["-display_rotation:v:0", "270", "-i", "level.mp4"]):
    # Whichever of the two this FFmpeg knows.
    try:
        ffmpeg(*turn, "-c", "copy", "turned.mp4")
    except RuntimeError:
        continue
    if pictures("read", "turned.mp4").lines["info"].startswith("48x64"):
        break
lines = read("turned.mp4", 5)
check(lines["info"].startswith("48x64 still 0 gray 0 fps 25.000 seconds 0.2"), "a turned film",
      lines)
check(lines["frame 3"] == "48x64 at 0.120", "a turned film: a frame", lines)
clockwise = b"".join(level[3 * (64 * (47 - x) + y):][:3] for y in range(64) for x in range(48))
counter = b"".join(level[3 * (64 * x + 63 - y):][:3] for y in range(64) for x in range(48))
check(frame(2) in (clockwise, counter), "a turned film: its pixels are turned")

# ---- a film that changes its size ----
for name, size in (("a.ts", "64x48"), ("b.ts", "96x32")):
    ffmpeg(*source(size, 0.2), "-c:v", "mpeg2video", name)
with open("both.ts", "wb") as file:
    file.write(open("a.ts", "rb").read() + open("b.ts", "rb").read())
result = pictures("read", "both.ts")
# At the seam the decoder may lose a frame.
check(result.status == 0 and int(result.lines["frames"]) >= 8 and
      result.lines["frame 0"].startswith("64x48") and
      result.lines["frame 7"].startswith("96x32"), "sizes may change", result.lines)

# ---- damage ----
with open("broken.jpg", "wb") as file:
    file.write(jpeg[:len(jpeg) // 2])
result = pictures("read", "broken.jpg")
check(result.lines.get("damage", "0") != "0" or result.status == FORMAT, "a JPEG cut in two",
      (result.lines, result.text))
fails(IO, "absent.jpg: cannot be opened", command=["read", "absent.jpg"])
with open("text.jpg", "w", encoding="utf-8") as file:
    file.write("This is no picture.\n" * 50)
fails(FORMAT, "text.jpg:", command=["read", "text.jpg"])
ffmpeg(*tone(), "-c:a", "flac", "sound.flac")
fails(FORMAT, "sound.flac: has no video stream", command=["read", "sound.flac"])

# ---- scaling ----
# Area averaging of coded values: every value is the mean of a block of 4 x 3.
ffmpeg("-f", "lavfi", "-i", "mandelbrot=s=84x63", "-frames:v", "1", "-pix_fmt", "rgb24",
       "large.png")
large = raw("large.png")
pictures("scale", "large.png", 0, 0, 84, 63, 21, 21, "small.png")
mean = [sum(large[3 * (84 * (3 * y + j) + 4 * x + i) + c] for j in range(3) for i in range(4)) / 12
        for y in range(21) for x in range(21) for c in range(3)]
close(raw("small.png"), mean, 1, "means of blocks")
pictures("scale", "large.png", 10, 7, 40, 30, 40, 30, "part.png")
check(raw("part.png") == raw("large.png", "crop=40:30:10:7:exact=1"), "a part as it is")
pictures("scale", "large.png", 11, 9, 42, 30, 21, 10, "part.png")
mean = [sum(large[3 * (84 * (9 + 3 * y + j) + 11 + 2 * x + i) + c]
            for j in range(3) for i in range(2)) / 6
        for y in range(10) for x in range(21) for c in range(3)]
close(raw("part.png"), mean, 1, "means of a part's blocks")
pictures("scale", "large.png", 0, 0, 84, 63, 168, 126, "larger.png")
for channel in 0, 1, 2:
    ffmpeg("-i", "large.png", "-vf", "format=gbrp,extractplanes=" + "rgb"[channel] +
           ",scale=168:126:flags=bicubic+accurate_rnd", "-f", "rawvideo", "-pix_fmt", "gray",
           "plane.raw")
    with open("plane.raw", "rb") as file:
        close(raw("larger.png")[channel::3], file.read(), 1, "enlarged, each channel by itself")
pictures("scale", "large.png", 0, 0, 84, 63, 1, 1, "one.png")
close(raw("one.png"), [sum(large[c::3]) / (84 * 63) for c in range(3)], 2, "one pixel")
fails(ARGUMENT, "part of 80x63 at 5,0 of a picture of 84x63",
      command=["scale", "large.png", 5, 0, 80, 63, 8, 8, "out.png"])
fails(ARGUMENT, "cannot be made 0x8", command=["scale", "large.png", 0, 0, 80, 63, 0, 8, "out.png"])
fails(IO, "absent/out.png: cannot be written",
      command=["scale", "large.png", 0, 0, 80, 63, 8, 8, "absent/out.png"])
os.mkdir("folder.png")
fails(IO, "folder.png: is a directory",
      command=["scale", "large.png", 0, 0, 80, 63, 8, 8, "folder.png"])
end()
