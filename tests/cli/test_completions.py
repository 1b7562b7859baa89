"""Completions for shells offer what --help has, and files where files belong.

usage: test_completions.py PROGRAM BASH ZSH FISH
"""

import re
import shutil
import subprocess
import sys

import harness
from harness import check, run

bash, zsh, fish = sys.argv[2:5]
commands = re.findall(r"^  ([a-z]+) ", run("--help").stdout, re.MULTILINE)
# Long names and letters of each command's options, and what takes an argument.
options, takers = {}, {}
for command in commands:
    found = re.findall(r"^  (?:-(\w), |    )--([\w-]+)(?: (\S+))?(?=\s|$)",
                       run("help", command).stdout, re.MULTILINE)
    options[command] = sorted([f"--{name}" for _, name, _ in found] +
                              [f"-{letter}" for letter, _, _ in found if letter])
    takers[command] = {f"--{name}": argument for _, name, argument in found if argument}
check(len(commands) > 5 and "--output" in options["colorize"], "options are found", options)


def bash_offers(*words):
    """What bash would offer for the last word, and whether it falls back to files."""
    # compopt works only while a person waits; here it leaves a mark.
    script = """
        compopt() { echo no-files; }
        source "$1"; shift; COMP_WORDS=(autochrome "$@"); COMP_CWORD=$#; _autochrome
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    lines = subprocess.run(["bash", "--norc", "-c", script, "bash", bash, *words], check=True,
                           capture_output=True, text=True).stdout.split()
    return sorted(line for line in lines if line != "no-files"), "no-files" not in lines


check(bash_offers("")[0] == sorted(commands + ["help", "--help", "--version"]), "bash: commands",
      bash_offers(""))
check(bash_offers("help", "de") == (["devices"], True), "bash: help", bash_offers("help", "de"))
for command in commands:
    offered, _ = bash_offers(command, "-")
    check(offered == options[command], f"bash: {command}", (offered, options[command]))
check(bash_offers("colorize", "--skip") == (["--skip-existing"], False), "bash: a beginning")
check(bash_offers("colorize", "film.mkv", "-o", "") == ([], True), "bash: a file for -o")
check(bash_offers("colorize", "--list", "=", "x") == ([], True), "bash: a file for --list=")
check(bash_offers("colorize", "--crf", "") == ([], False), "bash: no file for --crf")
check(bash_offers("colorize", "") == ([], True), "bash: a file to colour")
check(bash_offers("devices", "") == ([], False), "bash: devices takes no file")

# What is written down in the other two; that they understand it, where they are installed.
with open(zsh, encoding="utf-8") as file:
    cases = dict(re.findall(r"^([a-z]+)\)\n    _arguments(.*?)^    ;;$", file.read(),
                            re.MULTILINE | re.DOTALL))
for command in commands:
    specs = re.findall(r"^        '(?:\([^)]*\))?(-[\w-]+)[=+]?\[", cases[command], re.MULTILINE)
    check(sorted(specs) == options[command], f"zsh: {command}", (specs, options[command]))
if shutil.which("zsh"):
    result = subprocess.run(["zsh", "-n", zsh], capture_output=True, text=True, check=False)
    check(result.returncode == 0 and not result.stderr, "zsh reads it", result)
else:
    print("skipped: zsh is not installed")


def fish_offers(line):
    result = subprocess.run(["fish", "--no-config", "-c", f"source '{fish}'; complete -C '{line}'"],
                            capture_output=True, text=True, check=False,
                            env=harness.environment(HOME=str(harness.folder)))
    check(result.returncode == 0 and not result.stderr, f"fish: {line}", result)
    return sorted(text.split("\t")[0] for text in result.stdout.splitlines())


if shutil.which("fish"):
    for command in commands:
        found = sorted(set(fish_offers(f"autochrome {command} -") +
                           fish_offers(f"autochrome {command} --")))
        check(found == options[command], f"fish: {command}", (found, options[command]))
    offered = fish_offers("autochrome ")
    check(offered == sorted(commands + ["help"]), "fish: commands", offered)
    check(not fish_offers("autochrome colorize --crf "), "fish: no file for --crf")
else:
    print("skipped: fish is not installed")
harness.finish()
