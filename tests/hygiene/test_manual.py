"""The manual page is well written, and says of options what --help says.

usage: test_manual.py ROOT PROGRAM
"""

import pathlib
import re
import subprocess
import sys

import sources

# Read by the program as everybody does.
COMMON_VARIABLES = {"HOME", "TERM"}

root, program = pathlib.Path(sys.argv[1]), sys.argv[2]
page = root / "src/cli/autochrome.1"
failures = []


def ask(*arguments):
    return subprocess.run([program, *arguments], capture_output=True, text=True,
                          check=True).stdout


def options_of_help(text):
    """{--name: (-letter or None, argument or None)}"""
    found = re.findall(r"^  (?:-(\w), |    )--([\w-]+)(?: (\S+))?(?=\s|$)", text, re.MULTILINE)
    return {name: (letter or None, argument or None) for letter, name, argument in found}


def options_of_page(text):
    found = re.findall(r"^\.It Fl (?:(\w) , )?-([\w-]+)(?: Ar (\S+))?$", text, re.MULTILINE)
    return {name: (letter or None, argument or None) for letter, name, argument in found}


text = page.read_text(encoding="utf-8")
sections = dict(re.findall(r"^\.S[sh] (.*)\n((?:(?!\.S[sh]).*\n)*)", text, re.MULTILINE))
common = options_of_page(sections["Options of all commands"])
described = {name.split()[1] for name in sections if name.startswith("autochrome ")}
commands = re.findall(r"^  ([a-z]+) ", ask("--help"), re.MULTILINE)
if not commands or not common:
    failures.append("no commands or no common options were found")
for command in described - set(commands):
    # A build may leave one out.
    if not (root / f"src/cli/cmd_{command}.c").exists():
        failures.append(f"{command}: is in the manual page only")
for command in commands:
    if command not in described:
        failures.append(f"{command}: is not in the manual page")
        continue
    says = options_of_help(ask(command, "--help"))
    page_says = {**options_of_page(sections[f"autochrome {command}"]), **common}
    for name in sorted(says.keys() | page_says.keys()):
        if says.get(name) != page_says.get(name):
            failures.append(f"{command} --{name}: --help says {says.get(name)}, the manual page "
                            f"{page_says.get(name)}")

# Variables, both ways.
read = set()
for path in (root / "src").rglob("*.c"):
    read |= set(re.findall(r'getenv\("(\w+)"\)', path.read_text(encoding="utf-8")))
told = set(re.findall(r"[A-Z][A-Z_]+", " ".join(re.findall(
    r"^\.It Ev (.*)$", sections["ENVIRONMENT"], re.MULTILINE))))
for name in sorted(read - told - COMMON_VARIABLES):
    failures.append(f"{name}: is read, but not in the manual page")
for name in sorted(told):
    if name.startswith("AUTOCHROME_") and name not in read:
        failures.append(f"{name}: is in the manual page, but not read")

print("\n".join(failures) or f"{len(commands)} commands agree")
if failures:
    sys.exit(1)
tool = sources.find_tool("mandoc")
sys.exit(subprocess.run([tool, "-Tlint", "-Wwarning", page], check=False).returncode)
