"""Which files there are to look at, and with what."""

import pathlib
import shutil
import subprocess
import sys

SKIPPED = 77


def skip(why):
    print("skipped:", why)
    sys.exit(SKIPPED)


def tracked(root, *patterns):
    """Files of the project that match, as paths from the root. In a folder that is no git
    checkout (a source archive) all that are there, less what a build makes."""
    listed = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others",
                             "--exclude-standard", "--", *patterns],
                            capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        names = sorted(set(filter(None, listed.stdout.split("\0"))))
    else:
        names = sorted(str(path.relative_to(root)) for pattern in patterns
                       for path in pathlib.Path(root).rglob(pattern)
                       if not path.relative_to(root).parts[0].startswith((".", "build")))
    names = [name for name in names if (pathlib.Path(root) / name).is_file()]
    if not names:
        print(f"failed: no {', '.join(patterns)} in {root}")
        sys.exit(1)
    return names


def find_tool(*names, version=None):
    """The first that is installed and, with `version`, says it is of that one; else skips."""
    for name in names:
        path = shutil.which(name)
        if path and version:
            said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
            if f"version {version}." not in said.stdout:
                continue
        if path:
            return path
    skip(f"{names[0]} is not installed")
