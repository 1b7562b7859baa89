#!/usr/bin/env python3
"""Writes completions for a shell, made of what the program's --help says.

usage: completions.py PROGRAM bash|zsh|fish
"""

import re
import subprocess
import sys

# Arguments of options that are names of files or folders, or may be.
FILES = {"FILE", "DIR", "MODEL", "DATA", "NET"}


class Option:
    def __init__(self, letter, name, argument, text):
        self.letter, self.name, self.argument = letter, name, argument
        # The first sentence, or what a semicolon or a bracket leaves of it.
        self.summary = re.split(r"(?<=[\w'])[.;:] | \(|[.;:]$", text, maxsplit=1)[0]
        self.takes_file = not FILES.isdisjoint(re.split(r"\W", argument))

    def spellings(self):
        return ([f"-{self.letter}"] if self.letter else []) + [f"--{self.name}"]


class Command:
    def __init__(self, name, summary, text):
        self.name, self.summary = name, summary
        usage = text.splitlines()[0]
        self.takes_files = not usage.endswith("[OPTION]...")
        self.options = [Option(letter, name, argument, " ".join(text.split()))
                        for letter, name, argument, text in re.findall(
                            r"^  (?:-(\w), |    )--([\w-]+)(?: (\S+))?(?:\n|  )((?:.*\n(?!  -|      --))*.*)$",
                            text, re.MULTILINE)]


def ask(program, *arguments):
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=True).stdout


def read_commands(program):
    found = re.findall(r"^  ([a-z]+) +(.*)$", ask(program, "--help"), re.MULTILINE)
    return [Command(name, summary, ask(program, "help", name)) for name, summary in found]


BASH = """\
# Completions of autochrome for bash. Made by completions.py.

_autochrome() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local options='' takers='' files='' operands=false

    COMPREPLY=()
    # Bash takes --option=value for three words.
    if [ "$word" = = ]; then
        word=''
    elif [ "$before" = = ]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    if [ "$COMP_CWORD" = 1 ] || { [ "$COMP_CWORD" = 2 ] && [ "${COMP_WORDS[1]}" = help ]; }; then
        mapfile -t COMPREPLY < <(compgen -W "@COMMANDS@" -- "$word")
        return
    fi
    case ${COMP_WORDS[1]} in
@CASES@
    esac
    # Where nothing is found, bash completes names of files, unless it is told not to.
    if [[ " $files " = *" $before "* ]]; then
        return
    elif [[ " $takers " = *" $before "* ]]; then
        compopt +o default 2> /dev/null
    elif [[ $word = -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
        compopt +o default 2> /dev/null
    elif ! $operands; then
        compopt +o default 2> /dev/null
    fi
}
complete -o default -F _autochrome autochrome
"""


def bash(commands):
    cases = []
    for command in commands:
        lists = {
            "options": [f"--{o.name}" for o in command.options] +
                       [f"-{o.letter}" for o in command.options if o.letter],
            "files": [s for o in command.options if o.takes_file for s in o.spellings()],
            "takers": [s for o in command.options if o.argument and not o.takes_file
                       for s in o.spellings()],
        }
        cases.append(f"        {command.name})\n" +
                     "".join(f"            {name}='{' '.join(words)}'\n"
                             for name, words in lists.items()) +
                     f"            operands={str(command.takes_files).lower()}\n            ;;")
    names = " ".join([command.name for command in commands] + ["help", "--help", "--version"])
    return BASH.replace("@COMMANDS@", names).replace("@CASES@", "\n".join(cases))


def quote(text):
    return "'" + text.replace("'", "'\\''") + "'"


def zsh(commands):
    lines = ["#compdef autochrome", "# Completions of autochrome for zsh. Made by completions.py.", "",
             "local -a commands", "commands=("]
    lines += [f"    {quote(c.name + ':' + c.summary)}" for c in commands]
    lines += ["    'help:tell more of a command'", ")", "",
              "if (( CURRENT == 2 )) || [[ $words[2] = help ]]; then",
              "    _describe command commands", "    return", "fi",
              "shift words", "(( CURRENT-- ))", "case $words[1] in"]
    for command in commands:
        specs = []
        for o in command.options:
            text = re.sub(r"([\[\]\\])", r"\\\1", o.summary)
            rest = f"[{text}]"
            if o.argument:
                rest += f":{o.argument.replace(':', chr(92) + ':')}:{'_files' if o.takes_file else ' '}"
            long = f"--{o.name}" + ("=" if o.argument else "")
            if o.letter:
                both = f"(-{o.letter} --{o.name})"
                specs += [quote(f"{both}-{o.letter}{'+' if o.argument else ''}{rest}"),
                          quote(f"{both}{long}{rest}")]
            else:
                specs.append(quote(long + rest))
        if command.takes_files:
            specs.append(quote("*:file:_files"))
        lines += [f"{command.name})", "    _arguments -s -S \\", "        " +
                  " \\\n        ".join(specs), "    ;;"]
    return "\n".join(lines + ["esac", ""])


def fish(commands):
    lines = ["# Completions of autochrome for fish. Made by completions.py.",
             "complete -c autochrome -n __fish_use_subcommand -f",
             "complete -c autochrome -n __fish_use_subcommand -l help -d 'Print help'",
             "complete -c autochrome -n __fish_use_subcommand -l version -d 'Print the version'",
             "complete -c autochrome -n __fish_use_subcommand -a help -d 'tell more of a command'"]
    names = " ".join(command.name for command in commands)
    lines.append(f"complete -c autochrome -n '__fish_seen_subcommand_from help' -f -a '{names}'")
    for command in commands:
        lines.append(f"complete -c autochrome -n __fish_use_subcommand -a {command.name} "
                     f"-d {fish_quote(command.summary)}")
        when = f"complete -c autochrome -n '__fish_seen_subcommand_from {command.name}'"
        if not command.takes_files:
            lines.append(f"{when} -f")
        for o in command.options:
            letter = f" -s {o.letter}" if o.letter else ""
            kind = "" if not o.argument else " -r -F" if o.takes_file else " -x"
            lines.append(f"{when} -l {o.name}{letter}{kind} -d {fish_quote(o.summary)}")
    return "\n".join(lines) + "\n"


def fish_quote(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


writers = {"bash": bash, "zsh": zsh, "fish": fish}
if len(sys.argv) != 3 or sys.argv[2] not in writers:
    sys.exit(__doc__)
sys.stdout.write(writers[sys.argv[2]](read_commands(sys.argv[1])))
