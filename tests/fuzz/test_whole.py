"""The films of a fuzzer's corpus through the whole program: each is coloured, or refused with a
message, and nothing else is left.

usage: test_whole.py PROGRAM CORPUS
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "video"))
import films  # noqa: E402
from films import autochrome, check  # noqa: E402

corpus = os.path.abspath(sys.argv[2])
model = os.path.join(os.path.dirname(corpus), "model", "f32")
folder = films.work_folder()
names = sorted(os.listdir(corpus))
result = autochrome("colorize", *(os.path.join(corpus, name) for name in names), "-o", "out",
                    "-m", model, "--size", "8", "--codec", "ffv1", "--format", "nut", "-q")
check(result.returncode == 1, "the batch: some of them cannot be coloured", result.stderr)
made = os.listdir("out")
check(len(films.errors_of(result)) == len(names) - len(made), "each is coloured or refused with a line",
      result.stderr)
for name in made:
    check(films.times(f"out/{name}"), f"{name}: has frames")
check(0 < len(made) < len(names), "some are coloured, some not", made)
check(set(made) <= {name + ".nut" for name in names}, "nothing else is left", made)
films.finish()
