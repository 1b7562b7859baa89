"""Standard input and output, with the real ffmpeg at both ends.

usage: test_pipes.py PROGRAM
"""

import fcntl
import os
import pty
import signal
import subprocess
import time

import films
from films import check, errors_of, ffmpeg, frame_hashes, packet_hashes, streams, times

folder = films.work_folder()
COLORIZE = [films.program, "colorize", "--size", "32", "-q"]
FFMPEG = ["ffmpeg", "-nostdin", "-v", "error"]
ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x48:d=1", "-f", "lavfi", "-i", "sine=d=1", "-c:v", "ffv1",
       "-pix_fmt", "yuv420p", "-c:a", "flac", "-metadata", "title=A title", "film.mkv")
luma = frame_hashes("film.mkv")


def chain(*commands, **options):
    """Runs commands joined by pipes; their exit statuses and what the second said."""
    processes, before = [], subprocess.DEVNULL
    for i, command in enumerate(commands):
        last = i == len(commands) - 1
        processes.append(subprocess.Popen(command, stdin=before,
                                          stdout=subprocess.DEVNULL if last else subprocess.PIPE,
                                          stderr=subprocess.PIPE, text=True, errors="replace",
                                          **options))
        if before != subprocess.DEVNULL:
            before.close()
        before = processes[-1].stdout
    said = [process.stderr.read() for process in processes]
    return [process.wait() for process in processes], said


def feed(arguments, data, **options):
    return subprocess.run([*COLORIZE, *arguments], input=data, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, check=False, **options)


# Every kind in and out. Y4M has no sound, which is told.
SOURCES = {"nut": ["-c", "copy", "-f", "nut"], "matroska": ["-c", "copy", "-f", "matroska"],
           "y4m": ["-an", "-fps_mode", "passthrough", "-f", "yuv4mpegpipe"]}
for into, out in ("nut", "matroska"), ("matroska", "nut"), ("matroska", "y4m"), ("y4m", "y4m"):
    what = f"{into} to {out}"
    codec = [] if out == "y4m" else ["--codec", "ffv1"]
    statuses, said = chain([*FFMPEG, "-i", "film.mkv", *SOURCES[into], "-"],
                           [*COLORIZE, "-", "-o", "-", "--format", out, *codec],
                           [*FFMPEG, "-y", "-i", "-", "-map", "0", "-c", "copy", "out.mkv"])
    check(statuses == [0, 0, 0], what, (statuses, said))
    check(frame_hashes("out.mkv") == luma, what + ": luma")
    check(len(times("out.mkv")) == 25, what + ": times", times("out.mkv"))
    kinds = [s["codec_type"] for s in streams("out.mkv")["streams"]]
    sound = "y4m" not in (into, out)
    check(kinds == ["video", "audio"][:1 + sound], what + ": streams", kinds)
    if sound:
        check(packet_hashes("out.mkv", "0:1") == packet_hashes("film.mkv", "0:1"), what + ": sound")
        check(streams("out.mkv")["format"]["tags"].get("title") == "A title", what + ": metadata")
    warned = into != "y4m" and out == "y4m"
    check(("stream 1 (audio, flac); it is left out" in said[1]) == warned, what + ": warnings", said)
    check(warned or not said[1], what + ": nothing else is said", said)

# A file of Y4M, whose frames no encoder makes bytes of, is made in segments as any film is.
for segment in "10", "0.3":
    done = feed(["film.mkv", "-o", "out.y4m", "--overwrite", "--segment-seconds", segment], b"")
    check(done.returncode == 0, f"Y4M in segments of {segment} s", done.stderr)
    check(frame_hashes("out.y4m") == luma, f"Y4M in segments of {segment} s: luma")

# Matroska unless asked otherwise; depths; files on the other side; a part.
statuses, said = chain([*COLORIZE, "film.mkv", "-o", "-", "--codec", "ffv1"],
                       [*FFMPEG, "-y", "-f", "matroska", "-i", "-", "-c", "copy", "out.nut"])
check(statuses == [0, 0] and frame_hashes("out.nut") == luma, "Matroska by itself", said)
for pix_fmt in "yuv422p10le", "gray":
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=50x38:d=0.2", "-c:v", "ffv1", "-pix_fmt", pix_fmt, "deep.mkv")
    strict = [] if pix_fmt == "gray" else ["-strict", "-1"]
    statuses, said = chain([*FFMPEG, "-i", "deep.mkv", *strict, "-f", "yuv4mpegpipe", "-"],
                           [*COLORIZE, "-", "-o", "-", "--format", "y4m"],
                           [*FFMPEG, "-y", "-i", "-", "-c", "copy", "out.nut"])
    check(statuses == [0, 0, 0] and
          frame_hashes("out.nut") == frame_hashes("deep.mkv", "null" if pix_fmt == "gray" else
                                                  "extractplanes=y"), pix_fmt + " as y4m", said)
