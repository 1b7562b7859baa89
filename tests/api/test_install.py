"""Installs into an empty folder, uses what is there from elsewhere, uninstalls, and finds nothing left.

usage: test_install.py SOURCE BUILD PREFIX LIBDIR EXAMPLE COMPILER...
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from checks import check, finish  # noqa: E402

SKIPPED = 77
source, build = map(pathlib.Path, sys.argv[1:3])
prefix, libdir, example, *compiler = sys.argv[3:]
example = os.path.abspath(example)
options = {option["name"]: option["value"] for option in json.loads(
    (build / "meson-info/intro-buildoptions.json").read_text(encoding="utf-8"))}
log = build / "meson-logs/install-log.txt"


def skip(why):
    print("skipped:", why)
    sys.exit(SKIPPED)


def run(*command, **changes):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AUTOCHROME_")}
    environment.update({"LC_ALL": "C"}, **changes)
    return subprocess.run([*map(str, command)], env=environment, cwd=place / "elsewhere", text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, check=False)


def works(what, *command, **changes):
    result = run(*command, **changes)
    check(result.returncode == 0, what, result)
    return result


def write_pgm(path, width, height):
    path.write_bytes(b"P5 %d %d 255\n" % (width, height) +
                     bytes((x * 5 + y * 3) % 256 for y in range(height) for x in range(width)))


def read_ppm(path):
    """(size, bytes)"""
    kind, size, most, data = path.read_bytes().split(b"\n", 3)
    check(kind == b"P6" and most == b"255", f"{path.name}: a PPM picture", (kind, most))
    return size, data


if not shutil.which("pkg-config"):
    skip("pkg-config is not installed")
needs = os.environ.get("AC_TEST_NEEDS")
if needs and not os.path.exists(needs):
    skip(f"no {needs}")
saved = log.read_bytes() if log.exists() else None  # of a person's own install
with tempfile.TemporaryDirectory(prefix="autochrome-test-") as folder:
    place = pathlib.Path(folder)
    (place / "elsewhere").mkdir()
    root = place / "root"
    usr = root / prefix.lstrip("/")
    try:
        works("meson install", "meson", "install", "-C", build, "--no-rebuild", "--destdir", root)
        installed = sorted(str(path.relative_to(usr)) for path in root.rglob("*") if not path.is_dir())
        networks = [f"share/autochrome/nets/{path.name}" for path in (source / "samples/nets").iterdir()]
        wanted = sorted(["bin/autochrome", "include/autochrome.h", f"{libdir}/libautochrome.so",
                         f"{libdir}/libautochrome.so.0", f"{libdir}/libautochrome.so.0.1.0",
                         f"{libdir}/pkgconfig/autochrome.pc",
                         "share/autochrome/models/default.safetensors", *networks,
                         "share/bash-completion/completions/autochrome",
                         "share/fish/vendor_completions.d/autochrome.fish",
                         "share/man/man1/autochrome.1", "share/zsh/site-functions/_autochrome"])
        check(installed == wanted, "what is installed", (installed, wanted))

        # The program finds its own models, not those of the source tree.
        program = usr / "bin/autochrome"
        works("--version", program, "--version")
        model = usr / "share/autochrome/models/default.safetensors"
        model.rename(model.with_name("other.safetensors"))
        result = run(program, "inspect", "default")
        check(result.returncode == 1 and f"in {usr}/share/autochrome/models" in result.stderr,
              "no model but the installed ones", result)
        works("a model by its name", program, "inspect", "other")
        model.with_name("other.safetensors").rename(model)
        works("a network by its name", program, "inspect", "landmark")
        write_pgm(place / "gray.pgm", 60, 40)
        works("colorize", program, "colorize", place / "gray.pgm", "-o", place / "program.png")

        # What is not for others is not to be seen.
        library = usr / libdir / "libautochrome.so"
        names = [line.split()[-1] for line in works(
            "nm", "nm", "-D", "--defined-only", library).stdout.splitlines()]
        check(names and all(name.startswith("autochrome_") for name in names), "exported names", names)
        header = (source / "src/api/autochrome.h").read_text(encoding="utf-8")
        check(all(f"{name}(" in header for name in names), "all are in the header", names)

        # A program of somebody else.
        pc = {"PKG_CONFIG_PATH": str(usr / libdir / "pkgconfig"), "PKG_CONFIG_SYSROOT_DIR": str(root)}
        flags = works("pkg-config", "pkg-config", "--cflags", "--libs", "autochrome", **pc).stdout.split()
        sanitizers = options["b_sanitize"]
        if isinstance(sanitizers, list):  # of later Mesons
            sanitizers = ",".join(sanitizers) or "none"
        sanitize = [] if sanitizers == "none" else [f"-fsanitize={sanitizers}"]
        works("compile the example", *compiler, "-std=c11", "-Wall", "-Wextra", "-Werror", *sanitize,
              source / "samples/api/colour_frame.c", "-o", place / "mine", *flags)
        (place / "header.c").write_text("#include <autochrome.h>\nint main(void) { return 0; }\n",
                                        encoding="utf-8")
        works("the header by itself", *compiler, "-std=c99", "-pedantic-errors", "-Wall", "-Werror",
              "-fsyntax-only", place / "header.c", *flags)
        linked = {"LD_LIBRARY_PATH": str(usr / libdir)}
        check("usage" in run(place / "mine", **linked).stderr, "the example's usage")
        works("the example", place / "mine", place / "gray.pgm", place / "mine.ppm", **linked)
        works("the example in the build folder", example, place / "gray.pgm", place / "built.ppm")
        size, data = read_ppm(place / "mine.ppm")
        check(size == b"60 40" and len(data) == 60 * 40 * 3, "its picture", size)
        check((size, data) == read_ppm(place / "built.ppm"), "the same from the build folder")
        gray = (place / "gray.pgm").read_bytes()[-60 * 40:]
        luma = [0.299 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2]
                for i in range(0, len(data), 3)]
        check(max(abs(a - b) for a, b in zip(luma, gray)) < 2, "luma is kept")
        check(sum(data[i] != data[i + 2] for i in range(0, len(data), 3)) > 60 * 40 / 2, "colours")

        works("uninstall", "ninja", "-C", build, "uninstall")
        left = sorted(str(path) for path in root.rglob("*"))
        check(not left, "nothing is left", left)
    finally:
        if saved is not None:
            log.write_bytes(saved)
        elif log.exists():
            log.unlink()
finish()
