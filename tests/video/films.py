"""What the tests of whole films share: running programs, making films, looking at them."""

import json
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from checks import check, finish, said_of  # noqa: E402,F401  (for those who import this)

program = os.path.abspath(sys.argv[1])
samples = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "samples")
# Small pictures and a small network: what is tested is the way of the film, not its colours.
SMALL = ["--size", "32", "--preset", "ultrafast"]
LOSSLESS = ["--size", "32", "--codec", "ffv1"]

def work_folder():
    """A new folder, made the current one; gone when the test ends."""
    folder = tempfile.TemporaryDirectory(prefix="autochrome-test-")
    os.chdir(folder.name)
    return folder


def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, arguments)], check=True)


def autochrome(*arguments, **options):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AUTOCHROME_")}
    environment.update(options.pop("environment", {}))
    return subprocess.run([program, *map(str, arguments)], env=environment,
                          **({} if "input" in options else {"stdin": subprocess.DEVNULL}),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          errors="replace", check=False, **options)


def colorize(film, output, *arguments, status=0, **options):
    result = autochrome("colorize", film, "-o", output, *arguments, **options)
    check(result.returncode == status, f"colorize {film}: exit status {result.returncode}",
          result.stderr)
    return result


def probe(path, *arguments):
    return json.loads(said_of(path, ["ffprobe", "-v", "error", "-of", "json", *arguments, path], check=True))


def streams(path):
    return probe(path, "-show_streams", "-show_format", "-show_chapters")


def times(path, stream="v:0"):
    """Presentation times of a stream's frames in seconds."""
    frames = probe(path, "-select_streams", stream, "-show_entries", "frame=pts_time")["frames"]
    return [float(f["pts_time"]) for f in frames]


def frame_hashes(path, chain="extractplanes=y", stream="0:v:0"):
    """MD5 of every decoded frame after a filter chain."""
    out = said_of(path, ["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-map", stream, "-fps_mode", "passthrough",
                         "-vf", chain, "-f", "framemd5", "-"], check=True, stderr=subprocess.DEVNULL)
    return [line.split(",")[-1].strip() for line in out.splitlines() if not line.startswith("#")]


def packet_hashes(path, stream):
    """MD5 of every packet of a stream as it lies in the file."""
    out = said_of(path, ["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-map", stream, "-c", "copy", "-f",
                         "framemd5", "-"], check=True)
    # Side data, which has hashes of its own, is the container's.
    return [line.split(",")[5].strip() for line in out.splitlines() if not line.startswith("#")]


def raw(path, pixel_format, *arguments):
    """The decoded frames' bytes."""
    return subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-i", path, *arguments, "-fps_mode",
                           "passthrough", "-f", "rawvideo", "-pix_fmt", pixel_format, "-"],
                          check=True, stdout=subprocess.PIPE).stdout


def errors_of(result):
    return re.findall(r"^autochrome: error: (.*)$", result.stderr, re.MULTILINE)


def leftovers(*known):
    return sorted(set(os.listdir(".")) - set(known))
