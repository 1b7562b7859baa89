"""shellcheck finds nothing in the shell scripts, and Python's compiler nothing in the Python ones.

usage: test_scripts.py ROOT
"""

import pathlib
import subprocess
import sys

import sources

root = pathlib.Path(sys.argv[1])
failed = False
for name in sources.tracked(root, "*.py"):
    try:
        compile((root / name).read_text(encoding="utf-8"), name, "exec")
    except SyntaxError as error:
        failed = True
        print(f"{name}:{error.lineno}: {error.msg}")
if failed:
    sys.exit(1)

tool = sources.find_tool("shellcheck")
scripts = sources.tracked(root, "*.sh", ".ci/run")
sys.exit(subprocess.run([tool, *scripts], cwd=root, check=False).returncode)
