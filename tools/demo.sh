#!/usr/bin/env bash
# Sets up, builds and colours the bundled clip, or the films and pictures given, into the folder
# demo-output here; beside each a picture with frames before and after.
set -euo pipefail

if [ "${1-}" = -h ] || [ "${1-}" = --help ]; then
    echo "usage: tools/demo.sh [FILE...]"
    exit 0
fi

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
output=$PWD/demo-output
[ $# != 0 ] || set -- "$root/samples/his_girl_friday_1940.mp4"
for file in "$@"; do
    if [ ! -f "$file" ]; then
        echo "demo: $file: no such file" >&2
        exit 2
    fi
done

"$root/tools/setup.sh"
if [ ! -e "$root/build/build.ninja" ]; then
    meson setup "$root/build" "$root"
fi
ninja -C "$root/build" autochrome
mkdir -p "$output"

# Frames of film $1 (left, gray) and of film $2 (right) at several moments, one below the other, as $3.
compare() {
    local before=$1 after=$2 picture=$3 seconds moments=4 i at
    local side="scale=640:-2:flags=area,setsar=1"

    seconds=$(ffprobe -v error -show_entries format=duration -of csv=p=0 "$after" || true)
    [[ $seconds =~ ^[0-9]+(\.[0-9]+)?$ ]] || moments=1
    for ((i = 0; i < moments; i++)); do
        at=0
        [ $moments = 1 ] || at=$(awk -v s="$seconds" -v i=$i -v n=$moments 'BEGIN { print s * (i + 0.5) / n }')
        ffmpeg -nostdin -v error -y -ss "$at" -i "$before" -ss "$at" -i "$after" -filter_complex \
            "[0:v]$side,format=gray,format=rgb24[a];[1:v]$side,format=rgb24[b];[a][b]hstack" \
            -frames:v 1 "$work/$i.png"
    done
    ffmpeg -nostdin -v error -y -i "$work/%d.png" -vf "tile=1x$moments" -frames:v 1 "$picture"
    rm -f "$work"/*.png
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
made=()
for file in "$@"; do
    file=$(cd "$(dirname -- "$file")" && pwd)/$(basename -- "$file")
    name=${file##*/}
    extension=${name##*.}
    stem=${name%.*}
    case "${extension,,}" in
        png | jpg | jpeg | tif | tiff | bmp | webp | pgm | ppm) to=png ;;
        mp4 | mov | m4v) to=mp4 ;;
        *) to=mkv ;;
    esac
    # Two films of one name from two folders.
    result=$output/$stem.color
    for ((i = 2; ; i++)); do
        [[ " ${made[*]+"${made[*]}"} " == *" $result.$to "* ]] || break
        result=$output/$stem-$i.color
    done
    made+=("$result.$to")

    "$root/build/autochrome" colorize "$file" -o "$result.$to" --overwrite
    compare "$file" "$result.$to" "$result.before-after.png"
    echo "coloured:         $result.$to"
    echo "before and after: $result.before-after.png"
done
