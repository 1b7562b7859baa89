"""What `autochrome bench` says to people, of the pipeline, and of wrong use; never how long anything
takes.

usage: test_bench.py PROGRAM
"""

import json
import re

import harness
from harness import SOURCE, check, check_fails, close, folder, run, write

FILM = SOURCE / "samples/chaplin.mp4"

if not harness.has_device():
    harness.skip("no Vulkan device")

header, data = harness.model_parts("net1")
model = harness.write_safetensors("small.safetensors", header, data)
encoder = write("encoder.net", "input L\nx = conv2d(L, 8, kernel=3, stride=2) relu\n"
                               "y = maxpool2d(x, kernel=2)\nz = concat(y, y)\n")


# The table.
table = run("bench", "net1", encoder, "--size", "24x40", "--batch", "2", "--runs", "1", "-q")
check(table.returncode == 0 and table.stderr == "", "a table", table)
for line in (r"device   .+", r"peak     [\d.]+ GFLOP/s \(.+\), [\d.]+ GB/s \(.+\)",
             r".*/net1.net \(weights drawn\), 24x40, 2 pictures",
             r"forward: [\d.]+ ms \(median of 1; [\d.]+ to [\d.]+\), [\d.]+ pictures/s",
             r"  [\d.]+ GFLOP/s, \d+% of the peak; .* of device memory.*",
             r"  conv2 weight gradient +[\d.]+ +[\d.]+% +[\d.]+ +\d+% +[\d.]+ +[\d.]+ +\d+%  \w+.*",
             r"  conv1 batchnorm relu +[\d.]+ +[\d.]+% +- +- +[\d.]+ +[\d.]+ +\d+%  \w+.*",
             r"  sum +[\d.]+", r"training step: not measured: the network makes no colours.*"):
    check(re.search(f"^{line}$", table.stdout, re.MULTILINE), f"the table has {line}", table)

# A film.
temporary = folder / "temporary"
temporary.mkdir()
film = ("--pipeline", FILM, "--size", "16", "--frames", "3")
result = run("bench", model, *film, "--json", "-q", TMPDIR=str(temporary))
check(result.returncode == 0 and result.stderr == "", "bench --pipeline", result)
measured = json.loads(result.stdout)["pipeline"]
stages = ["decode", "paint", "network", "encode", "together"]
check([measured[stage]["frames"] for stage in stages] == [3] * 5, "three frames, at each stage",
      measured)
for stage in stages:
    check(close(measured[stage]["frames_per_s"], 3 / measured[stage]["seconds"]),
          f"{stage}: frames a second", measured)
check(measured["bottleneck"] == min(("decode", "paint", "encode"),
                                    key=lambda stage: measured[stage]["frames_per_s"]),
      "the bottleneck is the slowest", measured)
check(close(measured["share_outside_network"],
            max(0, 1 - measured["together"]["frames_per_s"] / measured["network"]["frames_per_s"])),
      "the share that is not the network's", measured)
check((measured["height"], measured["width"]) == (16, 28) and measured["model"] == str(model)
      and measured["film"] == str(FILM), "what was measured", measured)
table = run("bench", model, *film, TMPDIR=str(temporary))
check(table.returncode == 0 and table.stderr == "", "a film's table", table)
for line in (r"input    .*h264.*", r"output   .*", r"network  .*, 16x28",
             r"  decode only +3 +[\d.]+ +[\d.]+", r"  all together +3 +[\d.]+ +[\d.]+",
             r"The bottleneck is: .+\. All together, \d+% of the time is not the network's\."):
    check(re.search(f"^{line}$", table.stdout, re.MULTILINE), f"the table has {line}", table)
check_fails(run("bench", "--pipeline", folder / "no.mkv", TMPDIR=str(temporary)), 1,
            "no film", "no.mkv")
check(not list(temporary.iterdir()), "nothing stays", list(temporary.iterdir()))
check_fails(run("bench", model, *film, TMPDIR=str(folder / "nowhere")), 1, "no folder to write in",
            "nowhere")

# What is wrong.
check_fails(run("bench", "no-such-net"), 1, "an unknown network", "no-such-net")
check_fails(run("bench", "net1", "no-such-net", "--runs", "1", "--no-peak"), 1, "a second one that is unknown",
            "no-such-net")
check_fails(run("bench", folder / "no.net"), 1, "no such file", "no.net")
check_fails(run("bench", write("bad.net", "input L\nx = nonsense(L)\n")), 1, "no description",
            "bad.net:2")
for wrong, says in ((["net1", "--size", "0"], "--size"), (["net1", "--size", "8x"], "--size"),
                    (["net1", "--size", "8,,8"], "--size"), (["net1", "--batch", "0"], "--batch"),
                    (["net1", "--runs", "0"], "--runs"),
                    (["net1", "--no-forward", "--no-train"], "nothing is left"),
                    (["net1", "--frames", "3"], "--pipeline"),
                    ([model, "net1", *film], "one model"),
                    ([model, "--pipeline", FILM, "--size", "8x9"], "short side"),
                    ([model, "--pipeline", FILM, "--size", "8,9"], "short side"),
                    ([model, *film, "--no-train"], "nothing to leave out"),
                    ([model, *film, "--runs", "3"], "--runs")):
    check_fails(run("bench", *wrong), 2, f"wrong use: {wrong}", says)
check_fails(run("bench", "net1", "--device", "no such thing"), 2, "no such device",
            "no such thing")
check_fails(run("bench", "net1", "--no-peak", "--size", "32768", "--batch", "65536"), 1, "no memory")

harness.finish()
