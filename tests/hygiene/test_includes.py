"""Who may include whom in src/ (design: a part knows those before it, never those after).

usage: test_includes.py SOURCE_FOLDER

Every rule is tried on a planted violation too: a check that finds nothing proves nothing.
"""

import pathlib
import re
import sys
import tempfile

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)

# Folder of src/: the folders, and single headers, it may include beside its own.
MAY = {
    "util": [],
    "vk": ["util"],
    "nn": ["util", "vk"],
    "train": ["util", "vk", "nn", "color", "media"],
    "ref": ["util", "nn/tensor.h"],
    "media": ["util"],
    "color": ["util", "vk"],
    "video": ["util", "vk", "nn", "train", "color", "media"],
    "cli": ["util", "vk", "nn", "train", "color", "media", "video"],
    "api": ["util", "vk", "nn", "video"],
}
# Headers of libraries: the only folder that may include them.
ONLY = {
    r"vulkan/": "vk",
    r"lib(av|sw|postproc)[a-z]*/": "media",
    r"cairo": "train",
    r"getopt\.h": "cli",
}
# Headers for one folder alone.
INTERNAL = {"vk/internal.h": "vk"}
# What the build makes: shaders' code, and the push constants that they share with C.
SHADERS = re.compile(r"[a-z0-9_]+_spv\.h|common/push_[a-z]+\.h")
SHADER_USERS = {"nn", "color", "video", "train"}


def check_include(folder, name, quoted):
    """What is wrong with it, or None."""
    for pattern, only in ONLY.items():
        if re.match(pattern, name):
            return None if folder == only else f"only src/{only} may include {name}"
    if not quoted:
        return None
    if SHADERS.fullmatch(name):
        return None if folder in SHADER_USERS else f"src/{folder} has no business with {name}"
    if "/" not in name or name.startswith("."):
        return f'"{name}": write the path from src/ on'
    if name in INTERNAL and INTERNAL[name] != folder:
        return f"{name} is for src/{INTERNAL[name]} alone"
    other = name.split("/")[0]
    if other not in MAY:
        return f"{name}: there is no src/{other} in the design"
    if other == folder or other in MAY[folder] or name in MAY[folder]:
        return None
    return f"src/{folder} may not include {name}"


def violations(source):
    found, count = [], 0
    for path in sorted(pathlib.Path(source).rglob("*.[ch]")):
        parts = path.relative_to(source).parts
        where = "/".join(("src",) + parts)
        if len(parts) < 2 or parts[0] not in MAY:
            found.append(f"{where}: lies in no folder of the design")
            continue
        text = path.read_text(encoding="utf-8")
        for match in INCLUDE.finditer(text):
            count += 1
            wrong = check_include(parts[0], match[1] or match[2], bool(match[1]))
            if wrong:
                line = text.count("\n", 0, match.start()) + 1
                found.append(f"{where}:{line}: {wrong}")
    return found, count


def plant(folder, line):
    """Violations of a tree with one file in it."""
    with tempfile.TemporaryDirectory() as source:
        path = pathlib.Path(source) / folder / "planted.c"
        path.parent.mkdir(parents=True)
        path.write_text(f"/* planted */\n{line}\n", encoding="utf-8")
        return violations(source)[0]


PLANTED = [
    ("util", '#include "vk/device.h"'),
    ("util", '#include "nn/tensor.h"'),
    ("util", "#include <vulkan/vulkan.h>"),
    ("vk", '#include "nn/net.h"'),
    ("vk", '#include "media/media.h"'),
    ("nn", '#include "train/loss.h"'),
    ("nn", "#  include  <vulkan/vulkan_core.h>"),
    ("nn", '#include "vk/internal.h"'),
    ("nn", '#include "ref/ref.h"'),
    ("ref", '#include "nn/op.h"'),
    ("ref", '#include "vk/device.h"'),
    ("media", '#include "vk/buffer.h"'),
    ("media", '#include "color/lab.h"'),
    ("color", '#include "nn/session.h"'),
    ("color", "#include <libavutil/pixfmt.h>"),
    ("color", '#include "libavutil/pixfmt.h"'),
    ("video", '#include "cli/options.h"'),
    ("video", "#include <libavformat/avformat.h>"),
    ("video", "#include <libswscale/swscale.h>"),
    ("cli", "#include <libavcodec/avcodec.h>"),
    ("cli", "#include <vulkan/vulkan.h>"),
    ("cli", "#include <cairo.h>"),
    ("media", "#include <cairo/cairo.h>"),
    ("cli", '#include "conv_cpu_spv.h"'),
    ("cli", '#include "../vk/device.h"'),
    ("cli", '#include "output.h"'),
    ("cli", '#include "gui/window.h"'),
    ("gui", "#include <stdio.h>"),
    ("api", '#include "cli/command.h"'),
    ("api", '#include "media/media.h"'),
    ("api", "#include <libavutil/frame.h>"),
    ("api", "#include <vulkan/vulkan.h>"),
    ("cli", '#include "api/autochrome.h"'),
    ("video", '#include "api/autochrome.h"'),
]
ALLOWED = [
    ("ref", '#include "nn/tensor.h"'),
    ("vk", "#include <vulkan/vulkan.h>"),
    ("media", "#include <libavformat/avformat.h>"),
    ("cli", '#include "video/colorize.h"'),
    ("api", '#include "video/painter.h"'),
    ("nn", '#include "conv_cpu_spv.h"'),
    ("train", "#include <cairo.h>"),
    ("util", "/* #include <vulkan/vulkan.h> is for src/vk */"),
]

failures, number = violations(sys.argv[1])
if not number:
    failures.append(f"{sys.argv[1]}: no #include was found")
for folder, line in PLANTED:
    if len(plant(folder, line)) != 1:
        failures.append(f"planted in src/{folder}, not found: {line}")
for folder, line in ALLOWED:
    for wrong in plant(folder, line):
        failures.append(f"planted in src/{folder}, allowed: {line}: {wrong}")
print("\n".join(failures) or f"{number} includes, all allowed")
sys.exit(1 if failures else 0)
