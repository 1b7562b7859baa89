"""How the program answers the command line: help, wrong use, exit statuses, colours.

usage: test_cli.py PROGRAM
"""

import json
import os
import pty
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from checks import check, finish  # noqa: E402

program = sys.argv[1]


def run(*arguments, **options):
    # With the terminal's settings of whoever runs the tests out of the way.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AUTOCHROME_")}
    environment.update(options.pop("environment", {}))
    return subprocess.run([program, *arguments], env=environment, stdin=subprocess.DEVNULL,
                          stdout=options.pop("stdout", subprocess.PIPE), stderr=subprocess.PIPE,
                          text=True, check=False, **options)


def check_wrong_use(*arguments, says=""):
    result = run(*arguments)
    what = "wrong use: " + " ".join(arguments)
    check(result.returncode == 2, what + ": exit status", result)
    check(result.stdout == "", what + ": nothing on stdout", result)
    check(re.fullmatch(r"autochrome: error: .*; see autochrome .*--help\n", result.stderr),
          what + ": one line", result)
    check(says in result.stderr, what + ": says " + says, result)


def on_terminal(*arguments, **environment):
    """What the program writes when standard error is a terminal."""
    master, slave = pty.openpty()
    variables = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
    variables.update({"TERM": "xterm"}, **environment)
    subprocess.run([program, *arguments], env=variables, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=slave, check=False)
    os.close(slave)
    text = os.read(master, 65536).decode()
    os.close(master)
    return text


overview = run("--help")
commands = re.findall(r"^  ([a-z]+) ", overview.stdout, re.MULTILINE)
check(overview.returncode == 0 and overview.stderr == "", "--help", overview)
check(commands == ["bench", "colorize", "devices", "eval", "inspect", "jobs", "join", "run",
                   "train"],
      "--help lists the commands", commands)
for argument in "-h", "help":
    check(run(argument).stdout == overview.stdout, argument)
version = run("--version")
check(re.fullmatch(r"autochrome \d+\.\d+\.\d+\n", version.stdout), "--version", version)

for command in commands:
    text = run(command, "--help")
    check(text.returncode == 0 and text.stderr == "", command + " --help", text)
    check(text.stdout.startswith("usage: autochrome " + command + " "), command + " --help", text)
    check(max(map(len, text.stdout.splitlines())) < 80, command + " --help: 79 columns")
    check(run("help", command).stdout == text.stdout, "help " + command)
    check(run(command, "-h").stdout == text.stdout, command + " -h")
    check_wrong_use(command, "--bogus", says="--bogus is not an option")

check_wrong_use(says="no command given")
check_wrong_use("bogus", says="'bogus' is not a command")
check_wrong_use("help", "bogus", says="'bogus' is not a command")
check_wrong_use("devices", "x", says="'x' is too much")
check_wrong_use("colorize", says="no INPUT given")
check_wrong_use("colorize", "in.mp4", says="no output given")
for option, value in (("--size", "-1"), ("--size", "0"), ("--size", "many"),
                      ("--saturation", "-0.5"), ("--saturation", "5"), ("--crf", "-3"),
                      ("--start", "-1"), ("--start", "1:99"), ("--duration", "0"),
                      ("--duration", "-0:30"), ("--codec", ""), ("--crf", "nan")):
    check_wrong_use("colorize", "in.mp4", "-o", "out.mkv", option, value, says=option)
absent = run("colorize", "in.mp4", "-o", "out.mkv", "-m", "no-such-model")
check(absent.returncode == 1, "a model that is not there", absent)
check(re.fullmatch(r"autochrome: error: .*no-such-model.*\n", absent.stderr),
      "a model that is not there", absent)
check_wrong_use("inspect", says="no MODEL given")
check_wrong_use("inspect", "default", "--size", "-3", says="--size")
check_wrong_use("run", "default", says="no input given")
check_wrong_use("run", "default", "--input", "L.npy", says="no output given")

devices = run("devices", "--json")
if devices.returncode == 0:
    listed = json.loads(devices.stdout)
    check(listed["devices"][listed["chosen"]]["chosen"] is True, "devices --json", devices)
    check("*" in run("devices").stdout, "devices")

# /dev/full takes nothing.
with open("/dev/full", "w", encoding="utf-8") as full:
    unwritten = run("--help", stdout=full)
check(unwritten.returncode == 1, "--help into a full device", unwritten)
check("standard output" in unwritten.stderr, "--help into a full device", unwritten)

try:
    os.close(os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY))
except OSError as error:
    print("colours on a terminal: not tried, this system gives no terminals:", error)
else:
    check("\033[1;31mautochrome: error: \033[0m" in on_terminal("bogus"), "colours on a terminal")
    check("\033[" not in on_terminal("bogus", NO_COLOR="1"), "no colours with NO_COLOR")
    check("\033[" not in on_terminal("bogus", TERM="dumb"), "no colours on a dumb terminal")
check("\033" not in run("bogus").stderr, "no colours in a pipe")

finish()
