"""Checks of tests in Python: a failed one is printed and counted, and the test goes on."""

import sys

_passed = 0
_failed = 0


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


def finish():
    """Ends the test with its exit status."""
    print(f"{_passed} passed, {_failed} failed")
    sys.exit(1 if _failed else 0)
