"""All that a film holds beside its pictures reaches the output: streams, times, tags."""

import subprocess

from media import (UNSUPPORTED, check, converts, end, fails, ffmpeg, frames, packets, probe,
                   same_times, source, streams, tone, video)

FAST = {"preset": "ultrafast"}


def tags(stream):
    return {k.lower(): v for k, v in stream.get("tags", {}).items()}


def check_carried(path, output, kinds=None, shift=0.0):
    """Every packet of every other stream has the same contents and time, but for `shift`."""
    first, second = streams(path), streams(output)
    check(kinds or
          [s["codec_name"] for s in first if s["codec_type"] not in ("video", "data")] ==
          [s["codec_name"] for s in second if s["codec_type"] not in ("video", "data")] or
          output.endswith("mp4"),  # where MPEG layers 2 and 3 share a name
          f"{path} to {output}: codecs")
    for a, b in zip(first, second):
        if a["codec_type"] not in (kinds or ("audio", "subtitle")):
            continue
        one, two = packets(path, str(a["index"])), packets(output, str(b["index"]))
        what = f"{path} to {output}: stream {a['index']} ({a['codec_name']})"
        check(len(one) > 0 and [p["data_hash"] for p in one] == [p["data_hash"] for p in two],
              what + ": packets")
        check(same_times([float(p["pts_time"]) + shift for p in one],
                         [float(p["pts_time"]) for p in two], 0.0011), what + ": times",
              [(p["pts_time"], q["pts_time"]) for p, q in zip(one, two)][:4])
        check(tags(a).get("language", "und") == tags(b).get("language", "und"),
              what + ": language")
        check(output.endswith("mp4") or  # where the first track of a kind is the default
              {k for k, v in a["disposition"].items() if v} ==
              {k for k, v in b["disposition"].items() if v}, what + ": disposition",
              (a["disposition"], b["disposition"]))


def check_times(path, output, tolerance=0.0006, shift=0.0):
    one, two = frames(path), frames(output)
    check(same_times([f[0] + shift for f in one], [f[0] for f in two], tolerance),
          f"{path} to {output}: frame times", (one[:5], two[:5], len(one), len(two)))


# A film with everything that Matroska holds.
with open("one.srt", "w", encoding="utf-8") as file:
    file.write("1\n00:00:00,100 --> 00:00:00,600\nHello\n\n2\n00:00:00,700 --> 00:00:01,400\nBye\n")
with open("font.ttf", "wb") as file:
    file.write(bytes(range(256)))
with open("chapters.txt", "w", encoding="utf-8") as file:
    file.write(";FFMETADATA1\ntitle=A film\nartist=Somebody\n"
               "[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=800\ntitle=First\n"
               "[CHAPTER]\nTIMEBASE=1/1000\nSTART=800\nEND=2000\ntitle=Second\n")
ffmpeg(*source(seconds=2), *tone(2), *tone(2, 880), "-i", "one.srt", "-i", "chapters.txt",
       "-map", "0:v", "-map", "1:a", "-map", "2:a", "-map", "3:s", "-map_metadata", "4",
       "-c:v", "libx264", "-c:a:0", "aac", "-c:a:1", "flac", "-c:s", "srt",
       "-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=deu",
       "-metadata:s:a:1", "title=Commentary", "-metadata:s:s:0", "language=fra",
       "-metadata:s:v:0", "title=Pictures",
       "-disposition:a:0", "default", "-disposition:a:1", "comment", "-disposition:s:0", "forced",
       "-attach", "font.ttf", "-metadata:s:t", "mimetype=application/x-truetype-font",
       "-vf", "setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709",
       "-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709",
       "-aspect", "16:9", "all.mkv")
converts("all.mkv", "all-out.mkv", **FAST)
check_carried("all.mkv", "all-out.mkv")
check_times("all.mkv", "all-out.mkv")
before, after = probe("all.mkv"), probe("all-out.mkv")
check([(c["start_time"], c["end_time"], c["tags"]["title"]) for c in before["chapters"]] ==
      [(c["start_time"], c["end_time"], c["tags"]["title"]) for c in after["chapters"]] and
      len(after["chapters"]) == 2, "chapters", after["chapters"])
