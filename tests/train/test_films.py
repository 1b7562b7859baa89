"""Frames taken from films."""

import glob
import os
import shutil

from data import (ARGUMENT, CANCELLED, FORMAT, Result, bad, check, end, ffmpeg, good, items, touch)

SIZE = "96x64"


def scene(lavfi, seconds):
    return f"{lavfi},fps=10,trim=end_frame={round(10 * seconds)},setpts=PTS-STARTPTS,format=yuv444p"


def film(path, *scenes, codec=("-c:v", "ffv1")):
    inputs = ";".join(f"{one}[v{i}]" for i, one in enumerate(scenes))
    joined = "".join(f"[v{i}]" for i in range(len(scenes)))
    ffmpeg("-filter_complex", f"{inputs};{joined}concat=n={len(scenes)}", *codec, path)


BALLS = f"testsrc2=s={SIZE}:r=10"
FRACTAL = f"mandelbrot=s={SIZE}:r=10:end_scale=0.3:end_pts=200"
BARS = f"smptebars=s={SIZE}:r=10"
RAINBOW = f"rgbtestsrc=s={SIZE}:r=10"
FLASH = "drawbox=c=white:t=fill:enable='eq(n,20)'"


def draw(*arguments, warnings=(), batches=0):
    return good("draw", f"batches={batches}", "names=1", *arguments, warnings=warnings)


def searched(*arguments, warnings=(), batches=0):
    """As draw(), where films are searched, which is told as information."""
    result = Result("draw", f"batches={batches}", "names=1", *arguments)
    check(result.status == 0 and not result.errors, f"{result.what}: succeeds", result.text)
    check(len(result.warnings) == len(warnings) and
          all(part in line for part, line in zip(warnings, result.warnings)),
          f"{result.what}: warnings {warnings}", result.text)
    check(result.other and all("frames taken" in line for line in result.other),
          f"{result.what}: says that it searched", result.text)
    return result


def times(result, name="training name"):
    return [float(line.split(" at ")[1].split()[0]) for line in result.values(name)]


def near(found, wanted):
    return len(found) == len(wanted) and all(abs(a - b) < 1e-6 for a, b in zip(found, wanted))


def folder():
    return glob.glob("frames/*")[0]


def listing():
    """Files of the frames' folders, with what tells whether they were written anew."""
    found = {}
    for path in glob.glob("frames/*/*"):
        info = os.stat(path)
        found[path] = (info.st_ino, info.st_mtime_ns, info.st_size)
    return found


def fresh():
    shutil.rmtree("frames", ignore_errors=True)


# ---- cuts, and nothing twice ----
film("cuts.mkv", scene(BALLS, 2), scene(FRACTAL, 1.5), scene(BARS, 3), scene(BALLS, 2),
     scene(RAINBOW, 1))
result = searched("cuts.mkv", "every=0")
check(near(times(result), [0, 2, 3.5, 8.5]), "a frame at each cut, no scene twice", result.lines)
check(result.values("training name")[:3] ==
      ["cuts.mkv at 0 s", "cuts.mkv at 2 s", "cuts.mkv at 3.5 s"], "names", result.lines)
check("5 scenes" in result.other[0] and "4 of 95 frames taken" in result.other[0],
      "what was found", result.text)
# The bars never change: not taken again, though a second is over twice.
fresh()
result = searched("cuts.mkv", "every=1")
check([t for t in times(result) if 3.5 <= t < 6.5] == [3.5], "what does not change", result.lines)
check(1 in times(result) and 3 in times(result), "within what moves, after a second", result.lines)
check(all(b - a > 0.45 for a, b in zip(times(result), times(result)[1:])), "not oftener",
      result.lines)
# A moving picture, a camera that swings and a flash are no cuts.
fresh()
film("calm.mkv", scene(f"{BARS},{FLASH}", 4.1), scene(BALLS, 2))
result = searched("calm.mkv", "every=0")
check(near(times(result), [0, 4.1]) and "2 scenes" in result.other[0], "a flash is no scene",
      (result.lines, result.text))
