"""Checks of tests in Python: a failed one is printed and counted, and the test goes on."""

import os
import subprocess
import sys

_passed = 0
_failed = 0
_said = {}


def check(ok, what, detail=None):
    global _passed, _failed
    if ok:
        _passed += 1
    else:
        _failed += 1
        print("failed:", what)
        if detail is not None:
            print("    " + str(detail)[:3000].strip().replace("\n", "\n    "))
    return bool(ok)


def said_of(path, command, **options):
    """What a command writes of a file to standard output, as text. It is asked once for as long as the file
    is as it was: ffprobe alone is loaded for a tenth of a second. `options`: those of subprocess.run()."""
    try:
        state = os.stat(path)
    except OSError:
        state = None
    key = (*command, state and (state.st_ino, state.st_size, state.st_mtime_ns))
    if state is None or key not in _said:
        _said[key] = subprocess.run(command, stdout=subprocess.PIPE, text=True, **options).stdout
    return _said[key]


def finish():
    """Ends the test with its exit status."""
    print(f"{_passed} passed, {_failed} failed")
    sys.exit(1 if _failed else 0)