for key in "title", "artist":
    check({k.lower(): v for k, v in after["format"]["tags"].items()}.get(key) ==
          {k.lower(): v for k, v in before["format"]["tags"].items()}[key], f"metadata: {key}")
attached = [s for s in after["streams"] if s["codec_type"] == "attachment"]
check(len(attached) == 1 and tags(attached[0])["filename"] == "font.ttf" and
      tags(attached[0])["mimetype"] == "application/x-truetype-font", "attachment", attached)
ffmpeg("-dump_attachment:t:0", "font-out.ttf", "-i", "all-out.mkv", "-f", "null", "-")
with open("font-out.ttf", "rb") as file:
    check(file.read() == bytes(range(256)), "attachment: its bytes")
made = video("all-out.mkv")
check(made["display_aspect_ratio"] == "16:9", "sample aspect ratio", made)
check([made.get(k) for k in ("color_space", "color_transfer", "color_primaries")] ==
      ["bt709"] * 3, "colour tags")
check(tags(made)["title"] == "Pictures", "title of the video stream")
check(tags(streams("all-out.mkv")[2])["title"] == "Commentary", "title of an audio stream")
check(made["r_frame_rate"] == "25/1" and made["avg_frame_rate"] == "25/1", "frame rate",
      (made["r_frame_rate"], made["avg_frame_rate"]))
check(abs(float(after["format"]["duration"]) - float(before["format"]["duration"])) < 0.03,
      "duration", (before["format"]["duration"], after["format"]["duration"]))

# MP4 cannot hold the subtitles and the attachment.
result = converts("all.mkv", "all.mp4", warnings=2, **FAST)
for part in ("cannot hold stream 3 (subtitle, subrip, fra)", "cannot hold stream 4 (attachment",
             ".mkv can"):
    check(part in result.text, "MP4: says " + part, result.text)
check([s["codec_type"] for s in streams("all.mp4")][:3] == ["video", "audio", "audio"], "MP4")
check(len(probe("all.mp4")["chapters"]) == 2, "MP4: chapters")
check_times("all.mkv", "all.mp4")
with open("all.mp4", "rb") as file:
    head = file.read()
check(head.index(b"moov") < head.index(b"mdat"), "MP4: index in front")
fails("all.mkv", "strict.mp4", UNSUPPORTED, "stream 3 (subtitle, subrip, fra)", strict=1)
result = converts("all.mkv", "all.avi", warnings=3, codec="mpeg4")
check("cannot hold the film's chapters" in result.text, "AVI: chapters", result.text)
result = converts("all.mkv", "all.webm", warnings=None)
check("stream 1 (audio, aac, eng)" in result.text and video("all.webm")["codec_name"] == "vp9",
      "WebM", result.text)

# MP4 to MP4 and to Matroska: mov_text, rotation, timecode, language, cover art.
ffmpeg(*source(seconds=1, size="32x32"), "-frames:v", "1", "cover.png")
ffmpeg(*source(seconds=2), *tone(2), "-i", "one.srt", "-i", "cover.png", "-map", "0:v",
       "-map", "1:a", "-map", "2:s", "-map", "3:v", "-c:v:0", "libx264", "-c:a", "aac",
       "-c:s", "mov_text", "-c:v:1", "copy", "-disposition:v:1", "attached_pic",
       "-metadata:s:a:0", "language=eng", "-metadata", "title=Sideways",
       "-timecode", "01:00:00:00", "phone0.mp4")


def rotation(path):
    return [s.get("rotation") for s in video(path).get("side_data_list", []) if "rotation" in s]


# Old FFmpeg turns a film by metadata, new FFmpeg by an option.
for turn in (["-i", "phone0.mp4", "-metadata:s:v:0", "rotate=90"],
             ["-display_rotation:v:0", "270", "-i", "phone0.mp4"]):
    ffmpeg(*turn, "-map", "0:v", "-map", "0:a", "-map", "0:s", "-c", "copy", "phone.mp4")
    if rotation("phone.mp4"):
        break
converts("phone.mp4", "phone-out.mp4", **FAST)
check_carried("phone.mp4", "phone-out.mp4")
check_times("phone.mp4", "phone-out.mp4")
check(rotation("phone.mp4") and rotation("phone-out.mp4") == rotation("phone.mp4"), "rotation",
      (rotation("phone.mp4"), rotation("phone-out.mp4")))
