#!/bin/sh
# Colours a film on a Slurm cluster: a job array makes its parts, another job joins them when all are there. The
# film, the output and the program must lie where all machines see them.
#
# usage: tools/slurm_colorize.sh PARTS FILM OUTPUT [OPTION]...
#
# OPTIONs are those of `autochrome colorize`. Options for sbatch come from its own variables (SBATCH_PARTITION,
# SBATCH_GPUS_PER_NODE ...: see its manual page); AUTOCHROME names the program where it is not in PATH. A task that
# is requeued goes on where it was.
set -eu

if [ "${1:-}" = --task ]; then
    shift
    parts=$1 film=$2 output=$3
    shift 3
    # A part that is there was finished by an earlier run of the array.
    [ -e "$output.$SLURM_ARRAY_TASK_ID-of-$parts" ] && exit 0
    exec "$AUTOCHROME" colorize "$film" -o "$output" --segment "$SLURM_ARRAY_TASK_ID/$parts" --resume "$@"
fi
if [ "${1:-}" = --join ]; then
    parts=$2 film=$3 output=$4
    set --
    for part in $(seq "$parts"); do
        set -- "$@" "$output.$part-of-$parts"
    done
    "$AUTOCHROME" join "$@" -o "$output" --input "$film"
    exec rm -- "$@"
fi
if [ $# -lt 3 ]; then
    sed -n 's/^# usage: /usage: /p' "$0" >&2
    exit 2
fi
parts=$1 film=$(realpath "$2") output=$(realpath "$3")
shift 3
AUTOCHROME=$(command -v "${AUTOCHROME:-autochrome}") || {
    echo "$0: autochrome is not in PATH; AUTOCHROME may name it" >&2
    exit 1
}
export AUTOCHROME
# Slurm runs a copy of it.
script=$(realpath "$0")
name=$(basename "$output")
array=$(sbatch --parsable --requeue --job-name="$name" --array="1-$parts" "$script" --task "$parts" "$film" "$output" "$@")
join=$(sbatch --parsable --job-name="join $name" --dependency="afterok:$array" --kill-on-invalid-dep=yes \
    "$script" --join "$parts" "$film" "$output")
echo "array $array makes $parts parts, job $join joins them into $output"
