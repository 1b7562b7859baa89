"""Luma that reaches the output is the decoder's, byte for byte: all depths, layouts and ranges."""

from media import check, converts, end, ffmpeg, luma_hashes, source, video

# name, encoder and its options, pixel format, container, size
inputs = [
    ("h264", ["-c:v", "libx264", "-qp", "20"], "yuv420p", "mkv", "64x48"),
    ("h264-10", ["-c:v", "libx264", "-qp", "20"], "yuv420p10le", "mp4", "64x48"),
    ("h264-422-10", ["-c:v", "libx264", "-qp", "20"], "yuv422p10le", "mkv", "64x48"),
    ("h264-gray", ["-c:v", "libx264", "-qp", "20"], "gray", "mkv", "64x48"),
    ("h264-gray10", ["-c:v", "libx264", "-qp", "20"], "gray10le", "mkv", "64x48"),
    ("h264-full", ["-c:v", "libx264", "-qp", "20"], "yuvj420p", "mp4", "64x48"),
    ("mpeg2", ["-c:v", "mpeg2video", "-q:v", "4"], "yuv420p", "mpg", "64x48"),
    ("mpeg4", ["-c:v", "mpeg4", "-q:v", "4"], "yuv420p", "avi", "63x47"),
    ("mjpeg", ["-c:v", "mjpeg", "-q:v", "4"], "yuvj422p", "mov", "64x48"),
    ("vp9", ["-c:v", "libvpx-vp9", "-b:v", "1M", "-deadline", "realtime"], "yuv420p", "webm",
     "37x53"),
    ("prores", ["-c:v", "prores_ks"], "yuv422p10le", "mov", "64x48"),
    ("ffv1-odd", ["-c:v", "ffv1"], "yuv420p", "mkv", "37x53"),
    ("ffv1-odd-10", ["-c:v", "ffv1"], "yuv420p10le", "mkv", "37x53"),
    ("ffv1-9", ["-c:v", "ffv1"], "yuv422p9le", "mkv", "37x53"),
    ("ffv1-12", ["-c:v", "ffv1"], "yuv422p12le", "mkv", "64x64"),
    ("ffv1-14", ["-c:v", "ffv1"], "yuv444p14le", "mkv", "37x53"),
    ("ffv1-16", ["-c:v", "ffv1"], "yuv420p16le", "mkv", "37x53"),
    ("ffv1-411", ["-c:v", "ffv1"], "yuv411p", "mkv", "64x48"),
    ("ffv1-410", ["-c:v", "ffv1"], "yuv410p", "mkv", "64x48"),
    ("ffv1-440", ["-c:v", "ffv1"], "yuv440p", "mkv", "64x48"),
    ("ffv1-444", ["-c:v", "ffv1"], "yuv444p", "mkv", "37x53"),
    ("ffv1-gray", ["-c:v", "ffv1"], "gray", "mkv", "37x53"),
    ("ffv1-gray12", ["-c:v", "ffv1"], "gray12le", "mkv", "64x64"),
    ("ffv1-gray16", ["-c:v", "ffv1"], "gray16le", "nut", "64x48"),
    ("ffv1-alpha", ["-c:v", "ffv1"], "yuva420p", "mkv", "64x48"),
    ("raw-nv12", ["-c:v", "rawvideo"], "nv12", "nut", "64x48"),
    ("raw-yuyv", ["-c:v", "rawvideo"], "yuyv422", "nut", "64x48"),
    ("raw-uyvy", ["-c:v", "rawvideo"], "uyvy422", "avi", "64x48"),
    ("raw-big", ["-c:v", "rawvideo"], "yuv420p10be", "nut", "64x48"),
    ("raw-gray-big", ["-c:v", "rawvideo"], "gray16be", "nut", "64x48"),
    ("v210", ["-c:v", "v210"], "yuv422p10le", "mov", "64x48"),
]

