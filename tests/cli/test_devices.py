"""What can be wrong with Vulkan, and what is kept between runs.

usage: test_devices.py PROGRAM
"""

import json
import os
import pathlib
import re

import harness
from harness import check, check_fails, folder, lightness, run, write, write_npy

LAYERS = "usr/share", "etc"

if not harness.has_device():
    harness.skip("no Vulkan device")

header, data = harness.model_parts("net1")
model = harness.write_safetensors("small.safetensors", header, data)
picture = write_npy("L.npy", (12, 20), lightness(240))
output = folder / "ab.npy"
# Mesa's own cache says on standard error when it cannot be written.
mesa_cache = str(folder / "mesa")


def run_model(*arguments, **changes):
    output.unlink(missing_ok=True)
    return run("run", model, "--input", picture, "-o", output, *arguments,
               MESA_SHADER_CACHE_DIR=mesa_cache, **changes)


def check_device_fails(what, status, *says, arguments=(), **changes):
    check_fails(run_model(*arguments, **changes), status, what, *says)
    check(not output.exists() and not list(folder.glob("*.part")), f"{what}: no file")


def check_works(what, *arguments, **changes):
    result = run_model(*arguments, **changes)
    check(result.returncode == 0 and result.stderr == "", what, result)
    check(output.exists() and output.read_bytes() == expected, f"{what}: the same result")


check(run_model().returncode == 0, "a run to compare with")
expected = output.read_bytes()

# Loader and drivers. A loader that is no library stands before the system's.
(folder / "loader").mkdir()
write("loader/libvulkan.so.1", "no library")
no_loader = {"LD_LIBRARY_PATH": str(folder / "loader")}
no_driver = {"VK_DRIVER_FILES": "/dev/null", "VK_ICD_FILENAMES": "/dev/null"}
check_device_fails("no loader", 1, "no Vulkan loader", "libvulkan1", **no_loader)
check_device_fails("no driver", 1, "no Vulkan driver", "mesa-vulkan-drivers", **no_driver)
check_fails(run("devices", **no_loader), 1, "devices without a loader", "no Vulkan loader")
check_fails(run("devices", **no_driver), 1, "devices without a driver", "no Vulkan driver")
write("bad_driver.json", json.dumps({"file_format_version": "1.0.0", "ICD": {
    "library_path": str(folder / "loader/libvulkan.so.1"), "api_version": "1.3.0"}}))
broken = {"VK_DRIVER_FILES": str(folder / "bad_driver.json"),
          "VK_ICD_FILENAMES": str(folder / "bad_driver.json")}
result = run_model(**broken)  # the loader says something of its own
check(result.returncode == 1 and "no Vulkan driver" in result.stderr, "a driver that is none",
      result)

# The choice of a device.
listed = json.loads(run("devices", "--json").stdout)
chosen = listed["devices"][listed["chosen"]]
check_works("by number", "--device", str(chosen["index"]))
check_works("by name", "--device", chosen["name"].upper()[:6])
last = len(listed["devices"]) - 1
for number in last + 1, 999999999999:
    check_device_fails("a number too high", 2, f"no device {number}", f"0 to {last}",
                       arguments=("--device", str(number)))
check_device_fails("a number below 0", 2, "no device -1", arguments=("--device=-1",))
check_device_fails("a name nobody has", 2, "'no such thing'",
                   arguments=("--device", "no such thing"))

# Compiled pipelines are kept; a file that is damaged is ignored and made again.
cache = folder / "pipelines"
check_works("a new cache", XDG_CACHE_HOME=str(cache))
files = list(cache.glob("autochrome/pipelines-*"))
check(len(files) == 1, "one file of pipelines", files)
whole = files[0].read_bytes()
check_works("a cache that is there", XDG_CACHE_HOME=str(cache))
check(files[0].read_bytes() == whole, "it stays as it is")
middle = len(whole) // 2
for what, damaged in {
        "empty": b"", "a text": b"hello\n", "cut off": whole[:-9], "too long": whole + b"x",
        "changed inside": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1:],
        "a size that is not true": whole[:8] + b"\xff" * 8 + whole[16:],
        "all zero": bytes(len(whole))}.items():
    files[0].write_bytes(damaged)
    check_works(f"a cache that is {what}", XDG_CACHE_HOME=str(cache))
    check(files[0].read_bytes() == whole, f"a cache that is {what} is made again")
    check([file for file in cache.glob("autochrome/*") if not file.name.startswith("choices-")] == files,
          f"a cache that is {what}: nothing beside it but what was learned of the device")
files[0].unlink()
files[0].mkdir()
check_works("a folder in the place of the cache", XDG_CACHE_HOME=str(cache))
check_works("a cache folder that cannot be made", XDG_CACHE_HOME=str(picture))
check_works("a cache folder that cannot be written to", XDG_CACHE_HOME="/proc")
check_works("a cache folder that is not absolute", XDG_CACHE_HOME="relative",
            HOME=str(folder / "home"))
check(list((folder / "home").glob(".cache/autochrome/*")), "then it is in ~/.cache")
check_works("no cache folder at all", XDG_CACHE_HOME=None, HOME=None)

# What llvmpipe would compile when it is first run is compiled before, all at once, and that only once.
if "llvmpipe" in chosen["driver"]:
    ahead = re.compile(r"[1-9]\d* new kernels are compiled on [1-9]\d* threads")
    own = {"XDG_CACHE_HOME": str(folder / "ahead")}
    result = run_model("-v", **own)
    check(result.returncode == 0 and ahead.search(result.stderr), "new kernels", result)
    check(output.read_bytes() == expected, "new kernels: the same result")
    result = run_model("-v", **own)
    check(result.returncode == 0 and not ahead.search(result.stderr), "known kernels", result)
    check(output.read_bytes() == expected, "known kernels: the same result")
    result = run_model("-v", MESA_SHADER_CACHE_DISABLE="true", XDG_CACHE_HOME=str(folder / "not"))
    check(result.returncode == 0 and not ahead.search(result.stderr), "where Mesa keeps none", result)

# The validation layer: whatever it says is an error.
(folder / "empty").mkdir()
check_device_fails("no validation layer", 1, "validation layer is not installed",
                   arguments=("--validation",), VK_LAYER_PATH=str(folder / "empty"))
check_device_fails("asked for by a variable", 1, "validation layer is not installed",
                   AUTOCHROME_VALIDATION="1", VK_LAYER_PATH=str(folder / "empty"))
check_works("not asked for", AUTOCHROME_VALIDATION="0", VK_LAYER_PATH=str(folder / "empty"))
if any(pathlib.Path(f"/{place}/vulkan/explicit_layer.d/VkLayer_khronos_validation.json").exists()
       for place in LAYERS):
    # The layer keeps memory and is unloaded before leaks are looked for, so that they have no name.
    no_leaks = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}
    check_works("the validation layer is silent", "--validation", **no_leaks)
    # Advice on good practice makes it speak of a run that has no fault.
    settings = write("vk_layer_settings.txt", "khronos_validation.enables = "
                     "VK_VALIDATION_FEATURE_ENABLE_BEST_PRACTICES_EXT\n")
    spoken = run_model("--validation", VK_LAYER_SETTINGS_PATH=str(settings), **no_leaks)
    lines = spoken.stderr.splitlines()
    check(spoken.returncode == 1 and not output.exists(), "messages are failures", spoken)
    check(all(re.match("autochrome: error: (Vulkan validation: |the validation layer)", line)
              for line in lines) and len(lines) > 1, "messages are shown", spoken)
else:
    print("no validation layer: its messages were not tested")

harness.finish()
