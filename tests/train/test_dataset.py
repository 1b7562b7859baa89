"""Data sets of stills, and the batches that are drawn from them."""

import array
import os
import shutil
import statistics

from data import (ARGUMENT, CANCELLED, FORMAT, IO, Result, bad, batches, check, end, ffmpeg, good,
                  items, shuffled, touch)


def make(folder, lavfi, count, name="%02d.png", *more):
    os.makedirs(folder, exist_ok=True)
    ffmpeg("-f", "lavfi", "-i", lavfi, "-frames:v", count, *more, f"{folder}/{name}")


make("a", "testsrc2=s=40x32:r=2", 8)
make("b", "mandelbrot=s=36x48:r=2", 7)
make("c", "rgbtestsrc=s=20x20:r=1,hue=h=20*n", 5, "%02d.jpg", "-pix_fmt", "yuvj444p", "-q:v", "2")
SMALL = ["height=16", "width=16", "colour_height=8", "colour_width=8"]


def draw(*arguments, warnings=()):
    return good("draw", *SMALL, *arguments, warnings=warnings)


# ---- order, epochs, seeds ----
result = draw("a", "b", "c", "names=1", "partial=1", "batch=3", "seed=7")
check(result.value("training") == "20" and result.value("validation") == "0", "20 pictures",
      result.lines)
check(result.values("training name") ==
      [f"a/{i:02}.png" for i in range(1, 9)] + [f"b/{i:02}.png" for i in range(1, 8)] +
      [f"c/{i:02}.jpg" for i in range(1, 6)], "their names, in order", result.lines)
check(items(result) == list(range(20)), "not shuffled", items(result))
check([len(b.items) for b in batches(result)] == [3, 3, 3, 3, 3, 3, 2], "the last one is partial")
check([b.cursor for b in batches(result)] == [3, 6, 9, 12, 15, 18, 20], "cursors")
check(result.value("end") == "1", "the pass ends")
check((result.value("gray"), result.value("broken")) == ("0", "0"), "nothing is left out")
whole = draw("a", "b", "c", "batch=3", "seed=7", "shuffle=1")
check(len(batches(whole)) == 6 and [len(b.items) for b in batches(whole)] == [3] * 6,
      "what is left in the end is not handed out")
for seed, epoch in ((7, 0), (7, 1), (8, 0), (12345678, 3)):
    result = draw("a", "b", "c", "partial=1", "batch=4", f"seed={seed}", "shuffle=1",
                  f"epoch={epoch}")
    check(items(result) == shuffled(20, seed, f"order {epoch}"), f"order {seed} {epoch}",
          items(result))
hashes = {draw(*names, "batches=0").value("hash")
          for names in (("a", "b", "c"), ("b", "a", "c"), ("a", "b"), ("./a", "b", "c"))}
check(len(hashes) == 4 and draw("a", "b", "c", "batches=0", "seed=9").value("hash") in hashes,
      "the hash is one of the names, in order")
check(draw("a", "b", "val=c", "batches=0").value("hash") not in hashes, "and of the sides")

# ---- gray and broken pictures are left out, each is told of once ----
shutil.copytree("a", "mixed")
ffmpeg("-i", "b/01.png", "-vf", "format=gray", "mixed/03a.png")
ffmpeg("-i", "b/02.png", "-vf", "hue=s=0", "-pix_fmt", "yuvj420p", "mixed/03b.jpg")
ffmpeg("-f", "lavfi", "-i", "mandelbrot=s=96x64:r=2", "-vf",
       "colorchannelmixer=.393:.769:.189:0:.349:.686:.168:0:.272:.534:.131", "-frames:v", "1",
       "-pix_fmt", "yuvj420p", "-q:v", "14", "mixed/05c.jpg")  # sepia, with losses
# Hardly any colour, but not of one direction.
touch("mixed/07d.ppm", data=b"P6 32 32 255\n" + bytes(
    100 + (7 * x + 13 * y) % 97 + (c - 1) * (3 if (x ^ y >> 1) % 2 else -3)
    for y in range(32) for x in range(32) for c in range(3)))
