"""tools/blend_models.py: means of models, and what it does not take.

usage: test_blend.py PROGRAM
"""

import importlib.util
import struct
import subprocess
import sys

import harness
from harness import SOURCE, check, folder, run, write

if not importlib.util.find_spec("numpy"):
    harness.skip("no NumPy")

header, data = harness.model_parts("net1")
count = len(data) // 4
ones, threes = struct.pack(f"<{count}f", *[1] * count), struct.pack(f"<{count}f", *[3] * count)
first = harness.write_safetensors("first.safetensors", header, ones)
second = harness.write_safetensors("second.safetensors", header, threes)
other = harness.write_safetensors("other.safetensors", *harness.model_parts("net2"))
output = folder / "blend.safetensors"


def blend(*arguments):
    return subprocess.run([sys.executable, SOURCE / "tools/blend_models.py", *arguments, "-o", output],
                          capture_output=True, text=True, check=False)


result = blend(f"{first}:0.25", f"{second}:0.75", "--colours", "0.5")
check(result.returncode == 0, "two models", result)
made, values = harness.read_safetensors(output)
check(set(struct.unpack(f"<{count}f", values)) == {2.5}, "the mean, by shares")
check("output ab scale=0.5\n" in made["__metadata__"]["autochrome.net"], "half the colours", made)
check("0.25 of first.safetensors, 0.75 of second.safetensors"
      in made["__metadata__"]["autochrome.training"], "a note of it", made)
check(run("inspect", output).returncode == 0, "a model that the program takes")
output.unlink()
text = write("text", "no model\n")
for what, arguments, says in (("shares", [f"{first}:0.5", f"{second}:0.6"], "do not add up"),
                              ("no share", [first], "is not MODEL:SHARE"),
                              ("another network", [f"{first}:0.5", f"{other}:0.5"], "another network"),
                              ("a text", [f"{first}:0.5", f"{text}:0.5"], "is no model"),
                              ("no file", [f"{first}:0.5", "no.safetensors:0.5"], "No such file")):
    result = blend(*map(str, arguments))
    check(result.returncode and says in result.stderr.splitlines()[-1] and not output.exists(), what,
          result)

harness.finish()
