"""What `autochrome bench` says of networks with --json; never how long anything takes.

usage: test_bench_networks.py PROGRAM
"""

import json
import math
import re

import harness
from harness import check, close, run, write

HEIGHT, WIDTH, BATCH = 24, 40, 2
KERNEL = r"\w+( \d+(x\d+)?)?( texel| addresses)?"

if not harness.has_device():
    harness.skip("no Vulkan device")


def bench(*arguments, **changes):
    result = run("bench", *arguments, "--json", "-q", **changes)
    check(result.returncode == 0 and result.stderr == "", f"bench {arguments}", result)
    return json.loads(result.stdout)


def layers(a_pass):
    return {f"{one['name']} {one['operation']}": one for one in a_pass["layers"]}


def check_pass(a_pass, what, runs, peak):
    check(0 < a_pass["min_s"] <= a_pass["median_s"] <= a_pass["max_s"], f"{what}: times", a_pass)
    check(a_pass["runs"] == runs, f"{what}: runs", a_pass)
    check(close(a_pass["gflops"], 2e-9 * a_pass["multiply_adds"] / a_pass["median_s"]),
          f"{what}: operations a second", a_pass)
    check(close(a_pass["pictures_per_s"], a_pass["batch"] / a_pass["median_s"]),
          f"{what}: pictures a second", a_pass)
    for total, part in (("multiply_adds", "multiply_adds"), ("bytes", "bytes"),
                        ("sum_of_layers_s", "median_s")):
        check(close(a_pass[total], sum(one[part] for one in a_pass["layers"])),
              f"{what}: {total} is the sum of the layers'", a_pass)
    check(a_pass["device_memory"] > 0, f"{what}: memory", a_pass)
    for one in [*a_pass["layers"], a_pass]:
        seconds = one["median_s"]
        check(seconds >= 0 and one["bytes"] > 0, f"{what}: time and bytes", one)
        check(seconds == 0 or close(one["gbytes_per_s"], 1e-9 * one["bytes"] / seconds),
              f"{what}: bytes a second", one)
        for share, of, most in (("share_of_peak_flops", "gflops", "gflops"),
                                ("share_of_peak_bytes", "gbytes_per_s", "gbytes_per_s")):
            check(one[share] is None if peak is None else close(one[share], one[of] / peak[most]),
                  f"{what}: {share}", one)
    for one in a_pass["layers"]:
        check(re.fullmatch(rf"{KERNEL}( \+ {KERNEL})*", one["kernels"]), f"{what}: kernels", one)


