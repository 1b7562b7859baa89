"""All C source is laid out as clang-format 14 does it.

usage: test_format.py ROOT

Other versions of clang-format differ in small things; where 14 is not installed, this is skipped.
"""

import subprocess
import sys

import sources

tool = sources.find_tool("clang-format-14", "clang-format", version="14")
files = sources.tracked(sys.argv[1], "*.c", "*.h")
result = subprocess.run([tool, "--dry-run", "--Werror", *files], cwd=sys.argv[1],
                        capture_output=True, text=True, check=False)
sys.stdout.write(result.stdout + result.stderr)
print(f"{len(files)} files looked at; clang-format-14 -i FILE puts one right")
sys.exit(1 if result.returncode else 0)
