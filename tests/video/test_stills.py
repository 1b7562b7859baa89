"""Still pictures in and out.

usage: test_stills.py PROGRAM
"""

import os

import films
from films import autochrome, check, colorize, ffmpeg, raw, streams


def luma_of(path, matrix):
    """Luma, 0..255, of a picture's pixels."""
    data = raw(path, "rgb24")
    kr, kb = matrix
    return [kr * data[i] + (1 - kr - kb) * data[i + 1] + kb * data[i + 2]
            for i in range(0, len(data), 3)]


BT709 = 0.2126, 0.0722
BT601 = 0.299, 0.114  # of every JPEG


folder = films.work_folder()
frame = ["-ss", "1", "-i", os.path.join(films.samples, "his_girl_friday_1940.mp4"), "-frames:v", 1]
ffmpeg(*frame, "-vf", "scale=131:97,format=gray", "gray.png")
ffmpeg(*frame, "-vf", "scale=131:97,format=gray16be", "deep.png")
ffmpeg(*frame, "-vf", "scale=131:97,format=rgb24", "rgb.png")
ffmpeg(*frame, "-vf", "scale=131:97,format=gray", "gray.jpg")
ffmpeg(*frame, "-vf", "scale=131:97,format=rgb48le", "deep.tiff")
ffmpeg(*frame, "-vf", "scale=131:97,format=gray", "gray.pgm")
ffmpeg(*frame, "-vf", "scale=131:97", "gray.bmp")
for name in "gray.png", "deep.png", "rgb.png", "gray.jpg", "deep.tiff", "gray.pgm", "gray.bmp":
    for extension in "png", "jpg", "tiff":
        output = f"{name}.color.{extension}"
        colorize(name, output)
        video = streams(output)["streams"][0]
        check((video["width"], video["height"]) == (131, 97), output + ": size")
        before = luma_of(name, BT601 if name.endswith("jpg") else BT709)
        after = luma_of(output, BT601 if "jpg" in output else BT709)
        if extension != "jpg":
            # Rounding of R, G and B to 8 bits.
            check(max(abs(x - y) for x, y in zip(before, after)) <= 1.01, output + ": luma",
                  max(abs(x - y) for x, y in zip(before, after)))
        mean = sum(abs(x - y) for x, y in zip(before, after)) / len(before)
        check(mean < 1.5, output + ": luma in the mean", mean)
        data = raw(output, "rgb24")
        check(sum(abs(data[i] - data[i + 2]) for i in range(0, len(data), 3)) > 2 * len(before),
              output + ": has colour")
check("48" in streams("deep.png.color.png")["streams"][0]["pix_fmt"], "16 bits stay 16 bits")

# Any size and shape.
for w, h in (1, 1), (2, 3), (1, 64), (500, 2), (37, 53), (17, 900), (33, 31):
    ffmpeg("-f", "lavfi", "-i", f"testsrc2=s={max(w, 2)}x{max(h, 2)}", "-frames:v", 1, "-vf",
           f"scale={w}:{h}:flags=area,format=gray", "size.png")
    colorize("size.png", "size.color.png", "--overwrite", "--size", "64")
    video = streams("size.color.png")["streams"][0]
    check((video["width"], video["height"]) == (w, h), f"{w}x{h}")

# Black, white and gray pictures: calm, and neutral where no colour can be.
for level in 0, 60, 128, 255:
    ffmpeg("-f", "lavfi", "-i", f"color=c=0x{level:02x}{level:02x}{level:02x}:s=80x60", "-frames:v",
           1, "-vf", "format=gray", "flat.png")
    colorize("flat.png", "flat.color.png", "--overwrite")
    data = set(raw("flat.color.png", "rgb24"))
    check(data == set(raw("flat.png", "rgb24")) and len(data) == 1, f"a picture of {level} everywhere", data)

# The same picture twice is the same file.
colorize("gray.png", "a.png")
colorize("gray.png", "b.png")
with open("a.png", "rb") as f, open("b.png", "rb") as g:
    check(f.read() == g.read(), "the same twice")
result = autochrome("colorize", "gray.png", "-o", "a.png")
check(result.returncode != 0 and "--overwrite" in result.stderr, "a.png is there", result.stderr)
films.finish()