# A network whose work can be counted by hand: kernels of 4x4, strides of 2.
first, second = (HEIGHT // 2) * (WIDTH // 2) * BATCH, (HEIGHT // 4) * (WIDTH // 4) * BATCH
MACS = {"conv1 conv2d": first * 32 * 16, "conv2 conv2d": second * 64 * 32 * 16,
        "t_conv1 conv_transpose2d": second * 64 * 32 * 16,
        "t_conv2 conv_transpose2d": first * 32 * 2 * 16}
size = ("--size", f"{HEIGHT}x{WIDTH}", "--batch", str(BATCH))
measured = bench("net1", *size, "--runs", "1")
forward, step = measured["forward"], measured["train_step"]
peak = measured["peak"]
check(peak["gflops"] > 0 and peak["gbytes_per_s"] > 0, "a peak", peak)
check(re.fullmatch(r"peak_fma \d+ chains", peak["fma_kernel"]), "the kernel that made it", peak)
check(measured["network"].endswith("net1.net") and measured["weights_drawn"] is True
      and measured["parameters"] == 67458, "what was measured", measured)
check((measured["height"], measured["width"], measured["batch"]) == (HEIGHT, WIDTH, BATCH),
      "its size", measured)
check([measured[key] for key in ("forward", "train_step")]
      == [measured["measurements"][0][key] for key in ("forward", "train_step")],
      "the first measurement's fields stand at the top")
check_pass(forward, "forward", 1, peak)
check_pass(step, "training step", 1, peak)

inspected = json.loads(run("inspect", "net1", "--size", f"{HEIGHT}x{WIDTH}", "--json").stdout)
check(forward["multiply_adds"] == BATCH * inspected["multiply_adds"], "multiply-adds as inspect's")
of = layers(forward)
check([name.split()[0] for name in of] == ["input", "conv1", "conv2", "t_conv1", "t_conv2",
                                           "output"], "forward: all layers, in order", list(of))
for name, macs in MACS.items():
    tail = " relu" if name.startswith("t_conv2") else " batchnorm relu"
    check(of[name + tail]["multiply_adds"] == macs, f"{name}: multiply-adds", of[name + tail])
weights = 32 * 16 + 32 + 4 * 32
check(of["conv1 conv2d batchnorm relu"]["bytes"]
      == 4 * (BATCH * HEIGHT * WIDTH + weights + 32 * first), "conv1: least bytes", of)
check(of["input "]["bytes"] == 8 * BATCH * HEIGHT * WIDTH
      and of["output "]["bytes"] == 16 * BATCH * HEIGHT * WIDTH, "pictures: least bytes", of)

of = layers(step)
expected = {**MACS, **{name.split()[0] + " weight gradient": macs for name, macs in MACS.items()},
            **{name.split()[0] + " input gradient": macs for name, macs in MACS.items()}}
del expected["conv1 input gradient"]  # nobody wants that of the pictures
expected["t_conv2 conv_transpose2d relu"] = expected.pop("t_conv2 conv_transpose2d")
check({name: one["multiply_adds"] for name, one in of.items() if one["multiply_adds"]} == expected,
      "training step: multiply-adds of all passes", list(of))
for name in ("weights ", "input ", "conv1 batchnorm relu", "loss ", "conv1 batchnorm gradient",
             "t_conv2 bias gradient", "t_conv2 activation gradient", "optimiser "):
    check(name in of, f"training step: has {name}", list(of))
check("adam" in of["optimiser "]["kernels"], "the optimiser's kernels", of["optimiser "])
if measured["layers_timed_by"] == "timestamps":
    for a_pass in forward, step:
        check(math.isclose(a_pass["device_s"], a_pass["sum_of_layers_s"], rel_tol=1e-3),
              "of one run, layers' times add up to the device's", a_pass)
        check(a_pass["idle_s"] is not None, "what the queue was idle", a_pass)

# Without timestamps, without a peak, by halves; kernels that were forced.
measured = bench("net1", *size, "--runs", "2", "--no-timestamps", "--no-peak", "--no-train",
                 AUTOCHROME_CONV="direct")
check(measured["layers_timed_by"] == "submissions" and measured["peak"] is None
      and measured["train_step"] is None, "what was left out", measured)
check_pass(measured["forward"], "one by one", 2, None)
check(measured["forward"]["idle_s"] is None, "then nobody knows what the queue was idle")
check([one["kernels"].replace(" addresses", "") for one in measured["forward"]["layers"]]
      == ["pack"] + ["conv_direct"] * 4 + ["unpack"], "the kernels that were asked for", measured)

measured = bench("net1", *size, "--runs", "2", "--no-peak", "--no-layers")
check(measured["layers_timed_by"] is None, "--no-layers", measured)
for key, a_pass in ("forward", forward), ("train_step", step):
    whole = measured[key]
    check(whole["layers"] == [] and whole["idle_s"] is None and whole["sum_of_layers_s"] is None,
          "no layers", whole)
    check(all(whole[total] == a_pass[total] for total in ("multiply_adds", "bytes"))
          and whole["median_s"] > 0, "the whole all the same", whole)

# Sizes that the strides do not fit, several networks and sizes, a model.
header, data = harness.model_parts("net1")
header["__metadata__"]["autochrome.working_size"] = "12"
model = harness.write_safetensors("small.safetensors", header, data)
few = ("--runs", "1", "--no-peak")
measured = bench(model, "net1", "--size", "9x13,8", "--size", "16", *few, "--no-forward")
check([(one["height"], one["width"], one["train_step"]["height"], one["train_step"]["width"],
        one["weights_drawn"]) for one in measured["measurements"]]
      == [(h, w, th, tw, drawn) for drawn in (False, True)
          for h, w, th, tw in ((9, 13, 12, 16), (8, 8, 8, 8), (16, 16, 16, 16))],
      "each network at each size", measured)
check(measured["forward"] is None, "--no-forward")
measured = bench(model, *few)
check((measured["height"], measured["width"]) == (12, 12), "the size that the model says", measured)
check(measured["forward"]["multiply_adds"] * 3 - measured["train_step"]["multiply_adds"]
      == layers(measured["train_step"])["conv1 conv2d"]["multiply_adds"],
      "a step has thrice the operations, less conv1's input gradient")

encoder = write("encoder.net", "input L\nx = conv2d(L, 8, kernel=3, stride=2) relu\n"
                               "y = maxpool2d(x, kernel=2)\nz = concat(y, y)\n")
measured = bench(encoder, "--size", "16x20", *few)
check(measured["train_step"] is None and "no colours" in measured["train_step_missing"],
      "an encoder cannot be trained", measured)
check_pass(measured["forward"], "an encoder", 1, None)

harness.finish()
