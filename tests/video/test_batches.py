"""Many inputs in one run: names, folders, lists, links, failures, and what is told of them.

usage: test_batches.py PROGRAM
"""

import json
import os
import shutil
import signal
import subprocess
import time

import films
from films import autochrome, check, errors_of, ffmpeg, frame_hashes

folder = films.work_folder()
SIZE = ["--size", "32"]


def batch(*arguments, status=0, **options):
    """The result, with its table as {input: (frames, result)}."""
    result = autochrome("colorize", *arguments, *SIZE, **options)
    check(result.returncode == status, f"{arguments}: exit status {result.returncode}",
          result.stderr)
    lines = result.stderr.splitlines()
    result.table = {}
    if "  frames  seconds  result     input" in lines:
        for line in lines[lines.index("  frames  seconds  result     input") + 1:-1]:
            frames, _, kind = line.split()[:3]
            result.table[line[30:]] = (frames, kind)
    result.total = lines[-1] if lines else ""
    result.errors = errors_of(result)
    return result


def refused(arguments, *says, status=2):
    """Before anything starts: one error and no folder."""
    result = batch(*arguments, status=status)
    check(len(result.errors) == 1 and all(text in result.errors[0] for text in says),
          f"{arguments}: says {says}", result.stderr)
    check(not os.path.exists("no"), f"{arguments}: nothing is made")


def tree(path):
    """Files and folders below."""
    return sorted(os.path.relpath(os.path.join(where, name), path)
                  for where, folders, files in os.walk(path) for name in folders + files)


