"""tools/pt2safetensors.py on checkpoints of PyTorch, and the models it makes against PyTorch.

usage: test_checkpoint.py PROGRAM

Skipped where no PyTorch is installed, neither for this Python nor for the system's.
"""

import os
import subprocess
import sys

SYSTEM_PYTHON = "/usr/bin/python3"

try:
    import torch
    import numpy as np
except ImportError:
    can = os.path.exists(SYSTEM_PYTHON) and subprocess.run(
        [SYSTEM_PYTHON, "-c", "import torch, numpy"], capture_output=True, check=False)
    if can and can.returncode == 0 and "AC_TEST_AGAIN" not in os.environ:
        os.environ["AC_TEST_AGAIN"] = "1"
        os.execv(SYSTEM_PYTHON, [SYSTEM_PYTHON, *sys.argv])
    print("skipped: no PyTorch")
    sys.exit(77)

from torch import nn
from torch.nn import functional as F

import harness
from harness import SOURCE, check, folder, program, run

TOOL = SOURCE / "tools/pt2safetensors.py"


class Landmark(nn.Module):
    """As its users wrote it; samples/nets/landmark.net has the same names."""

    def __init__(self):
        super().__init__()
        channels = [1, 32, 64, 128]
        for i in range(3):
            setattr(self, f"conv{i + 1}", nn.Conv2d(channels[i], channels[i + 1], 4, 2, 1))
        self.conv4 = nn.Conv2d(128, 128, 4, 1, 3, 2)
        self.conv5 = nn.Conv2d(128, 128, 4, 1, 3, 2)
        self.t_conv1 = nn.ConvTranspose2d(128, 64, 4, 2, 1)
        self.t_conv2 = nn.ConvTranspose2d(128, 32, 4, 2, 1)
        self.t_conv3 = nn.ConvTranspose2d(64, 2, 4, 2, 1)
        self.output = nn.Conv2d(3, 2, 3, 1, 1)
        for name in "conv1", "conv2", "conv3", "conv4", "conv5", "t_conv1", "t_conv2":
            features = getattr(self, name).out_channels
            setattr(self, name + "_bn", nn.BatchNorm2d(features))

    def step(self, name, x):
        return F.relu(getattr(self, name + "_bn")(getattr(self, name)(x)))

    def forward(self, lightness):
        x1 = self.step("conv1", lightness)
        x2 = self.step("conv2", x1)
        x = self.step("conv5", self.step("conv4", self.step("conv3", x2)))
        x = torch.cat((self.step("t_conv1", x), x2), 1)
        x = torch.cat((self.step("t_conv2", x), x1), 1)
        return self.output(torch.cat((F.relu(self.t_conv3(x)), lightness), 1))


def convert(checkpoint, *arguments, net="landmark", to="model.safetensors"):
    path = folder / "checkpoint.pt"
    torch.save(checkpoint, path)
    (folder / to).unlink(missing_ok=True)
    return subprocess.run(
        [sys.executable, TOOL, path, net, "-o", folder / to, "--program", program, *arguments],
        capture_output=True, text=True, env=harness.environment(), check=False)


def check_refused(checkpoint, what, *says, **options):
    result = convert(checkpoint, **options)
    check(result.returncode == 1, f"{what}: exit status", result)
    check(result.stderr.startswith("pt2safetensors: error: "), f"{what}: message", result)
    for text in says:
        check(text in result.stderr, f"{what}: says {text}", result)
    check(not (folder / "model.safetensors").exists(), f"{what}: no file", result)
    check(not list(folder.glob("*.part")), f"{what}: no part of one", result)
    return result


torch.manual_seed(1)
net = Landmark().eval()
for module in net.modules():
    if isinstance(module, nn.BatchNorm2d):
        nn.init.uniform_(module.weight, 0.5, 1.5)
        nn.init.uniform_(module.bias, -0.5, 0.5)
        nn.init.uniform_(module.running_mean, -1, 1)
        nn.init.uniform_(module.running_var, 0.5, 2)
state = net.state_dict()
picture = torch.rand(2, 1, 40, 56) * 100
np.save(folder / "L.npy", picture.numpy())
with torch.no_grad():
    expected = net(picture).numpy()

kinds = {
    "a state_dict": state,
    "model_state_dict": {"model_state_dict": state, "epoch": 7, "loss": 0.5},
    "state_dict": {"state_dict": state},
    "DataParallel": nn.DataParallel(net).state_dict(),
}
first = None
for kind, checkpoint in kinds.items():
    result = convert(checkpoint, "--working-size", "96")
    if not check(result.returncode == 0, kind, result):
        continue
    check("889,082 parameters" in result.stdout, f"{kind}: parameters", result)
    header, data = harness.read_safetensors(folder / "model.safetensors")
    check(first in (None, data), f"{kind}: the same weights")
    first = data
    check(header["__metadata__"]["autochrome.working_size"] == "96", f"{kind}: working size")
    if kind == "model_state_dict":
        check('"epoch": 7, "loss": 0.5' in header["__metadata__"]["autochrome.training"], "epoch is kept",
              header["__metadata__"])
    shown = run("inspect", folder / "model.safetensors")
    check(shown.returncode == 0 and "889,082" in shown.stdout, f"{kind}: inspect", shown)

if harness.has_device():
    result = run("run", folder / "model.safetensors", "--input", folder / "L.npy", "-o",
                 folder / "ab.npy")
    if check(result.returncode == 0, "run", result):
        ab = np.load(folder / "ab.npy")
        error = float(abs(ab - expected).max() / abs(expected).max())
        print(f"largest error {error:.3g} of the largest value")
        check(ab.shape == expected.shape and ab.dtype == np.float32, "shape", ab.shape)
        check(error < 1e-4, "as PyTorch computes it", error)
else:
    print("no Vulkan device: nothing was run")

changed = dict(state)
changed["conv9.weight"] = changed.pop("conv4.weight")
check_refused(changed, "other names", "missing: conv4.weight [128, 128, 4, 4]",
              "unexpected: conv9.weight")
changed = dict(state, **{"conv1.bias": torch.zeros(31)})
check_refused(changed, "another shape", "shape of conv1.bias: [31], needed is [32]")
check_refused(state, "another network", "unexpected: conv4_bn.weight", net="landmark-plain")
check_refused(state, "no such network", "no-such", net="no-such")
changed = dict(state, **{"conv1.bias": torch.full((32,), float("nan"))})
check_refused(changed, "NaN", "conv1.bias has values that are not finite")
changed = dict(state, **{"conv1.bias": torch.zeros(32, dtype=torch.int64)})
check_refused(changed, "whole numbers", "conv1.bias is of type torch.int64")
check_refused({"epoch": 3}, "no weights", "neither a state_dict")
check_refused([1, 2], "a list", "neither a state_dict")
check_refused(net, "a whole module", "is no checkpoint of weights alone",
              "it asks for __main__.Landmark")


class Evil:
    def __reduce__(self):
        return os.system, (f"touch {folder}/obeyed",)


check_refused({"model_state_dict": state, "x": Evil()}, "a command", "system")
check(not (folder / "obeyed").exists(), "a checkpoint's command is not run")

result = convert(dict(state, **{"conv1.bias": state["conv1.bias"].half()}))
check(result.returncode == 0, "half floats", result)
path = harness.write("text.pt", "this is no checkpoint\n")
result = subprocess.run([sys.executable, TOOL, path, "landmark", "-o", folder / "no.safetensors",
                         "--program", program], capture_output=True, text=True, check=False)
check(result.returncode == 1 and "is no checkpoint" in result.stderr, "a text file", result)

harness.finish()