# what is written by default; the encoder, and the pixel format if it is not the input's
defaults = {
    "h264-gray": ("h264", "yuv420p"), "h264-gray10": ("h264", "yuv420p10le"),
    "h264-full": ("h264", "yuvj420p"), "mjpeg": ("h264", "yuvj422p"),
    "vp9": ("h264", "yuv444p"), "ffv1-odd": ("h264", "yuv444p"),
    "ffv1-odd-10": ("h264", "yuv444p10le"), "ffv1-9": ("ffv1", "yuv422p9le"),
    "ffv1-12": ("hevc", "yuv422p12le"), "ffv1-14": ("ffv1", "yuv444p14le"),
    "ffv1-16": ("ffv1", "yuv420p16le"), "ffv1-411": ("h264", "yuv422p"),
    "ffv1-410": ("h264", "yuv420p"), "ffv1-440": ("h264", "yuv444p"),
    "ffv1-gray": ("h264", "yuv444p"), "ffv1-gray12": ("hevc", "yuv420p12le"),
    "ffv1-gray16": ("ffv1", "yuv420p16le"), "ffv1-alpha": ("h264", "yuv420p"),
    "raw-nv12": ("h264", "yuv420p"),
    "raw-yuyv": ("h264", "yuv422p"), "raw-uyvy": ("h264", "yuv422p"),
    "raw-big": ("h264", "yuv420p10le"), "raw-gray-big": ("ffv1", "yuv420p16le"),
    "v210": ("h264", "yuv422p10le"), "mpeg4": ("h264", "yuv444p"),
}

# Layouts from which ffmpeg's own filter takes luma only after a conversion; exact all the same.
planar_of = {"nv12": "yuv420p", "yuyv422": "yuv422p",
             "uyvy422": "yuv422p", "yuv420p10be": "yuv420p10le", "gray16be": "gray16le"}

for name, encoder, pix_fmt, container, size in inputs:
    path = f"{name}.{container}"
    # testsrc, unlike testsrc2, has odd sizes too.
    ffmpeg(*source(size, 0.2, name="testsrc"), "-vf", f"noise=alls=20:allf=t,format={pix_fmt}",
           *encoder, "-pix_fmt", pix_fmt, path)
    # FFmpeg decodes gray H.264 as yuv420p.
    gray = video(path)["pix_fmt"].startswith("gray")
    if pix_fmt in planar_of:
        ffmpeg("-i", path, "-c:v", "ffv1", "-pix_fmt", planar_of[pix_fmt], "planar.mkv")
        wanted = luma_hashes("planar.mkv", gray)
    else:
        wanted = luma_hashes(path, gray)
    check(len(wanted) == 5, f"{name}: {len(wanted)} frames were made")

    depth = next((int(d) for d in ("16", "14", "12", "10", "9") if d in pix_fmt.split("p")[-1] or
                  pix_fmt.startswith("gray" + d)), 8)
    warnings = 1 if pix_fmt == "yuva420p" else 0
    lossless = [("ffv1", {"codec": "ffv1", "memory": 1})]
    if depth in (8, 10):
        lossless.append(("x264", {"codec": "libx264", "options": "qp=0", "preset": "ultrafast"}))
    for label, options in lossless:
        output = f"{name}-{label}.mkv"
        result = converts(path, output, warnings=warnings, **options)
        check(luma_hashes(output) == wanted, f"{name}: luma after {label}",
              result.lines.get("output"))
        # Decoders put frames into memory that they are given, but for those that hand out packets.
        shared = 5 if label == "ffv1" and not name.startswith("raw-") else 0
        taken, given = result.lines["taken"], result.lines["given"]
        check(result.lines["shared"] == str(shared) and (taken != "0") == (shared > 0) and
              given == taken, f"{name}: memory of {label}", result.lines)

    converts(path, "default.mkv", warnings=warnings,
             **({"preset": "ultrafast"} if "hevc" in defaults.get(name, ()) else {}))
    made = video("default.mkv")
    codec, default = defaults.get(name, ("h264", pix_fmt))
    # The j says full range, in old FFmpeg.
    found = made["codec_name"], made["pix_fmt"].replace("yuvj", "yuv")
    check(found == (codec, default.replace("yuvj", "yuv")), f"{name}: default {codec} {default}",
          found)
    check((made.get("color_range") == "pc") == (result.lines["input"].endswith("full range")),
          f"{name}: range", made.get("color_range"))
    check((made["width"], made["height"]) == tuple(map(int, size.split("x"))), f"{name}: size")
    if codec == "ffv1":
        check(luma_hashes("default.mkv") == wanted, f"{name}: luma by default")

