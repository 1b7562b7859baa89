#!/usr/bin/env bash
# Builds the fuzzers of tests/fuzz in build-fuzz/ and runs them one after the other.
set -euo pipefail

usage() {
    cat << 'END'
usage: tools/fuzz.sh [--seconds N] [NAME...]

  --seconds N  run each for so long (default 600)
  NAME         only these targets (net, model, ...: what tests/fuzz/meson.build lists)

Inputs that go where none went before are gathered in build-fuzz/corpus/NAME, and the next run begins
with them. What fails lies in build-fuzz/findings. Exit status 1 if anything does.
END
}

seconds=600
names=()
while [ $# != 0 ]; do
    case "$1" in
        --seconds)
            seconds=${2:?--seconds needs a number}
            shift
            ;;
        -h | --help)
            usage
            exit 0
            ;;
        -*)
            usage >&2
            exit 2
            ;;
        *) names+=("$1") ;;
    esac
    shift
done

cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [ ! -e build-fuzz/build.ninja ]; then
    CC=${CC:-$(command -v clang || command -v clang-14)} meson setup build-fuzz -Dfuzz=true \
        -Db_sanitize=address,undefined -Db_lundef=false
fi
if [ ${#names[@]} = 0 ]; then
    for source in tests/fuzz/fuzz_*.c; do
        name=${source#tests/fuzz/fuzz_}
        names+=("${name%.c}")
    done
fi
ninja -C build-fuzz "${names[@]/#/tests/fuzz/fuzz_}"

export LSAN_OPTIONS="suppressions=$PWD/tests/sanitizer/lsan.supp:print_suppressions=0"
export ASAN_OPTIONS="max_allocation_size_mb=512:${ASAN_OPTIONS:-}"
export UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1"
mkdir -p build-fuzz/findings
status=0
for name in "${names[@]}"; do
    mkdir -p "build-fuzz/corpus/$name"
    log="build-fuzz/findings/$name.log"
    # A file that claims to be large must not get the memory for it.
    if "build-fuzz/tests/fuzz/fuzz_$name" "build-fuzz/corpus/$name" "tests/fuzz/corpus/$name" \
        -max_total_time="$seconds" -max_len=16384 -timeout=20 -rss_limit_mb=1024 -malloc_limit_mb=256 \
        -artifact_prefix="build-fuzz/findings/$name-" -print_final_stats=1 > "$log" 2>&1; then
        echo "$name: no finding; $(grep -o 'stat::number_of_executed_units: .*' "$log" | tr -s ' ')"
    else
        echo "$name: FOUND; see $log"
        grep -E 'SUMMARY|does not hold|message too many|Test unit written' "$log" || true
        status=1
    fi
done
exit "$status"