with open("film.mkv", "rb") as file:
    film = file.read()
for data in film, None:  # a pipe, and a file that was redirected
    with open("film.mkv", "rb") as file:
        result = subprocess.run([*COLORIZE, "-", "-o", "part.mkv", "--overwrite", "--start", "0.4",
                                 "--duration", "0.2", "--codec", "ffv1"],
                                **({"input": data} if data else {"stdin": file}),
                                capture_output=True, check=False)
    check(result.returncode == 0 and frame_hashes("part.mkv") == luma[10:15], "a part", result.stderr)

# A reader that goes away.
for out in "matroska", "y4m":
    with subprocess.Popen([*COLORIZE, "film.mkv", "-o", "-", "--format", out], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.read(100)
        process.stdout.close()
        text = process.stderr.read().decode()
    check(process.returncode == 1 and "standard output: the program that reads it has gone" in text,
          f"a reader of {out} that goes away", (process.returncode, text))
    check(text.count("error: ") == 1, "one line", text)

# An input that ends in the middle of a frame is damaged, and what there is is coloured.
ffmpeg("-i", "film.mkv", "-c", "copy", "film.nut")
ffmpeg("-i", "film.mkv", "-fps_mode", "passthrough", "film.y4m")
for name, least in ("film.mkv", 8), ("film.nut", 8), ("film.y4m", 12):
    with open(name, "rb") as file:
        data = file.read()
    result = feed(["-", "-o", "cut.mkv", "--overwrite"], data[:len(data) // 2])
    check(result.returncode == 0 and b"standard input: damaged at 0:00:00." in result.stderr,
          f"a cut {name} is told", result.stderr)
    check(least <= len(times("cut.mkv")) < 25, f"a cut {name}: the rest is there", times("cut.mkv"))
    with open("cut-" + name, "wb") as file:
        file.write(data[:len(data) // 2])
    if name != "film.mkv":
        result = films.colorize("cut-" + name, "cut.mkv", "--overwrite", *films.SMALL)
        check("damaged at 0:00:00." in result.stderr, f"a cut {name}, as a file", result.stderr)
    result = feed(["-", "-o", "whole.mkv", "--overwrite"], data)
    check(result.returncode == 0 and not result.stderr, f"all of {name} is not damaged", result.stderr)

# What cannot be.
for what, data, says in (("nothing", b"", "standard input: is empty"),
                         ("a letter", b"This is no film.\n" * 40, "standard input: is not a film")):
    result = feed(["-", "-o", "no.mkv"], data)
    check(result.returncode == 1 and says in result.stderr.decode(), what, result.stderr)
for what, arguments, says, status, options in (
        ("pictures", ["film.mkv", "-o", "-", "--format", "png"], "takes films", 2, {}),
        ("no format", ["film.mkv", "-o", "-", "--format", "nonsense"], "nonsense", 2, {}),
        ("a full disk", ["film.mkv", "-o", "-"], "No space left", 1, {"stdout": "/dev/full"}),
        ("no standard output", ["film.mkv", "-o", "-"], "standard output", 1,
         {"preexec_fn": lambda: os.close(1)}),
        ("no standard input", ["-", "-o", "no.mkv"], "standard input", 1,
         {"preexec_fn": lambda: os.close(0)})):
    with open(options.pop("stdout", "/dev/null"), "wb") as out:
        result = subprocess.run([*COLORIZE, *arguments], stdin=subprocess.DEVNULL, stdout=out,
                                stderr=subprocess.PIPE, text=True, check=False, **options)
    errors = errors_of(result)
    check(result.returncode == status and len(errors) == 1 and says in errors[0], what,
          (result.returncode, result.stderr))
main, terminal = pty.openpty()
for arguments, stream in ((["film.mkv", "-o", "-"], "stdout"), (["-", "-o", "no.mkv"], "stdin")):
    result = subprocess.run([*COLORIZE, *arguments], check=False, stderr=subprocess.PIPE, text=True,
                            **{"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL,
                               stream: terminal})
    check(result.returncode == 2 and "is a terminal" in result.stderr, f"{stream} is a terminal",
          (result.returncode, result.stderr))
os.close(main)
os.close(terminal)
check(not os.path.exists("no.mkv"), "no file is left")

# Stopped while it waits, for more and for a reader.
for arguments in (["-", "-o", "no.mkv"], ["film.mkv", "-o", "-", "--format", "y4m"]):
    with subprocess.Popen([*COLORIZE, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as process:
        fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, 4096)
        time.sleep(1)
        process.send_signal(signal.SIGTERM)
        process.wait()
        text = process.stderr.read()
    check(process.returncode == 1 and "interrupted" in text, f"{arguments}: stopped",
          (process.returncode, text))
films.finish()
