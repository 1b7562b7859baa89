#!/usr/bin/env python3
"""Compiles one shader to a C header: compile.py GLSLANG INPUT OUTPUT DEPFILE INCLUDE_DIR NAME [-D...]"""
import re
import subprocess
import sys

glslang, source, output, depfile, include, name = sys.argv[1:7]
run = subprocess.run(
    [glslang, "-V", "--target-env", "vulkan1.2", "--quiet", "-I" + include, *sys.argv[7:],
     "--depfile", depfile, "--vn", name, "-o", output, source],
    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
if run.returncode != 0:
    sys.exit(run.stdout)
with open(output) as f:
    text = f.read()
# glslang makes a global of it; every user wants its own.
text = re.sub(r"^\s*(const )?uint32_t", "static const uint32_t", text, flags=re.M)
with open(output, "w") as f:
    f.write("#include <stdint.h>\n" + text)
