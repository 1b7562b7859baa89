#!/usr/bin/env bash
# Races between threads: what needs no Vulkan driver, a film and a batch that are coloured, under
# ThreadSanitizer. Takes some minutes, so .ci/run calls it and not the tests.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
[ -e build-tsan/build.ninja ] ||
    meson setup build-tsan -Db_sanitize=thread -Db_lundef=false -Dbuildtype=debugoptimized \
        -Doptimization=1
# Builds what these need, and no more.
meson test -C build-tsan --print-errorlogs train_dataset train_films queue progress
ninja -C build-tsan autochrome

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TSAN_OPTIONS="suppressions=$PWD/tests/sanitizer/tsan.supp:exitcode=66"
# The smallest model there is: what is looked at is who hands frames to whom.
colorize=(build-tsan/autochrome colorize -m tests/fuzz/corpus/model/f32 --size 32 -q)
ffmpeg -nostdin -v error -f lavfi -i testsrc2=s=64x48:r=25:d=2 -f lavfi -i sine=d=2 \
    -c:v mpeg4 -c:a ac3 "$work/film.mkv"
"${colorize[@]}" "$work/film.mkv" -o "$work/out.mkv"
"${colorize[@]}" "$work/film.mkv" -o "$work/%03d.png"
"${colorize[@]}" "$work/film.mkv" "$work/out.mkv" tests/fuzz/corpus/y4m/420 -o "$work/batch" --json > "$work/events"
echo "colouring: no race"
