"""Helpers of the media tests: files made and looked at with ffmpeg and ffprobe.

Every test script is called with the path of remux and works in a folder of its own.
"""

import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from checks import check, finish as end, said_of  # noqa: E402,F401  (for those who import this)

REMUX = os.path.abspath(sys.argv[1])
MEMORY, IO, FORMAT, ARGUMENT, UNSUPPORTED = 2, 3, 4, 5, 6  # negated ac_status

_folder = tempfile.TemporaryDirectory(prefix="autochrome-media-")
os.chdir(_folder.name)


def ffmpeg(*arguments):
    result = subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *arguments],
                            capture_output=True, text=True, check=False)
    if result.returncode:
        raise RuntimeError("ffmpeg " + " ".join(arguments) + "\n" + result.stderr)
    return result.stdout


def source(size="64x48", seconds=1, rate=25, name="testsrc2"):
    return ["-f", "lavfi", "-i", f"{name}=s={size}:r={rate}:d={seconds}"]


def tone(seconds=1, frequency=440):
    return ["-f", "lavfi", "-i", f"sine=frequency={frequency}:d={seconds}:sample_rate=48000"]


class Result:
    """What remux said and did."""

    def __init__(self, process):
        self.status = process.returncode
        self.lines = dict(line.split(": ", 1) for line in process.stdout.splitlines()
                          if ": " in line)
        self.text = process.stderr
        lines = process.stderr.splitlines()
        self.errors = [line for line in lines if line.startswith("error: ")]
        self.warnings = [line for line in lines if line.startswith("warning: ")]
        # Encoders such as x265 print past libav.
        self.other = [line for line in lines if not line.startswith(("error: ", "warning: "))]


def remux(source_path, output, preexec=None, **options):
    command = [REMUX]
    for key, value in options.items():
        command.append(f"{key}={value}")
    return Result(subprocess.run([*command, source_path, output], capture_output=True, text=True,
                                 check=False, preexec_fn=preexec, stdin=subprocess.DEVNULL))


def converts(source_path, output, warnings=0, **options):
    """remux that is to succeed, with so many warnings and not a word else."""
    options.setdefault("overwrite", 1)
    result = remux(source_path, output, **options)
    what = f"{source_path} to {output} {options}"
    check(result.status == 0, what + ": status", result.text)
    check(not result.errors, what + ": no errors", result.text)
    if warnings is not None:
        check(len(result.warnings) == warnings, what + f": {warnings} warnings", result.text)
    return result


def fails(source_path, output, status, *says, preexec=None, **options):
    """remux that is to fail with one line that says it all, and to leave nothing behind."""
    before = listing()
    result = remux(source_path, output, preexec=preexec, **options)
    what = f"{source_path} to {output} {options}"
    check(result.status == status, what + f": status {status}, not {result.status}", result.text)
    check(len(result.errors) == 1, what + ": one error", result.text)
    for part in says:
        check(part in "".join(result.errors), what + ": says " + part, result.text)
    check(listing() == before, what + ": nothing left", set(listing()) ^ set(before))
    return result


def listing():
    return sorted((name, os.stat(os.path.join(folder, name)).st_size)
                  for folder, _, names in os.walk(".") for name in names
                  if os.path.exists(os.path.join(folder, name)))


def probe(path, *entries):
    entries = entries or ("-show_streams", "-show_format", "-show_chapters")
    said = said_of(path, ["ffprobe", "-v", "quiet", "-of", "json", *entries, path], check=False)
    return json.loads(said or "{}")


def streams(path):
    return probe(path).get("streams", [])


def video(path):
    return next(s for s in streams(path) if s["codec_type"] == "video")


def frames(path, stream="v:0"):
    """Times and durations of the frames, in seconds."""
    data = probe(path, "-select_streams", stream, "-show_frames", "-show_entries",
                 "frame=best_effort_timestamp_time,pkt_duration_time,duration_time")
    return [(float(f.get("best_effort_timestamp_time", "nan")),
             float(f.get("duration_time", f.get("pkt_duration_time", 0))))
            for f in data.get("frames", [])]


def packets(path, stream):
    data = probe(path, "-select_streams", stream, "-show_packets", "-show_data_hash", "md5")
    return data.get("packets", [])


def frame_hashes(path, *options):
    text = ffmpeg("-i", path, "-map", "0:v:0", *options, "-fps_mode", "passthrough", "-f",
                  "framemd5", "-")
    return [line.split(",")[-1].strip() for line in text.splitlines()
            if line and not line.startswith("#")]


def luma_hashes(path, gray=False):
    """MD5 of the luma plane of every frame, as it is decoded."""
    return frame_hashes(path, *([] if gray else ["-vf", "extractplanes=y"]))


def same_times(first, second, tolerance=0.0006):
    """False for times that are not known."""
    return len(first) == len(second) and all(abs(a - b) <= tolerance
                                             for a, b in zip(first, second))
