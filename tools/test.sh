#!/usr/bin/env bash
# Sets up, builds and runs all tests. The last line says how many passed and failed.
set -euo pipefail

usage() {
    cat << 'END'
usage: tools/test.sh [--sanitize] [--werror] [TEST...]

  --sanitize  build with AddressSanitizer and UndefinedBehaviorSanitizer, in build-asan/
  --werror    warnings of the compiler are errors (for a build folder that is not there yet)
  TEST        only these tests (as `meson test --list` names them)
END
}

build=build
options=()
while [ $# != 0 ]; do
    case "$1" in
        --sanitize)
            build="build-asan"
            options+=('-Db_sanitize=address,undefined' -Db_lundef=false -Dbuildtype=debugoptimized
                -Doptimization=1)
            ;;
        --werror) options+=(-Dwerror=true) ;;
        -h | --help)
            usage
            exit 0
            ;;
        -*)
            usage >&2
            exit 2
            ;;
        *) break ;;
    esac
    shift
done

cd "$(dirname "${BASH_SOURCE[0]}")/.."
tools/setup.sh --tests

fail_build() {
    echo "test: the build failed" >&2
    echo "0 passed, 1 failed"
    exit 1
}
if [ ! -e "$build/build.ninja" ]; then
    meson setup "$build" ${options[@]+"${options[@]}"} || fail_build
fi
ninja -C "$build" || fail_build

if [ "$build" = build-asan ]; then
    # Kernels (tests/op/meson.build) are compiled once for both.
    for cache in mesa mesa-128; do
        ln -sfn "../../../build/tests/op/$cache" "build-asan/tests/op/$cache"
    done
    # Drivers and loaders keep memory till the process ends; only our own leaks are of interest.
    export LSAN_OPTIONS="suppressions=$PWD/tests/sanitizer/lsan.supp:print_suppressions=0"
    # What is freed is kept for 32 MiB only: to touch 256 anew takes a tenth of the time.
    export ASAN_OPTIONS="quarantine_size_mb=32:detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1"
    export UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1"
fi
# Checks of the source text would say the same twice, and so would one kernel after the other, and
# one driver; some take too long.
suites=()
[ "$build" = build ] || suites=(--no-suite hygiene --no-suite forced --no-suite swiftshader --no-suite long)
rm -f "$build/meson-logs/testlog.json"
meson test -C "$build" --no-rebuild --print-errorlogs ${suites[@]+"${suites[@]}"} "$@" || true

python3 - "$build/meson-logs/testlog.json" << 'END'
import collections
import json
import os
import sys

tests = []
if os.path.exists(sys.argv[1]):
    with open(sys.argv[1], encoding="utf-8") as log:
        tests = [json.loads(line) for line in log if line.strip()]
count = collections.Counter()
for test in tests:
    kind = {"OK": "passed", "EXPECTEDFAIL": "passed", "SKIP": "skipped"}.get(test["result"], "failed")
    count[kind] += 1
    if kind == "skipped":
        print(f"skipped: {test['name']}")
if not tests:
    print("no test ran")
    count["failed"] = 1
# What failed comes last, so that it is there where only the end of a long log is kept.
for test in tests:
    if test["result"] not in ("OK", "EXPECTEDFAIL", "SKIP"):
        said = (test.get("stdout", "") + test.get("stderr", "")).splitlines()
        print(f"failed: {test['name']} ({test['result']}, {test['duration']:.0f} s)")
        print("\n".join("    " + text for text in said[-25:]))
line = f"{count['passed']} passed, {count['failed']} failed"
if count["skipped"]:
    line += f", {count['skipped']} skipped"
print(line)
sys.exit(1 if count["failed"] else 0)
END
