#!/usr/bin/env python3
"""Compiles one shader to a C header:
compile.py GLSLANG INPUT OUTPUT DEPFILE INCLUDE_DIR NAME [-D...]

Of a variant with -DTEXEL there are two modules in a row, the second with -DADDRESS too; before them
the number of the first one's words. ac_kernel_params says which is taken."""
import re
import subprocess
import sys

glslang, source, output, depfile, include, name = sys.argv[1:7]


def compile_module(defines):
    """The words of the module, as they stand in a C array."""
    run = subprocess.run(
        [glslang, "-V", "--target-env", "vulkan1.2", "--quiet", "-I" + include, *defines,
         "--depfile", depfile, "--vn", name, "-o", output, source],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if run.returncode != 0:
        sys.exit(run.stdout)
    with open(output) as f:
        return re.findall(r"0x[0-9a-fA-F]+", f.read().split("{", 1)[1])


defines = sys.argv[7:]
words = compile_module(defines)
if "-DTEXEL" in defines:
    second = compile_module([*defines, "-DADDRESS"])
    words = [str(len(words)), *words, *second]
with open(output, "w") as f:
    f.write("#include <stdint.h>\nstatic const uint32_t " + name + "[] = {\n")
    for i in range(0, len(words), 8):
        f.write(" " + ", ".join(words[i:i + 8]) + ",\n")
    f.write("};\n")
