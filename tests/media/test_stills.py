"""Still pictures in and out."""

import struct

from media import ARGUMENT, check, converts, end, fails, ffmpeg, frames, probe, source, video


def pixels(path, pix_fmt):
    ffmpeg("-i", path, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", pix_fmt, "pixels.raw")
    with open("pixels.raw", "rb") as file:
        data = file.read()
    if pix_fmt.endswith("le"):
        return struct.unpack(f"<{len(data) // 2}H", data)
    return data


def luma(rgb, red, blue):
    return [red * rgb[i] + (1 - red - blue) * rgb[i + 1] + blue * rgb[i + 2]
            for i in range(0, len(rgb), 3)]


def largest(a, b):
    return max((abs(x - y) for x, y in zip(a, b)), default=None) if len(a) == len(b) else None


def picture(path, pix_fmt, size="61x43", *more):
    # Little contrast: with the tests' chroma no colour is out of gamut, so none is clipped.
    ffmpeg(*source(size, 0.04, name="testsrc"), "-vf",
           f"format=gray,lutyuv=y='64+val/2',format={pix_fmt}", "-frames:v", "1", *more, path)


# Gray pictures: luma is the picture's value, full range.
picture("gray.png", "gray")
picture("gray16.png", "gray16be")
picture("gray.jpg", "yuvj420p", "61x43", "-q:v", "2")
picture("gray.tif", "gray")
picture("gray.bmp", "gray")
picture("gray.pgm", "gray")
ffmpeg("-i", "gray.png", "-pix_fmt", "pal8", "pal8.png")
for path in "gray.png", "gray.tif", "gray.pgm", "pal8.png", "gray.bmp":
    result = converts(path, "out.png")
    check(result.lines["still"] == "1" and "full" in result.lines["input_format"],
          f"{path}: a still of full range", result.lines)
    made = video("out.png")
    check((made["pix_fmt"], made["width"], made["height"]) == ("rgb24", 61, 43), f"{path}: out.png",
          made)
    apart = largest(luma(pixels("out.png", "rgb24"), 0.2126, 0.0722),
                    luma(pixels(path, "rgb24"), 0.2126, 0.0722))
    check(apart is not None and apart <= 1, f"{path}: luma within one value", apart)
check(not converts("gray.png", "out.png").warnings, "nothing to warn of")
for output in "out.tif", "out.tiff":
    converts("gray.png", output)
    apart = largest(luma(pixels(output, "rgb24"), 0.2126, 0.0722), pixels("gray.png", "gray"))
    check(apart is not None and apart <= 1, f"{output}: luma within one value", apart)
converts("gray16.png", "out.png")
check(video("out.png")["pix_fmt"] == "rgb48be", "16 bits stay", video("out.png"))
apart = largest(luma(pixels("out.png", "rgb48le"), 0.2126, 0.0722),
                pixels("gray16.png", "gray16le"))
check(apart is not None and apart <= 1, "16 bits: luma within one value", apart)
converts("gray16.png", "out.tif")
check(video("out.tif")["pix_fmt"] == "rgb48le", "16 bits stay in TIFF", video("out.tif"))

# JPEG: BT.601, full range.
converts("gray.jpg", "out.png")
ffmpeg("-i", "gray.jpg", "-vf", "extractplanes=y", "-f", "rawvideo", "y.raw")
with open("y.raw", "rb") as file:
    apart = largest(luma(pixels("out.png", "rgb24"), 0.299, 0.114), file.read())
check(apart is not None and apart <= 1, "JPEG to PNG: luma within one value", apart)
for output, pix_fmt in (("out.jpg", "yuvj420p"), ("out.jpeg", "yuvj420p")):
    converts("gray.jpg", output)
    check(video(output)["pix_fmt"] == pix_fmt, f"{output}: {pix_fmt}", video(output)["pix_fmt"])
    ffmpeg("-i", output, "-vf", "extractplanes=y", "-f", "rawvideo", "y2.raw")
    with open("y.raw", "rb") as a, open("y2.raw", "rb") as b:
        apart = largest(a.read(), b.read())
    check(apart is not None and apart <= 16, f"{output}: much the same", apart)
converts("gray.png", "out.jpg")
check(video("out.jpg")["pix_fmt"] == "yuvj444p", "gray PNG to JPEG: 4:4:4", video("out.jpg"))
converts("gray.png", "out.ppm")
check(video("out.ppm")["pix_fmt"] == "rgb24", "PPM")
converts("gray.png", "out.bmp")

# RGB, transparency, tiny sizes.
ffmpeg(*source("61x43", 0.04), "-frames:v", "1", "-pix_fmt", "rgb24", "rgb.png")
result = converts("rgb.png", "out.png")
check(result.lines["rgb"] == "1" and video("out.png")["pix_fmt"] == "rgb24", "RGB", result.lines)
ffmpeg("-i", "rgb.png", "-pix_fmt", "rgba", "rgba.png")
result = converts("rgba.png", "out.png", warnings=1)
check("transparency is left out" in result.text, "transparency: said")
for size in "1x1", "1x7", "3x2":
    ffmpeg("-f", "lavfi", "-i", f"color=gray:s=8x8:d=0.04,crop={size.replace('x', ':')}:exact=1",
           "-frames:v", "1", "-pix_fmt", "gray", "tiny.png")
    converts("tiny.png", "out.png")
    made = video("out.png")
    check(f"{made['width']}x{made['height']}" == size, f"{size}", made)

# EXIF orientation: the picture is turned, as PNG cannot say it.
picture("upright.png", "gray")
with open("gray.jpg", "rb") as file:
    jpeg = file.read()
for orientation, turn in ((1, "null"), (2, "hflip"), (3, "hflip,vflip"), (4, "vflip"),
                          (5, "transpose=0"), (6, "transpose=1"), (7, "transpose=3"),
                          (8, "transpose=2")):
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHIHHI", 0x0112, 3, 1,
                                                           orientation, 0, 0)
    with open("turned.jpg", "wb") as file:
        file.write(jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:])
    converts("turned.jpg", "out.png")
    ffmpeg("-i", "gray.jpg", "-vf", f"extractplanes=y,{turn}", "-f", "rawvideo", "y.raw")
    with open("y.raw", "rb") as file:
        wanted = file.read()
    apart = largest(luma(pixels("out.png", "rgb24"), 0.299, 0.114), wanted)
    check(apart is not None and apart <= 1, f"orientation {orientation}", apart)