# RGB: luma is computed; its gray axis is exact.
ffmpeg("-f", "lavfi", "-i", "gradients=s=256x32:c0=black:c1=white:x0=0:y0=0:x1=255:y1=0:d=0.04",
       "-vf", "format=gray,format=gbrp", "-c:v", "ffv1", "ramp.mkv")
result = converts("ramp.mkv", "ramp-out.mkv", codec="ffv1", pix_fmt="yuv444p16le")
check(result.lines["rgb"] == "1", "RGB input is seen as such")
check("depth 16" in result.lines["input_format"] and "full" in result.lines["input_format"],
      "RGB input: 16 bits, full range", result.lines)
result = converts("ramp.mkv", "ramp-x264.mkv")
check("yuv420p," in result.lines["output"], "RGB film: 4:2:0 by default", result.lines)
check(video("ramp-x264.mkv")["color_range"] == "tv", "RGB film: limited range")

# Depths that an encoder or a pixel format does not have: said.
converts("ffv1-12.mkv", "down.mkv", warnings=1, codec="libx264")
check("luma of 12 bits is written with 10 bits" in
      " ".join(converts("ffv1-12.mkv", "down.mkv", None, codec="libx264").warnings), "depth lost")
converts("h264.mkv", "up.mkv", warnings=1, pix_fmt="yuv420p10le", codec="ffv1")
check(video("up.mkv")["pix_fmt"] == "yuv420p10le", "--pix-fmt yuv420p10le")
ffmpeg("-i", "h264.mkv", "-vf", "extractplanes=y", "-f", "rawvideo", "in.raw")
ffmpeg("-i", "up.mkv", "-vf", "extractplanes=y", "-f", "rawvideo", "up.raw")
with open("in.raw", "rb") as a, open("up.raw", "rb") as b:
    low, high = a.read(), b.read()
check([v << 2 for v in low] == [high[i] | high[i + 1] << 8 for i in range(0, len(high), 2)],
      "8 bits become 10 by shifting")

# Other families of pixel formats on request.
for pix_fmt, codec in (("yuyv422", "rawvideo"), ("bgr0", "ffv1"), ("gbrp10le", "ffv1"),
                       ("yuv420p10be", "rawvideo")):
    converts("h264-10.mp4" if "10" in pix_fmt else "h264.mkv", "family.nut", None, codec=codec,
             pix_fmt=pix_fmt)
    check(video("family.nut")["pix_fmt"] == pix_fmt, f"--pix-fmt {pix_fmt}", video("family.nut"))
for pix_fmt in "nv12", "yuv420p":
    converts("h264.mkv", "lossless.mkv", codec="libx264", pix_fmt=pix_fmt, options="qp=0")
    check(luma_hashes("lossless.mkv") == luma_hashes("h264.mkv"), f"{pix_fmt} keeps luma")
    for plane, value in (("u", 118), ("v", 148)):
        ffmpeg("-i", "lossless.mkv", "-vf", f"extractplanes={plane}", "-f", "rawvideo",
               "plane.raw")
        with open("plane.raw", "rb") as file:
            check(set(file.read()) == {value}, f"{pix_fmt}: plane {plane}")

end()
