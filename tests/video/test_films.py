"""The demo clip and five real films of different codecs, depths and containers through the program:
streams, durations, frames and timestamps are compared by ffprobe, luma and packets by their hashes.

usage: test_films.py PROGRAM
"""

import os

import films
from films import check, colorize, ffmpeg, frame_hashes, packet_hashes, probe, streams, times

CHAPTERS = """;FFMETADATA1
title=A test, with = and ;
[CHAPTER]
TIMEBASE=1/1000
START=0
END=700
title=One
[CHAPTER]
TIMEBASE=1/1000
START=700
END=1500
title=Two
"""
SUBTITLES = "1\n00:00:00,200 --> 00:00:00,900\nHello\n\n2\n00:00:01,000 --> 00:00:01,400\nAgain\n\n"


def length(film):
    """Seconds from the beginning, which Matroska counts from 0 wherever the film begins."""
    start = float(film["format"]["start_time"])
    matroska = "matroska" in film["format"]["format_name"] and start > 1
    return float(film["format"]["duration"]) - (start if matroska else 0)


def compare(before, after, duration=0.05, untagged=()):
    """Everything but the chroma is the same, and colour tags that the input had not."""
    a, b = streams(before), streams(after)
    what = f"{before} -> {after}"
    check([s["codec_type"] for s in a["streams"]] == [s["codec_type"] for s in b["streams"]],
          what + ": streams", [s["codec_type"] for s in b["streams"]])
    for s, t in zip(a["streams"], b["streams"]):
        name = f"{what}: stream {s['index']}"
        if s["codec_type"] == "video" and not s["disposition"]["attached_pic"]:
            for key in ("width", "height", "sample_aspect_ratio", "avg_frame_rate", "color_range",
                        "color_space", "color_primaries", "color_transfer"):
                if key not in untagged:
                    # Untagged means limited range.
                    check(s.get(key, "tv") == t.get(key, "tv"), f"{name}: {key}",
                          (s.get(key), t.get(key)))
        else:
            check(s.get("codec_name") == t.get("codec_name"), name + ": codec")
            if s["codec_type"] in ("audio", "subtitle"):
                check(packet_hashes(before, f"0:{s['index']}") ==
                      packet_hashes(after, f"0:{t['index']}"), name + ": packets")
        check(s.get("tags", {}).get("language") == t.get("tags", {}).get("language"),
              name + ": language", t.get("tags"))
        check(s["disposition"] == t["disposition"], name + ": disposition", t["disposition"])
    chapters = [[(float(c["start_time"]), float(c["end_time"]), c.get("tags")) for c in x["chapters"]]
                for x in (a, b)]
    check(chapters[0] == chapters[1], what + ": chapters", chapters)
    check(abs(length(a) - length(b)) <= duration, what + ": duration", (length(a), length(b)))
    old, new = times(before), times(after)
    check(len(old) == len(new) and all(abs(x - y) <= 0.0011 for x, y in zip(old, new)),
          what + ": timestamps", (old[:4], new[:4], len(old), len(new)))
    check(frame_hashes(before) == frame_hashes(after), what + ": luma")


folder = films.work_folder()

# The demo clip: 50 frames of it, as the README says, only shorter.
clip = os.path.join(films.samples, "his_girl_friday_1940.mp4")
colorize(clip, "demo.mkv", "--duration", "2", "--size", "96", "--preset", "ultrafast")
check(len(times("demo.mkv")) >= 47, "the demo clip: frames", len(times("demo.mkv")))
saturation = [int(f["tags"]["lavfi.signalstats.SATAVG"].split(".")[0]) for f in
              probe("movie=demo.mkv,signalstats", "-f", "lavfi", "-show_entries",
                    "frame_tags=lavfi.signalstats.SATAVG")["frames"]]
check(min(saturation) >= 2, "the demo clip: every frame has colour", saturation)

# What goes into the films.
with open("chapters.txt", "w", encoding="utf-8") as f:
    f.write(CHAPTERS)
with open("text.srt", "w", encoding="utf-8") as f:
    f.write(SUBTITLES)
with open("font.ttf", "wb") as f:
    f.write(b"not a font, but carried like one" * 9)
VIDEO = ["-f", "lavfi", "-i", "testsrc2=s=94x62:r=25:d=1.5"]
SOUND = ["-f", "lavfi", "-i", "sine=f=440:d=1.5"]

# H.264 with sound, chapters and metadata in mp4, made lossless again: luma to the byte.
ffmpeg(*VIDEO, *SOUND, "-i", "chapters.txt", "-map", 0, "-map", 1, "-map_metadata", 2, "-c:v",
       "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", "-metadata:s:a:0", "language=deu", "one.mp4")
colorize("one.mp4", "one.color.mp4", *films.SMALL, "--codec-options", "qp=0")
compare("one.mp4", "one.color.mp4")
tags = streams("one.color.mp4")["format"]["tags"]
check(tags.get("title") == "A test, with = and ;", "one.color.mp4: title", tags)
colorize("one.mp4", "one.color.mkv", *films.SMALL, "--codec-options", "qp=0")
check(frame_hashes("one.mp4") == frame_hashes("one.color.mkv"), "mp4 to mkv: luma")

