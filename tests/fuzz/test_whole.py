"""The films of a fuzzer's corpus through the whole program: each is coloured, or refused with a
message, and nothing else is left.

usage: test_whole.py PROGRAM CORPUS
"""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "video"))
import films  # noqa: E402
from films import autochrome, check  # noqa: E402

corpus = os.path.abspath(sys.argv[2])
folder = films.work_folder()
names = sorted(os.listdir(corpus))
result = autochrome("colorize", *(os.path.join(corpus, name) for name in names), "-o", "out",
                    "--size", "8", "--codec", "ffv1", "--format", "nut")
check(result.returncode == 1, "the batch: some of them cannot be coloured", result.stderr)
made = os.listdir("out")
for name in names:
    failed = re.search(rf"error: .*{re.escape(os.path.join(corpus, name))}: ", result.stderr)
    check((name + ".nut" in made) != bool(failed), f"{name}: coloured or refused", result.stderr)
    if not failed:
        check(films.times(f"out/{name}.nut"), f"{name}: has frames")
check(0 < len(made) < len(names), "some are coloured, some not", made)
check(not [name for name in made if not name.endswith(".nut")], "nothing else is left", made)
films.finish()