# Animations are films; a picture may become a film of one frame, a film no picture.
ffmpeg(*source("48x32", 0.4), "anim.gif")
result = converts("anim.gif", "anim.mkv", warnings=None)
check(result.lines["still"] == "0" and len(frames("anim.mkv")) == 10, "GIF is a film", result.lines)
fails("anim.gif", "anim.png", ARGUMENT, "is a film")
converts("anim.gif", "anim.apng", warnings=None)
check(len(frames("anim.apng")) == 10, "APNG is a film")
converts("gray.png", "one.mkv")
check(len(frames("one.mkv")) == 1, "a film of one frame")
ffmpeg("-i", "gray.png", "-lossless", "1", "gray.webp")
converts("gray.webp", "out.png", warnings=None)
with open("cut.jpg", "wb") as file:
    file.write(jpeg[:len(jpeg) * 6 // 10])
result = converts("cut.jpg", "out.png", warnings=None)
check(int(result.lines["damage"]) == 1 and "damaged at" in result.text, "a JPEG that was cut off",
      result.text)
with open("bad.png", "wb") as file:
    file.write(b"\x89PNG\r\n\x1a\n" + b"\0" * 60)
fails("bad.png", "out2.png", 4, "bad.png")

check(not probe("nothing.png").get("streams"), "the helpers notice a missing file")
end()