ffmpeg("-i", "b/04.png", "-vf", "format=gray,format=rgb24,lutrgb=r=val*0.55:g=val*0.7",
       "mixed/08e.png")  # toned blue
touch("mixed/04a.jpg", data=b"no picture, but a letter\n" * 20)
with open("c/01.jpg", "rb") as file:
    jpeg = file.read()
touch("mixed/06a.jpg", data=jpeg[:len(jpeg) * 2 // 3])
touch("mixed/06b.png", data=b"")
LEFT_OUT = ["mixed/04a.jpg: no picture in it can be decoded", "mixed/06a.jpg: damaged",
            "mixed/06b.png: is empty"]
names = sorted(os.listdir("mixed"))
usable = [i for i, name in enumerate(names) if len(name) == 6]
check(len(names) == 16 and len(usable) == 8, "the folder has both", names)
result = draw("mixed", "partial=1", "batch=3", warnings=LEFT_OUT)
check(items(result) == usable, "those that can be used", (items(result), usable))
check((result.value("gray"), result.value("broken")) == ("5", "3"), "5 gray, 3 broken",
      result.lines)
check([b.cursor for b in batches(result)] == [3, 10, 16], "cursors count those that are left out",
      [b.line for b in batches(result)])
check(all("; the picture is left out" in line for line in result.warnings), "what becomes of them")

# ---- the same on any number of threads, and from any place on ----
ARGUMENTS = ["a", "mixed", "b", "c", "batch=3", "seed=5", "shuffle=1", "random_crop=1", "flip=1",
             "jitter=0.5", "aged=0.5", "short_side=20", "epoch=2"]
one = Result("draw", *SMALL, *ARGUMENTS, "threads=1")
check(one.status == 0 and len(batches(one)) == 9, "a pass", (one.text, one.lines))
check(len(one.warnings) == 3, "its warnings", one.text)
for threads, queue in ((3, 1), (3, 5), (8, 2), (0, 3)):
    other = Result("draw", *SMALL, *ARGUMENTS, f"threads={threads}", f"queue={queue}")
    check(other.lines == one.lines, f"{threads} threads: the same", (other.lines, one.lines))
    check(other.text == one.text, f"{threads} threads: the same warnings", (other.text, one.text))
first = Result("draw", *SMALL, *ARGUMENTS, "threads=8", "queue=3", "batches=1")
check(first.status == 0 and [b.line for b in batches(first)] == [batches(one)[0].line] and
      first.value("end") is None, "stopped in the middle", (first.lines, first.text))
for k in 0, 3, 8:
    cursor = batches(one)[k].cursor
    rest = Result("draw", *SMALL, *ARGUMENTS, f"cursor={cursor}", "threads=2")
    check([b.line for b in batches(rest)] == [b.line for b in batches(one)[k + 1:]],
          f"from batch {k} on", rest.lines)
other = Result("draw", *SMALL, *ARGUMENTS[:-1], "epoch=3")
check(not {b.line for b in batches(other)} & {b.line for b in batches(one)}, "epochs differ")

# ---- validation: whole groups ----
for seed in range(6):
    result = draw("a", "b", "c", "split=0.3", "names=1", "batches=0", f"seed={seed}")
    sides = [{name[0] for name in result.values(side)}
             for side in ("training name", "validation name")]
    check(sides[0] | sides[1] == {"a", "b", "c"} and not sides[0] & sides[1] and all(sides),
          f"split by folders, seed {seed}", sides)
    check(4 <= int(result.value("validation")) <= 8, "about three tenths", result.lines)
check(len({draw("a", "b", "c", "split=0.3", "batches=0", f"seed={seed}").value("hash")
           for seed in range(12)}) > 1, "which ones depends on the seed")
result = draw("a", "b", "c", "split=0.01", "batches=0",
              warnings=["25% of the pictures are for validation, and not 1%"])
check(result.value("validation") == "5", "the smallest folder, when all are too large")
result = draw("a", "b", "split=0.9", "batches=0")
check(int(result.value("training")) >= 7, "never all")
bad(ARGUMENT, "all pictures come from one folder or film, a:", "--val DIR",
    command=["draw", "a", "split=0.2"])
bad(ARGUMENT, "all pictures come from one folder or film, ./a:",
    command=["draw", "./a/01.png", "a", "split=0.2"])
bad(ARGUMENT, "1.5 is no part", command=["draw", "a", "b", "split=1.5"])

# ---- validation that is named; a file is never on both sides ----
result = draw("a", "b", "val=c", "split=0.3", "names=1", "batches=0")
check(result.value("training") == "15" and
      result.values("validation name") == [f"c/{i:02}.jpg" for i in range(1, 6)],
      "--val goes before the part", result.lines)
result = draw("a", "b", "val=./a/02.png", "val=a/07.png", "names=1", "batches=0",
              warnings=["2 files named for validation too, and not trained on"])
check(result.value("training") == "13" and result.value("validation") == "2" and
      not {"a/02.png", "a/07.png"} & set(result.values("training name")), "taken out",
      result.lines)
bad(ARGUMENT, "every file is for validation too", command=["draw", "a", "val=a"])
bad(IO, "absent: cannot be opened", command=["draw", "a", "val=absent"])
result = draw("a", "val=c", "side=1", "partial=1", "batch=3")
check([len(b.items) for b in batches(result)] == [3, 2], "validation is drawn from", result.lines)
bad(ARGUMENT, "there are no pictures to validate with", command=["draw", "a", "side=1"])

# ---- a part of the pictures ----
result = draw("a", "b", "c", "fraction=0.25", "names=1", "batches=0", "seed=3")
everything = draw("a", "b", "c", "names=1", "batches=0").values("training name")
some = result.values("training name")
check(some == [everything[i] for i in sorted(shuffled(20, 3, "fraction")[:5])], "a quarter", some)
check(draw("a", "fraction=0.001", "batches=0").value("training") == "1", "at least one")
bad(ARGUMENT, "0 is no part", command=["draw", "a", "fraction=0"])

# ---- interrupted ----
for threads in 1, 3:
    result = Result("draw", "a", "b", "batch=15", "stop=1", f"threads={threads}")
    check(result.status == CANCELLED and not batches(result) and not result.text,
          "interrupted, which the caller says", (result.status, result.lines, result.text))

# ---- nothing to learn from ----
make("gray", "testsrc2=s=40x32:r=2,hue=s=0", 5)
bad(FORMAT, "every picture is gray (5 of 5)", command=["draw", "gray", "batch=2"])
bad(FORMAT, "every picture is gray (5 of 5)", command=["draw", "gray", "batch=9", "partial=1",
                                                         "threads=3"])
bad(FORMAT, "every picture for validation is gray (5 of 5)", "--val",
    command=["draw", "a", "val=gray", "side=1"])
os.mkdir("toned")
ffmpeg("-i", "b/04.png", "-vf", "format=gray,format=rgb24,lutrgb=r=val*0.3:g=val*0.4",
       "toned/strongly.png")
bad(FORMAT, "every picture is gray (1 of 1)", command=["draw", "toned", "batch=1"])
touch("gray/9.jpg", data=b"nothing")
bad(FORMAT, "no picture can be used: of 6, 5 are gray and 1 are broken",
    command=["draw", "gray", "partial=1"])
bad(ARGUMENT, "only 8 of 16 pictures can be used, and a batch has 9",
    command=["draw", "mixed", "batch=9"])
os.mkdir("empty")
bad(IO, "empty: there is no picture and no film in this folder", command=["draw", "empty"])
bad(ARGUMENT, "no pictures to train on are named", command=["draw"])
result = draw("a", "cursor=8")
check(not batches(result) and result.value("end") == "1", "going on at the end is the end")

# ---- parameters that cannot be ----
bad(ARGUMENT, "colours of 5x8 are no whole part of pictures of 16x16",
    command=["draw", "a", *SMALL, "colour_width=5"])
bad(ARGUMENT, "short side is made 10", "at least 16", command=["draw", "a", "short_side=10"])
bad(ARGUMENT, "pictures of 16x0", command=["draw", "a", "height=0"])
bad(ARGUMENT, "1.5 of the pictures cannot look old", command=["draw", "a", "aged=1.5"])
bad(ARGUMENT, "larger by -1", command=["draw", "a", "jitter=-1"])
for wrong in "batch=0", "queue=0", "threads=-1", "cursor=9", "cursor=-1", "epoch=-1":
    bad(ARGUMENT, "cannot be drawn", command=["draw", "a", wrong])

# ---- what a picture becomes ----


def values(*arguments, of, side=16, colour_side=8):
    """(lightness, colours) of each picture."""
    good("draw", *(of if isinstance(of, tuple) else (of,)), f"height={side}", f"width={side}",
         f"colour_height={colour_side}", f"colour_width={colour_side}", "batch=1", "dump=dump.f32",
         *arguments)
    with open("dump.f32", "rb") as file:
        data = array.array("f", file.read())
    size, colours = side * side, 2 * colour_side * colour_side
    return [(data[i:i + size], data[i + size:i + size + colours])
            for i in range(0, len(data), size + colours)]


def lab(rgb):
    """CIELAB of sRGB in 0..255."""
    linear = [v / 255 / 12.92 if v / 255 <= 0.04045 else ((v / 255 + 0.055) / 1.055) ** 2.4
              for v in rgb]
    xyz = [sum(m * v for m, v in zip(row, linear)) / white for row, white in
           (((0.4124564, 0.3575761, 0.1804375), 0.95047),
            ((0.2126729, 0.7151522, 0.0721750), 1),
            ((0.0193339, 0.1191920, 0.9503041), 1.08883))]
    x, y, z = (t ** (1 / 3) if t > 216 / 24389 else (24389 / 27 * t + 16) / 116 for t in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def apart(a, b):
    return max(map(lambda x, y: abs(x - y), a, b)) if len(a) == len(b) and a else 999


def pixels(path, *filters):
    ffmpeg("-i", path, *(["-vf", ",".join(filters)] if filters else []), "-f", "rawvideo",
           "-pix_fmt", "rgb24", "pixels.raw")
    with open("pixels.raw", "rb") as file:
        data = file.read()
    return [tuple(data[i:i + 3]) for i in range(0, len(data), 3)]


def mean(rows):
    return [sum(column) / len(rows) for column in zip(*rows)]


os.mkdir("one")
ffmpeg("-f", "lavfi", "-i", "mandelbrot=s=64x48:r=1", "-frames:v", "1", "-pix_fmt", "rgb24",
       "one/large.png")
large = pixels("one/large.png")
# Short side 48 to 16: every value is the mean of 3 x 3; the middle 48 of 64 columns.
scaled = [mean([large[64 * (3 * y + j) + 8 + 3 * x + i] for j in range(3) for i in range(3)])
          for y in range(16) for x in range(16)]
found = values(of="one")[0]
wanted = [lab(pixel) for pixel in scaled]
check(apart(found[0], [w[0] for w in wanted]) < 1, "the middle, averaged: lightness",
      apart(found[0], [w[0] for w in wanted]))
full = values(of="one", colour_side=16)[0]
check(list(full[0]) == list(found[0]), "lightness does not depend on the size of colours")
check(apart(full[1], [w[1] for w in wanted] + [w[2] for w in wanted]) < 3, "colours",
      apart(full[1], [w[1] for w in wanted] + [w[2] for w in wanted]))
means = [sum(full[1][256 * c + 16 * (2 * y + j) + 2 * x + i] for j in (0, 1) for i in (0, 1)) / 4
         for c in (0, 1) for y in range(8) for x in range(8)]
check(apart(found[1], means) < 1e-3, "each smaller colour is the mean of four",
      apart(found[1], means))
# As it is: no scaling, so exact.
found = values("short_side=48", of="one", colour_side=16)[0]
wanted = [lab(large[64 * (16 + y) + 24 + x]) for y in range(16) for x in range(16)]
check(apart(found[0], [w[0] for w in wanted]) < 1e-2 and
      apart(found[1], [w[1] for w in wanted] + [w[2] for w in wanted]) < 1e-2,
      "the middle of a picture as it is")
# Parts at random, mirrored or not: the picture as it is has each of them.
COPIES = 40
os.mkdir("copies")
for i in range(COPIES):
    shutil.copy("one/large.png", f"copies/{i:02}.png")
parts = [found[0] for found in values("short_side=48", "random_crop=1", "flip=1", of="copies")]
rows = [array.array("f", (lab(p)[0] for p in large[64 * y:64 * y + 64])) for y in range(48)]


def is_part(part, y, x, flip):
    """Whether its first and its last line are there."""
    return all(apart(rows[y + j][x:x + 16][::-1 if flip else 1], part[16 * j:16 * j + 16]) < 0.03
               for j in (0, 15))


places = [{(y, x, flip) for y in range(33) for x in range(49) for flip in (False, True)
           if abs(rows[y][x + 15 * flip] - part[0]) < 0.03 and is_part(part, y, x, flip)}
          for part in parts]
check(len(parts) == COPIES and all(places), "every part is one of the picture", places)
check(len({y for found in places for y, _, _ in found}) > 15 and
      len({x for found in places for _, x, _ in found}) > 15, "from all over", places)
mirrored = sum(all(flip for _, _, flip in found) for found in places)
check(8 <= mirrored <= 32, "about half are mirrored", mirrored)
check(all(is_part(found[0], 16, 24, False) for found in values("short_side=48", of="copies")),
      "none, and the middle, if that is not asked for")

# Larger at random, once to twice: what is seen of a ramp is all of it to half of it.
os.mkdir("ramps")
touch("ramps/0.ppm", data=b"P6 64 64 255\n" + bytes(
    v for y in range(64) for x in range(64) for v in (2 * x + 60, x + 60, 4 * y)))
for i in range(1, 20):
    shutil.copy("ramps/0.ppm", f"ramps/{i}.ppm")


def seen(*arguments):
    """Parts of the ramp's width that pictures show."""
    whole = lab((186, 123, 128))[0] - lab((60, 60, 128))[0]
    return [(found[0][16 * 8 + 15] - found[0][16 * 8]) * 16 / 15 / whole
            for found in values(*arguments, of="ramps")]


check(all(0.93 < v < 1.07 for v in seen()), "no jitter: all of it", seen())
jittered = seen("jitter=1", "random_crop=1")
check(all(0.45 < v < 1.07 for v in jittered) and min(jittered) < 0.65 and max(jittered) > 0.85,
      "jitter: once to twice as large", jittered)
# Smaller than the view: enlarged, and said once.
result = good("draw", "c", "height=32", "width=32", "colour_height=32", "colour_width=32",
              "partial=1", warnings=["c/01.jpg: is 20x20 and has to be enlarged for pictures of "
                                     "32x32"])
check(items(result) == list(range(5)), "enlarged pictures are used")
# As long and thin as can be.
ffmpeg("-f", "lavfi", "-i", "mandelbrot=s=64x48:r=1,scale=2000:2", "-frames:v", "1", "-pix_fmt",
       "rgb24", "one/thin.png")
ffmpeg("-f", "lavfi", "-i", "rgbtestsrc=s=16x900:r=1", "-frames:v", "1", "-pix_fmt", "rgb24",
       "one/tall.png")
result = good("draw", "one/tall.png", "one/large.png", "one/thin.png", "partial=1", *SMALL,
              warnings=["one/thin.png: is 2000x2 and has to be enlarged"])
check(items(result) == [0, 1, 2], "long and thin pictures are used")

# ---- old pictures: lightness only, within its range ----
plain, old, some = (values("seed=4", f"aged={part}", of=("a", "b"))
                    for part in (0, 1, 0.5))
check(len(plain) == len(old) == len(some) == 15, "all pictures")
check(all(p[1] == o[1] == s[1] for p, o, s in zip(plain, old, some)), "colours stay")
check(all(p[0] != o[0] for p, o in zip(plain, old)), "all look old")
check(all(s[0] in (p[0], o[0]) for p, o, s in zip(plain, old, some)), "some look old, the same way")
check(0 < sum(s[0] == o[0] for s, o in zip(some, old)) < 15, "but not all of them")
check(all(0 <= v <= 100 for o in old for v in o[0]), "lightness stays in 0..100")
AGED = 60


def age(lightness, first=0, count=AGED):
    """[48][64] of lightness as each of these seeds makes it old."""
    touch("new.f32", data=array.array("f", lightness).tobytes())
    good("age", first, count, "new.f32", "aged.f32")
    with open("aged.f32", "rb") as file:
        found = array.array("f", file.read())
    return [found[i:i + 48 * 64] for i in range(0, len(found), 48 * 64)]


ramp = [100 * x / 63 for _ in range(48) for x in range(64)]
aged = age(ramp)
check(len(aged) == AGED and all(0 <= v <= 100 for picture in aged for v in picture),
      "0 to 100, never NaN")
check(len({tuple(picture) for picture in aged}) == AGED, "every one is another")
blacks = [sum(p[64 * y] for y in range(48)) / 48 for p in aged]
whites = [sum(p[64 * y + 63] for y in range(48)) / 48 for p in aged]
middles = [sum(p[64 * y + 31] for y in range(48)) / 48 for p in aged]
check(max(blacks) > 8 > min(blacks) and min(whites) < 88 < max(whites) and
      min(middles) < 42 and max(middles) > 58, "contrast and gamma differ",
      (min(blacks), max(blacks), min(whites), max(whites), min(middles), max(middles)))
check(sum(abs(sum(p) / len(p) - 50) < 25 for p in aged) == AGED, "but all can be made out")
check(age(ramp, 7, 1) == [aged[7]], "the same seed, the same picture")
# A plain picture: grain is how far pixels are from the one beside them, in the median. Specks of
# dust are far from the median of their column, long scratches make that another than the median of
# the columns around.
grain, specks, scratches = [], [], []
for picture in age([50] * (48 * 64)):
    rows = [picture[64 * y:64 * y + 64] for y in range(48)]
    columns = [statistics.median(row[x] for row in rows) for x in range(64)]
    steps = sorted(abs(row[x] - row[x + 1]) for row in rows for x in range(63))
    grain.append(steps[len(steps) // 2])
    specks.append(max(sum(abs(row[x] - columns[x]) > 20 for row in rows) for x in range(64)))
    scratches.append(max(abs(columns[x] - statistics.median(columns[max(x - 3, 0):x + 4]))
                         for x in range(64)))
# At this size a pixel is what 28 were: fine grain is hardly there, coarse grain is still.
check(min(grain) < 0.4 and max(grain) > 1, "some pictures have more grain", sorted(grain))
check(sum(0 < n <= 6 for n in specks) > 20 and specks.count(0) > 10, "some have dust",
      sorted(specks))
check(sum(v > 4 for v in scratches) > 4 and sum(v < 4 for v in scratches) > 20,
      "some have scratches", sorted(scratches))
# An edge: half of the pictures are blurred, and at this size not much.
edges = []
for picture in age([20 + 60 * (x >= 32) for _ in range(48) for x in range(64)]):
    columns = [statistics.median(picture[64 * y + x] for y in range(48)) for x in range(28, 36)]
    edges.append(abs(columns[4] - columns[3]) / abs(columns[7] - columns[0]))
check(15 <= sum(edge > 0.95 for edge in edges) and 4 <= sum(edge < 0.8 for edge in edges),
      "some are blurred", sorted(edges))
end()