fresh()
film("swing.mkv", f"mandelbrot=s=960x64:r=10,fps=10,trim=duration=3,crop=96:64:x=n*25:y=0,"
     "format=yuv444p")
result = searched("swing.mkv", "every=0")
check(times(result) == [0], "a camera that swings", result.lines)

# ---- gray scenes ----
fresh()
film("partly.mkv", scene(FRACTAL, 1) + ",hue=s=0", scene(BARS, 1), scene(BALLS, 1) + ",hue=s=0",
     scene(RAINBOW, 1))
result = searched("partly.mkv", "every=0.5")
check(near(times(result), [1, 3]), "gray scenes are passed over", result.lines)
fresh()
# From black: the first frame is gray, so one soon after is taken.
film("fade.mkv", scene(BARS, 4) + ",fade=in:0:8")
result = searched("fade.mkv", "every=2")
check(len(times(result)) >= 1 and 0.2 < times(result)[0] <= 0.8, "a scene that fades in",
      result.lines)

# ---- what is kept ----
fresh()
result = searched("cuts.mkv", "every=0", "frame_side=32")
first = folder()
check(os.path.basename(first).startswith("cuts.mkv-") and len(os.path.basename(first)) == 25,
      "the folder's name", first)
check(sorted(os.listdir(first)) == ["000001.png", "000002.png", "000003.png", "000004.png",
                                    "index"], "its files", os.listdir(first))
with open(first + "/index", encoding="utf-8") as file:
    index = file.read()
check(index == "autochrome frames 1\nevery 0 side 32\n000001.png 0.000\n000002.png 2.000\n"
      "000003.png 3.500\n000004.png 8.500\nend 4\n", "the index", index)


def picture(path, *arguments):
    ffmpeg(*arguments, "-i", path, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24",
           "pixels.raw")
    with open("pixels.raw", "rb") as file:
        return file.read()


small = picture(first + "/000003.png")
check(len(small) == 3 * 48 * 32, "frames are kept small", len(small))
fresh()
searched("cuts.mkv", "every=0", "frame_side=1000")
large = picture(folder() + "/000003.png")
wanted = picture("cuts.mkv", "-ss", "3.5")
check(len(large) == 3 * 96 * 64, "but never enlarged", len(large))
check(len(wanted) == len(large) and max(abs(a - b) for a, b in zip(large, wanted)) <= 3,
      "it is the frame of that time")
result = draw("cuts.mkv", "every=0", "frame_side=1000", "partial=1", "batch=3", batches=9)
check(items(result) == [0, 1, 2, 3], "frames are drawn", result.lines)

# ---- the index is used again, for the same film and parameters ----
before = listing()
draw("./cuts.mkv", "every=0", "frame_side=1000")
draw(os.path.abspath("cuts.mkv"), "every=0", "frame_side=1000")
check(listing() == before, "nothing is searched again")
searched("cuts.mkv", "every=0", "frame_side=40")
after = listing()
check(after.keys() == before.keys() and all(after[path] != before[path] for path in before),
      "other parameters: searched again")
for damage in "picture", "line", "end", "head", "index":
    before = listing()
    index = folder() + "/index"
    with open(index, encoding="utf-8") as file:
        text = file.read()
    if damage == "picture":
        os.unlink(folder() + "/000002.png")
    elif damage == "index":
        os.unlink(index)
    else:
        with open(index, "w", encoding="utf-8") as file:
            file.write({"end": text[:-6], "head": text.replace("frames 1", "frames 2"),
                        "line": text.replace("000003.png 3.500\n", "")}[damage])
    touch(folder() + "/000099.png")  # of a search with another outcome
    result = searched("cuts.mkv", "every=0", "frame_side=40")
    check(listing().keys() == before.keys() and near(times(result), [0, 2, 3.5, 8.5]),
          f"without its {damage}: searched again, and nothing else stays", listing())
    with open(index, encoding="utf-8") as file:
        check(file.read() == text, f"without its {damage}: the same index")