check(tags(video("phone-out.mp4")).get("timecode") == "01:00:00:00", "timecode in MP4",
      streams("phone-out.mp4"))
covers = [s for s in streams("phone-out.mp4") if s["disposition"]["attached_pic"]]
check(len(covers) == 1 and covers[0]["codec_name"] == "png", "cover art in MP4", covers)
check(probe("phone-out.mp4")["format"]["tags"].get("title") == "Sideways", "title in MP4")
result = converts("phone.mp4", "phone-out.mkv", warnings=None, **FAST)
check("stream 2 (subtitle, mov_text" in result.text, "mov_text in Matroska: said", result.text)
check(rotation("phone-out.mkv") == rotation("phone.mp4") or "rotation" in result.text,
      "rotation in Matroska: carried or said", result.text)
check(tags(video("phone-out.mkv")).get("timecode") == "01:00:00:00", "timecode in Matroska")
# Its sound begins before zero, which Matroska cannot: all is moved, and stays together.
check_times("phone.mp4", "phone-out.mkv", 0.0011,
            -float(packets("phone.mp4", "a:0")[0]["pts_time"]))
check_carried("phone.mp4", "phone-out.mkv", ("audio",),
              -float(packets("phone.mp4", "a:0")[0]["pts_time"]))
covers = [s for s in streams("phone-out.mkv") if s["disposition"]["attached_pic"]]
check(len(covers) == 1, "cover art in Matroska", streams("phone-out.mkv"))

# Variable frame rate: times and the last frame's duration.
ffmpeg(*source(seconds=2), "-vf", "select='not(mod(n,7))+not(mod(n,3))',settb=1/90000,"
       "setpts='PTS+(mod(N,3)*300)'", "-fps_mode", "vfr", "-c:v", "libx264", "-bf", "2",
       "-video_track_timescale", "90000", "vfr.mp4")
for output in "vfr-out.mp4", "vfr-out.mkv", "vfr-ffv1.mkv", "vfr-out.mov":
    converts("vfr.mp4", output, **({"codec": "ffv1"} if "ffv1" in output else FAST))
    check_times("vfr.mp4", output, 1e-5 if output.endswith(("mp4", "mov")) else 0.0006)
last, made = frames("vfr.mp4")[-1], frames("vfr-out.mp4")[-1]
check(last[1] == 0 or abs(sum(last) - sum(made)) < 1e-4,  # FFmpeg 7 does not give it here
      "duration of a film with variable frame rate", (last, made))
converts("vfr.mp4", "vfr-out.avi", warnings=None)
check(len(frames("vfr-out.avi")) >= len(frames("vfr.mp4")), "AVI: all frames")

# A start that is not zero.
ffmpeg(*source(), *tone(), "-c:v", "libx264", "-c:a", "mp2", "-output_ts_offset", "5",
       "late.ts")
for output in "late-out.ts", "late-out.mkv", "late-out.mp4":
    converts("late.ts", output, **FAST)
    check_times("late.ts", output)
    check_carried("late.ts", output)
check(abs(float(probe("late-out.mkv")["format"]["start_time"]) -
          float(probe("late.ts")["format"]["start_time"])) < 0.002, "start time")

# Times before zero: a film that was cut without coding it anew begins at an earlier key frame, with
# sound from there on; its edit list says where it is to be shown from.
ffmpeg(*source(seconds=3), *tone(3), "-c:v", "libx264", "-g", "25", "-bf", "2", "-c:a", "aac", "long.mp4")
ffmpeg("-ss", "1.5", "-i", "long.mp4", "-c", "copy", "cut.mp4")
first = [float(packets("cut.mp4", kind)[0]["pts_time"]) for kind in ("v", "a")]
check(max(first) < 0, "a film with times before zero", first)
for output in "cut-out.mkv", "cut-out.mp4":
    converts("cut.mp4", output, **FAST)
    check(len(frames(output)) == len(frames("cut.mp4")), f"{output}: as many frames")
    shown, sound = frames(output)[0][0], float(packets(output, "a")[0]["pts_time"])
    check(abs(shown - sound + first[1]) < 0.002, f"{output}: in step with the sound",
          (shown, sound, first))

