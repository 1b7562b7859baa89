"""Frame sequences through the program: resumed, in agreement with films, on the command line.

usage: test_sequences.py PROGRAM
"""

import os
import shutil
import signal
import subprocess
import time

import films
from films import autochrome, check, colorize, errors_of, ffmpeg, frame_hashes

folder = films.work_folder()
SIZE = ["--size", "32"]


def contents(path):
    found = {}
    for name in os.listdir(path):
        with open(os.path.join(path, name), "rb") as file:
            found[name] = file.read()
    return found


# Moving pictures with a cut, so that each frame's colours look back at those before.
ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x48:d=0.6", "-f", "lavfi", "-i", "mandelbrot=s=64x48:r=25",
       "-filter_complex", "[0][1]concat,trim=end=1,format=rgb24", "-c:v", "ffv1", "-pix_fmt", "gbrp",
       "shot.mkv")
os.mkdir("shot")
ffmpeg("-i", "shot.mkv", "-pix_fmt", "rgb24", "-start_number", 95, "shot/f_%d.png")
result = colorize("shot", "whole", *SIZE)
whole = contents("whole")
check(sorted(whole) == sorted(os.listdir("shot")) and len(whole) == 25, "names are kept", sorted(whole))
for line in "input: png rgb24 64x48 25 fps", "output: png, rgb24", "whole: 25 frames in":
    check(line in result.stderr, "says " + line, result.stderr)
check(not result.stdout, "nothing on standard output", result.stdout)
colorize("shot/f_%d.png", "again/%04d.png", *SIZE)
check([data for _, data in sorted(contents("again").items())] ==
      [whole[f"f_{i}.png"] for i in range(95, 120)], "the same by a pattern")

# The colours are those of a film of the same frames.
colorize("shot/*.png", "film.mkv", *SIZE, "--codec", "ffv1", "--pix-fmt", "gbrp16le", "--framerate",
         "24")
check(films.streams("film.mkv")["streams"][0]["avg_frame_rate"] == "24/1", "--framerate")
apart = max(abs(a - b) for a, b in zip(films.raw("film.mkv", "rgb24"),
                                       b"".join(films.raw(f"again/{i:04d}.png", "rgb24")
                                                for i in range(95, 120))))
check(apart <= 1, "a sequence has the colours of a film", apart)
colorize("film.mkv", "from-film/x%03d.tif", *SIZE)
check(sorted(os.listdir("from-film")) == [f"x{i:03d}.tif" for i in range(1, 26)], "film to sequence",
      os.listdir("from-film"))

# Whatever frames are missing: resumed, each is as in one go.
for number, gone in enumerate(((*range(103, 120),), (107,), (95, 96, 119), (*range(95, 120),), ())):
    made = f"resumed{number}"
    shutil.copytree("whole", made)
    for i in gone:
        os.remove(f"{made}/f_{i}.png")
    kept = {name: os.stat(f"{made}/{name}").st_mtime_ns for name in os.listdir(made)}
    result = colorize("shot", made, *SIZE, "--resume")
    check(contents(made) == whole, f"resumed without {gone}: the same")
    check(all(os.stat(f"{made}/{name}").st_mtime_ns == then for name, then in kept.items()),
          f"resumed without {gone}: frames that were there are as they were")
    check(f": {len(gone)} frame" in result.stderr, "tells how many", result.stderr)
shutil.copytree("from-film", "film-resumed")
for i in 1, 13, 14:
    os.remove(f"film-resumed/x{i:03d}.tif")
colorize("film.mkv", "film-resumed/x%03d.tif", *SIZE, "--resume")
check(contents("film-resumed") == contents("from-film"), "a film's frames resumed: the same")

# Killed in the middle: whole frames only, and --resume goes on.
with subprocess.Popen([films.program, "colorize", "shot", "-o", "killed", "--size", "48"],
                      stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
    while process.poll() is None and (not os.path.isdir("killed") or len(os.listdir("killed")) < 3):
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
for name in os.listdir("killed"):
    if not name.endswith(".part"):
        check(len(films.raw("killed/" + name, "rgb24")) == 64 * 48 * 3, f"{name} is whole")
colorize("shot", "killed", "--size", "48", "--resume")
colorize("shot", "not-killed", "--size", "48")
check({n: d for n, d in contents("killed").items() if not n.endswith(".part")} ==
      contents("not-killed"), "killed and resumed: the same")
os.mkdir("long")
for i in range(3000):
    os.symlink("../shot/f_95.png", f"long/{i}.png")
with subprocess.Popen([films.program, "colorize", "long", "-o", "stopped", *SIZE],
                      stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
    while process.poll() is None and (not os.path.isdir("stopped") or len(os.listdir("stopped")) < 3):
        time.sleep(0.005)
    process.send_signal(signal.SIGTERM)
    text = process.communicate()[1]
check(process.returncode == 1 and "interrupted: stopped: what is finished is kept; --resume goes on" in text,
      "SIGTERM", (process.returncode, text))
check(0 < len(os.listdir("stopped")) < 3000 and not any(".part" in name for name in os.listdir("stopped")),
      "SIGTERM: nothing half-written", len(os.listdir("stopped")))

# The command line.
for arguments, says in (
        (["shot", "-o", "whole"], "whole/f_95.png: is there already, and 24 more are; --overwrite"),
        (["shot", "-o", "whole", "--resume", "--overwrite"], "--resume keeps what --overwrite"),
        (["shot", "-o", "no", "--framerate", "fast"], "--framerate: 'fast'"),
        (["shot.mkv", "-o", "no.mkv", "--framerate", "24"], "--framerate is for sequences"),
        (["shot", "-o", "shot", "--overwrite"], "shot: is where the input is"),
        (["shot", "-o", "no.png"], "no.png: is a picture's name, but shot is a sequence"),
        (["shot/f_95.png", "-o", "no.jpg", "--resume"], "no.jpg: --resume: is for films in files"),
        (["shot", "-o", "no", "--format", "nonsense"], "--format: FFmpeg knows no container")):
    result = autochrome("colorize", *arguments, *SIZE)
    errors = errors_of(result)
    check(result.returncode == 2 and len(errors) == 1 and says in errors[0], f"{arguments}: {says}",
          (result.returncode, result.stderr))
    check(not os.path.exists("no"), f"{arguments}: no folder")
ffmpeg("-f", "lavfi", "-i", "testsrc2=s=80x48", "-frames:v", 1, "shot/f_110.png")
os.remove("shot/f_112.png")
result = autochrome("colorize", "shot", "-o", "no", *SIZE)
check(result.returncode == 1 and "shot: frame 112 is missing (1 in all); --allow-gaps" in result.stderr,
      "a gap", result.stderr)
result = autochrome("colorize", "shot", "-o", "mixed", *SIZE, "--allow-gaps")
check(result.returncode == 1 and "shot/f_110.png: is 80x48" in result.stderr, "mixed sizes",
      result.stderr)
check(len(errors_of(result)) == 1, "mixed sizes: one line", result.stderr)
check(all(data == whole[name] for name, data in contents("mixed").items()),
      "mixed sizes: what is there is whole")
check(len(frame_hashes("film.mkv", "null")) == 25, "the helpers see frames")
films.finish()
