"""tools/pt2safetensors.py as far as it goes without PyTorch (the rest: test_checkpoint.py).

usage: test_pt2safetensors.py PROGRAM
"""

import subprocess
import sys

import harness
from harness import SOURCE, check, folder, program

TOOL = SOURCE / "tools/pt2safetensors.py"


def convert(*arguments):
    return subprocess.run([sys.executable, TOOL, *arguments], capture_output=True, text=True,
                          env=harness.environment(), check=False)


def check_refused(status, what, *arguments, says):
    result = convert(*arguments)
    check(result.returncode == status, f"{what}: exit status {status}", result)
    check(says in result.stderr and "Traceback" not in result.stderr, f"{what}: says {says}",
          result)
    check(not output.exists(), f"{what}: no file", result)


output = folder / "model.safetensors"
checkpoint = harness.write("checkpoint.pt", "no checkpoint")
to = ("-o", output, "--program", program)

text = convert("--help")
check(text.returncode == 0 and "CHECKPOINT" in text.stdout, "--help", text)
check_refused(2, "no arguments", says="CHECKPOINT")
check_refused(2, "no output", checkpoint, "landmark", says="-o")
check_refused(2, "a strange size", checkpoint, "landmark", *to, "--working-size", "many",
              says="'many' is not a number")
check_refused(1, "no checkpoint", folder / "absent.pt", "landmark", *to, says="absent.pt: no such")
check_refused(1, "a directory", folder, "landmark", *to, says="is a directory")
check_refused(1, "no such network", checkpoint, "no-such", *to, says="'no-such' is neither")
check_refused(1, "no program", checkpoint, "landmark", "-o", output, "--program",
              folder / "absent", says="build the program")
# Says that PyTorch is missing or that this is no checkpoint.
check_refused(1, "no checkpoint", checkpoint, "landmark", *to, says="checkpoint")
itself = convert(checkpoint, "landmark", "-o", checkpoint, "--program", program)
check(itself.returncode == 1 and "is one of the inputs" in itself.stderr, "output is input", itself)
check(checkpoint.read_text() == "no checkpoint", "the input is left alone")

harness.finish()