# A film that does not say how long it is: Matroska through a pipe, and bare H.264.
with open("live.mkv", "wb") as live:
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", *source(seconds=2), *tone(2), "-c:v", "libx264",
                    "-c:a", "flac", "-f", "matroska", "-"], stdout=live, check=True)
check("duration" not in probe("live.mkv")["format"], "a film without a duration")
result = converts("live.mkv", "live-out.mkv", **FAST)
check(result.lines["seconds"] == "0.000" and result.lines["estimate"] == "0",
      "a film without a duration: nothing is made up", result.lines)
check_times("live.mkv", "live-out.mkv")
check_carried("live.mkv", "live-out.mkv")
ffmpeg(*source(seconds=1), "-c:v", "libx264", "-bf", "0", "-f", "h264", "bare.264")
converts("bare.264", "bare-out.mkv", warnings=None, **FAST)
check(len(frames("bare-out.mkv")) == 25, "bare H.264: all frames", len(frames("bare-out.mkv")))

# A part of a film.
ffmpeg(*source(seconds=6), *tone(6), "-i", "one.srt", "-i", "chapters.txt", "-map", "0:v",
       "-map", "1:a", "-map", "2:s", "-map_metadata", "3", "-c:v", "libx264", "-g", "50", "-bf",
       "3", "-c:a", "flac", "-c:s", "srt", "long.mkv")
ffmpeg("-i", "long.mkv", "-map", "0:v", "-map", "0:a", "-c:v", "copy", "-c:a", "mp2", "long.ts")
for path in "long.mkv", "long.ts":
    base = float(probe(path)["format"]["start_time"])
    whole = [t for t, _ in frames(path)]
    for start, duration in ((0, 1), (0.5, 1), (2.5, 2), (5.5, 9)):
        output = "part.mkv"
        converts(path, output, codec="ffv1", **({"start": start} if start else {}),
                 duration=duration)
        wanted = [t for t in whole if start - 0.001 <= t - base < start + duration - 0.001]
        if start:
            wanted = [t - wanted[0] for t in wanted]
        check(same_times([t for t, _ in frames(output)], wanted, 0.0011),
              f"{path} from {start} for {duration}", (frames(output)[:3], wanted[:3],
                                                      len(frames(output)), len(wanted)))
        sound = [float(p["pts_time"]) for p in packets(output, "a:0")]
        limit = min(duration, 6 - start)
        check(sound and -0.05 < sound[0] < 0.1 + (0 if start else base) and
              abs(sound[-1] - limit) < 0.1 + (0 if start else base),
              f"{path} from {start} for {duration}: sound", (sound[:1], sound[-1:]))
ffmpeg("-ss", "2.5", "-i", "long.mkv", "-map", "0:v", "-frames:v", "1", "-c:v", "ffv1",
       "wanted.mkv")
converts("long.mkv", "part.mkv", codec="ffv1", start=2.5, duration=0.1)
text = [ffmpeg("-i", path, "-frames:v", "1", "-vf", "extractplanes=y", "-f", "framemd5", "-")
        for path in ("wanted.mkv", "part.mkv")]
check(text[0].split(",")[-1] == text[1].split(",")[-1], "the part begins with the right frame")
# The first frame from 0.5 s on is that at 0.52 s, which becomes zero.
converts("long.mkv", "part.mkv", codec="ffv1", start=0.5, duration=1)
shown = packets("part.mkv", "s:0")
check([(p["pts_time"], p["duration_time"]) for p in shown] ==
      [("0.000000", "0.080000"), ("0.180000", "0.700000")], "subtitles are cut", shown)
check([(c["start_time"], c["end_time"]) for c in probe("part.mkv")["chapters"]] ==
      [("0.000000", "0.280000"), ("0.280000", "1.000000")], "chapters are cut",
      probe("part.mkv")["chapters"])
converts("phone.mp4", "part.mp4", start=1, **FAST)
check(tags(video("part.mp4")).get("timecode") == "01:00:01:00", "timecode is moved",
      tags(video("part.mp4")))