def write(path, data):
    with open(path, "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())


# ---- a tree: folders are kept, what cannot be written becomes mkv or png ----
os.makedirs("in/sub/deep")
ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x48:d=0.2,format=gray", "-c:v", "ffv1", "in/a.mkv")
ffmpeg("-i", "in/a.mkv", "-c:v", "mpeg4", "in/sub/b.AVI")
ffmpeg("-i", "in/a.mkv", "-frames:v", 1, "in/sub/deep/p.png")
ffmpeg("-i", "in/a.mkv", "-frames:v", 1, "-f", "image2", "-c:v", "qoi", "in/sub/q.qoi")
ffmpeg("-i", "in/a.mkv", "-c:v", "mpeg2video", "-f", "mpegts", "in/sub/t.divx")
write("in/bad.mp4", "no film")
write("in/notes.txt", "neither")
os.mkdir("in/.hidden")
shutil.copy("in/a.mkv", "in/.hidden/h.mkv")
result = batch("--recursive", "in", "-o", "out", status=1)
made = ["a.mkv", "sub", "sub/b.AVI", "sub/deep", "sub/deep/p.png", "sub/q.png", "sub/t.mkv"]
check(tree("out") == made, "the tree", tree("out"))
check(result.table == {"in/a.mkv": ("5", "done"), "in/bad.mp4": ("-", "failed"),
                       "in/sub/b.AVI": ("5", "done"), "in/sub/deep/p.png": ("1", "done"),
                       "in/sub/q.qoi": ("1", "done"), "in/sub/t.divx": ("5", "done")},
      "the table", (result.table, result.stderr))
check(result.total == "5 done, 0 skipped, 1 failed", "the last line", result.stderr)
check(len(result.errors) == 1 and "in/bad.mp4: is not a film" in result.errors[0], "the failure",
      result.stderr)
check(result.stdout == "", "nothing on standard output", result.stdout)
check("3 of 6: in/sub/b.AVI" in result.stderr, "which it is at", result.stderr)
alone = autochrome("colorize", "in/sub/deep/p.png", "-o", "alone.png", *SIZE)
check(films.raw("out/sub/deep/p.png", "rgb24") == films.raw("alone.png", "rgb24"),
      "the same as by itself", alone.stderr)

# ---- again: what is there is kept; --fail-fast ends with the first failure ----
os.remove("out/sub/b.AVI")
os.remove("in/bad.mp4")
then = os.stat("out/a.mkv").st_mtime_ns
result = batch("--recursive", "in", "-o", "out/", "--skip-existing")
check(result.total == "1 done, 4 skipped, 0 failed", "--skip-existing", result.stderr)
check(os.stat("out/a.mkv").st_mtime_ns == then and tree("out") == made, "is as it was", tree("out"))
result = batch("--recursive", "in", "-o", "out", status=1)
check(len(result.errors) == 5 and "out/a.mkv: is there already" in result.errors[0],
      "what is there is not replaced", result.stderr)
result = batch("in/a.mkv", "absent.mkv", "in/sub/b.AVI", "-o", "fast", "--fail-fast", status=1)
check(result.total == "1 done, 0 skipped, 1 failed, 1 not begun" and tree("fast") == ["a.mkv"],
      "--fail-fast", result.stderr)
result = batch("in/sub/b.AVI", "-o", "out/sub/b.AVI", "--skip-existing")
check("out/sub/b.AVI: is there already and is kept" in result.stderr, "a single one", result.stderr)

# ---- the output's folder within the input's; a folder for a single film ----
for _ in range(2):
    result = batch("--recursive", "in", "-o", "in/colour", "--overwrite")
    check(tree("in/colour") == made, "outputs are no inputs", tree("in/colour"))
shutil.rmtree("in/colour")
batch("in/a.mkv", "-o", "fast", "--overwrite")
os.mkdir("fast/more")
batch("in/a.mkv", "-o", "fast/more")
check(tree("fast") == ["a.mkv", "more", "more/a.mkv"], "a folder for one film", tree("fast"))

# ---- failures leave nothing, not even the folders that were made for them ----
os.makedirs("broken/sub")
write("broken/sub/x.mkv", "no film")
batch("--recursive", "broken", "-o", "none", status=1)
check(not os.path.exists("none"), "no folder is left", tree("."))

# ---- names ----
os.mkdir("names")
names = [b"two  blanks .mkv", b"it's \"quoted\".mkv", b"100%.mkv", b"%d.mkv", b"%06d.png", b"a*[b]?.mkv",
         b"new\nline.mkv", b"\xff\xfe.mkv", b"-", b"--size.mkv", b"#hash.mkv", "ünï.mkv".encode()]
for name in names:
    shutil.copy(b"in/sub/deep/p.png" if name.endswith(b"png") else b"in/a.mkv", b"names/" + name)
found = sorted(name if b"." in name else name + b".mkv" for name in names)
batch("--recursive", "names", "-o", "named")  # "-" has no extension and is not found
check(sorted(os.listdir(b"named")) == [name for name in found if name != b"-.mkv"], "names",
      os.listdir(b"named"))
write("names.list", b"".join(b"names/" + name + b"\0" for name in names))
batch("--list", "names.list", "-o", "listed")
check(sorted(os.listdir(b"listed")) == found, "names from a list", os.listdir(b"listed"))
check(len(frame_hashes("listed/%d.mkv", "format=gray")) == 5, "a whole film under such a name")
os.chdir("names")
batch("--list", "-", "-o", "../piped", input="-\0--size.mkv\0")
check(sorted(os.listdir("../piped")) == ["--size.mkv", "-.mkv"], "a file that is called -",
      os.listdir("../piped"))
os.chdir("..")

# ---- lists ----
os.mkdir("lists")
write("lists/some.list", b"\xef\xbb\xbf# films\r\n../in/a.mkv\r\n\n   \n../names/two  blanks .mkv\n"
      + os.path.abspath("in/sub/b.AVI").encode())
result = batch("--list", "lists/some.list", "-o", "from-list", status=1)
check(tree("from-list") == ["a.mkv", "b.AVI", "two  blanks .mkv"], "a list", tree("from-list"))
check(len(result.errors) == 1 and "lists/   : cannot be opened" in result.errors[0],
      "blanks are a name's", result.stderr)
write("empty.list", "# nothing\n")
refused(["--list", "empty.list", "-o", "no"], "empty.list: is a list that names nothing", status=1)
write("long.list", "x" * 5000)
refused(["--list", "long.list", "-o", "no"], "name 1 has 5000 bytes", status=1)
refused(["--list", "absent.list", "-o", "no"], "absent.list: cannot be opened", status=1)

# ---- links: a file that is reached twice is done once, and loops end ----
os.makedirs("links/sub")
shutil.copy("in/a.mkv", "links/a.mkv")
os.symlink("../a.mkv", "links/sub/again.mkv")
os.link("links/a.mkv", "links/hard.mkv")
os.symlink("..", "links/sub/loop")
os.symlink("nowhere.mkv", "links/dangling.mkv")
result = batch("--recursive", "links", "links/sub", "links/a.mkv", "-o", "linked")
check(list(result.table) == ["links/a.mkv"] and tree("linked") == ["a.mkv"], "links", result.stderr)

# ---- sequences among the inputs ----
for name in "s1", "s2":
    os.mkdir(name)
    ffmpeg("-i", "in/a.mkv", name + "/f%02d.png")
frames = [f"f{i:02d}.png" for i in range(1, 6)]
result = batch("s1", "s2/f%02d.png", "in/a.mkv", "-o", "seq")
check(tree("seq") == sorted(["a.mkv", "s1", "s2"] + [f"{s}/{f}" for s in ("s1", "s2") for f in frames]),
      "folders of frames", tree("seq"))
os.remove("seq/s1/f03.png")
before = {f: os.stat("seq/s1/" + f).st_mtime_ns for f in os.listdir("seq/s1")}
result = batch("s1", "s2", "in/a.mkv", "-o", "seq", "--skip-existing")
check(result.table == {"s1": ("1", "done"), "s2": ("0", "done"), "in/a.mkv": ("-", "skipped")} and
      all(os.stat("seq/s1/" + f).st_mtime_ns == t for f, t in before.items()) and
      sorted(os.listdir("seq/s1")) == frames, "frames that are there are kept", result.stderr)
batch("s1", "s2", "in/sub/deep/p.png", "-o", "as-films", "--format", "matroska")
check(tree("as-films") == ["p.png", "s1.mkv", "s2.mkv"], "a container is for films", tree("as-films"))
batch("s1", "in/a.mkv", "in/sub/deep/p.png", "-o", "as-tif", "--format", "tif", "--codec", "ffv1")
check(films.streams("as-tif/a.mkv")["streams"][0]["codec_name"] == "ffv1", "an encoder is for films")
check(tree("as-tif") == sorted(["a.mkv", "p.tif", "s1"] + [f"s1/f{i:02d}.tif" for i in range(1, 6)]),
      "pictures' kind is for pictures", tree("as-tif"))

# ---- events ----
write("names/bad.mkv", "no film")
result = batch("names/\udcff\udcfe.mkv", "names/bad.mkv", "out/a.mkv", "-o", "events", "--json", status=1)
events = [json.loads(line) for line in result.stdout.splitlines()]
events = [event for event in events if event["event"] != "progress"]
check([(e["event"], e.get("file")) for e in events] ==
      [("start", 1), ("done", 1), ("start", 2), ("failed", 2), ("start", 3), ("done", 3), ("end", None)],
      "events", result.stdout)
check(events[0] == {"event": "start", "file": 1, "files": 3, "input": "names/\ufffd\ufffd.mkv",
                    "output": "events/\ufffd\ufffd.mkv"}, "a beginning", events[0])
check(events[1]["frames"] == 5 and events[1]["damaged"] == 0 and events[1]["seconds"] > 0,
      "an end that is good", events[1])
check(events[3]["error"] in result.stderr and events[3]["exit_status"] == 1, "a failure", events[3])
check({k: v for k, v in events[-1].items() if k != "seconds"} ==
      {"event": "end", "done": 2, "skipped": 0, "failed": 1, "not_begun": 0, "interrupted": False,
       "exit_status": 1}, "the last one", events[-1])
result = batch("in/a.mkv", "-o", "events/a.mkv", "--json", "-q", status=2)
events = [json.loads(line) for line in result.stdout.splitlines()]
check([e["event"] for e in events] == ["start", "failed", "end"] and events[1]["exit_status"] == 2 and
      events[2]["exit_status"] == 2, "a single job", result.stdout)
result = batch("in/a.mkv", "-o", "events/a.mkv", "--json", "-q", "--skip-existing")
check([json.loads(line)["event"] for line in result.stdout.splitlines()] == ["start", "skipped", "end"],
      "skipped", result.stdout)

# ---- what is refused before anything starts ----
os.mkdir("other")
shutil.copy("in/a.mkv", "other/a.mkv")
refused(["in/a.mkv", "other/a.mkv", "-o", "no"], "no/a.mkv: would be written twice", "for in/a.mkv",
        "for other/a.mkv")
refused(["--recursive", "in", "-o", "in", "--overwrite"], "in/a.mkv: is an input too")
refused(["in/a.mkv", "other/a.mkv", "-o", "no.mkv"], "no.mkv: is no folder")
refused(["in/a.mkv", "in/sub/b.AVI", "-o", "in/notes.txt"], "in/notes.txt: is no folder")
refused(["in/a.mkv", "in/sub/b.AVI", "-o", "-"], "standard output: is no folder")
refused(["in/a.mkv", "-", "-o", "no"], "standard input has no name")
refused(["in/a.mkv", "in/sub/b.AVI", "-o", "no/no"], "no/no: cannot be made", status=1)
refused(["in/a.mkv", "in/sub/b.AVI", "-o", "no", "--format", "nonsense"], "--format")
refused(["in/a.mkv", "-o", "no", "--overwrite", "--skip-existing"], "--skip-existing keeps")
refused(["in/a.mkv", "-o", "-", "--json"], "--json")
refused(["--recursive", "lists", "-o", "no"], "nothing to colour", status=1)
refused(["-o", "no"], "no INPUT given")

# ---- a folder that cannot be written (root can write anywhere, so it steps down) ----
os.mkdir("closed")
os.chmod("closed", 0o555)
os.chmod(".", 0o755)
os.mkdir("cache")
os.chmod("cache", 0o777)
user = {} if os.geteuid() else {"user": 65534, "group": 65534, "extra_groups": []}
try:
    subprocess.run([films.program, "--version"], check=True, stdout=subprocess.DEVNULL, **user)
except (OSError, subprocess.SubprocessError) as error:
    print("skipped: a read-only folder:", error)
else:
    result = batch("in/a.mkv", "in/sub/b.AVI", "-o", "closed", status=1,
                   environment={"XDG_CACHE_HOME": os.path.abspath("cache")}, **user)
    check(len(result.errors) == 2 and
          all("cannot be written: Permission denied" in error for error in result.errors) and
          not os.listdir("closed"), "a read-only folder", result.stderr)

# ---- two at the same time: one has the name, the other fails, and the film is whole ----
command = [films.program, "colorize", "in/a.mkv", "-o", "race.mkv", *SIZE]
racers = [subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
          for _ in range(2)]
said = [racer.communicate()[1] for racer in racers]
statuses = sorted(racer.returncode for racer in racers)
check(statuses in ([0, 1], [0, 2]), "two jobs, one output", (statuses, said))
check(sum("race.mkv: came to be while" in text or "race.mkv: is there already" in text
          for text in said) == 1, "the one that lost says so", said)
check(len(frame_hashes("race.mkv")) == 5, "the film is whole")

# ---- interrupted, as Ctrl-C does it where tests run in the foreground ----
os.mkdir("many")
for i in range(200):
    shutil.copy("in/a.mkv", f"many/{i}.mkv")
with subprocess.Popen([films.program, "colorize", "--recursive", "many", "-o", "stopped", *SIZE],
                      stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
    while process.poll() is None and not os.path.exists("stopped/1.mkv"):
        time.sleep(0.005)
    process.send_signal(signal.SIGTERM)
    text = process.communicate()[1]
done = sorted(os.listdir("stopped"))
check(process.returncode == 1 and f"interrupted: {len(done)} done, 0 skipped, " in text and
      "not begun" in text, "interrupted", text)
check(1 < len(done) < 200 and all(len(frame_hashes("stopped/" + name)) == 5 for name in done),
      "interrupted: what is there is whole", done)
check(not [name for name in tree(".") if ".part" in name], "nothing half-written", tree("."))
films.finish()