# 10 bits 4:2:2 ProRes with PCM and timecode in mov, BT.2020.
ffmpeg(*VIDEO, *SOUND, "-vf",
       "setparams=colorspace=bt2020nc:color_primaries=bt2020:color_trc=bt2020-10", "-c:v",
       "prores_ks", "-profile:v", 3, "-pix_fmt", "yuv422p10le", "-c:a",
       "pcm_s16le", "-timecode", "01:00:00:00", "-colorspace", "bt2020nc", "-color_primaries",
       "bt2020", "-color_trc", "bt2020-10", "two.mov")
colorize("two.mov", "two.color.mov", *films.SMALL, "--codec-options", "qp=0")
compare("two.mov", "two.color.mov")
video = streams("two.color.mov")["streams"][0]
check(video["pix_fmt"] == "yuv422p10le", "two.color.mov: pixel format", video["pix_fmt"])
check(any(s.get("tags", {}).get("timecode") == "01:00:00:00"
          for s in streams("two.color.mov")["streams"]), "two.color.mov: timecode")

# Lossless gray of 16 bits with FLAC, subtitles, an attachment and two languages in Matroska.
ffmpeg(*VIDEO, *SOUND, *SOUND, "-i", "text.srt", "-attach", "font.ttf", "-map", 0, "-map", 1,
       "-map", 2, "-map", 3, "-vf", "format=gray16le", "-c:v", "ffv1", "-c:a", "flac", "-c:s", "srt",
       "-metadata:s:t", "mimetype=application/x-truetype-font", "-metadata:s:a:0", "language=eng",
       "-metadata:s:a:1", "language=fra", "-disposition:a:1", "comment", "three.mkv")
colorize("three.mkv", "three.color.mkv", "--size", "32")
compare("three.mkv", "three.color.mkv",
        untagged=("color_range", "color_space", "color_primaries", "color_transfer"))
ffmpeg("-dump_attachment:t:0", "out.ttf", "-i", "three.color.mkv", "-t", "0.1", "-f", "null", "-")
with open("font.ttf", "rb") as f, open("out.ttf", "rb") as g:
    check(f.read() == g.read(), "three.color.mkv: the attachment")

# Variable frame rate VP9 and Opus in WebM.
ffmpeg(*VIDEO, *SOUND, "-vf", "select='not(eq(mod(n,5),2))+eq(n,12)'", "-fps_mode", "vfr", "-c:v",
       "libvpx-vp9", "-deadline", "realtime", "-cpu-used", 8, "-c:a", "libopus", "four.webm")
colorize("four.webm", "four.color.mkv", *films.SMALL, "--codec", "libx264", "--codec-options", "qp=0")
compare("four.webm", "four.color.mkv")

# Interlaced anamorphic MPEG-2 with MP2 in a transport stream that begins late.
ffmpeg(*VIDEO, *SOUND, "-vf", "setsar=16/15,setfield=tff", "-c:v", "mpeg2video", "-flags",
       "+ildct+ilme", "-b:v", "2M", "-c:a", "mp2", "-output_ts_offset", 10, "five.ts")
result = colorize("five.ts", "five.color.mkv", *films.LOSSLESS)
compare("five.ts", "five.color.mkv", duration=0.1)
check("interlaced" in result.stderr, "five.ts: says that it is interlaced", result.stderr)
check(streams("five.color.mkv")["streams"][0].get("field_order") in ("tt", "tb"),
      "five.color.mkv: still interlaced", streams("five.color.mkv")["streams"][0])

# A part of a film: what was asked for, from 0 on.
colorize("one.mp4", "part.mkv", *films.SMALL, "--start", "0.5", "--duration", "0.6")
part = times("part.mkv")
check(len(part) == 15 and part[0] == 0, "--start, --duration", part)

# Twice the same: bit for bit.
colorize("one.mp4", "again.mkv", *films.LOSSLESS)
colorize("one.mp4", "again2.mkv", *films.LOSSLESS)
check(frame_hashes("again.mkv", "null") == frame_hashes("again2.mkv", "null"), "the same twice")
check(len(set(frame_hashes("again.mkv", "extractplanes=u"))) > 20, "chroma changes with the film")

# Grays and colours in, the same out: only luma is looked at.
ffmpeg("-i", "again.mkv", "-vf", "hue=s=0", "-c:v", "ffv1", "gray.mkv")
colorize("gray.mkv", "from-gray.mkv", *films.LOSSLESS)
check(frame_hashes("again.mkv", "null") == frame_hashes("from-gray.mkv", "null"),
      "colours of the input are not looked at")
colorize("one.mp4", "none.mkv", *films.LOSSLESS, "--saturation", "0")
check(set(films.raw("none.mkv", "gray", "-vf", "extractplanes=u")) == {128}, "--saturation 0")

# The network sees no more than luma, so all of its colours come from the device's arithmetic; the
# second software driver's are the same but for rounding.
films.finish()