os.utime("cuts.mkv", (1e9, 1e9))
searched("cuts.mkv", "every=0", "frame_side=40")
check(len(glob.glob("frames/*")) == 2, "a film that was changed is another")
shutil.copy2("cuts.mkv", "other name%d:x.mkv")
searched("other name%d:x.mkv", "every=0")
check(any(name.startswith("other_name_d_x.mkv-") for name in os.listdir("frames")),
      "a name for any file system", os.listdir("frames"))

# ---- interrupted ----
fresh()
result = Result("draw", "batches=0", "cuts.mkv", "every=0", "cancel=50")
check(result.status == CANCELLED and not result.text, "interrupted, which the caller says",
      (result.status, result.text))
check(not os.path.exists("frames"), "nothing of it stays")
searched("calm.mkv", "every=0")
before = listing()
result = Result("draw", "batches=0", "calm.mkv", "cuts.mkv", "every=0", "cancel=50")
check(result.status == CANCELLED and before and listing() == before,
      "what was found in another film does", (result.status, listing(), before))
result = searched("cuts.mkv", "every=0")
check(near(times(result), [0, 2, 3.5, 8.5]) and len(glob.glob("frames/*/index")) == 2,
      "an interrupted search is done again", result.lines)

# ---- films that give nothing ----
fresh()
film("gray.mkv", scene(FRACTAL, 1) + ",format=gray")
touch("letter.mkv", data=b"no film, but a letter\n" * 50)
with open("cuts.mkv", "rb") as file:
    data = file.read()
touch("cut.mkv", data=data[:len(data) // 2])
os.mkdir("stills")
ffmpeg("-f", "lavfi", "-i", BALLS, "-frames:v", "3", "stills/%d.png")
result = searched("gray.mkv", "letter.mkv", "stills", batches=9,
                  warnings=["gray.mkv: no frame of it has colours; the film is left out",
                            "letter.mkv: is not a film", ])
check(result.value("training") == "3" and result.value("broken") == "1", "the rest is used",
      result.lines)
check("the film is left out" in result.warnings[1] and not glob.glob("frames/letter*"),
      "what becomes of the letter", result.text)
bad(FORMAT, "nothing to train on: the films have no frame", command=["draw", "gray.mkv"])
bad(FORMAT, "nothing to validate with", command=["draw", "stills", "val=gray.mkv"])
result = Result("draw", "batches=0", "cut.mkv", "every=0")
check(result.status == 0 and int(result.value("training")) >= 1 and
      any("damaged" in line for line in result.warnings), "a film that was cut off is used",
      (result.lines, result.text))
touch("file")
bad(3, "file/x: cannot be made: Not a directory",
    command=["draw", "cuts.mkv", "frames_dir=file/x"])
fresh()
result = searched("cuts.mkv", "every=0", "frames_dir=new/inner/frames")
check(len(glob.glob("new/inner/frames/*/index")) == 1, "folders are made")

# ---- a film is a group, and is never on both sides ----
fresh()
searched("stills", "cuts.mkv", "calm.mkv", "every=0")
sides = set()
for seed in range(20):
    result = draw("stills", "cuts.mkv", "calm.mkv", "every=0", "split=0.3", f"seed={seed}")
    groups = [{name.split(" at ")[0].split("/")[0] for name in result.values(side)}
              for side in ("training name", "validation name")]
    check(groups[0] | groups[1] == {"stills", "cuts.mkv", "calm.mkv"} and
          not groups[0] & groups[1], f"films go to one side, seed {seed}", groups)
    sides.add(tuple(sorted(groups[1])))
check(len(sides) > 1, "which ones depends on the seed", sides)
bad(ARGUMENT, "all pictures come from one folder or film, cuts.mkv", "--val",
    command=["draw", "cuts.mkv", "every=0", "split=0.2"])
result = draw("stills", "cuts.mkv", "val=./cuts.mkv", "every=0",
              warnings=["1 file named for validation too, and not trained on"])
check(result.value("training") == "3" and result.value("validation") == "4", "taken out",
      result.lines)
end()