# Interlaced films stay so.
for name, encoder in (("x264", ["-c:v", "libx264", "-x264opts", "tff=1"]),
                      ("mpeg2", ["-c:v", "mpeg2video", "-q:v", "3"])):
    ffmpeg(*source("64x64"), "-vf", "setfield=tff", "-flags", "+ildct+ilme", *encoder,
           f"laced-{name}.mkv")
    result = converts(f"laced-{name}.mkv", "laced-out.mkv", warnings=1, **FAST)
    check("is interlaced" in result.text, f"interlaced {name}: said", result.text)
    check(video("laced-out.mkv").get("field_order") in ("tt", "tb"), f"interlaced {name}",
          video("laced-out.mkv").get("field_order"))
    data = probe("laced-out.mkv", "-show_frames", "-show_entries",
                 "frame=interlaced_frame,top_field_first")["frames"]
    check(all(f["interlaced_frame"] == 1 and f["top_field_first"] == 1 for f in data),
          f"interlaced {name}: frames", data[:2])

# Fields of a height that H.264 cannot split.
ffmpeg(*source("64x54"), "-vf", "setfield=tff", "-flags", "+ildct+ilme", "-c:v", "mpeg2video",
       "-q:v", "3", "laced54.mkv")
converts("laced54.mkv", "laced-out.mkv", warnings=1, **FAST)
check(video("laced-out.mkv").get("field_order") in ("tt", "tb"), "interlaced 64x54",
      video("laced-out.mkv"))

# Other containers, and tags of colour.
for output, codec in (("out.mov", "h264"), ("out.ts", "h264"), ("out.avi", "mpeg4"),
                      ("out.nut", "h264"), ("out.flv", "h264"), ("out.m4v", "h264"),
                      ("out.mpg", "mpeg1video"), ("out.ogv", "theora")):
    converts("late.ts", output, warnings=None)
    check(video(output)["codec_name"] == codec, f"{output}: {codec}", video(output)["codec_name"])
    # libtheora leaves out frames that are like those before.
    check(codec == "theora" or len(frames(output)) == 25, f"{output}: frames",
          len(frames(output)))
ffmpeg(*source("64x64"), "-vf", "format=yuv420p10le", "-c:v", "libx265", "-x265-params",
       "log-level=none:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:"
       "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1):"
       "max-cll=1000,400", "hdr.mkv")
converts("hdr.mkv", "hdr-out.mkv", **FAST)
made = video("hdr-out.mkv")
check([made.get(k) for k in ("color_space", "color_transfer", "color_primaries")] ==
      ["bt2020nc", "smpte2084", "bt2020"], "BT.2020 tags", made)
sides = {d["side_data_type"]: d for d in made.get("side_data_list", [])}
check(sides.get("Mastering display metadata", {}).get("max_luminance") in
      ("1000/1", "10000000/10000") and
      sides.get("Content light level metadata", {}).get("max_content") == 1000, "HDR metadata",
      made)
for name in "nocolour.mkv", "nocolour-out.mkv":
    if name == "nocolour.mkv":
        ffmpeg(*source(), "-c:v", "libx264", name)
    else:
        converts("nocolour.mkv", name, **FAST)
    check(all(k not in video(name) for k in ("color_space", "color_transfer", "color_primaries")),
          f"{name}: what is not tagged stays so", video(name))
ffmpeg(*source(), "-c:v", "ffv1", "-pix_fmt", "gray", "gray.mkv")
converts("gray.mkv", "gray-out.mkv", **FAST)
made = video("gray-out.mkv")
check([made.get(k) for k in ("color_space", "color_transfer", "color_primaries")] ==
      ["bt709"] * 3, "gray becomes BT.709", made)

# Encoders: quality, presets, options.
for options, says in (({"codec": "libx264", "crf": 30, "preset": "veryfast"},
                       "libx264 (crf 30, preset veryfast), yuv420p, Matroska"),
                      ({}, "libx264 (crf 18, preset medium), yuv420p, Matroska"),
                      ({"codec": "mpeg4", "crf": 5}, "mpeg4 (quality 5), yuv420p, Matroska"),
                      ({"codec": "h264", "options": "x264-params=keyint=5\\:bframes=0"},
                       "libx264 (crf 18, preset medium, x264-params=keyint=5\\:bframes=0)"),
                      ({"codec": "ffv1"}, "ffv1, yuv420p, Matroska")):
    result = converts("all.mkv", "enc.mkv", **options)
    check(says in result.lines["output"], f"{options}", result.lines["output"])

end()
